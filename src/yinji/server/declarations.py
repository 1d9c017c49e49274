"""The declaration form: its choices, and what a form said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from yinji.labels.declaration import Declaration, Declared
from yinji.platform.vocabularies.vocabulary import statements, vocabulary
from yinji.server.errors import BadRequest

OFFERED: Final = (Declared.AI_GENERATED, Declared.AI_EDITED, Declared.NOT_AI)
"""What an author can choose; exactly one, and none of them beforehand (Measures Art. 6(4), Art. 10)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One card: ``ruled_out`` when the evidence already says otherwise (R86)."""

    value: str
    ruled_out: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "ruled_out": self.ruled_out}


def choices(*, locked: bool) -> tuple[Choice, ...]:
    """Returns the cards of the form; a label in the file rules out "no AI"."""
    return tuple(Choice(str(c), ruled_out=locked and not c.says_ai) for c in OFFERED)


def choices_above(present: Declared) -> tuple[Choice, ...]:
    """Returns what may still be added to a declaration: a declaration is never taken back by its author."""
    if present is Declared.AI_GENERATED:
        return ()
    above = (Declared.AI_GENERATED,) if present is Declared.AI_EDITED else (Declared.AI_GENERATED, Declared.AI_EDITED)
    return tuple(Choice(str(c)) for c in above)


def declaration_of(choice: str, note: str, *, vocabulary_name: str = "", statement: str = "") -> Declaration:
    """Returns what was declared.

    Args:
        choice: One of :data:`OFFERED`, or an option of the vocabulary.
        note: The author's own words.
        vocabulary_name: The platform in whose words it was declared, or "" for ours.
        statement: What else is stated, nothing of AI, or "".

    Raises:
        BadRequest: Nothing was chosen, or something that is not offered.
        UsageError, NotFound: There is no such vocabulary, or no such option in it.
    """
    if vocabulary_name:
        return vocabulary(vocabulary_name).declaration_of(choice, note)
    if statement and statement not in statements():
        raise BadRequest("statement-unknown", statement=statement[:60], offered=", ".join(statements()))
    if choice not in {str(c) for c in OFFERED}:
        raise BadRequest("declaration-missing")
    return Declaration(Declared(choice), note, statement)
