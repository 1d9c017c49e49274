"""The answer to ``check``: what the file is, what it says, what was found and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from yinji.containers.model import Reading
from yinji.evidence.base import Evidence
from yinji.regimes.base import Verdict

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Report:
    """One checked file.

    Attributes:
        path: Name of the file as it was given, or "".
        reading: What its container says.
        evidence: What the detectors found.
        verdict: What the regime concludes.
    """

    path: str
    reading: Reading
    evidence: tuple[Evidence, ...]
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """Returns the object that ``yinji check --json`` prints."""
        return (
            {"schema_version": SCHEMA_VERSION, "path": self.path}
            | self.reading.to_dict()
            | {"evidence": [e.to_dict() for e in self.evidence], "verdict": self.verdict.to_dict()}
        )
