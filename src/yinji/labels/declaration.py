"""What an author says about their own content, in one canonical vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Declared(StrEnum):
    """The choices of the declaration form (Measures Art. 6(4), Art. 10).

    ``ai_generated``: made by AI. ``ai_edited``: contains parts made or changed by AI.
    ``not_ai``: the author says that no AI generation took place. ``undeclared``: nothing was said.
    """

    AI_GENERATED = "ai_generated"
    AI_EDITED = "ai_edited"
    NOT_AI = "not_ai"
    UNDECLARED = "undeclared"

    @property
    def says_ai(self) -> bool:
        return self in (Declared.AI_GENERATED, Declared.AI_EDITED)


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declaration.

    Attributes:
        choice: What was chosen.
        note: The author's own words, or "".
        statement: What else the author states, nothing of AI: ``fictional``, ``marketing``, ``reposted`` …, or "".
    """

    choice: Declared
    note: str = ""
    statement: str = ""
