"""What became of reports: from the report to the decision, the appeal and its end."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from yinji.platform.cases.model import ON_APPEAL
from yinji.platform.cases.states import Event
from yinji.platform.schema import appeals, case_decisions, case_steps, cases, reports, visitor_reports
from yinji.platform.statistics.model import CaseFigures, Span
from yinji.platform.statistics.spans import within


def case_figures(connection: Connection, span: Span) -> CaseFigures:
    """Counts the steps of cases in a span; each step counts on its own day."""
    own = case_decisions.c.copy_of.is_(None)
    decided = own & within(case_decisions.c.at, span)
    first = decided & case_decisions.c.outcome.not_in(tuple(map(str, ON_APPEAL)))
    minutes = _minutes(connection, span, first)
    every = [value for values in minutes.values() for value in values]
    return CaseFigures(
        reports=sum(_count(connection, within(table.c.at, span)) for table in (reports, visitor_reports)),
        opened=_count(connection, within(cases.c.opened_at, span)),
        decided=_count(connection, decided),
        changed=_count(
            connection,
            within(case_decisions.c.at, span) & (case_decisions.c.tier_before != case_decisions.c.tier_after),
        ),
        appeals=_count(connection, within(appeals.c.at, span)),
        overturned=_count(connection, (case_steps.c.event == str(Event.OVERTURNED)) & within(case_steps.c.at, span)),
        median_minutes=median(every) if every else None,
        daily_minutes=tuple(median(minutes[day]) if day in minutes else None for day in span.days),
    )


def _count(connection: Connection, where: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).where(where)) or 0


def _minutes(connection: Connection, span: Span, decided: ColumnElement[bool]) -> dict[date, list[float]]:
    """Returns, by the day of the decision, the minutes from the opening of each case to it."""
    joined = case_decisions.join(cases, cases.c.id == case_decisions.c.case_id)
    query: Any = select(cases.c.opened_at, case_decisions.c.at).select_from(joined).where(decided)
    minutes: dict[date, list[float]] = defaultdict(list)
    opened: datetime
    at: datetime
    for opened, at in connection.execute(query):
        minutes[(at + span.utc_offset).date()].append((at - opened).total_seconds() / 60)
    return minutes
