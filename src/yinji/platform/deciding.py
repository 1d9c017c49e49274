"""From stored evidence to a verdict. Pure: no file, no clock beyond the regime's own version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from yinji.containers.model import Kind, Reading, State
from yinji.containers.source import Source
from yinji.evidence.base import Evidence, Inspected
from yinji.evidence.declaration import AuthorDeclaration
from yinji.labels.declaration import Declaration, Declared
from yinji.regimes.base import Tier, Verdict
from yinji.regimes.registry import regime

_NOTHING: Final = Reading("unknown", "application/octet-stream", Kind.OTHER, State.UNSUPPORTED)

TIER_RANK: Final = {Tier.NONE: 0, Tier.SUSPECTED: 1, Tier.POSSIBLE: 2, Tier.CONFIRMED: 3}
"""From the least said to the most."""

DECLARED_RANK: Final = {Declared.UNDECLARED: 0, Declared.NOT_AI: 0, Declared.AI_EDITED: 1, Declared.AI_GENERATED: 2}
"""From the least said to the most."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and all it rests on."""

    evidence: tuple[Evidence, ...]
    verdict: Verdict

    @property
    def tier(self) -> Tier:
        return self.verdict.tier

    def report(self, file_report: dict[str, Any]) -> dict[str, Any]:
        """Returns the report of the file with this evidence and this verdict in place of its own."""
        return file_report | {
            "evidence": [entry.to_dict() for entry in self.evidence],
            "verdict": self.verdict.to_dict(),
        }


def decide(
    file_report: dict[str, Any], declaration: Declaration, regime_name: str, review: dict[str, Any] | None = None
) -> Decision:
    """Concludes from what was found in the file when it came, what its author says now and what reviewers decided.

    Args:
        file_report: ``Report.to_dict()`` of the file without any declaration.
        declaration: What the author says.
        regime_name: Whose rules; the version in force today decides.
        review: ``Evidence.to_dict()`` of the review that is in force, if there is one.
    """
    found = tuple(Evidence.from_dict(stored) for stored in file_report["evidence"])
    reviewed = (Evidence.from_dict(review),) if review else ()
    evidence = found + tuple(_declared(declaration)) + reviewed
    return Decision(evidence, regime(regime_name).decide(evidence))


def _declared(declaration: Declaration) -> Sequence[Evidence]:
    with Source.open(b"") as nothing:
        return tuple(AuthorDeclaration().detect(Inspected(nothing, _NOTHING, declaration)))
