"""Reading the plain XML that programs write without a parser, which costs several times as much as all the rest.

Only text in which every ``<`` is accounted for is read so; anything else (comments, references, other encodings, a
document type declaration) is left to the parser.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_ATTRIBUTES: Final = rb"""(?:\s+[A-Za-z:]+="[^"<&]*")*"""
_ATTRIBUTE: Final = re.compile(rb'([A-Za-z:]+)="([^"]*)"')
_SHELL: Final = re.compile(
    rb"""(?:\xef\xbb\xbf)?(?:<\?xml version=["']1\.0["'](?: encoding=["'](?:utf|UTF)-8["'])?"""
    rb"""(?: standalone=["'](?:yes|no)["'])?\s*\?>)?\s*<([A-Za-z]+)""" + _ATTRIBUTES + rb""">\s*</\1>\s*"""
)
_FIELD: Final = re.compile(
    rb"<(?:[A-Za-z]+:)?(Application|AppVersion|Company|Manager|[cC]reator|[lL]astModifiedBy|initial-creator|[gG]enerator|"
    rb"[tT]itle|[sS]ubject|[dD]escription|[kK]eywords?|[cC]ategory|[pP]ublisher|[cC]ontributor|[sS]ource|"
    rb"[aA]uthor|Abstract|CreatorVersion)(?:\s[^<>]*)?>([^<]+)</"
)
_RELATIONSHIP: Final = re.compile(rb"<Relationship(" + _ATTRIBUTES + rb")\s*/>")
_PROPERTY: Final = re.compile(
    rb"<property(" + _ATTRIBUTES + rb")\s*><vt:([A-Za-z0-9]+)>([^<]*)</vt:[A-Za-z0-9]+></property>"
)
_REFERENCE: Final = re.compile(r"&(quot|amp|lt|gt|apos);")
_CHARACTERS: Final = {"quot": '"', "amp": "&", "lt": "<", "gt": ">", "apos": "'"}
_SIGNS: Final = (b"aigc", b"contentpro", b"produce", b"propagat", b"label", b"&#", b"<!doctype", b"\0")


class Property(NamedTuple):
    """One custom property of an Office document.

    Attributes:
        attributes: Those of the element.
        type: Local name of the element that holds the value, or "".
        text: The value.
    """

    attributes: dict[str, str]
    type: str
    text: str


def may_hold_label(xml: bytes) -> bool:
    """Whether a part needs a closer look: it names a label or one of its fields, or could do so in disguise."""
    folded = xml.lower()
    return any(sign in folded for sign in _SIGNS)


def fields(xml: bytes) -> list[tuple[str, str]]:
    """Returns the general properties that tell of people and programs: name and text of each.

    For traces only: what stands in a comment is returned as well, and what is written in other ways is not.
    """
    found = []
    for name, value in _FIELD.findall(xml):
        text = value.decode("utf-8", "replace")
        found.append((name.decode(), _REFERENCE.sub(lambda match: _CHARACTERS[match[1]], text).strip()))
    return [(name, text) for name, text in found if text]


def relationships(xml: bytes) -> list[dict[str, str]] | None:
    """Returns the attributes of each relationship, or None when the part is not that plain."""
    rows = _RELATIONSHIP.findall(xml)
    return [_attributes(row) for row in rows] if _is_plain(xml, _RELATIONSHIP) else None


def properties(xml: bytes) -> list[Property] | None:
    """Returns the custom properties, or None when the part is not that plain."""
    rows = _PROPERTY.findall(xml)
    if not _is_plain(xml, _PROPERTY):
        return None
    try:
        found = [Property(_attributes(row), type.decode(), _text(value.decode())) for row, type, value in rows]
    except (UnicodeDecodeError, ValueError):
        return None
    return found


def _is_plain(xml: bytes, row: re.Pattern[bytes]) -> bool:
    """Whether there is nothing but such rows inside one root element behind a declaration in UTF-8."""
    return b"]]>" not in xml and _SHELL.fullmatch(row.sub(b"", xml)) is not None


def _attributes(row: bytes) -> dict[str, str]:
    return {name.decode(): value.decode("utf-8", "replace") for name, value in _ATTRIBUTE.findall(row)}


def _text(value: str) -> str:
    """Returns text with its references resolved.

    Raises:
        ValueError: There is a reference that is none of the five every reader knows.
    """
    if "&" not in value:
        return value.strip()
    if len(_REFERENCE.findall(value)) != value.count("&"):
        raise ValueError(value)
    return _REFERENCE.sub(lambda match: _CHARACTERS[match[1]], value).strip()
