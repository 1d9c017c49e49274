"""What the floors above may ask of the log: checkpoints and proofs for anybody, the entries for auditors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from yinji.platform import instants
from yinji.platform.audit import SYSTEM, bundle
from yinji.platform.audit.checkpoints import Checkpoints
from yinji.platform.audit.log import AuditLog, Progress, Verified
from yinji.platform.audit.notes import Verifier
from yinji.platform.audit.reading import TreeReader
from yinji.platform.audit.stamps import Stamps
from yinji.platform.audit.tiles import ENTRIES, Tile
from yinji.platform.errors import NotFound
from yinji.platform.model import Account, AuditEntry, Page
from yinji.platform.permissions import Permission, require

if TYPE_CHECKING:
    from yinji.platform.database import Database
    from yinji.platform.settings import Settings


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Proof that an entry is in a tree (RFC 6962 section 2.1.1)."""

    index: int
    size: int
    leaf: bytes
    path: tuple[bytes, ...]
    root: bytes


@dataclass(frozen=True, slots=True)
class Consistency:
    """Proof that a tree begins with a smaller one (RFC 6962 section 2.1.2)."""

    old: int
    new: int
    path: tuple[bytes, ...]
    old_root: bytes
    new_root: bytes


class Audit:
    """The log's front door. Hashes are everybody's to see: the salt in each entry keeps them from being guessed."""

    def __init__(self, database: Database, log: AuditLog, settings: Settings) -> None:
        self._database = database
        self._log = log
        self.checkpoints = Checkpoints(database, settings)
        self.stamps = Stamps(database, settings)

    def played(self, since: datetime) -> None:
        """Writes down that a played clock, which begins at ``since``, writes what follows, and the real time of it."""
        with self._database.write() as connection:
            detail = {"since": instants.to_text(since), "really": instants.to_text(datetime.now(UTC))}
            self._log.append(connection, "demo.played", actor=SYSTEM, detail=detail)

    @property
    def verifier(self) -> Verifier:
        """The name and public key under which checkpoints are signed."""
        return self.checkpoints.verifier

    def checkpoint(self, actor: Account | None) -> str:
        """Returns the signed checkpoint of the log as it is now (C2SP tlog-checkpoint)."""
        require(actor, Permission.AUDIT_PROVE)
        return self.checkpoints.current()

    def tile(self, actor: Account | None, tile: Tile) -> bytes:
        """Returns a C2SP tile; a tile of entries only to those who may read the log.

        Raises:
            Refused: The account may not.
            NotFound: The log is too short for it.
        """
        require(actor, Permission.AUDIT_READ if tile.level == ENTRIES else Permission.AUDIT_PROVE)
        with self._database.read(snapshot=True) as connection:
            return TreeReader(connection).tile(tile)

    def inclusion(self, actor: Account | None, index: int, size: int | None = None) -> Inclusion:
        """Proves that an entry is in the tree of ``size`` entries, or of all there are.

        Raises:
            NotFound: There is no such entry or no such tree.
        """
        require(actor, Permission.AUDIT_PROVE)
        with self._database.read(snapshot=True) as connection:
            reader = TreeReader(connection)
            size = reader.size if size is None else size
            path = reader.inclusion(index, size)
            return Inclusion(index, size, reader.leaf(index), path, reader.root(size))

    def consistency(self, actor: Account | None, old: int, new: int | None = None) -> Consistency:
        """Proves that the tree of ``new`` entries, or of all there are, begins with that of ``old``.

        Raises:
            NotFound: There is no such tree.
        """
        require(actor, Permission.AUDIT_PROVE)
        with self._database.read(snapshot=True) as connection:
            reader = TreeReader(connection)
            new = reader.size if new is None else new
            path = reader.consistency(old, new)
            return Consistency(old, new, path, reader.root(old), reader.root(new))

    def entries(
        self,
        actor: Account | None,
        *,
        cursor: str | None = None,
        limit: int = 50,
        event: str = "",
        subject: str = "",
        account: str = "",
    ) -> Page[AuditEntry]:
        """Lists the log, newest first; by event or area of events, by what it happened to, by who did it."""
        require(actor, Permission.AUDIT_READ)
        return self._log.page(cursor=cursor, limit=limit, event=event, subject=subject, actor=account)

    def entry(self, actor: Account | None, index: int) -> AuditEntry:
        """Returns one entry.

        Raises:
            NotFound: There is none of this number.
        """
        require(actor, Permission.AUDIT_READ)
        entry = next(iter(self._log.export(index)), None)
        if entry is None:
            raise NotFound("audit-beyond", size=self.inclusion(actor, 0).size)
        return entry

    def verify(self, actor: Account | None, progress: Progress | None = None) -> Verified:
        """Recomputes the whole log, and compares it with every checkpoint that was kept.

        Raises:
            AuditBroken: It is not what was written; names the first entry that breaks it.
        """
        require(actor, Permission.AUDIT_VERIFY)
        return self.examine(progress)

    def examine(self, progress: Progress | None = None) -> Verified:
        """Does the same for the operator at the command line."""
        verified = self._log.verify(progress)
        self.checkpoints.require_unbroken()
        return verified

    def write_copy(self, folder: Path, progress: Progress | None = None) -> tuple[int, str]:
        """Writes the log out for the operator: a folder that needs nothing of ours to be checked.

        Returns:
            The number of entries and the signed checkpoint.
        """
        return bundle.write(self._database, self.checkpoints, folder, progress)
