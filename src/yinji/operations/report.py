"""The answer to ``check``: what the file is, what it says, what was found and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from yinji.containers.model import Reading
from yinji.evidence.base import Evidence
from yinji.regimes.base import Verdict

if TYPE_CHECKING:
    from yinji.operations.sidecar import Beside

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Report:
    """One checked file.

    Attributes:
        path: Name of the file as it was given, or "".
        reading: What its container says.
        evidence: What the detectors found.
        verdict: What the regime concludes.
        sidecar: The label beside a file whose format has no place for one; None where none stands.
    """

    path: str
    reading: Reading
    evidence: tuple[Evidence, ...]
    verdict: Verdict
    sidecar: Beside | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the object that ``yinji check --json`` prints."""
        return (
            {"schema_version": SCHEMA_VERSION, "path": self.path}
            | self.reading.to_dict()
            | ({"sidecar": self.sidecar.to_dict()} if self.sidecar else {})
            | {"evidence": [e.to_dict() for e in self.evidence], "verdict": self.verdict.to_dict()}
        )
