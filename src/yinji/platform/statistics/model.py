"""Figures of a span of days. Pure values; every one of them can be counted again from the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from yinji.regimes.base import Tier


@dataclass(frozen=True, slots=True)
class Span:
    """Days from ``first`` to ``last``, both included, as they are counted in the site's zone.

    Attributes:
        utc_offset: The zone; days begin at its midnight.
    """

    first: date
    last: date
    utc_offset: timedelta = timedelta(hours=8)

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


@dataclass(frozen=True, slots=True)
class Day:
    """One day: posts by the tier they have now."""

    day: date
    tiers: Mapping[str, int]

    @property
    def noticed(self) -> int:
        """Posts that bear a notice."""
        return sum(count for tier, count in self.tiers.items() if tier != Tier.NONE)

    @property
    def total(self) -> int:
        return sum(self.tiers.values())


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """What became of reports in a span; each step counts on the day it was taken.

    Attributes:
        reports: Reports that came in.
        opened: Cases opened, by reports and otherwise.
        decided: Decisions, copies of the same content not counted again.
        changed: Notices that a decision changed, copies of the same content included.
        appeals: Appeals that came in.
        overturned: Decisions overturned.
        median_minutes: Half of the first decisions came within this time after their case was opened; None without any.
        daily_minutes: The same for each day.
    """

    reports: int = 0
    opened: int = 0
    decided: int = 0
    changed: int = 0
    appeals: int = 0
    overturned: int = 0
    median_minutes: float | None = None
    daily_minutes: tuple[float | None, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "reports": self.reports,
            "opened": self.opened,
            "decided": self.decided,
            "changed": self.changed,
            "appeals": self.appeals,
            "overturned": self.overturned,
            "median_minutes": self.median_minutes,
            "daily_minutes": list(self.daily_minutes),
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened in a span.

    Attributes:
        span: Which days.
        days: Posts a day, by tier.
        kinds: Posts by kind of content.
        declarations: Posts by what their authors say.
        propagation: Posts by what was done to the file served.
        corrections: Declarations that authors added to, later.
        verdict_changes: Verdicts that replaced an earlier one.
        short_video: Videos by the mandatory label that their declaration comes to.
        cases: What became of reports.
    """

    span: Span
    days: tuple[Day, ...]
    kinds: Mapping[str, int] = field(default_factory=dict)
    declarations: Mapping[str, int] = field(default_factory=dict)
    propagation: Mapping[str, int] = field(default_factory=dict)
    corrections: int = 0
    verdict_changes: int = 0
    short_video: Mapping[str, int] = field(default_factory=dict)
    cases: CaseFigures = field(default_factory=CaseFigures)

    @property
    def tiers(self) -> dict[str, int]:
        """Posts by tier, all days together."""
        return {str(tier): sum(day.tiers[tier] for day in self.days) for tier in Tier}

    @property
    def total(self) -> int:
        return sum(day.total for day in self.days)

    @property
    def noticed(self) -> int:
        return sum(day.noticed for day in self.days)

    def to_dict(self) -> dict[str, Any]:
        return {
            "first": self.span.first.isoformat(),
            "last": self.span.last.isoformat(),
            "utc_offset_minutes": int(self.span.utc_offset.total_seconds() // 60),
            "total": self.total,
            "noticed": self.noticed,
            "tiers": self.tiers,
            "kinds": dict(self.kinds),
            "declarations": dict(self.declarations),
            "propagation": dict(self.propagation),
            "corrections": self.corrections,
            "verdict_changes": self.verdict_changes,
            "short_video": dict(self.short_video),
            "cases": self.cases.to_dict(),
            "days": [{"day": day.day.isoformat(), **day.tiers} for day in self.days],
        }
