"""Days in a query: from midnight to midnight of the span's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_

from yinji.platform.statistics.model import Span


def within(column: ColumnElement[Any], span: Span) -> ColumnElement[bool]:
    """Returns the condition that a time lies in the span."""
    return and_(column >= _midnight(span.first, span), column < _midnight(span.last + timedelta(days=1), span))


def _midnight(day: date, span: Span) -> datetime:
    return datetime.combine(day, time.min, UTC) - span.utc_offset
