"""Writing the log out: a folder that any C2SP tlog-tiles client can read, and that needs nothing of ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from yinji.errors import StorageError
from yinji.platform.audit.checkpoints import Checkpoints
from yinji.platform.audit.log import Progress
from yinji.platform.audit.reading import TreeReader
from yinji.platform.audit.tiles import WIDTH, tiles_of
from yinji.platform.schema import audit_checkpoints

if TYPE_CHECKING:
    from yinji.platform.database import Database

README = """A copy of an audit log, in the format of https://c2sp.org/tlog-tiles.

checkpoint          the signed checkpoint of the log as it was when this copy was made
vkey                the key that signed it; compare it with the one you got from the site by another way
tile/<L>/<N>        the Merkle tree (RFC 6962), 256 hashes a tile
tile/entries/<N>    the entries, canonical JSON (RFC 8785), each after its length in 16 bits
checkpoints/<size>  earlier checkpoints, and .tsr: their RFC 3161 time stamps

Check it with `yinji audit verify FOLDER --vkey KEY`, or with the short script in the documentation, which needs
nothing but Python.
"""


def write(
    database: Database, checkpoints: Checkpoints, folder: Path, progress: Progress | None = None
) -> tuple[int, str]:
    """Writes the log as it is now into a folder; an earlier copy there is brought up to date.

    Returns:
        The number of entries and the signed checkpoint.

    Raises:
        StorageError: The folder cannot be written.
    """
    size = checkpoints.remember().size
    done = 0
    for tile in tiles_of(size):
        place = folder / "tile" / tile.address
        if tile.width < WIDTH or not place.exists():
            with database.read(snapshot=True) as connection:
                _put(place, TreeReader(connection).tile(tile))
        if progress is not None and tile.address.startswith("entries/"):
            done += tile.width
            progress(done, size)
    note = ""
    with database.read() as connection:
        for row in connection.execute(select(audit_checkpoints).order_by(audit_checkpoints.c.size)):
            if row.size <= size:
                note = row.note
                _put(folder / "checkpoints" / str(row.size), note.encode())
                if row.stamp:
                    _put(folder / "checkpoints" / f"{row.size}.tsr", bytes.fromhex(row.stamp))
    _put(folder / "vkey", f"{checkpoints.verifier.vkey}\n".encode())
    _put(folder / "README.txt", README.encode())
    _put(folder / "checkpoint", note.encode())
    return size, note


def _put(place: Path, content: bytes) -> None:
    """Writes one file, whole or not at all."""
    fresh = place.with_name(f".yinji-tmp-{place.name}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(place)
    except OSError as error:
        raise StorageError("folder", path=place, reason=error.strerror) from error
