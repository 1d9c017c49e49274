"""Figures of the site: told in a sentence, then plotted; as a table of all days; as a report to print."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from yinji.errors import UsageError
from yinji.platform.cases import rules
from yinji.platform.statistics.counting import MAX_DAYS
from yinji.platform.statistics.model import Figures, Span
from yinji.platform.vocabularies.vocabulary import statements, vocabulary
from yinji.regimes.base import Tier
from yinji.server import plots
from yinji.server.access import platform_of
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View
from yinji.texts import Text

_RANGES: Final = (14, 30, 90, 365)
_NOTICED: Final = (Tier.CONFIRMED, Tier.POSSIBLE, Tier.SUSPECTED)
"""In the order in which a column is stacked."""
_APPEALS: Final = "appeals"
_STEPS: Final = ("reports", "opened", "decided", "changed", "appeals", "overturned")
_HOURS_FROM: Final = 180
"""From so many minutes on a plot counts hours."""


def statistics(request: Request) -> View:
    """The plots."""
    figures = figures_for(request)
    return View("statistics.html", figures.to_dict(), _context(figures))


def report(request: Request) -> View:
    """The transparency report: the same figures in words and tables, fit for printing."""
    figures = figures_for(request)
    return View("transparency.html", figures.to_dict(), _context(figures))


def table(request: Request) -> Response:
    """Every day as a row of CSV (RFC 4180)."""
    figures = figures_for(request)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("day", *(str(tier) for tier in Tier)))
    writer.writerows((day.day.isoformat(), *(day.tiers[tier] for tier in Tier)) for day in figures.days)
    name = f"yinji-{figures.span.first}-{figures.span.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache"}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def figures_for(request: Request) -> Figures:
    """Counts the days that the address names: ``range=14``, or ``first`` and ``last``.

    Raises:
        UsageError: The days cannot be understood, or are more than a year.
    """
    return platform_of(request).statistics.figures(span_of(request.query_params, request.app.state.options.utc_offset))


def span_of(query: Mapping[str, str], utc_offset: timedelta, now: datetime | None = None) -> Span:
    """Reads the days from a query; the last two weeks where it names none.

    Raises:
        UsageError: They cannot be understood.
    """
    today = ((now or datetime.now(UTC)) + utc_offset).date()
    try:
        last = date.fromisoformat(query["last"]) if query.get("last") else today
        days = int(query.get("range") or _RANGES[0])
        if not 1 <= days <= MAX_DAYS:
            raise ValueError(days)
        first = date.fromisoformat(query["first"]) if query.get("first") else last - timedelta(days=days - 1)
    except (ValueError, OverflowError):
        raise UsageError("statistics-span", most=MAX_DAYS) from None
    return Span(first, last, utc_offset)


def _promised() -> float:
    """Returns the minutes within which every report is to be decided: those of the slowest queue but for appeals."""
    return max(queue.within for queue in rules.queues().values() if queue.name != _APPEALS).total_seconds() / 60


def _context(figures: Figures) -> dict[str, Any]:
    span, taken, promised = figures.span, figures.cases.daily_minutes, _promised()
    unit = 60 if max([minutes for minutes in taken if minutes is not None] + [promised]) >= _HOURS_FROM else 1
    return {
        "figures": figures,
        "ranges": _RANGES,
        "length": len(span.days),
        "day_names": [f"{day.month}/{day.day}" for day in span.days],
        "daily": plots.stacked([[day.tiers[tier] for tier in _NOTICED] for day in figures.days]),
        "kinds": _bars(figures.kinds),
        "declarations": _bars(figures.declarations),
        "propagation": _bars(figures.propagation),
        "speed": plots.line([None if m is None else m / unit for m in taken], promised / unit),
        "speed_unit": "hours" if unit > 1 else "minutes",
        "promised": promised,
        "newest_speed": next((m for m in reversed(taken) if m is not None), None),
        "funnel": _funnel(figures),
        "short_video": _short_video(figures),
        "days_query": f"first={span.first}&last={span.last}",
    }


def _funnel(figures: Figures) -> tuple[tuple[str, int, float], ...]:
    """Returns the steps of reports in their own order."""
    counts = figures.cases.to_dict()
    return _lengths([(name, counts[name]) for name in _STEPS])


def _short_video(figures: Figures) -> tuple[tuple[Text, int, float, bool], ...]:
    """Returns the mandatory labels, in Chinese in the words of the rule."""
    options = vocabulary("short_video").options
    words = {str(option.value): Text(option.text, statements()[option.means].name.en) for option in options}
    rows = _lengths(list(figures.short_video.items()))
    return tuple((words[name], count, length, name == "ai_generated") for name, count, length in rows)


def _bars(counted: Mapping[str, int]) -> tuple[tuple[str, int, float], ...]:
    """Returns name, count and length of each bar, the longest first."""
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return _lengths(ordered)


def _lengths(rows: Sequence[tuple[str, int]]) -> tuple[tuple[str, int, float], ...]:
    lengths = plots.shares([count for _, count in rows])
    return tuple((name, count, length) for (name, count), length in zip(rows, lengths, strict=True))


PAGES: Final[PageTable] = (
    ("/statistics", "/statistics.json", statistics),
    ("/statistics/report", "/statistics/report.json", report),
)
ACTIONS: Final[ActionTable] = (("GET", "/statistics.csv", table),)
