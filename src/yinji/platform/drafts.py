"""Uploads that were looked at but not published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, union_all, update

from yinji.errors import Refused, UsageError
from yinji.labels.declaration import Declaration
from yinji.operations.check import check
from yinji.operations.examination import Examination
from yinji.platform import copies, instants, words
from yinji.platform.accounts import require_living
from yinji.platform.audit import SYSTEM, AuditLog
from yinji.platform.blobs import BLOBS_LOCK, BlobStore, Spool, source_of
from yinji.platform.deciding import decide
from yinji.platform.errors import Conflict, NotFound
from yinji.platform.model import Account, Draft
from yinji.platform.schema import derivatives, drafts, items, propagations, unmarked_copies, visible_labels
from yinji.platform.settings import Settings

if TYPE_CHECKING:
    from yinji.platform.database import Database


PUBLISHED_KEPT: Final = timedelta(days=7)
"""How long it is known what a draft held that was published: as long as a request to publish it may be repeated."""

_LATELY: Final = timedelta(hours=1)
"""A file that readers got until so lately stays: somebody may be about to open it."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that was looked at.

    Attributes:
        file: The file, open.
        report: What it says by itself.
        media_digest: Of the media in it, where it can be told.
    """

    file: Examination
    report: dict[str, Any]
    media_digest: str | None


class DraftUpload:
    """One upload on its way to becoming a draft."""

    def __init__(self, drafts: Drafts, author: Account, spool: Spool) -> None:
        self._drafts = drafts
        self._author = author
        self._spool = spool

    def write(self, chunk: bytes) -> None:
        self._spool.write(chunk)

    def finish(self, filename: str) -> Draft:
        """Looks at the file and keeps it.

        Raises:
            UsageError: The file is empty.
        """
        self._spool.seal()
        if not self._spool.size:
            raise UsageError("upload-empty")
        return self._drafts.keep(self._author, self._spool, words.filename(filename))


class Drafts:
    """Receives files, looks at them, and forgets those that nobody publishes."""

    def __init__(self, database: Database, audit: AuditLog, blobs: BlobStore, settings: Settings) -> None:
        self._database = database
        self._audit = audit
        self._blobs = blobs
        self._settings = settings

    def look(self, file: BinaryIO, filename: str) -> dict[str, Any]:
        """Returns the report on a file without any declaration; keeps nothing."""
        return check(file, regime=self._settings.regime, filename=words.filename(filename)).to_dict()

    @contextmanager
    def examine(self, path: Path, filename: str) -> Iterator[Examined]:
        """Looks at a file that came, without any declaration; it stays open until the block ends."""
        with source_of(path, words.filename(filename)) as source:
            file = Examination(source)
            media_digest = copies.media_in(source).digest
            known = copies.look_up(self._database, media_digest)
            yield Examined(file, file.report(regime=self._settings.regime, known=known).to_dict(), media_digest)

    @contextmanager
    def upload(self, author: Account) -> Iterator[DraftUpload]:
        """Opens an upload.

        Raises:
            Refused: The account holds too many drafts.
        """
        with self._database.read() as connection:  # before the upload, and once more when it is there
            self._require_room(connection, author)
        with self._blobs.spool(self._settings.max_upload_bytes) as spool:
            yield DraftUpload(self, author, spool)

    def keep(self, author: Account, spool: Spool, filename: str) -> Draft:
        with self.examine(spool.path, filename) as examined:
            report = examined.report
        now = instants.now()
        draft = Draft(
            id=instants.uuid7(),
            author_id=author.id,
            filename=filename,
            media_type=report["media_type"],
            kind=report["kind"],
            size=spool.size,
            sha256=spool.sha256,
            report=report,
            created_at=now,
            expires_at=now + self._settings.draft_lifetime,
            media_digest=examined.media_digest,
        )
        spool.stage()
        with self._database.write() as connection:
            self._database.lock(connection, BLOBS_LOCK)
            require_living(connection, author.id)
            self._require_room(connection, author)
            spool.keep()
            connection.execute(insert(drafts), {name: getattr(draft, name) for name in draft.__slots__})
            detail = {
                "sha256": draft.sha256,
                "size": draft.size,
                "format": report["format"],
                "state": report["state"],
                "tier": report["verdict"]["tier"],
            }
            if (copy := copies.recognised(report["evidence"])) is not None:
                detail["copy"] = copy
            self._audit.append(connection, "draft.checked", actor=author.id, subject=draft.id, detail=detail)
        return draft

    def get(self, author: Account, draft_id: str) -> Draft:
        """Returns one of the author's drafts.

        Raises:
            NotFound: No such draft of this author, it has expired, or it was published.
        """
        row = self._row(author, draft_id)
        if row is None or row.item_id is not None or row.expires_at <= instants.now():
            raise NotFound("draft-not-found")
        return _draft(row)

    def unpublished(self, author: Account, draft_id: str) -> Draft:
        """Returns one of the author's drafts that is about to be published.

        Raises:
            Conflict: It was published; `item_id` says as what.
            NotFound: No such draft of this author, or it has expired.
        """
        row = self._row(author, draft_id)
        # What is asked of one reading cannot change between two: another request may publish the draft at any moment.
        if row is not None and row.item_id is not None:
            raise Conflict("draft-published", item_id=row.item_id)
        if row is None or row.expires_at <= instants.now():
            raise NotFound("draft-not-found")
        return _draft(row)

    def _row(self, author: Account, draft_id: str) -> Row[Any] | None:
        if not words.is_number(draft_id):
            return None
        query = select(drafts).where(drafts.c.id == draft_id, drafts.c.author_id == author.id)
        with self._database.read() as connection:
            return connection.execute(query).one_or_none()

    def content(self, author: Account, draft_id: str) -> str | None:
        """Returns what tells a draft's file and name from others', published or not; None where it is gone."""
        query = select(drafts.c.sha256, drafts.c.filename)
        with self._database.read() as connection:
            row = connection.execute(
                query.where(drafts.c.id == draft_id, drafts.c.author_id == author.id)
            ).one_or_none()
        return None if row is None else identity(row.sha256, row.filename)

    def let_go(self, author: Account, draft_id: str | None) -> None:
        """Lets a draft expire now that nobody will publish: its file was sent a second time."""
        mine = (drafts.c.id == draft_id) & (drafts.c.author_id == author.id) & drafts.c.item_id.is_(None)
        if draft_id is not None:
            with self._database.write() as connection:
                connection.execute(update(drafts).where(mine).values(expires_at=instants.now()))

    def preview(self, draft: Draft, declaration: Declaration) -> dict[str, Any]:
        """Returns the report as it would be with this declaration, from stored evidence alone."""
        return decide(draft.report, declaration, self._settings.regime).report(draft.report)

    def expire(self) -> None:
        """Removes drafts that nobody published in time, and their files unless something else refers to them."""
        now = instants.now()
        known_long_enough = drafts.c.item_id.is_(None) | (drafts.c.expires_at <= now - PUBLISHED_KEPT)
        with self._database.write() as connection:
            self._database.lock(connection, BLOBS_LOCK)
            over = connection.execute(
                select(drafts.c.id, drafts.c.sha256, drafts.c.item_id)
                .where(drafts.c.expires_at <= now, known_long_enough)
                .with_for_update()
            ).all()
            for row in over:
                connection.execute(delete(drafts).where(drafts.c.id == row.id))
            for row in over:
                if row.item_id is None:
                    detail = {"sha256": row.sha256}
                    self._audit.append(connection, "draft.expired", actor=SYSTEM, subject=row.id, detail=detail)
            self._remove_unreferenced(connection, {row.sha256 for row in over})

    def collect(self) -> None:
        """Removes files that no row refers to: what a process left that died between keeping and committing."""
        for shard in self._blobs.shards():
            with self._database.write() as connection:
                self._database.lock(connection, BLOBS_LOCK)
                self._remove_unreferenced(connection, set(shard))

    def _remove_unreferenced(self, connection: Connection, digests: set[str]) -> None:
        for digest in sorted(digests - _referenced(connection, digests)):
            self._blobs.remove(digest)

    def release(self, connection: Connection, digests: set[str]) -> None:
        """Removes files that some row referred to until now, unless another does; the caller holds the lock."""
        self._remove_unreferenced(connection, digests - {""})

    def _require_room(self, connection: Connection, author: Account) -> None:
        query = select(func.count()).where(drafts.c.author_id == author.id, drafts.c.item_id.is_(None))
        held = connection.scalar(query.where(drafts.c.expires_at > instants.now())) or 0
        if held >= self._settings.max_open_drafts:
            raise Refused("too-many-drafts", most=self._settings.max_open_drafts)


def identity(sha256: str, filename: str) -> str:
    """Returns what tells a file that was sent, and its name, from others."""
    return f"{sha256}/{filename}"


def _referenced(connection: Connection, digests: set[str]) -> set[str]:
    """Returns those of the hashes that some row still needs: an upload, an original, or the file now served."""
    in_use = or_(propagations.c.number == items.c.propagation, items.c.updated_at > instants.now() - _LATELY)
    served = propagations.join(items, and_(propagations.c.item_id == items.c.id, in_use))
    wanted = sorted(digests)
    found: set[str] = set()
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        query = union_all(
            select(drafts.c.sha256).where(drafts.c.sha256.in_(some)),
            select(items.c.sha256).where(items.c.sha256.in_(some)),
            select(visible_labels.c.marked_sha256).where(visible_labels.c.marked_sha256.in_(some)),
            select(derivatives.c.sha256).where(derivatives.c.sha256.in_(some)),
            select(propagations.c.sha256).select_from(served).where(propagations.c.sha256.in_(some)),
            select(unmarked_copies.c.sha256).where(unmarked_copies.c.sha256.in_(some)),
        )
        found.update(connection.scalars(query))
    return found


def _draft(row: Row[Any]) -> Draft:
    return Draft(**{name: getattr(row, name) for name in Draft.__slots__})
