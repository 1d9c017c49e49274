"""Which regimes there are, and which version of one is in force on a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cache
from importlib import import_module
from typing import Any, Final

from yinji.containers.model import Kind
from yinji.errors import UsageError
from yinji.regimes import labels
from yinji.regimes.base import MarkRule, MarkRules, Regime
from yinji.regimes.labels import LabelRules

ENTRY_POINTS: Final = "yinji.regimes"
"""Entry point group of third-party regimes; each names a callable that takes a date and returns a ``Regime``."""

_BUILT_IN: Final = {"cn": ("yinji.regimes.cn.regime", "China")}


@cache
def _installed() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def names() -> tuple[str, ...]:
    """Returns the names of all regimes, the built-in ones first."""
    return (*_BUILT_IN, *sorted(_installed().keys() - _BUILT_IN.keys()))


def regime(name: str = "cn", *, at: date | None = None) -> Regime:
    """Returns a regime in the version in force on a day.

    Args:
        name: Short name ("cn").
        at: The day; today in UTC when absent. Give the day of a stored verdict to recompute it by the rules of then.

    Raises:
        UsageError: No such regime, or none of its versions was in force yet.
    """
    return _factory(name)(at or datetime.now(UTC).date())


def mark_rules(name: str = "cn", *, form: str = "", at: date | None = None) -> MarkRules:
    """Returns what a regime asks of the perceptible label on a day.

    Args:
        name: Short name: of a regime, or of one of which only the label is kept (:data:`yinji.regimes.labels.NAMES`).
        form: Which of its labels is meant, where there are several; "" for the usual one.
        at: The day; today in UTC when absent.

    Raises:
        UsageError: No such regime or form, or none of its versions was in force yet.
    """
    if name in labels.NAMES and name not in _installed():
        return labels.in_force(name, at or datetime.now(UTC).date(), form)
    rules = regime(name, at=at)
    if form:
        raise UsageError("no-such-form", form=form, forms="-")
    return rules


def judging(name: str = "cn", *, at: date | None = None) -> Regime | LabelRules:
    """Returns the rules that a file is held to on a day: a regime's, or those of the label alone where no more is kept.

    Args:
        name: As for :func:`mark_rules`.
        at: The day; today in UTC when absent.

    Raises:
        UsageError: No such regime, or none of its versions was in force yet.
    """
    if name in labels.NAMES and name not in _installed():
        return labels.in_force(name, at or datetime.now(UTC).date())
    return regime(name, at=at)


def others(name: str, *, at: date | None = None) -> Iterator[Regime | LabelRules]:
    """Yields the rules of every other jurisdiction in force on a day.

    Args:
        name: The one that is left out.
        at: The day; today in UTC when absent.
    """
    for other in dict.fromkeys((*names(), *labels.NAMES)):
        if other != name:
            with suppress(UsageError):  # not in force yet
                yield judging(other, at=at)


def labels_of(rules: Regime | LabelRules, kind: Kind) -> tuple[MarkRule, ...]:
    """Returns each perceptible label that would do by some rules; none where none is owed on such content."""
    return rules.labels(kind) if isinstance(rules, LabelRules) else (rules.mark(kind),)


def _factory(name: str) -> Callable[[date], Regime]:
    if name in _BUILT_IN:
        module, attribute = _BUILT_IN[name]
        built_in: Callable[[date], Regime] = getattr(import_module(module), attribute).in_force
        return built_in
    if name in _installed():
        foreign: Callable[[date], Regime] = _installed()[name].load()
        return foreign
    if name in labels.NAMES:
        raise UsageError("regime-labels-only", name=name)
    raise UsageError("regime-unknown", name=name, names=", ".join((*names(), *labels.NAMES)))
