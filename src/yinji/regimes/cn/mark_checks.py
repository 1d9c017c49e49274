"""R1 to R19: the label that people see or hear, against clause 5 of GB 45438-2025.

Only a label that Yinji made is found and measured here. That none was found says nothing: somebody else's may be
there, or a version without one was handed out as Measures Art. 9 allows. So its absence is "cannot tell".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from yinji.containers.model import Kind
from yinji.marks.base import Drawn
from yinji.marks.colour import AA
from yinji.regimes.base import Finding, MarkRule, Outcome, Perceived
from yinji.regimes.cn import words
from yinji.regimes.cn.wording import corner_mark_ok, worded_label_ok
from yinji.regimes.places import place_named, places_named

FAINT: Final = 3.0
"""Contrast below which words count as not clearly legible: what WCAG 2.2 (1.4.3) asks even of large text. The standard
names no number; from here to 4.5, which is asked of all text, is a warning."""
_TOLERANCE: Final = 0.05
"""Seconds by which a label may fall short: a frame is shown for about as long."""
_BETWEEN: Final = (120, 160)


def check(perceived: Perceived, rule: MarkRule) -> Iterator[Finding]:
    """Yields the findings on the perceptible label of a file, in the order of the rules."""
    drawn = perceived.drawn
    if drawn is None:
        yield _not_found(perceived)
        return
    match perceived.kind:
        case Kind.IMAGE:
            yield _worded(drawn)
            yield _placed("R5", drawn, rule)
            yield _legible("R6", drawn)
        case Kind.VIDEO:
            yield _worded(drawn)
            yield from _film(drawn, rule)
        case Kind.SCENE:
            yield _worded(drawn)
            yield _placed("R19", drawn, rule)
            yield _legible("R19", drawn)
        case Kind.AUDIO:
            yield from _sound(drawn, rule)
        case Kind.TEXT | Kind.DOCUMENT:
            yield _worded(drawn)
            yield _placed("R3", drawn, rule)
            yield _legible("R4", drawn)
        case _:
            yield _worded(drawn)


def _not_found(perceived: Perceived) -> Finding:
    rule = "R9" if perceived.kind is Kind.AUDIO else "R1"
    if perceived.unknown is not None:
        return words.finding(rule, Outcome.CANNOT_TELL, words="mark", variant="not_looked", why=perceived.unknown)
    if perceived.foreign is not None:
        values = {"owners": ", ".join(perceived.owners), "place": place_named(perceived.foreign.place)}
        return words.finding(
            rule, Outcome.CANNOT_TELL, words="mark", variant="foreign", label=perceived.foreign.words, **values
        )
    return words.finding(rule, Outcome.CANNOT_TELL, words="mark", variant="not_found")


def _worded(drawn: Drawn) -> Finding:
    """R1, or R2 for the corner mark that only text may have."""
    if drawn.detail.get("form") == "corner":
        outcome = Outcome.PASS if corner_mark_ok(drawn.words) else Outcome.FAIL
        return words.finding("R2", outcome, label=drawn.words)
    outcome = Outcome.PASS if worded_label_ok(drawn.words) else Outcome.FAIL
    return words.finding("R1", outcome, label=drawn.words)


def _placed(rule: str, drawn: Drawn, allowed: MarkRule) -> Finding:
    outcome = Outcome.PASS if drawn.place in allowed.places else Outcome.FAIL
    return words.finding(
        rule, outcome, words="mark-place", place=place_named(drawn.place), places=places_named(allowed.places)
    )


def _legible(rule: str, drawn: Drawn) -> Finding:
    """Height and contrast; a label that is text has neither, and is as legible as the text around it."""
    values: dict[str, Any] = {
        "ink": drawn.ink_height,
        "needed": drawn.needed_height,
        "contrast": f"{drawn.contrast:.1f}",
    }
    if not drawn.ink_height and not drawn.contrast:
        return words.finding(rule, Outcome.PASS, words="mark-text")
    if drawn.ink_height < drawn.needed_height:
        return words.finding(rule, Outcome.FAIL, words="mark-legible", variant="too_small", **values)
    if drawn.contrast < FAINT:
        return words.finding(rule, Outcome.FAIL, words="mark-legible", variant="too_faint", **values)
    if drawn.contrast < AA:
        return words.finding(rule, Outcome.WARN, words="mark-legible", **values)
    return words.finding(rule, Outcome.PASS, words="mark-legible", **values)


def _film(drawn: Drawn, rule: MarkRule) -> Iterator[Finding]:
    first = float(drawn.detail.get("from_second", 0.0))
    shown = float(drawn.detail.get("seconds", 0.0))
    needed = min(rule.min_seconds, float(drawn.detail.get("duration", rule.min_seconds)))
    starts = Outcome.PASS if first <= 0 else Outcome.FAIL
    yield words.finding("R14", starts, second=f"{first:.2f}")
    yield _placed("R15", drawn, rule)
    yield _legible("R15", drawn)
    long_enough = Outcome.PASS if shown >= needed - _TOLERANCE else Outcome.FAIL
    yield words.finding("R16", long_enough, shown=f"{shown:.2f}", needed=f"{needed:.2f}")


def _sound(drawn: Drawn, rule: MarkRule) -> Iterator[Finding]:
    spoken = drawn.detail.get("form") == "speech"
    if spoken:
        yield _worded(drawn)
    labels = drawn.detail.get("labels", ())
    values: dict[str, Any] = {
        "first": f"{float(drawn.detail.get('from_second', 0.0)):.2f}",
        "seconds": f"{float(drawn.detail.get('seconds', 0.0)):.2f}",
        "level": next((label["level"] for label in labels if label["place"] == drawn.place), "?"),
        "count": len(labels),
    }
    yield words.finding("R9", Outcome.PASS, variant="spoken" if spoken else "rhythm", **values)
    if not spoken:
        yield words.finding("R10", Outcome.PASS)
    yield _placed("R11", drawn, rule)
    pace = drawn.detail.get("per_minute")
    if spoken and pace is not None:
        lowest, highest = _BETWEEN
        outcome = Outcome.PASS if lowest <= pace <= highest else Outcome.WARN
        yield words.finding("R12", outcome, pace=round(pace))
