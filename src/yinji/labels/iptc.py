"""The IPTC Digital Source Type vocabulary, with the terms that C2PA adds."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from yinji.texts import Text

NAMESPACE: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
"""Namespace of the XMP property ``DigitalSourceType``."""

_ADDRESS: Final = re.compile(
    r"(?:https?://(?:(?:cv|www)\.)?(?:iptc\.org/newscodes|c2pa\.org)/digitalsourcetype/"
    r"|digsrctype:|https?://schema\.org/)",
    re.IGNORECASE,
)
_SCHEMA_SUFFIX: Final = "digitalsource"


@dataclass(frozen=True, slots=True)
class SourceType:
    """One term of the vocabulary.

    Attributes:
        name: The bare name, ``trainedAlgorithmicMedia``.
        uri: The term's own address, with the ``http`` base that the vocabulary defines.
        meaning: What it says, in both languages.
        says_ai: The term means content made or changed by a trained model.
        retired: When the term was withdrawn ("2024-09"), or "".
        now: The term that replaces a retired one, or "".
    """

    name: str
    uri: str
    meaning: Text
    says_ai: bool = False
    retired: str = ""
    now: str = ""


def normalise(value: str) -> SourceType | None:
    """Returns the term that a value means: address (http or https), QCode, schema.org member or bare name; else None.

    Args:
        value: What DigitalSourceType or a C2PA action's ``digitalSourceType`` holds.
    """
    value = value[:200].strip()
    found = _ADDRESS.match(value)
    name = (value[found.end() :] if found else value).rstrip("/").replace("_", "").lower()
    terms = _by_name()
    return terms.get(name) or terms.get(name.removesuffix(_SCHEMA_SUFFIX))


def says_ai(value: str) -> bool:
    """Says whether a value names a term for content made or changed by a trained model."""
    term = normalise(value)
    return term is not None and term.says_ai


@cache
def vocabulary() -> tuple[SourceType, ...]:
    """Returns every term, in the order of the data file."""
    data = tomllib.loads(files(__package__).joinpath("iptc.toml").read_text("utf-8"))
    return tuple(_term(name, entry, data) for name, entry in data["terms"].items())


def _term(name: str, entry: dict[str, Any], data: dict[str, Any]) -> SourceType:
    return SourceType(
        name,
        data[entry.get("base", "iptc")] + name,
        Text(entry["zh"], entry["en"]),
        entry.get("ai", False),
        entry.get("retired", ""),
        entry.get("now", ""),
    )


@cache
def _by_name() -> dict[str, SourceType]:
    return {term.name.lower(): term for term in vocabulary()}
