"""What an author can state, in Yinji's own words and in those of each platform.

Every option of a platform means exactly one statement, and no two options of one platform mean the same: what was
chosen there comes back as it was chosen. A platform need not have an option for each of our statements; then the
statement that comes nearest stands for it, or none does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

from yinji.errors import UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.errors import NotFound
from yinji.texts import Text

_CANONICAL: Final = "canonical"
_NOTHING: Final = "undeclared"
Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that an author can state.

    Attributes:
        declares: What it says of AI; ``undeclared`` where it says nothing of it.
        otherwise: The statements that stand for it, nearest first, where a platform has no option of its own.
    """

    id: str
    name: Text
    declares: Declared
    otherwise: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a platform.

    Attributes:
        value: As its form or its API sends it.
        text: As people read it there; "" for a switch that is off.
        means: The statement it stands for.
    """

    value: Value
    text: str
    means: str

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "text": self.text, "means": self.means}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The declaration of one platform.

    Attributes:
        field: Name of the form field or the API field.
        where: ``form``, ``switch``, ``api`` or ``rule``.
        recorded: Day on which the options were recorded.
    """

    id: str
    name: Text
    field: str
    where: str
    recorded: date
    options: tuple[Option, ...]

    def option_for(self, declaration: Declaration) -> Option | None:
        """Returns what to choose on the platform for a declaration, or None where it has nothing that comes near."""
        known = {option.means: option for option in self.options}
        choice = str(declaration.choice)
        said = (choice, declaration.statement) if declaration.choice.says_ai else (declaration.statement, choice)
        ways = (id for first in said if first for id in (first, *statements()[first].otherwise))
        return next((known[id] for id in ways if id in known), None)

    def declaration_of(self, value: str, note: str = "") -> Declaration:
        """Returns what a choice made on the platform says.

        Args:
            value: As the platform sends it, written as text.
            note: The author's own words.

        Raises:
            UsageError: The platform has no such choice; the error lists those it has.
        """
        wanted = value.strip()
        option = next((o for o in self.options if wanted.casefold() == str(o.value).casefold()), None)
        option = option or next((o for o in self.options if o.text and o.text == wanted), None)
        if option is None:
            offered = ", ".join(
                str(o.value).lower() if isinstance(o.value, bool) else str(o.value) for o in self.options
            )
            raise UsageError("vocabulary-value", value=wanted[:60], vocabulary=self.id, offered=offered)
        statement = statements()[option.means]
        says_nothing = statement.declares is Declared.UNDECLARED and statement.id != _NOTHING
        return Declaration(statement.declares, note, statement.id if says_nothing else "")

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": {"zh": self.name.zh, "en": self.name.en},
            "field": self.field,
            "where": self.where,
            "recorded": self.recorded.isoformat(),
            "options": [option.to_dict() for option in self.options],
        }


@cache
def statements() -> Mapping[str, Statement]:
    """Returns Yinji's own statements by id."""
    return {id: _statement(id, row) for id, row in _table(_CANONICAL).items()}


@cache
def vocabularies() -> Mapping[str, Vocabulary]:
    """Returns the platforms' vocabularies by id."""
    names = sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml"))
    return {name: _vocabulary(name) for name in names if name != _CANONICAL}


def vocabulary(id: str) -> Vocabulary:
    """Returns one platform's vocabulary.

    Raises:
        NotFound: There is none of this name; the error lists those there are.
    """
    found = vocabularies().get(id)
    if found is None:
        raise NotFound("vocabulary-not-found", vocabulary=id[:60], offered=", ".join(vocabularies()))
    return found


def _statement(id: str, row: Mapping[str, Any]) -> Statement:
    declares = Declared(row.get("declares", Declared.UNDECLARED))
    return Statement(id, Text(row["zh"], row["en"]), declares, tuple(row.get("else", ())))


def _vocabulary(id: str) -> Vocabulary:
    table = _table(id)
    options = tuple(Option(row["value"], row["text"], row["means"]) for row in table["options"])
    name = Text(table["name"]["zh"], table["name"]["en"])
    return Vocabulary(id, name, table["field"], table["where"], table["recorded"], options)


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((_folder() / f"{name}.toml").read_text("utf-8"))


def _folder() -> Any:
    return files(__package__) / "data"
