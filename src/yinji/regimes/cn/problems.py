"""Deviations that readers have named, as findings under the rule that each breaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from yinji.containers.model import Found
from yinji.labels.problem import Problem, Severity
from yinji.regimes.base import Finding, Outcome
from yinji.regimes.cn import words
from yinji.texts import Text

_OUTCOMES = {Severity.ERROR: Outcome.FAIL, Severity.WARNING: Outcome.WARN, Severity.NOTE: Outcome.PASS}
_GRAVEST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)

NEVER_FAIL = frozenset(("R31", "R32", "R33"))
"""Rules that a reader may only warn about: re-propagation, App. E j) ("mainly"), and lengths nobody limits."""


def problems_of(found: Found) -> tuple[Problem, ...]:
    """Returns every deviation of a label, those of its values included, each once."""
    own = found.label.problems() if found.label else ()
    every = (*found.problems, *own)
    return tuple(p for i, p in enumerate(every) if p not in every[:i])


def judged(rule: str, problems: Sequence[Problem]) -> Finding | None:
    """Returns the finding that the problems of one rule amount to, or None where there is none of it."""
    mine = [problem for problem in problems if problem.rule == rule]
    if not mine:
        return None
    gravest = min((problem.severity for problem in mine), key=_GRAVEST_FIRST.index)
    outcome = _OUTCOMES[gravest]
    if outcome is Outcome.FAIL and rule in NEVER_FAIL:
        outcome = Outcome.WARN
    return words.told(rule, outcome, joined(problem.text for problem in mine))


def joined(texts: Iterable[Text]) -> Text:
    """Returns several sentences as one text."""
    every = tuple(dict.fromkeys(texts))
    return Text("".join(text.zh for text in every), " ".join(text.en for text in every))
