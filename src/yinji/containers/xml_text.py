"""Text as XML spells it. :mod:`xml.sax.saxutils` does the same, and imports an HTTP client for it."""

from __future__ import annotations

from typing import Final

_CHARACTERS: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_WHITE: Final = str.maketrans({"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def escaped(text: str) -> str:
    """Returns text that may stand between tags, or between double quotes."""
    return text.translate(_CHARACTERS)


def quoted(value: str) -> str:
    """Returns an attribute's value in its quotes; white space that parsers would fold is kept by its number."""
    return f'"{escaped(value).translate(_WHITE)}"'
