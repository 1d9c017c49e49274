"""A copy without the explicit label: the agreement first, the implicit label always, the recipient on record (Art. 9).

The copy is made from the file as its author uploaded it, with the platform's implicit label written into it; it is read
again before it is given out. Where no implicit label can be had, there is no copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, delete, insert, select

from yinji.errors import Refused
from yinji.operations.examination import Examination
from yinji.operations.read import read
from yinji.platform import instants, item_rows, retention, words
from yinji.platform.agreements.door import Agreements
from yinji.platform.agreements.texts import UNMARKED
from yinji.platform.audit import AuditLog
from yinji.platform.blobs import BLOBS_LOCK, BlobStore, opened, source_of
from yinji.platform.deciding import decide
from yinji.platform.errors import NotFound
from yinji.platform.model import Account, ServedFile
from yinji.platform.permissions import Permission, allows, require
from yinji.platform.propagation import TEXT_NAME, Propagation
from yinji.platform.schema import unmarked_copies
from yinji.platform.settings import Settings

if TYPE_CHECKING:
    from yinji.platform.database import Database


@dataclass(frozen=True, slots=True)
class UnmarkedCopy:
    """That somebody got a copy.

    Attributes:
        agreement: The version that was accepted for it.
        label: The implicit label in it, as read back: seven fields.
        keep_until: Until then this record cannot be deleted.
    """

    id: str
    item_id: str
    account_id: str
    agreement: str
    sha256: str
    size: int
    label: dict[str, Any]
    at: datetime
    keep_until: datetime


class UnmarkedCopies:
    """The front door for copies without the explicit label."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        blobs: BlobStore,
        agreements: Agreements,
        propagation: Propagation,
        settings: Settings,
    ) -> None:
        self._database = database
        self._audit = audit
        self._blobs = blobs
        self._agreements = agreements
        self._propagation = propagation
        self._settings = settings

    def make(self, actor: Account, item_id: str, *, accept: str) -> UnmarkedCopy:
        """Makes a copy for the item's author, who accepts the agreement for it.

        Args:
            actor: Who asks.
            item_id: Of what.
            accept: The version of the agreement that was read and accepted.

        Raises:
            Refused: Not the author, the agreement was not accepted, or no implicit label can be had in this file.
            Conflict: Another version of the agreement is in force by now.
        """
        row = self._own(actor, item_id)
        if not accept:
            raise Refused("agreement-missing", version=self._agreements.in_force(UNMARKED).version)
        said = item_rows.declaration_of(row)
        verdict = decide(row.file_report, said, self._settings.regime, row.review).verdict
        name = row.filename or TEXT_NAME
        upload = self._blobs.path(row.sha256)
        with (
            source_of(upload, name) as source,
            self._propagation.derive(Examination(source), verdict, item_id) as served,
        ):
            label = _label_in(served.file.path if served.file else upload, name)
            if served.file is not None:
                served.file.stage()
            at = instants.now()
            copy = UnmarkedCopy(
                id=instants.uuid7(),
                item_id=item_id,
                account_id=actor.id,
                agreement=accept,
                sha256=served.file.sha256 if served.file else row.sha256,
                size=served.file.size if served.file else row.size,
                label=label,
                at=at,
                keep_until=retention.keep_until(retention.RECIPIENT, at, self._settings.retention),
            )
            with self._database.write() as connection:
                self._database.lock(connection, BLOBS_LOCK)
                if served.file is not None:
                    served.file.keep()
                agreement = self._agreements.accepted(connection, actor, UNMARKED, accept)
                values = {name: getattr(copy, name) for name in UnmarkedCopy.__slots__}
                connection.execute(insert(unmarked_copies).values(values))
                detail = {
                    "copy": copy.id,
                    "sha256": copy.sha256,
                    "agreement": accept,
                    "agreement_sha256": agreement.sha256,
                    "keep_until": instants.to_text(copy.keep_until),
                }
                self._audit.append(connection, "copy.unmarked", actor=actor.id, subject=item_id, detail=detail)
        return copy

    def file(self, actor: Account, item_id: str, copy_id: str) -> ServedFile:
        """Returns the file of a copy to whoever it was made for.

        Raises:
            NotFound: No such copy of theirs.
        """
        row = self._own(actor, item_id)
        copies = unmarked_copies
        mine = (copies.c.id == copy_id) & (copies.c.item_id == item_id) & (copies.c.account_id == actor.id)
        with self._database.read() as connection:
            copy = connection.execute(select(copies).where(mine)).one_or_none() if words.is_number(copy_id) else None
        if copy is None:
            raise NotFound("copy-not-found")
        return ServedFile(self._blobs, row.filename or f"{row.id}.md", row.media_type, copy.size, copy.sha256)

    def recipients(self, actor: Account, item_id: str) -> tuple[UnmarkedCopy, ...]:
        """Lists who got copies of an item, newest first: its author's own, or all for those who may read the log."""
        copies = unmarked_copies
        query = select(copies).where(copies.c.item_id == item_id).order_by(copies.c.at.desc())
        if not allows(actor, Permission.AUDIT_READ):
            query = query.where(copies.c.account_id == actor.id)
        with self._database.read() as connection:
            return tuple(
                UnmarkedCopy(**{name: getattr(row, name) for name in UnmarkedCopy.__slots__})
                for row in connection.execute(query)
            )

    def forget(self, actor: Account, copy_id: str) -> None:
        """Deletes the record of a copy before ``tidy`` would.

        Raises:
            RetentionNotOver: It has to be kept (Measures Art. 9).
            NotFound: No such record.
        """
        require(actor, Permission.ITEM_PURGE)
        copies = unmarked_copies
        with self._database.write() as connection:
            until = connection.scalar(select(copies.c.keep_until).where(copies.c.id == copy_id))
            if until is None:
                raise NotFound("copy-not-found")
            retention.require_over(retention.RECIPIENT, until, retention.reached(self._database, connection))
            connection.execute(delete(copies).where(copies.c.id == copy_id))

    def expire(self) -> None:
        """Deletes records that were kept long enough; their files go when the files are collected."""
        with self._database.write() as connection:
            over = unmarked_copies.c.keep_until <= retention.reached(self._database, connection)
            connection.execute(delete(unmarked_copies).where(over))

    def _own(self, actor: Account, item_id: str) -> Row[Any]:
        require(actor, Permission.ITEM_COPY_OWN)
        row = item_rows.required(self._database, item_id)
        if row.author_id != actor.id:
            raise Refused("not-the-author")
        return row


def _label_in(path: Path, name: str) -> dict[str, Any]:
    """Returns the implicit label of a file, as any reader of it finds it.

    Raises:
        Refused: There is none, or more than one.
    """
    with opened(path) as file:
        found = [one.label for one in read(file, filename=name, thorough=True).found if one.label is not None]
    if len(found) != 1:
        raise Refused("copy-without-label", count=len(found))
    return dict(found[0].items())
