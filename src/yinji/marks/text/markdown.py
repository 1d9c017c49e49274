"""Which lines of a text readers see as text, and where a new paragraph may stand between them (CommonMark 0.31)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_RAW_HTML: Final = re.compile(r" {0,3}<(?:(!--)|(pre|script|style|textarea)(?=[\s>]|$))", re.IGNORECASE)
_FRONT: Final = {"---": ("---", "..."), "+++": ("+++",)}
_INDENTED: Final = re.compile(r"(?: {2,}|\t)")
_LIST: Final = re.compile(r" {0,3}(?:[-+*]|\d{1,9}[.)])(?:\s|$)")
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text.

    Attributes:
        text: Without its line end.
        start: Position of its first character.
        visible: Whether it is shown as text (not front matter, code or a comment).
        body: Whether it comes after the front matter.
        boundary: Whether a paragraph may be put in front of it.
        ends_visible: Whether a paragraph behind it would be shown.
    """

    text: str
    start: int
    visible: bool
    body: bool
    boundary: bool
    ends_visible: bool


def quoted(words: str) -> str:
    """The words as a block quotation, with what Markdown would interpret escaped."""
    return "> " + _SPECIAL.sub(r"\\\1", words)


def _split(text: str) -> list[tuple[int, str]]:
    found = [(m.start(), m.group().rstrip("\r\n")) for m in _LINE.finditer(text)]
    # The pattern matches once more, empty, behind the last line end.
    return found[:-1] if found and found[-1][0] == len(text) else found


def plain_lines(text: str) -> list[Line]:
    """The lines of plain text; paragraphs are divided by empty lines, or each line is one where there is none."""
    lines = _split(text)
    spaced = any(not a.strip() and b.strip() for (_, a), (_, b) in pairwise(lines))
    before = ["first", *(content for _, content in lines)][: len(lines)]
    return [
        Line(content, start, True, True, bool(content.strip()) and (not spaced or not previous.strip()), True)
        for (start, content), previous in zip(lines, before, strict=True)
    ]


def visible_lines(text: str) -> list[Line]:
    """The lines of Markdown. Tables, lists and quotations are never divided: boundaries follow empty lines only."""
    lines = _split(text)
    front = _front_matter(lines)
    result: list[Line] = []
    closing: re.Pattern[str] | None = None
    empty, listed = False, False
    for number, (start, content) in enumerate(lines):
        if number < front:
            result.append(Line(content, start, False, False, False, True))
            continue
        shown = closing is None
        boundary = shown and empty and bool(content.strip()) and not _INDENTED.match(content)
        boundary = boundary and not (listed and _LIST.match(content))
        if closing is not None:
            closing = None if closing.search(content) else closing
        else:
            closing = _opened(content)
            shown = closing is None
            if content.strip() and not _INDENTED.match(content):
                listed = bool(_LIST.match(content))
        code = content.startswith(("    ", "\t"))
        result.append(Line(content, start, shown and not code, True, boundary, closing is None))
        empty = not content.strip()
    return result


def _opened(content: str) -> re.Pattern[str] | None:
    """What ends the block of code or raw HTML that a line opens, if it opens one and does not end it itself."""
    fence = _FENCE.match(content)
    if fence and not (fence[1][0] == "`" and "`" in fence[2]):
        return re.compile(rf"^ {{0,3}}{re.escape(fence[1][0])}{{{len(fence[1])},}}[ \t]*$")
    raw = _RAW_HTML.match(content)
    if raw is None:
        return None
    ending = re.compile("-->" if raw[1] else r"</(?:pre|script|style|textarea)>", re.IGNORECASE)
    return None if ending.search(content, raw.end()) else ending


def _front_matter(lines: list[tuple[int, str]]) -> int:
    """How many lines of front matter come first; a tool may have put one block in front of another."""
    count = 0
    while count < len(lines) and lines[count][1].rstrip() in _FRONT:
        marks = _FRONT[lines[count][1].rstrip()]
        ending = next((i for i in range(count + 1, len(lines)) if lines[i][1].rstrip() in marks), None)
        if ending is None or (count and not _is_mapping(lines[count + 1 : ending])):
            break
        count = ending + 1
    while 0 < count < len(lines) and not lines[count][1].strip():
        count += 1
    return count


def _is_mapping(lines: list[tuple[int, str]]) -> bool:
    return bool(lines) and re.match(r"[\w\"'-]+\s*[:=]", lines[0][1]) is not None
