"""What a file shows of its label, against the rules of a regime of which only the label is kept.

As for China, only a label that Yinji put is found and measured, so its absence is "cannot tell". What a shortfall is
worth stands in the regime's data: few of these rules name a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from yinji.containers.model import Kind
from yinji.marks.base import Drawn
from yinji.regimes import ruleset
from yinji.regimes.base import Finding, MarkRule, Outcome, Perceived, Rule
from yinji.regimes.places import place_named
from yinji.texts import Text

FAINT: Final = 3.0
"""Contrast below which words cannot be made out: what WCAG 2.2 (1.4.3) asks even of large text."""
_TOLERANCE: Final = 0.05
"""Seconds by which a label may fall short: a frame is shown for about as long."""
_SHORTFALLS: Final = frozenset(("other", "small", "faint", "late", "short", "missing"))
_NAMES: Final = ("label", "place", "legible", "time", "rest")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the rules ask for.

    Attributes:
        id: Its number.
        article: Where it is written.
        asks: What is asked for.
        worth: What falling short of it is worth, by what is wrong.
    """

    id: str
    article: str
    asks: Text
    worth: Mapping[str, Outcome] = field(hash=False)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Check:
        """Reads a row of a data file.

        Raises:
            KeyError, TypeError, ValueError: It is not valid.
        """
        worth = {key: Outcome(value) for key, value in row.items() if key in _SHORTFALLS}
        return cls(row["id"], row["article"], Text(row["asks"]["zh"], row["asks"]["en"]), worth)

    def found(self, outcome: Outcome | str, *, words: str, variant: str = "", **values: object) -> Finding:
        """Returns a finding; an outcome that is a word is what such a shortfall is worth."""
        result = outcome if isinstance(outcome, Outcome) else self.worth[outcome]
        row = _words()[words][variant or str(outcome)]
        told = {
            language: row[language].format(asks=getattr(self.asks, language), **_in(language, values))
            for language in ("zh", "en")
        }
        return Finding(self.id, self.article, result, Text(told["zh"], told["en"]))


def checks_of(data: Mapping[str, Any]) -> dict[str, Check]:
    """Reads the checks of a data file.

    Raises:
        KeyError, TypeError, ValueError: They are not valid.
    """
    return {name: Check.of(data["checks"][name]) for name in _NAMES}


def rules_of(checks: Mapping[str, Check]) -> tuple[Rule, ...]:
    """Returns the checks as a checklist."""
    return tuple(Rule(check.id, check.article, check.asks) for check in checks.values())


def check(
    kind: Kind, perceived: Perceived | None, rules: tuple[MarkRule, ...], checks: Mapping[str, Check]
) -> Iterator[Finding]:
    """Yields the findings on a file, in the order of the checks.

    Args:
        kind: Of the content.
        perceived: What was found of the label; None if nobody was asked to look.
        rules: The labels that would do; none where the rules ask for none.
        checks: What the rules ask for.
    """
    drawn = perceived.drawn if perceived is not None else None
    if not rules:
        yield checks["label"].found(Outcome.NOT_APPLICABLE, words="label", kind=kind)
    elif drawn is None:
        yield _missing(checks["label"], perceived)
    else:
        rule = next((r for r in rules if drawn.words in r.words), rules[0])
        yield checks["label"].found(Outcome.PASS, words="label", label=drawn.words)
        placed = Outcome.PASS if drawn.place in rule.places else "other"
        yield checks["place"].found(placed, words="place", place=place_named(drawn.place))
        if kind is not Kind.AUDIO:
            yield _legible(checks["legible"], drawn)
        if kind is Kind.AUDIO:
            values = {
                "first": f"{float(drawn.detail.get('from_second', 0.0)):.2f}",
                "seconds": f"{float(drawn.detail.get('seconds', 0.0)):.2f}",
                "count": len(drawn.detail.get("labels", ())),
            }
            place = place_named(drawn.place)
            yield checks["time"].found(Outcome.PASS, words="time", variant="heard", place=place, **values)
        elif kind is Kind.VIDEO:
            yield _timed(checks["time"], drawn, rule)
    yield checks["rest"].found(Outcome.CANNOT_TELL, words="rest")


def _missing(label: Check, perceived: Perceived | None) -> Finding:
    if perceived is None:
        row = _words()["label"]["not_asked"]
        return label.found(Outcome.CANNOT_TELL, words="label", variant="not_looked", why=Text(row["zh"], row["en"]))
    if perceived.unknown is not None:
        return label.found(Outcome.CANNOT_TELL, words="label", variant="not_looked", why=perceived.unknown)
    if perceived.foreign is not None:
        values = {"owners": ", ".join(perceived.owners), "place": place_named(perceived.foreign.place)}
        return label.found(
            Outcome.CANNOT_TELL, words="label", variant="foreign", label=perceived.foreign.words, **values
        )
    return label.found(Outcome.CANNOT_TELL, words="label")


def _legible(legible: Check, drawn: Drawn) -> Finding:
    if not drawn.ink_height and not drawn.contrast:
        return legible.found(Outcome.PASS, words="legible", variant="text")
    outcome: Outcome | str = Outcome.PASS
    if drawn.contrast < FAINT:
        outcome = "faint"
    elif drawn.ink_height < drawn.needed_height:
        outcome = "small"
    contrast = f"{drawn.contrast:.1f}"
    return legible.found(outcome, words="legible", ink=drawn.ink_height, needed=drawn.needed_height, contrast=contrast)


def _timed(time: Check, drawn: Drawn, rule: MarkRule) -> Finding:
    """When the label of a video is shown, against when it should be."""
    detail = drawn.detail
    first, shown = float(detail.get("from_second", 0)), float(detail.get("seconds", 0))
    duration = float(detail.get("duration", shown))
    again = detail.get("intervals", {"wanted": 0, "seen": 0})
    values = {"first": f"{first:.2f}", "shown": f"{shown:.2f}", "duration": f"{duration:.2f}"}
    if first > 0:
        return time.found("late", words="time", **values)
    if "continuous" in rule.times:
        if shown < duration - max(_TOLERANCE, 0.01 * duration):
            return time.found("short", words="time", variant="gone", **values)
    elif shown < (needed := min(rule.min_seconds, duration)) - _TOLERANCE:
        return time.found("short", words="time", needed=f"{needed:g}", **values)
    if again["seen"] < again["wanted"]:
        gone = again["wanted"] - again["seen"]
        return time.found("missing", words="time", wanted=again["wanted"], gone=gone)
    return time.found(Outcome.PASS, words="time", count=len(detail.get("labels", ())), **values)


def _in(language: str, values: Mapping[str, object]) -> dict[str, object]:
    return {key: getattr(value, language) if isinstance(value, Text) else value for key, value in values.items()}


@cache
def _words() -> dict[str, Any]:
    return ruleset.table("labels", "findings")
