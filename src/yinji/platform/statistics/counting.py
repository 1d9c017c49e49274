"""Counts what the tables hold. Rows are grouped by the database; nothing here grows with the number of posts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select

from yinji.containers.model import Kind
from yinji.errors import UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.schema import decisions, item_changes, items, propagations
from yinji.platform.statistics.cases import case_figures
from yinji.platform.statistics.model import Day, Figures, Span
from yinji.platform.statistics.spans import within
from yinji.platform.vocabularies.vocabulary import vocabulary
from yinji.regimes.base import Tier

if TYPE_CHECKING:
    from yinji.platform.database import Database

MAX_DAYS: Final = 366
_HOUR: Final = 13
"""Characters of a time that name its hour: ``2026-11-22T09``."""


class Statistics:
    """Figures of this site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def figures(self, span: Span) -> Figures:
        """Counts the days of a span, all in one snapshot.

        Raises:
            UsageError: The span ends before it begins, or is longer than a year.
        """
        if not 0 <= (span.last - span.first).days < MAX_DAYS:
            raise UsageError("statistics-span", most=MAX_DAYS)
        published = within(items.c.published_at, span)
        with self._database.read(snapshot=True) as connection:
            return Figures(
                span,
                _days(connection, span),
                _counted(connection, select(items.c.kind, func.count()).where(published).group_by(items.c.kind)),
                _counted(
                    connection, select(items.c.declaration, func.count()).where(published).group_by(items.c.declaration)
                ),
                _counted(connection, _propagation(published)),
                _steps(connection, span, "item.declared"),
                _verdict_changes(connection, span),
                _short_video(connection, published),
                case_figures(connection, span),
            )


def _days(connection: Connection, span: Span) -> tuple[Day, ...]:
    """Counts posts by day and tier; the database counts by the hour, which no zone of whole hours cuts through."""
    hour = func.substr(items.c.published_at, 1, _HOUR)
    query = (
        select(hour, decisions.c.tier, func.count())
        .select_from(items.join(decisions, _current(decisions, items.c.decision)))
        .where(within(items.c.published_at, span))
        .group_by(hour, decisions.c.tier)
    )
    counted: Counter[tuple[date, str]] = Counter()
    for text, tier, count in connection.execute(query):
        local = datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC) + span.utc_offset
        counted[local.date(), tier] += count
    return tuple(Day(day, {str(tier): counted[day, str(tier)] for tier in Tier}) for day in span.days)


def _current(table: Any, number: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(table.c.item_id == items.c.id, table.c.number == number)


def _propagation(published: ColumnElement[bool]) -> Select[Any]:
    joined = items.join(propagations, _current(propagations, items.c.propagation))
    return (
        select(propagations.c.state, func.count()).select_from(joined).where(published).group_by(propagations.c.state)
    )


def _steps(connection: Connection, span: Span, event: str) -> int:
    query = select(func.count()).where(item_changes.c.event == event, within(item_changes.c.at, span))
    return connection.scalar(query) or 0


def _verdict_changes(connection: Connection, span: Span) -> int:
    query = select(func.count()).where(decisions.c.number > 0, within(decisions.c.at, span))
    return connection.scalar(query) or 0


def _counted(connection: Connection, query: Select[Any]) -> dict[str, int]:
    rows: Iterable[Row[Any]] = connection.execute(query)
    return {str(name): int(count) for name, count in sorted(map(tuple, rows))}


def _short_video(connection: Connection, published: ColumnElement[bool]) -> dict[str, int]:
    """Counts videos by the mandatory label that their declaration comes to (CAC, 2026-05-12)."""
    labels = vocabulary("short_video")
    said = (items.c.annotation, items.c.declaration, items.c.statement)
    query = select(*said, func.count()).where(published, items.c.kind == str(Kind.VIDEO)).group_by(*said)
    counted = {str(option.value): 0 for option in labels.options}
    for annotation, choice, statement, count in connection.execute(query):
        option = labels.option_for(Declaration(Declared(choice), "", statement))
        chosen = annotation or (str(option.value) if option else "")
        if chosen in counted:
            counted[chosen] += count
    return counted
