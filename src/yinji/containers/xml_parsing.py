"""XML for reading and editing in place: expat, set up so that names come with their namespace, and where a tag ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from xml.parsers import expat

ATTRIBUTE: Final = re.compile(rb"""\s+([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")


def namespaced(
    *,
    doctype: Callable[[str, str | None, str | None, bool], object],
    start: Callable[[str, dict[str, str]], object],
    end: Callable[[str], object],
) -> expat.XMLParserType:
    """Returns a parser for UTF-8, whatever the text declares; it expands and fetches nothing from outside the text.

    Args:
        doctype: Gets name, system and public identifier of a document type declaration, and whether it has an internal
            subset, in front of what the subset declares. It has to refuse what may declare entities.
        start: Gets name and attributes of an element; what the names are made of says :func:`names`.
        end: Gets the name of an element.
    """
    parser = expat.ParserCreate("utf-8", " ")
    parser.namespace_prefixes = True
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    return parser


def names(tag: str) -> tuple[str, str, str]:
    """Splits a name that a parser gives, ``uri local prefix``, into these three; "" for what it lacks."""
    uri, _, rest = tag.partition(" ")
    if not rest:
        return "", uri, ""
    name, _, prefix = rest.partition(" ")
    return uri, name, prefix


def tag_end(text: bytes | bytearray, start: int) -> int:
    """Returns the position after the ``>`` of the start tag at ``start``; quoted ``>`` do not count."""
    at = text.index(b"<", start) + 1
    while text[at] not in b" \t\r\n/>":
        at += 1
    while match := ATTRIBUTE.match(text, at):
        at = match.end()
    return text.index(b">", at) + 1
