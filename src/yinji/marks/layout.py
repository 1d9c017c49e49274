"""Where a label goes in a picture and how large it is: arithmetic alone, in displayed pixels.

GB 45438-2025 5.2 e) asks for a text height of at least 5 % of the shortest side and does not say what text height
is. The size is therefore taken from the ink: of an ideograph that fills its body, and of a capital letter, whichever
is smaller. The font size, which is larger, then passes as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, Protocol

from yinji.errors import UsageError

PLACES: Final = ("bottom-right", "bottom-left", "top-left", "top-right", "top", "bottom")
LEGIBLE: Final = 11
"""Ink height in pixels below which strokes of dense ideographs run together. Kept wherever there is room."""
LONGEST: Final = 80

_CAPITALS: Final = 1.2
"""Latin letters beside ideographs are set this much larger, so that capitals stand as tall as their neighbours."""
_MARGIN: Final = 0.022
_WIDE: Final = r"\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
_CLOSING: Final = r"，。、：；！？）》”’】…·"
_DOT: Final = "·"
_OPENING: Final = r"（《“‘【"
_TOKEN: Final = re.compile(
    rf"[{_OPENING}]*[{_WIDE}][{_CLOSING}]*|[{_OPENING}{_CLOSING}]+|[^\s{_WIDE}{_CLOSING}{_OPENING}-]+-*|-+"
)


class Face(Protocol):
    """What the layout needs to know of a font; lengths in em."""

    def advance(self, text: str) -> float: ...

    def ink(self, text: str) -> float:
        """Height of the shortest full-bodied ideograph, or of the capitals where there is none."""
        ...


class Box(NamedTuple):
    """Left and top inclusive, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


class Token(NamedTuple):
    """What no line break divides: an ideograph with its punctuation, or a Latin word."""

    text: str
    wide: bool
    spaced: bool


class Piece(NamedTuple):
    """Text to draw: the left end of its baseline, from the corner of the unturned label, and its font size."""

    text: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A label ready to be drawn.

    Attributes:
        box: The whole label in the picture.
        pieces: What to draw, before the label is turned.
        turned: Whether the label is turned a quarter clockwise, to be read from top to bottom.
        needed: Ink height that the rule asks for, in pixels.
        em: Font size of the ideographs, or of the letters where there are none.
        radius: Of the label's corners.
        lines: How many.
    """

    box: Box
    pieces: tuple[Piece, ...]
    turned: bool
    needed: int
    em: float
    radius: int
    lines: int


class _Style(NamedTuple):
    """Room around the words, in em, and around the label, as a share of the short side."""

    beside: float
    above: float
    margin: float


_CALM: Final = {True: _Style(0.52, 0.34, _MARGIN), False: _Style(0.62, 0.42, _MARGIN)}
_TIGHT: Final = {True: _Style(0.12, 0.1, 0.0), False: _Style(0.14, 0.26, 0.0)}


def needed_height(short: int, share: float) -> int:
    """Returns ``ceil(share x short)`` in pixels, at least 1, undisturbed by binary fractions (0.05 x 60 is 3)."""
    return max(1, math.ceil(round(share * short, 6)))


def is_wide(text: str) -> bool:
    """Whether the text holds an ideograph, kana or hangul."""
    return re.search(f"[{_WIDE}]", text) is not None


def plan(area: Box, words: str, share: float, place: str, face: Face, *, extra: float = 0.0) -> Layout:
    """Lays a label out.

    Args:
        area: The picture in displayed pixels, or the enclosing rectangle of what is opaque (5.2 e).
        words: The words.
        share: Ink height as a share of the area's short side.
        place: One of :data:`PLACES`, "" for the first.
        face: The font.
        extra: Pixels added to the ink height, for a font that draws smaller than its outlines.

    Raises:
        UsageError: ``no-such-place``, ``no-words``, ``words-too-long``, ``bad-share``, ``label-does-not-fit``.
    """
    place = place or PLACES[0]
    if place not in PLACES:
        raise UsageError("no-such-place", place=place, places=", ".join(PLACES))
    if not 0 <= share <= 1:
        raise UsageError("bad-share", share=share)
    tokens = _tokens(words)
    if not tokens:
        raise UsageError("no-words")
    if len(words) > LONGEST:
        raise UsageError("words-too-long", count=len(words), limit=LONGEST)
    short = min(area.width, area.height)
    needed = needed_height(short, share)
    ink = _ink(words, face)
    for height in range(max(needed, LEGIBLE), needed - 1, -1):
        em = (height + 0.5 + extra) / ink
        for style in (_CALM[is_wide(words)], _TIGHT[is_wide(words)]):
            margin = round(style.margin * short)
            for lines, turned in _arrangements(tokens, words, area, em, face):
                width, depth, pieces = _set(lines, em, style, face, words)
                box_width, box_height = (depth, width) if turned else (width, depth)
                if box_width <= area.width - 2 * margin and box_height <= area.height - 2 * margin:
                    box = _put(area, box_width, box_height, margin, place)
                    radius = round(min(depth / 2, em * (0.85 if len(lines) == 1 else 0.5)))
                    return Layout(box, pieces, turned, needed, em, radius, len(lines))
    raise UsageError("label-does-not-fit", words=words, width=area.width, height=area.height, needed=needed)


def _tokens(words: str) -> list[Token]:
    return [
        Token(m.group(), is_wide(m.group()), m.end() < len(words) and words[m.end()].isspace())
        for m in _TOKEN.finditer(words)
    ]


def _scale(token: Token, words: str) -> float:
    return _CAPITALS if is_wide(words) and not token.wide else 1.0


def _ink(words: str, face: Face) -> float:
    """The smaller of the two heights by which somebody may measure the words, in em."""
    letters = "".join(t.text for t in _tokens(words) if not t.wide)
    if not is_wide(words):
        return face.ink(words)
    wide = face.ink(words)
    has_capitals = any(c.isascii() and c.isupper() for c in letters)
    return min(wide, face.ink("A") * _CAPITALS) if has_capitals else wide


def _gap(token: Token, following: Token) -> float:
    """Space between two tokens of a line, in em."""
    if token.wide != following.wide:
        return 0.14
    return 0.28 if token.spaced else 0.0


def _length(line: Sequence[Token], face: Face, words: str) -> float:
    gaps = sum(_gap(a, b) for a, b in pairwise(line))
    return gaps + sum(face.advance(t.text) * _scale(t, words) for t in line)


def _arrangements(
    tokens: Sequence[Token], words: str, area: Box, em: float, face: Face
) -> Iterator[tuple[list[list[Token]], bool]]:
    """Yields (lines, turned), the preferred first: one line, turned along a tall strip, wrapped, turned and wrapped."""
    counts = range(2, min(len(tokens), 1 + math.floor(max(area.width, area.height) / em)) + 1)
    tall = area.height > area.width
    yield [list(tokens)], False
    if tall and not is_wide(words):
        yield [list(tokens)], True
    for count in counts:
        yield _wrap(tokens, count, face, words), False
    if tall:
        yield [list(tokens)], True
        for count in counts:
            yield _wrap(tokens, count, face, words), True


def _wrap(tokens: Sequence[Token], count: int, face: Face, words: str) -> list[list[Token]]:
    """Breaks tokens into at most ``count`` lines whose longest is as short as can be."""
    sizes = [_length([t], face, words) for t in tokens]
    low, high = max(sizes), _length(tokens, face, words)
    best = [list(tokens)]
    for _ in range(12):
        limit = (low + high) / 2
        lines = _fill(tokens, limit, face, words)
        if len(lines) <= count:
            best, high = lines, limit
        else:
            low = limit
    return best


def _fill(tokens: Sequence[Token], limit: float, face: Face, words: str) -> list[list[Token]]:
    lines: list[list[Token]] = [[]]
    for token in tokens:
        if lines[-1] and _length([*lines[-1], token], face, words) > limit:
            lines.append([])
        lines[-1].append(token)
    # A dot that parts two languages says nothing where a line ends.
    ends = (0, -1) if len(lines) > 1 else ()
    for line in lines:
        for end in ends:
            if len(line) > 1 and line[end].text == _DOT:
                del line[end]
    return lines


def _set(
    lines: Sequence[Sequence[Token]], em: float, style: _Style, face: Face, words: str
) -> tuple[int, int, tuple[Piece, ...]]:
    """Sets lines and returns the label's width and height, unturned, and its pieces."""
    wide = is_wide(words)
    ascent, descent = (0.86, 0.1) if wide else (0.745, 0.0)
    pitch = 1.22 if wide else 1.2
    lengths = [_length(line, face, words) for line in lines]
    width = math.ceil((max(lengths) + 2 * style.beside) * em)
    height = math.ceil((ascent + descent + pitch * (len(lines) - 1) + 2 * style.above) * em)
    pieces: list[Piece] = []
    for number, (line, length) in enumerate(zip(lines, lengths, strict=True)):
        x = (width - length * em) / 2
        y = (style.above + ascent + pitch * number) * em
        for token, following in zip(line, [*line[1:], None], strict=True):
            scale = _scale(token, words)
            # A larger capital keeps the middle of the ideographs rather than their baseline.
            drop = (0.745 * scale - ascent + descent) / 2 * em if wide and not token.wide else 0.0
            pieces.append(Piece(token.text, x, y + drop, em * scale))
            x += face.advance(token.text) * scale * em + (_gap(token, following) * em if following else 0)
    return width, height, tuple(pieces)


def _put(area: Box, width: int, height: int, margin: int, place: str) -> Box:
    left = area.left + margin
    top = area.top + margin
    if place.endswith("right"):
        left = area.right - margin - width
    elif not place.endswith("left"):
        left = area.left + (area.width - width) // 2
    if place.startswith("bottom"):
        top = area.bottom - margin - height
    return Box(left, top, left + width, top + height)
