"""The Chinese regime: its versions, its verdicts, its checks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from yinji.containers.model import Kind, Reading
from yinji.evidence.base import Evidence
from yinji.regimes import ruleset
from yinji.regimes.base import Finding, MarkRule, Perceived, Rule, Verdict
from yinji.regimes.cn import tiers
from yinji.regimes.ruleset import Ruleset, ShortVideoLabel


class China:
    """The rules of China in one version.

    Args:
        data: The version's data; see :func:`yinji.regimes.ruleset.load`.
    """

    name: ClassVar[str] = "cn"

    def __init__(self, data: Ruleset) -> None:
        self.data = data
        self.version = data.version

    @classmethod
    def in_force(cls, day: date) -> China:
        """Returns the rules as they stand on a day.

        Raises:
            UsageError: The Measures were not in force yet.
        """
        return cls(ruleset.in_force(cls.name, day))

    @property
    def short_video_labels(self) -> tuple[ShortVideoLabel, ...]:
        """The labels of which a short video must bear exactly one (R89); empty where the version asks for none."""
        return self.data.short_video

    def decide(self, evidence: Sequence[Evidence]) -> Verdict:
        """Concludes the tier of Measures Art. 6 from evidence alone; see :mod:`yinji.regimes.cn.tiers`."""
        return tiers.decide(evidence, self.data)

    def conform(
        self, reading: Reading, evidence: Sequence[Evidence], perceived: Perceived | None = None
    ) -> tuple[Finding, ...]:
        """Checks what a file carries against R1 to R19 and R23 to R79, as far as the file alone can answer."""
        from yinji.regimes.cn import mark_checks
        from yinji.regimes.cn.conformance import conform

        seen = () if perceived is None else tuple(mark_checks.check(perceived, self.mark(perceived.kind)))
        return seen + conform(reading, evidence)

    def mark(self, kind: Kind) -> MarkRule:
        """Returns what the perceptible label of ``kind`` must be (Measures Art. 4, GB 45438-2025 clause 5)."""
        return self.data.marks[kind]

    def rules(self) -> tuple[Rule, ...]:
        """Returns the checklist R1 to R105."""
        return ruleset.checklist(self.name)
