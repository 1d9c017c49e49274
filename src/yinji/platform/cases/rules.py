"""Queues, routing rules, policies, strikes and deadlines: data, read once."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from yinji.platform.cases.model import Consequence, Outcome, Policy
from yinji.texts import Text

_LISTS: Final = ("origin", "reason", "tier", "kind", "declared")
_LEAST: Final = ("reports", "strikes")


@dataclass(frozen=True, slots=True)
class Facts:
    """What routing rules look at."""

    origin: str
    reason: str
    tier: str
    kind: str
    declared: str
    reports: int = 0
    strikes: int = 0


@dataclass(frozen=True, slots=True)
class QueueRule:
    """One queue: its title and how long a case may wait in it."""

    name: str
    title: Text
    within: timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """Times and bounds."""

    claim: timedelta
    appeal: timedelta
    declare: timedelta
    reports_per_hour: int
    kept_notes: int
    visitor_per_day: int
    visitors_per_hour: int


@cache
def queues() -> dict[str, QueueRule]:
    """Returns the queues by name, in the order of the data file."""
    return {
        name: QueueRule(name, Text(row["zh"], row["en"]), timedelta(hours=row["hours"]))
        for name, row in _table("queues")["queues"].items()
    }


def route(facts: Facts) -> QueueRule | None:
    """Returns the queue that the first fitting rule names; None where nobody needs to look."""
    return routed(facts, _rules())


def routed(facts: Facts, rules: Sequence[dict[str, Any]]) -> QueueRule | None:
    """Applies these rules, first match first."""
    for rule in rules:
        listed = all(getattr(facts, key) in rule[key] for key in _LISTS if key in rule)
        if listed and all(getattr(facts, key) >= rule[key] for key in _LEAST if key in rule):
            return queues()[rule["queue"]] if rule["queue"] else None
    return None


@cache
def _rules() -> tuple[dict[str, Any], ...]:
    rules = tuple(_table("queues")["rules"])
    for rule in rules:
        unknown = rule.keys() - {"queue", *_LISTS, *_LEAST}
        if unknown or (rule["queue"] and rule["queue"] not in queues()):
            raise ValueError(f"queues.toml: a rule says {sorted(unknown) or rule['queue']}")
    return rules


@cache
def policies() -> dict[str, Policy]:
    """Returns the policies by id, in the order of the data file."""
    return {
        id: Policy(id, Text(row["zh"], row["en"]), row["clause"], tuple(map(Outcome, row["decisions"])))
        for id, row in _table("policies").items()
    }


@cache
def limits() -> Limits:
    """Returns times and bounds."""
    row = _table("limits")
    return Limits(
        timedelta(minutes=row["claim_minutes"]),
        timedelta(days=row["appeal_days"]),
        timedelta(hours=row["declare_hours"]),
        row["reports_per_hour"],
        row["kept_notes"],
        row["visitor_per_day"],
        row["visitors_per_hour"],
    )


@cache
def strike_lifetimes() -> dict[str, timedelta]:
    """Returns how long a strike of each kind counts."""
    return {kind: timedelta(days=row["days"]) for kind, row in _table("limits")["strikes"].items()}


@cache
def consequences() -> tuple[Consequence, ...]:
    """Returns what follows from strikes, the gravest first."""
    return tuple(
        Consequence(
            row["id"],
            tuple(row["kinds"]),
            row["strikes"],
            row["touches"],
            row.get("per_day"),
            Text(row["zh"], row["en"]),
        )
        for row in _table("limits")["consequences"]
    )


@cache
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("data", f"{name}.toml").read_text("utf-8"))
