"""Items as rows: how they are stored, found and put together again. Knows no rule."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, insert, select

from yinji.labels.declaration import Declaration, Declared
from yinji.platform import cursors, words
from yinji.platform.deciding import Decision
from yinji.platform.errors import NotFound
from yinji.platform.model import Account, Change, Item, Role
from yinji.platform.prepared import Prepared
from yinji.platform.propagation import Served
from yinji.platform.schema import accounts, decisions, item_changes, items, propagations, withdrawals

if TYPE_CHECKING:
    from yinji.platform.database import Database

LISTING: Final = "feed"

_JOINED: Final = (
    items.join(accounts, items.c.author_id == accounts.c.id)
    .join(decisions, and_(decisions.c.item_id == items.c.id, decisions.c.number == items.c.decision))
    .join(propagations, and_(propagations.c.item_id == items.c.id, propagations.c.number == items.c.propagation))
    .outerjoin(withdrawals, withdrawals.c.item_id == items.c.id)
)

_COLUMNS: Final = (
    items,
    accounts.c.name.label("author_name"),
    accounts.c.display_name.label("author_display_name"),
    accounts.c.role.label("author_role"),
    accounts.c.created_at.label("author_created_at"),
    decisions.c.tier,
    decisions.c.evidence,
    decisions.c.verdict,
    propagations.c.state,
    propagations.c.label,
    propagations.c.reason,
    propagations.c.sha256.label("served_sha256"),
    propagations.c.size.label("served_size"),
    withdrawals.c.at.label("withdrawn_at"),
)

_ONE: Final = Prepared(select(*_COLUMNS).select_from(_JOINED).where(items.c.id == bindparam("number")))
_HISTORY: Final = Prepared(
    select(item_changes, accounts.c.display_name)
    .select_from(item_changes.outerjoin(accounts, accounts.c.id == item_changes.c.actor))
    .where(item_changes.c.item_id == bindparam("item"))
    .order_by(item_changes.c.number.desc())
)


def one(connection: Connection, item_id: str) -> Row[Any] | None:
    """Returns an item's row with its author, its decision and propagation in force, or None; also a withdrawn one."""
    if not words.is_number(item_id):
        return None
    return next(iter(_ONE.rows(connection, number=item_id)), None)


def required(database: Database, item_id: str) -> Row[Any]:
    """Returns the same in a transaction of its own.

    Raises:
        NotFound: No such item, or its author withdrew it.
    """
    with database.read() as connection:
        return shown(one(connection, item_id))


def shown(row: Row[Any] | None) -> Row[Any]:
    """Passes a row that readers may see.

    Raises:
        NotFound: There is none, or its author withdrew it.
    """
    if row is None:
        raise NotFound("item-not-found")
    if row.withdrawn_at is not None:
        raise NotFound("item-withdrawn")
    return row


def hold(connection: Connection, item_id: str) -> None:
    """Has nobody else change an item until the transaction ends; rows may refer to it all the same."""
    connection.execute(select(items.c.id).where(items.c.id == item_id).with_for_update(key_share=True))


def require_in_view(connection: Connection, item_id: str) -> None:
    """Passes if readers may see an item, which then stays so until the transaction ends.

    Raises:
        NotFound: Its author withdrew it.
    """
    hold(connection, item_id)
    if connection.scalar(select(withdrawals.c.at).where(withdrawals.c.item_id == item_id)) is not None:
        raise NotFound("item-withdrawn")


def page(*, cursor: str | None, limit: int, query: str, author_id: str | None) -> Select[Any]:
    """Returns the query for one page and one row more, newest first (numbers sort by time)."""
    rows = select(*_COLUMNS).select_from(_JOINED).where(withdrawals.c.at.is_(None))
    rows = rows.order_by(items.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        rows = rows.where(items.c.id < cursors.item(LISTING, cursor))
    if author_id is not None:
        rows = rows.where(items.c.author_id == (author_id if words.is_number(author_id) else ""))
    for word in words.search_words(query):
        rows = rows.where(items.c.search.contains(word, autoescape=True))
    return rows


NEW_DECISION: Final = Prepared(insert(decisions))
NEW_PROPAGATION: Final = Prepared(insert(propagations))
NEW_CHANGE: Final = Prepared(insert(item_changes))


def decision_row(item_id: str, number: int, decision: Decision, at: datetime) -> dict[str, Any]:
    """Returns one version of the verdict with all it rests on, as a row."""
    return {
        "item_id": item_id,
        "number": number,
        "at": at,
        "tier": str(decision.tier),
        "regime": decision.verdict.regime,
        "regime_version": decision.verdict.regime_version,
        "evidence": [entry.to_dict() for entry in decision.evidence],
        "verdict": decision.verdict.to_dict(),
    }


def propagation_row(
    item_id: str, number: int, served: Served, *, sha256: str, size: int, at: datetime
) -> dict[str, Any]:
    """Returns which file readers get, as a row; ``sha256`` and ``size`` are the upload's, where nothing was written."""
    return {
        "item_id": item_id,
        "number": number,
        "at": at,
        **served.to_dict(),
        "sha256": served.file.sha256 if served.file else sha256,
        "size": served.file.size if served.file else size,
    }


def change_row(item_id: str, number: int, actor: str, event: str, detail: dict[str, Any], at: datetime) -> Any:
    """Returns one step of an item's history, as a row."""
    return {"item_id": item_id, "number": number, "at": at, "actor": actor, "event": event, "detail": detail}


_STEPS_TAKEN: Final = Prepared(select(func.count().label("count")).where(item_changes.c.item_id == bindparam("item")))


def add_change(
    connection: Connection, item_id: str, *, actor: str, event: str, detail: dict[str, Any], at: datetime
) -> None:
    """Stores one step of the item's history; the transaction holds the item, so numbers do not collide."""
    (steps,) = _STEPS_TAKEN.rows(connection, item=item_id)
    NEW_CHANGE.run(connection, change_row(item_id, steps.count, actor, event, detail, at))


def history(connection: Connection, item_id: str) -> tuple[Change, ...]:
    """Returns an item's changes, newest first, with the names their actors show now."""
    return tuple(
        Change(row.at, row.display_name or row.actor, row.event, row.detail)
        for row in _HISTORY.rows(connection, item=item_id)
    )


def declaration_of(row: Row[Any]) -> Declaration:
    """Returns what the author says now."""
    return Declaration(Declared(row.declaration), row.declaration_note, row.statement)


def item_from(row: Row[Any], changes: tuple[Change, ...] = ()) -> Item:
    """Builds the value from a row of :func:`one` or :func:`page`."""
    has_file = bool(row.filename)
    return Item(
        id=row.id,
        author=Account(
            row.author_id, row.author_name, row.author_display_name, Role(row.author_role), row.author_created_at
        ),
        title=row.title,
        text=row.text,
        kind=row.kind,
        filename=row.filename,
        media_type=row.media_type if has_file else "",
        size=row.size if has_file else 0,
        sha256=row.sha256 if has_file else "",
        declaration=declaration_of(row),
        report=row.file_report | {"evidence": row.evidence, "verdict": row.verdict},
        propagation={"state": row.state, "label": row.label, "reason": row.reason},
        published_at=row.published_at,
        updated_at=row.updated_at,
        history=changes,
        annotation=row.annotation,
        served_size=row.served_size,
    )
