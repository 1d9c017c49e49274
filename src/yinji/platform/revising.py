"""Storing what changes on a published item: row, file for readers, history and log in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, update

from yinji.platform import instants
from yinji.platform.audit import AuditLog
from yinji.platform.blobs import BLOBS_LOCK
from yinji.platform.deciding import Decision
from yinji.platform.propagation import Served
from yinji.platform.schema import items
from yinji.platform.steps import Steps

if TYPE_CHECKING:
    from yinji.platform.database import Database

Record = Callable[[Connection, Steps], None]
"""Stores what led to the change, in its transaction, before anything of the item's own is recorded; it may raise."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is behind a change.

    Attributes:
        id: Number of the account, or ``system``.
        shown: How the item's public history calls them, where it is not to be the account's name.
    """

    id: str
    shown: str = ""


def revise(
    database: Database,
    audit: AuditLog,
    row: Row[Any],
    decision: Decision | None,
    served: Served | None,
    record: Record,
    *,
    actor: Actor,
    values: Mapping[str, Any] | None = None,
) -> bool:
    """Stores a new verdict, a new file for readers, or both.

    Args:
        database: Where.
        audit: The log that it goes into.
        row: The item as it was when this was worked out.
        decision: The verdict from now on; None leaves it.
        served: The file from now on; None leaves it.
        record: Runs first in the transaction; if it raises, nothing is stored.
        actor: Who is behind it.
        values: Further columns of the item.

    Returns:
        Whether it was stored: not where somebody else changed the item meanwhile.
    """
    at = instants.now()
    changed = dict(values or {}) | {
        "decision": row.decision + (decision is not None),
        "propagation": row.propagation + (served is not None),
        "updated_at": at,
        "revision": row.revision + 1,
    }
    file = None if served is None else served.file
    if file is not None:
        file.stage()
    with database.write() as connection:
        database.lock(connection, BLOBS_LOCK)
        unchanged = (items.c.id == row.id) & (items.c.revision == row.revision)
        if connection.execute(update(items).where(unchanged).values(changed)).rowcount != 1:
            return False
        if file is not None:
            file.keep()
        steps = Steps(audit, connection, row.id, actor.id, at, shown=actor.shown)
        record(connection, steps)
        if decision is not None:
            steps.decided(row.decision + 1, decision, before=row.tier)
        if served is not None:
            steps.propagated(row.propagation + 1, served, sha256=row.sha256, size=row.size)
    return True
