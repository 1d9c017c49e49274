"""Finding the objects of a damaged PDF by looking through all of it, as viewers do when the cross-reference is broken.

What is found this way may be shown, but the answer stays "cannot tell" when it is no label, and nothing is written.
"""

from __future__ import annotations

import re
from typing import Final

from yinji.containers.pdf.document import Document
from yinji.containers.pdf.lexer import Dictionary, IncompleteError, Window
from yinji.containers.pdf.xref import MAX_OBJECT, Entry, InUse, Packed, Rebuilt, Section
from yinji.containers.source import Source
from yinji.errors import Malformed, UnreadableInput

_STEP: Final = 1 << 20
_OVERLAP: Final = 1 << 10
_WHITE: Final = rb"[\x00\t\n\x0c\r ]"
_MARK: Final = re.compile(
    rb"(?<![0-9])(\d{1,7})"
    + _WHITE
    + rb"{1,4}(\d{1,5})"
    + _WHITE
    + rb"{1,4}obj(?![a-z])|trailer(?="
    + _WHITE
    + rb"*<<)"
)
_PACK: Final = re.compile(rb"/ObjStm\b")
_XREF: Final = re.compile(rb"/XRef\b")
_DICTIONARY_REACH: Final = 512


def rebuild(source: Source, damage: UnreadableInput) -> Document:
    """Searches the file for objects and trailers; the last of each counts.

    Args:
        source: The file.
        damage: Why the ordinary way failed; raised when the search finds no trailer either.

    Raises:
        UnreadableInput: ``damage``.
        LimitExceeded: The file is longer than one reading may cost.
    """
    found: dict[int, Entry] = {}
    packs: list[int] = []
    trailer: Section | None = None
    at = 0
    while at < source.size:
        data = source.read_up_to(at, _STEP + _OVERLAP)
        for mark in _MARK.finditer(data):
            if mark.start() >= _STEP:
                break
            source.element()
            near = data[mark.end() : mark.end() + _DICTIONARY_REACH].partition(b"endobj")[0]
            if mark[1] is None or _XREF.search(near):
                section = _trailer(source, at + mark.end())
                trailer = section if section is not None else trailer
            if mark[1] is not None and int(mark[1]) <= MAX_OBJECT:
                found[int(mark[1])] = InUse(at + mark.start(), int(mark[2]))
                if _PACK.search(near):
                    packs.append(int(mark[1]))
        at += _STEP
    if trailer is None:
        raise damage
    section = Section(trailer.offset, trailer.trailer, trailer.text, trailer.base, 0, Rebuilt(found))
    document = Document.rebuilt(source, section)
    for number in packs:
        for index, member in enumerate(document.members(number)):
            found.setdefault(member, Packed(number, index))
    return document


def _trailer(source: Source, at: int) -> Section | None:
    """Returns the trailer at a position when it is a dictionary that names a catalog."""
    window = Window(source.read_up_to(at, 1 << 14), at, final=True, path=source.name)
    try:
        value, _ = window.value(0, source.element)
    except (Malformed, IncompleteError):
        return None
    if not isinstance(value, Dictionary) or value.get("Root") is None:
        return None
    return Section(at, value, window.data, at, 0, Rebuilt({}))
