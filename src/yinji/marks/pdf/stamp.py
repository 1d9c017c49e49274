"""The label as a form of its own: words on an opaque ground, upright as the page is displayed (ISO 32000-1, 8.10)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from yinji.containers.pdf import text as pdf_text
from yinji.marks import colour
from yinji.marks.base import MarkRequest
from yinji.marks.layout import Layout
from yinji.marks.page import FINE, laid_out, rounded, where_of
from yinji.marks.pdf.font import Subset
from yinji.marks.pdf.pages import Geometry

_INK: Final = 33
_GROUND: Final = 255
_EDGE: Final = 140
_SAID: Final = re.compile(rb"/ActualText <([0-9A-F]*)>")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A label for pages of one geometry.

    Attributes:
        content: What the form draws.
        width, height: Its box, in user space.
        matrix: Where it stands on the page.
        rectangle: The same as left, bottom, right, top of user space.
        ink, needed: Height of the glyphs' ink, and what the rule asks for, in points as displayed.
        box: Left, top, right, bottom on the displayed page, in points.
    """

    content: bytes
    width: float
    height: float
    matrix: tuple[float, float, float, float, float, float]
    rectangle: tuple[float, float, float, float]
    ink: float
    needed: float
    box: tuple[float, float, float, float]


CONTRAST: Final = colour.contrast(colour.luminance((_INK,) * 3), colour.luminance((_GROUND,) * 3))


def said(content: bytes) -> str | None:
    """Returns the words that a form like ours says, or None."""
    found = _SAID.search(content)
    return pdf_text.decoded(bytes.fromhex(found[1].decode()))[0] if found and len(found[1]) % 2 == 0 else None


def stamp(geometry: Geometry, request: MarkRequest, words: str, place: str, face: Subset, font: str) -> Stamp:
    """Lays the label out on a page.

    Args:
        geometry: The page.
        request: The size that the rule asks for, and whether it is a corner mark.
        words: The words, white space collapsed.
        place: ``start``, ``end`` or a place of :data:`yinji.marks.layout.PLACES`.
        face: The glyphs.
        font: The font's name in the form's resources.

    Raises:
        UsageError: ``label-does-not-fit``, ``words-too-long``, ``bad-share``.
    """
    where = where_of(place, corner=request.corner)
    layout = laid_out(geometry.size, request.min_height, words, where, face)
    scale = 1 / (FINE * geometry.unit)
    width, height = layout.box.width * scale, layout.box.height * scale
    shown_height = geometry.size[1] / geometry.unit
    matrix = geometry.matrix(layout.box.left * scale, shown_height - layout.box.bottom * scale)
    ink = layout.em * face.ink(words) / FINE
    box = tuple(round(edge / FINE, 2) for edge in layout.box)
    content = _content(layout, words, face, font, scale)
    needed = request.min_height * min(geometry.size)
    where_it_is = rectangle(matrix, width, height)
    return Stamp(content, width, height, matrix, where_it_is, ink, needed, (box[0], box[1], box[2], box[3]))


def rectangle(matrix: Sequence[float], width: float, height: float) -> tuple[float, float, float, float]:
    """Returns left, bottom, right, top of a form's box as its matrix puts it."""
    a, b, c, d, e, f = matrix
    xs = sorted((e, e + a * width + c * height))
    ys = sorted((f, f + b * width + d * height))
    return xs[0], ys[0], xs[1], ys[1]


def _content(layout: Layout, words: str, face: Subset, font: str, scale: float) -> bytes:
    """Spells the form. ``ActualText`` gives whoever copies or listens the words as they are, however they are set."""
    box = layout.box
    width, height = (box.height, box.width) if layout.turned else (box.width, box.height)
    lines = [f"/Span << /ActualText <{pdf_text.encoded(words).hex().upper()}> >> BDC", "q"]
    if layout.turned:
        lines.append(f"0 -1 1 0 0 {number(width * scale)} cm")
    outline = "\n".join(
        " ".join((*map(number, values), step))
        for step, values in rounded(width * scale, height * scale, layout.radius * scale, 0.25)
    )
    lines += [f"{number(_GROUND / 255)} g {number(_EDGE / 255)} G 0.5 w", outline, "B"]
    lines.append(f"{number(_INK / 255)} g BT")
    for piece in layout.pieces:
        x, y = piece.x * scale, (height - piece.y) * scale
        lines.append(f"/{font} {number(piece.size * scale)} Tf 1 0 0 1 {number(x)} {number(y)} Tm")
        lines.append(f"<{face.codes(piece.text).hex().upper()}> Tj")
    return "\n".join([*lines, "ET Q EMC"]).encode()


def number(value: float) -> str:
    """Spells a number as PDF wants it: no exponent, no more digits than a printer can tell apart."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
