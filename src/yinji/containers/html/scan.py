"""The tags of an HTML or XHTML text, in order, as the tokenizer of the HTML standard (13.2.5) tells them apart.

Just enough of it to know what is a tag and what is a comment, a script, a title or a CDATA section; nothing is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_SPACE: Final = "\\t\\n\\f\\r "
_MARKUP: Final = re.compile(r"<(?:!--|!\[CDATA\[|[!?]|(/?)([A-Za-z][^\t\n\f\r />]*))")
_COMMENT_END: Final = re.compile(r"-->|--!>")
_SHORT_COMMENT: Final = re.compile(r"-?>")
_ATTRIBUTE: Final = re.compile(
    rf"[{_SPACE}/]*(=?[^{_SPACE}/>=]+)"
    rf"(?:[{_SPACE}]*=[{_SPACE}]*(?:\"([^\"]*)\"|'([^']*)'|([^{_SPACE}>\"'][^{_SPACE}>]*)|(?=>)))?"
)
_UNCLOSED: Final = re.compile(rf"[{_SPACE}]*=[{_SPACE}]*[\"']")
_TAG_END: Final = re.compile(rf"[{_SPACE}/]*>")
_RAW: Final = frozenset(("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"))
_FOREIGN: Final = frozenset(("svg", "math"))
_SCRIPT: Final = re.compile(rf"<!--|-->|<(/?)script(?=[{_SPACE}/>])", re.IGNORECASE)


class Token(NamedTuple):
    """A tag or a comment.

    Attributes:
        kind: ``open``, ``close``, ``comment`` or ``other`` (a doctype, a processing instruction, a CDATA section).
        name: Lower-case name of a tag.
        start, stop: Its characters.
        attributes: (lower-case name, value as written) of an opening tag, the first of each name.
    """

    kind: str
    name: str
    start: int
    stop: int
    attributes: dict[str, str]


def tokens(text: str, *, is_xml: bool) -> Iterator[Token]:
    """Yields tags and comments in order; what is not closed ends the walk, for no browser shows anything of it.

    Args:
        text: The document.
        is_xml: Whether it is XHTML, where scripts are no raw text and CDATA sections stand anywhere.
    """
    at, foreign = 0, 0
    while markup := _MARKUP.search(text, at):
        token = _token(text, markup, is_cdata=is_xml or foreign > 0)
        if token is None:
            return
        yield token
        at = token.stop
        if token.name in _FOREIGN:
            foreign = max(0, foreign + (1 if token.kind == "open" else -1))
        elif token.name == "plaintext" and not is_xml:
            return
        elif token.kind == "open" and token.name in _RAW and not is_xml and not foreign:
            at = _raw_end(text, at, token.name)


def _token(text: str, markup: re.Match[str], *, is_cdata: bool) -> Token | None:
    start, opening = markup.start(), markup[0]
    if markup[2]:
        return _tag(text, markup)
    if opening == "<!--":
        ending = _SHORT_COMMENT.match(text, markup.end()) or _COMMENT_END.search(text, markup.end())
        return Token("comment", "", start, ending.end(), {}) if ending else None
    mark = "]]>" if opening == "<![CDATA[" and is_cdata else ">"
    stop = text.find(mark, markup.end())
    return Token("other", "", start, stop + len(mark), {}) if stop >= 0 else None


def _tag(text: str, markup: re.Match[str]) -> Token | None:
    attributes: dict[str, str] = {}
    at = markup.end()
    while attribute := _ATTRIBUTE.match(text, at):
        name, *values = attribute.groups()
        attributes.setdefault(name.lower(), next((value for value in values if value is not None), ""))
        at = attribute.end()
        if _UNCLOSED.match(text, at):
            return None
    ending = _TAG_END.match(text, at)
    if ending is None:
        return None
    kind = "close" if markup[1] else "open"
    return Token(kind, markup[2].lower(), markup.start(), ending.end(), attributes)


def _raw_end(text: str, at: int, name: str) -> int:
    """Returns where the end tag of raw text begins, or the end of the text."""
    if name == "script":
        return _script_end(text, at)
    closing = re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE).search(text, at)
    return closing.start() if closing else len(text)


def _script_end(text: str, at: int) -> int:
    """As :func:`_raw_end`, but an end tag inside ``<!-- <script> … -->`` does not count (13.2.5.20)."""
    escaped = doubled = False
    for mark in _SCRIPT.finditer(text, at):
        if mark[0] == "<!--":
            escaped = True
        elif mark[0] == "-->":
            escaped = doubled = False
        elif not mark[1]:
            doubled = escaped
        elif doubled:
            doubled = False
        else:
            return mark.start()
    return len(text)
