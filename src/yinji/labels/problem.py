"""A named deviation of a label or of the container that holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from yinji.texts import Text, problem_text


class Severity(StrEnum):
    """How much a deviation matters.

    ``error``: not conforming to a "shall" of GB 45438 (the strict writer refuses it).
    ``warning``: tolerated by the standard's wording ("mainly") or by practice.
    ``note``: worth knowing, conforming.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One deviation.

    Attributes:
        code: Slug in ``texts/problems/*.toml``.
        severity: How much it matters.
        rule: Checklist number of the rule it breaks ("R26"), or "".
        values: Placeholders of the words (key, value, offset …).
    """

    code: str
    severity: Severity
    rule: str = ""
    values: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def text(self) -> Text:
        return problem_text(self.code, self.values)

    def to_dict(self) -> dict[str, Any]:
        zh, en = self.text
        return {"code": self.code, "severity": str(self.severity), "rule": self.rule, "zh": zh, "en": en}
