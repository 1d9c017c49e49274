"""The agreements as data: one file a version, named after the date it takes effect."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from yinji.errors import UsageError
from yinji.platform.canonical import canonical
from yinji.platform.errors import NotFound
from yinji.texts import Text

TERMS: Final = "terms"
"""The user agreement (Measures Art. 8)."""

UNMARKED: Final = "unmarked"
"""What precedes a copy without the explicit label (Measures Art. 9)."""

NAMES: Final = (TERMS, UNMARKED)


@dataclass(frozen=True, slots=True)
class Section:
    title: Text
    paragraphs: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of one agreement.

    Attributes:
        name: ``terms`` or ``unmarked``.
        version: The date it takes effect, ISO 8601.
        sha256: Of all its words in both languages, so that a record says what was accepted.
    """

    name: str
    version: str
    title: Text
    sections: tuple[Section, ...]
    sha256: str


@cache
def versions(name: str, folder: str) -> tuple[Agreement, ...]:
    """Returns all versions of an agreement, oldest first; an operator's own folder takes the place of ours.

    Raises:
        NotFound: There is no such agreement.
        UsageError: A file of the operator's cannot be understood.
    """
    if name not in NAMES:
        raise NotFound("agreement-not-found")
    own = Path(folder) / name if folder else None
    root = own if own is not None and own.is_dir() else files(__package__).joinpath("data", name)
    found = [entry for entry in root.iterdir() if entry.name.endswith(".toml")]
    return tuple(_read(name, entry.name, entry.read_text("utf-8")) for entry in sorted(found, key=lambda e: e.name))


def in_force(name: str, folder: str, on: date) -> Agreement:
    """Returns the version in force on a day.

    Raises:
        NotFound: There is no such agreement, or none is in force yet.
    """
    current = [agreement for agreement in versions(name, folder) if agreement.version <= on.isoformat()]
    if not current:
        raise NotFound("agreement-not-found")
    return current[-1]


def _read(name: str, filename: str, content: str) -> Agreement:
    try:
        raw = tomllib.loads(content)
        version = date.fromisoformat(filename.removesuffix(".toml")).isoformat()
        sections = tuple(
            Section(_text(section["title"]), tuple(_text(words) for words in section["paragraphs"]))
            for section in raw["section"]
        )
        return Agreement(name, version, _text(raw["title"]), sections, _digest(raw))
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("agreement-file", file=f"{name}/{filename}", reason=str(error)) from error


def _text(raw: dict[str, str]) -> Text:
    return Text(raw["zh"], raw["en"])


def _digest(raw: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(raw).encode()).hexdigest()
