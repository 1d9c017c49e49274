"""Taking items from view: gone for readers at once, kept as evidence, cleared when the time is over (R100)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from yinji.errors import Refused
from yinji.platform import instants, item_rows, retention
from yinji.platform.audit import SYSTEM, AuditLog
from yinji.platform.blobs import BLOBS_LOCK
from yinji.platform.cases.waiting import Waiting
from yinji.platform.drafts import Drafts
from yinji.platform.errors import NotFound
from yinji.platform.model import Account
from yinji.platform.permissions import Permission, require
from yinji.platform.schema import decisions, derivatives, items, propagations, visible_labels, withdrawals
from yinji.platform.settings import Settings
from yinji.platform.steps import Steps

if TYPE_CHECKING:
    from yinji.platform.database import Database

_AT_A_TIME: Final = 100
_CHANGED: Final = {"revision": items.c.revision + 1}
"""Whoever works on the item at this moment is told that it is another by now."""


class Withdrawing:
    """The front door for taking items from view."""

    def __init__(
        self, database: Database, audit: AuditLog, drafts: Drafts, waiting: Waiting, settings: Settings
    ) -> None:
        self._database = database
        self._audit = audit
        self._drafts = drafts
        self._waiting = waiting
        self._settings = settings

    def withdraw(self, actor: Account, item_id: str) -> datetime:
        """Takes one of the actor's own items from view, once.

        Returns:
            Until when it is kept as evidence.

        Raises:
            Refused: Not the author.
            NotFound: No such item.
        """
        require(actor, Permission.ITEM_WITHDRAW_OWN)
        with self._database.read() as connection:
            row = item_rows.one(connection, item_id)
        if row is None:
            raise NotFound("item-not-found")
        if row.author_id != actor.id:
            raise Refused("not-the-author")
        with self._database.write() as connection:
            return self.withdrawn(connection, item_id, actor.id)

    def withdrawn(self, connection: Connection, item_id: str, actor: str) -> datetime:
        """Does the same in a writing transaction that somebody else opened."""
        item_rows.hold(connection, item_id)
        kept = select(withdrawals.c.keep_until).where(withdrawals.c.item_id == item_id)
        known: datetime | None = connection.scalar(kept)
        if known is not None:
            return known
        at = instants.now()
        until = retention.keep_until(retention.WITHDRAWN, at, self._settings.retention)
        values = {"item_id": item_id, "actor": actor, "at": at, "keep_until": until}
        connection.execute(insert(withdrawals).values(values))
        connection.execute(update(items).where(items.c.id == item_id).values(_CHANGED))
        Steps(self._audit, connection, item_id, actor, at).recorded(
            "item.withdrawn", {"keep_until": instants.to_text(until)}
        )
        self._waiting.withdrawn(connection, item_id, actor)
        return until

    def purge(self, actor: Account, item_id: str) -> None:
        """Clears a withdrawn item before ``tidy`` would.

        Raises:
            Refused: The actor may not; or, as :class:`~yinji.platform.retention.RetentionNotOver`, it must be kept.
            NotFound: No such withdrawn item.
        """
        require(actor, Permission.ITEM_PURGE)
        with self._database.write() as connection:
            self._database.lock(connection, BLOBS_LOCK)
            until = connection.scalar(select(withdrawals.c.keep_until).where(withdrawals.c.item_id == item_id))
            if until is None:
                raise NotFound("item-not-found")
            retention.require_over(retention.WITHDRAWN, until, retention.reached(self._database, connection))
            self._clear(connection, item_id, actor.id)

    def expire(self) -> None:
        """Clears what was kept long enough."""
        while True:
            with self._database.write() as connection:
                self._database.lock(connection, BLOBS_LOCK)
                over = withdrawals.c.keep_until <= retention.reached(self._database, connection)
                kept = over & withdrawals.c.purged_at.is_(None)
                query = select(withdrawals.c.item_id).where(kept).limit(_AT_A_TIME)
                found = connection.execute(query.with_for_update()).scalars().all()
                for item_id in found:
                    self._clear(connection, item_id, SYSTEM)
            if len(found) < _AT_A_TIME:
                return

    def _clear(self, connection: Connection, item_id: str, actor: str) -> None:
        """Leaves of an item its number, its times and what was decided: no words, no file, nothing found in one."""
        of_item = propagations.c.item_id == item_id
        digests = set(connection.execute(select(propagations.c.sha256).where(of_item)).scalars())
        digests.update(connection.execute(select(items.c.sha256).where(items.c.id == item_id)).scalars())
        marked = visible_labels.c.item_id == item_id
        digests.update(filter(None, connection.execute(select(visible_labels.c.marked_sha256).where(marked)).scalars()))
        made = derivatives.c.item_id == item_id
        digests.update(filter(None, connection.execute(select(derivatives.c.sha256).where(made)).scalars()))
        connection.execute(delete(derivatives).where(made))
        connection.execute(update(visible_labels).where(marked).values(marked_sha256=None, drawn=None))
        report = connection.scalar(select(items.c.file_report).where(items.c.id == item_id))
        connection.execute(update(items).where(items.c.id == item_id).values(_bare(report or {}) | _CHANGED))
        connection.execute(update(propagations).where(of_item).values(label=None, reason=None, sha256="", size=0))
        for row in connection.execute(select(decisions).where(decisions.c.item_id == item_id)).all():
            same = (decisions.c.item_id == item_id) & (decisions.c.number == row.number)
            verdict = row.verdict | {"reasons": []}
            connection.execute(update(decisions).where(same).values(evidence=[], verdict=verdict))
        at = instants.now()
        connection.execute(update(withdrawals).where(withdrawals.c.item_id == item_id).values(purged_at=at))
        Steps(self._audit, connection, item_id, actor, at).recorded("item.purged", {})
        self._drafts.release(connection, digests)


def _bare(report: dict[str, Any]) -> dict[str, Any]:
    """Returns the columns of a cleared item; of its report only what says nothing of the content."""
    kept = {key: report[key] for key in ("schema_version", "format", "media_type", "kind", "state") if key in report}
    return {
        "title": "",
        "text": "",
        "search": "",
        "filename": "",
        "sha256": "",
        "size": 0,
        "declaration_note": "",
        "file_report": kept | {"labels": [], "evidence": [], "problems": []},
    }
