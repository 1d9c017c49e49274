"""Checkpoints: signed on request, remembered every hour, and never against what was signed before.

The last one that was remembered is kept a second time in a file beside the key, outside the database: whoever can
rewrite the database alone is caught by the site itself, and whoever can rewrite both by anybody who holds an older one.
"""

from __future__ import annotations

import logging
import os
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from yinji.errors import StorageError
from yinji.platform import instants
from yinji.platform.audit import key
from yinji.platform.audit.notes import Checkpoint, Signer, Verifier
from yinji.platform.audit.reading import TreeReader
from yinji.platform.errors import AuditBroken
from yinji.platform.schema import audit_checkpoints
from yinji.platform.settings import Settings

if TYPE_CHECKING:
    from yinji.platform.database import Database

_MAX_FILE: Final = 65_536
_LOG: Final = logging.getLogger("yinji.audit")


class Checkpoints:
    """Signs what the log is."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    @cached_property
    def _signer(self) -> Signer:
        return key.signer(self._settings)

    @property
    def verifier(self) -> Verifier:
        return self._signer.verifier

    @property
    def _file(self) -> Path:
        return self._settings.audit_key_file.with_suffix(".checkpoint")

    def current(self) -> str:
        """Returns the signed checkpoint of the log as it is now.

        Raises:
            AuditBroken: The log does not begin as the last checkpoint says; nothing is signed any more.
        """
        return self._signer.sign(self._unbroken().to_text())

    def remember(self) -> Checkpoint:
        """Keeps the checkpoint of the log as it is now, in the database and beside the key.

        Raises:
            AuditBroken: The log does not begin as the last checkpoint says.
        """
        checkpoint = self._unbroken()
        note = self._signer.sign(checkpoint.to_text())
        values = {
            "size": checkpoint.size,
            "at": instants.now(),
            "root": checkpoint.root.hex(),
            "note": note,
            "stamp": "",
        }
        with self._database.write() as connection:
            self._database.lock(connection, "checkpoint")
            self._database.insert_new(connection, audit_checkpoints, values)
            known = self._known()
            if known is None or known.size <= checkpoint.size:
                _replace(self._file, note)
        return checkpoint

    def watch(self) -> None:
        """Remembers, and says so in the server's own log where the audit log was rewritten; the site stays up."""
        try:
            self.remember()
        except AuditBroken as error:
            _LOG.critical("audit log: %s", error)

    def require_unbroken(self) -> None:
        """Passes if the log begins as the checkpoint beside the key says.

        Raises:
            AuditBroken: It is shorter, or its beginning is another.
        """
        self._unbroken()

    def _unbroken(self) -> Checkpoint:
        """Returns what the log is now, held to the checkpoint beside the key."""
        known = self._known()  # before the log: whoever else remembers meanwhile only knows more than this
        with self._database.read(snapshot=True) as connection:
            reader = TreeReader(connection)
            if known is not None and known.size > reader.size:
                raise AuditBroken("audit-shortened", index=reader.size, size=known.size)
            if known is not None and reader.root(known.size) != known.root:
                raise AuditBroken("audit-rewritten", index=known.size - 1, size=known.size)
            return Checkpoint(self._signer.name, reader.size, reader.root(reader.size))

    def history(self, limit: int) -> tuple[tuple[int, str], ...]:
        """Returns the newest checkpoints that were kept, newest first: size and note."""
        table = audit_checkpoints
        query = select(table.c.size, table.c.note).order_by(table.c.size.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple((row.size, row.note) for row in connection.execute(query))

    def _known(self) -> Checkpoint | None:
        try:
            with self._file.open("r", encoding="utf-8") as file:
                note = file.read(_MAX_FILE)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError("folder", path=self._file, reason=error.strerror) from error
        return Checkpoint.opened(note, self._signer.verifier)


def _replace(place: Path, note: str) -> None:
    try:
        with tempfile.NamedTemporaryFile("w", dir=place.parent, prefix=".yinji-tmp-", delete=False) as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(place)
    except OSError as error:
        raise StorageError("folder", path=place, reason=error.strerror) from error
