"""R34, R35 and R42 to R62: how many labels a file holds, and whether they stand in the guides' places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from yinji.containers.model import Found, Reading, State
from yinji.containers.registry import by_name
from yinji.errors import UsageError
from yinji.labels.aigc import KEYS
from yinji.labels.problem import Problem
from yinji.regimes.base import Finding, Outcome
from yinji.regimes.cn import words
from yinji.regimes.cn.problems import joined, judged

_XMP_RULE: Final = "R49"
_UNREAD_RULE: Final = "R62"


def check_count(reading: Reading) -> Iterator[Finding]:
    """R34, R35: exactly one label; where none or only a part could be read, says that instead of "none"."""
    unread = judged(_UNREAD_RULE, reading.problems)
    complete = unread is None and reading.state in (State.LABELLED, State.UNLABELLED)
    count = len(reading.found)
    if count > 1:
        yield words.finding("R34", Outcome.FAIL, count=count)
        yield words.finding("R35", Outcome.FAIL, positions=_positions(reading.found), differing=_differing(reading))
    elif count == 1 and unread is None:
        yield words.finding("R34", Outcome.PASS)
        yield words.finding("R35", Outcome.PASS)
    elif count == 1:
        yield words.finding("R34", Outcome.CANNOT_TELL, variant="cannot_tell_partly", count=count)
    elif complete:
        yield words.finding("R34", Outcome.CANNOT_TELL)
    if reading.state is State.UNSUPPORTED:
        yield words.finding("R61", Outcome.CANNOT_TELL, format=reading.format)
    elif unread is not None or not (complete or count):
        yield _unread(reading)


def _unread(reading: Reading) -> Finding:
    mine = [problem for problem in reading.problems if problem.rule == _UNREAD_RULE]
    why = joined(problem.text for problem in mine or reading.problems)
    return words.finding(_UNREAD_RULE, Outcome.CANNOT_TELL, why=why)


def check_place(reading: Reading, found: Found, problems: Sequence[Problem]) -> Iterator[Finding]:
    """R42 to R61: the guide's place for the format, other places where readers look, and the place's deviations."""
    rule = words.table("carriers")["formats"].get(reading.format, "")
    expected, clause = _prescribed(reading.format)
    told = judged(rule, problems) if rule else None
    if told is not None:
        yield told
    if not rule or not clause:
        yield words.finding("R61", Outcome.NOT_APPLICABLE, format=reading.format, carrier=found.carrier)
    elif found.carrier != expected:
        yield words.finding(rule, Outcome.WARN, words="place", carrier=found.carrier, expected=expected, clause=clause)
        yield from _elsewhere(found)
    elif told is None:
        yield words.finding(rule, Outcome.PASS, words="place", carrier=found.carrier, clause=clause)
    if found.carrier == "xmp":
        yield judged(_XMP_RULE, problems) or words.finding(_XMP_RULE, Outcome.PASS)


def _elsewhere(found: Found) -> Iterator[Finding]:
    rule = words.table("carriers")["elsewhere"].get(found.carrier)
    if rule:
        yield words.finding(rule, Outcome.PASS, words="elsewhere", carrier=found.carrier)


def _prescribed(format: str) -> tuple[str, str]:
    """Returns the carrier that the guides prescribe for a format and its clause; empty ones where they name none."""
    try:
        container = by_name(format)
    except UsageError:
        return "", ""
    return container.carrier, container.clause


def _positions(found: Sequence[Found]) -> str:
    return ", ".join(f"{item.carrier} @{item.start}" for item in found)


def _differing(reading: Reading) -> str:
    tables = [dict(item.label.items()) for item in reading.found if item.label is not None]
    keys = [key for key in KEYS if len({table[key] for table in tables}) > 1]
    return ", ".join(keys) or "-"
