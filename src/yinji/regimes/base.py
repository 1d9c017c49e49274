"""Verdicts, findings and the protocol of a regime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final, NamedTuple, Protocol, runtime_checkable

from yinji.containers.model import Kind, Reading
from yinji.errors import UsageError
from yinji.evidence.base import Evidence
from yinji.marks.base import Drawn
from yinji.texts import Text


class Tier(StrEnum):
    """The tiers of Measures Art. 6. ``none`` means that nothing was found, not that people made it."""

    CONFIRMED = "confirmed"
    POSSIBLE = "possible"
    SUSPECTED = "suspected"
    NONE = "none"

    @property
    def label(self) -> str:
        """The ``Label`` value a propagator writes for this tier where the file carries none, or ""."""
        return {"confirmed": "1", "possible": "2", "suspected": "3"}.get(str(self), "")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is what it is.

    Attributes:
        rule: Checklist number ("R81").
        article: The clause behind it ("Measures Art. 6(1)").
        text: One sentence in both languages.
        evidence: Positions in the evidence list that it rests on.
    """

    rule: str
    article: str
    text: Text
    evidence: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "article": self.article,
            "zh": self.text.zh,
            "en": self.text.en,
            "evidence": list(self.evidence),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a regime concludes.

    Attributes:
        tier: The tier.
        basis: The grounds that decided it, strongest first (values of ``evidence.base.Basis``).
        reasons: Why, in reading order.
        notice: What to tell people around the content.
        short: The same in a few words, "" for no notice.
        obligations: What must now be done: ``show_notice``, ``write_propagation`` …
        regime, regime_version: Which rules, in which version.
        locked: Whether a declaration may not lower it (R86).
    """

    tier: Tier
    basis: tuple[str, ...]
    reasons: tuple[Reason, ...]
    notice: Text
    short: Text
    obligations: tuple[str, ...]
    regime: str
    regime_version: str
    locked: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "tier": str(self.tier),
            "basis": list(self.basis),
            "reasons": [r.to_dict() for r in self.reasons],
            "notice": {"zh": self.notice.zh, "en": self.notice.en},
            "short": {"zh": self.short.zh, "en": self.short.en},
            "obligations": list(self.obligations),
            "locked": self.locked,
            "regime": self.regime,
            "regime_version": self.regime_version,
        }


class Outcome(StrEnum):
    """The result of checking one rule on one file."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    WARN = "warn"
    CANNOT_TELL = "cannot_tell"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a conformance report."""

    rule: str
    article: str
    outcome: Outcome
    text: Text

    def to_dict(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "article": self.article,
            "outcome": str(self.outcome),
            "zh": self.text.zh,
            "en": self.text.en,
        }


_NOTHING: Final = Text("", "")


class Wording(NamedTuple):
    """The words of a perceptible label: Chinese, English, and both in one."""

    zh: str
    en: str
    both: str

    def pick(self, language: str) -> str:
        """Returns the words for ``zh``, ``en`` or ``both``.

        Raises:
            UsageError: Another language.
        """
        if language not in self._fields:
            raise UsageError("no-such-language", language=language, languages=", ".join(self._fields))
        words: str = getattr(self, language)
        return words


@dataclass(frozen=True, slots=True)
class MarkRule:
    """What a visible or audible label must be for one content kind.

    Attributes:
        words: The label's words.
        min_height: Ink height as a share of the displayed short side; 0 where no size is ruled.
        min_seconds: Seconds on screen; 0 where no duration is ruled.
        places: Allowed places, preferred first: ``bottom-right`` … for images; ``start``, ``end``, ``middle`` else.
        clause: Where it is written.
        corner: The words of a corner mark, which may say less; "" where none is allowed.
        times: When it is shown or heard, where the content has time: any of ``start`` (its first ``min_seconds``),
            ``end``, ``intervals``, or ``continuous``.
        every: Seconds from label to label for ``intervals``.
        style: How it is spoken or drawn, where the rules say; "" for what the mark prefers.
        alt: The label in words for those who do not see it, where the rules have a picture of their own; else empty.
    """

    words: Wording
    min_height: float
    min_seconds: float
    places: tuple[str, ...]
    clause: str
    corner: str = ""
    times: tuple[str, ...] = ("start",)
    every: float = 0.0
    style: str = ""
    alt: Text = _NOTHING


@dataclass(frozen=True, slots=True)
class Perceived:
    """What was seen or heard in a file of the label that people are meant to notice.

    Attributes:
        kind: Of the content.
        drawn: The label as it was found and measured; None if none of ours was found.
        unknown: Why nobody could look (no way to find labels in such content, damage), if so.
        foreign: A label of ours by other rules, where the one that was looked for was not found.
        owners: Short names of the rules that ``foreign`` is a label of.
    """

    kind: Kind
    drawn: Drawn | None = None
    unknown: Text | None = None
    foreign: Drawn | None = None
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the checklist, for ``yinji explain``."""

    id: str
    article: str
    text: Text
    recommendation: bool = False


class MarkRules(Protocol):
    """What a jurisdiction asks of the label that people see or hear; every regime answers that much."""

    def mark(self, kind: Kind) -> MarkRule:
        """Returns what the perceptible label of ``kind`` must be."""
        ...


@runtime_checkable
class Regime(Protocol):
    """The rules of one jurisdiction in one version.

    Attributes:
        name: Short name ("cn").
        version: Version of the data, the effective date of its newest rule.
    """

    name: ClassVar[str]
    version: str

    def decide(self, evidence: Sequence[Evidence]) -> Verdict:
        """Concludes from evidence alone. Pure; the same input gives the same verdict for ever."""
        ...

    def conform(
        self, reading: Reading, evidence: Sequence[Evidence], perceived: Perceived | None = None
    ) -> tuple[Finding, ...]:
        """Checks what a container says, and what was perceived, against every rule that a file alone can answer.

        Args:
            reading: A thorough reading.
            evidence: What the detectors found.
            perceived: What was found of the perceptible label; None if nobody was asked to look.
        """
        ...

    def mark(self, kind: Kind) -> MarkRule:
        """Returns what the perceptible label of ``kind`` must be."""
        ...

    def rules(self) -> tuple[Rule, ...]:
        """Returns the checklist."""
        ...
