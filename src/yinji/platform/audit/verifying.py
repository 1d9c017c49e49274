"""Checks a copy of the log that somebody else holds: no database, no settings, nothing but its files and a key.

A copy is a C2SP tlog-tiles log: ``checkpoint``, ``tile/0/…``, ``tile/entries/…``, in a folder or behind an address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yinji.errors import StorageError
from yinji.platform.audit import tree
from yinji.platform.audit.entries import parsed
from yinji.platform.audit.log import Progress
from yinji.platform.audit.notes import Checkpoint, Verifier
from yinji.platform.audit.tiles import (
    ENTRIES,
    HEIGHT,
    MAX_ENTRY,
    WIDTH,
    Tile,
    tile_at,
    unpack_entries,
    unpack_hashes,
)
from yinji.platform.errors import AuditBroken

MAX_FILE: Final = WIDTH * (MAX_ENTRY + 2)
"""Bytes of the largest file that a copy may have: a bundle of the longest entries."""

Fetch = Callable[[str], bytes]
"""Gives the file of a path in the copy, of at most :data:`MAX_FILE` bytes."""


@dataclass(frozen=True, slots=True)
class VerifiedCopy:
    """What a copy was found to be.

    Attributes:
        checkpoint: What the log committed itself to.
        older: The earlier checkpoints that it is consistent with.
    """

    checkpoint: Checkpoint
    older: tuple[Checkpoint, ...]


def in_folder(folder: Path) -> Fetch:
    """Reads a copy from a folder."""

    def fetch(path: str) -> bytes:
        place = folder / path
        try:
            with place.open("rb") as file:
                return file.read(MAX_FILE + 1)
        except FileNotFoundError:
            raise AuditBroken("audit-copy-missing", path=place) from None
        except OSError as error:
            raise StorageError("folder", path=place, reason=error.strerror) from error

    return fetch


def verify_copy(
    fetch: Fetch, verifier: Verifier, *, older: Sequence[str] = (), progress: Progress | None = None
) -> VerifiedCopy:
    """Checks signature, every entry, every tile, the root, and that the log begins as older checkpoints say.

    Args:
        fetch: Gives the files.
        verifier: Who must have signed.
        older: Signed checkpoints that somebody kept.
        progress: Told how far the check is.

    Raises:
        AuditBroken: Something is missing, changed, or was rewritten since; says what, and where it can, which entry.
        StorageError: The copy cannot be read.
    """
    checkpoint = Checkpoint.opened(_text(fetch("checkpoint")), verifier)
    earlier = tuple(Checkpoint.opened(note, verifier) for note in older)
    for known in earlier:
        if known.size > checkpoint.size:
            raise AuditBroken("audit-shortened", index=checkpoint.size, size=known.size)
    promised = {known.size: known.root for known in (*earlier, checkpoint)}
    if len(promised) < len({(known.size, known.root) for known in (*earlier, checkpoint)}):
        raise AuditBroken("audit-two-roots", size=checkpoint.size)
    del promised[checkpoint.size]
    edge, tiles = tree.Frontier(), _Tiles(fetch, checkpoint.size)
    _require_root(promised, edge)
    for index in range(-(-checkpoint.size // WIDTH)):
        for body, said in tiles.entries(index):
            leaf = tree.leaf_hash(body)
            if leaf != said or parsed(body) is None:
                raise AuditBroken("audit-changed", index=edge.size)
            tiles.add(edge.append(leaf))
            _require_root(promised, edge)
        if progress is not None:
            progress(edge.size, checkpoint.size)
    tiles.end()
    if edge.root() != checkpoint.root:
        raise AuditBroken("audit-root", size=checkpoint.size)
    return VerifiedCopy(checkpoint, earlier)


def _require_root(promised: dict[int, bytes], edge: tree.Frontier) -> None:
    root = promised.pop(edge.size, None)
    if root is not None and root != edge.root():
        raise AuditBroken("audit-rewritten", size=edge.size)


class _Tiles:
    """The copy's tiles, compared with what the entries say as it becomes known."""

    def __init__(self, fetch: Fetch, size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._rows: dict[int, list[bytes]] = {}
        self._done: dict[int, int] = {}

    def entries(self, index: int) -> Iterator[tuple[bytes, bytes]]:
        """Yields the entries of a bundle with the leaf hashes that the tile above them gives."""
        bundle, hashes = self._read(ENTRIES, index), self._read(0, index)
        try:
            bodies, leaves = unpack_entries(bundle), unpack_hashes(hashes)
        except ValueError:
            raise AuditBroken("audit-tile", tile=Tile(ENTRIES, index).address) from None
        width = min(WIDTH, self._size - index * WIDTH)
        if (len(bodies), len(leaves)) != (width, width):
            raise AuditBroken("audit-missing", index=index * WIDTH + min(len(bodies), len(leaves), width))
        yield from zip(bodies, leaves, strict=True)

    def add(self, complete: tuple[tuple[int, int, bytes], ...]) -> None:
        """Takes nodes that are complete now."""
        for level, _, node in complete:
            if level % HEIGHT == 0:
                row = self._rows.setdefault(level // HEIGHT, [])
                row.append(node)
                if len(row) == WIDTH:
                    self._compare(level // HEIGHT)

    def end(self) -> None:
        """Compares the tiles that did not become full."""
        for level in [level for level, row in self._rows.items() if row]:
            self._compare(level)

    def _compare(self, level: int) -> None:
        index = self._done.get(level, 0)
        if self._read(level, index) != b"".join(self._rows[level]):
            raise AuditBroken("audit-tile", tile=Tile(level, index).address)
        self._rows[level], self._done[level] = [], index + 1

    def _read(self, level: int, index: int) -> bytes:
        tile = tile_at(level, index, self._size)
        assert tile is not None
        return self._fetch(f"tile/{tile.address}")


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise AuditBroken("audit-note") from None
