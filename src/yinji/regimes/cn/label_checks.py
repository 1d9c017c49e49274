"""R23 to R39 and R64: what one label says, against Appendix E."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from yinji.containers.model import Found
from yinji.labels.aigc import AigcLabel, shown
from yinji.labels.problem import Problem
from yinji.regimes.base import Finding, Outcome
from yinji.regimes.cn import words
from yinji.regimes.cn.problems import judged

_VALUE_RULES: Final = ("R23", "R24", "R25", "R26", "R27", "R32", "R37", "R39", "R64")


def check(found: Found, problems: Sequence[Problem]) -> Iterator[Finding]:
    """Yields one finding for each rule on the label's value, in the order of the rules."""
    told = {rule: judged(rule, problems) for rule in (*_VALUE_RULES, "R30", "R38")}
    if found.label is None:
        yield from _not_understood(told)
        return
    values = _shown(found, found.label)
    for rule in _VALUE_RULES[:5]:
        yield told[rule] or words.finding(rule, Outcome.PASS, **values)
    yield words.finding("R28", Outcome.CANNOT_TELL, **values)
    yield words.finding("R29", Outcome.CANNOT_TELL, **values)
    yield told["R30"] or words.finding("R30", _first_write(found.label), **values)
    yield words.finding("R31", Outcome.PASS)
    yield told["R32"] or words.finding("R32", Outcome.PASS)
    yield _longest(found.label)
    yield told["R37"] or words.finding("R37", Outcome.PASS)
    yield told["R38"] or _shape(found)
    yield told["R39"] or words.finding("R39", Outcome.PASS)
    yield told["R64"] or words.finding("R64", Outcome.PASS)


def _not_understood(told: dict[str, Finding | None]) -> Iterator[Finding]:
    """Says what is wrong, and of the rest only that it cannot be judged: a value nobody understood passes nothing."""
    for rule in ("R23", "R24", "R25", "R26", "R27", "R64"):
        yield told[rule] or words.finding(rule, Outcome.CANNOT_TELL, words="common")
    for rule in ("R37", "R38", "R39"):
        if (finding := told[rule]) is not None:
            yield finding


def _shown(found: Found, label: AigcLabel) -> dict[str, str]:
    return {
        "carrier": found.carrier,
        "label": shown(label.label),
        "producer": shown(label.producer),
        "produce_id": shown(label.produce_id),
        "propagator": shown(label.propagator),
        "propagate_id": shown(label.propagate_id),
    }


def _first_write(label: AigcLabel) -> Outcome:
    """Appendix E note 1 binds first writes only; later values may differ (R31)."""
    same = (label.propagator, label.propagate_id) == (label.producer, label.produce_id)
    return Outcome.PASS if same else Outcome.NOT_APPLICABLE


def _longest(label: AigcLabel) -> Finding:
    key, value = max(label.items(), key=lambda item: len(item[1]))
    return words.finding("R33", Outcome.PASS, key=key, length=len(value))


def _shape(found: Found) -> Finding:
    expected = words.table("carriers")["shapes"].get(found.carrier, ["bare"])
    outcome = Outcome.PASS if found.shape in expected else Outcome.WARN
    return words.finding("R38", outcome, shape=found.shape, carrier=found.carrier, expected=expected[0])
