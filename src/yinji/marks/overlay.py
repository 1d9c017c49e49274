"""The label as coverage masks: words, ground and hairline, in displayed pixels until they are turned."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from yinji.marks.colour import STYLES
from yinji.marks.face import LabelFace, ink_mask
from yinji.marks.layout import Box, Layout, is_wide, plan

if TYPE_CHECKING:
    from PIL import Image

_ATTEMPTS: Final = 4
_TELLING: Final = 0.3
"""Share of a label's ink by which it can be told."""
_FINE: Final = 4
"""Corners are drawn this many times larger and reduced."""


class Other(NamedTuple):
    """Another label of ours that may stand under this one already: its words, and its masks on the same canvas."""

    words: str
    ink: Image.Image
    body: Image.Image


@dataclass(frozen=True, slots=True)
class Overlay:
    """Masks (``L``, 255 is covered), all of one size.

    Attributes:
        ink: The words.
        body: The ground.
        edge: The hairline around it.
        probe: A box that holds one glyph of reference and nothing else, for measuring.
        em: Font size.
        turned: Whether the words run from top to bottom.
        others: Labels that it must not cover, those of the same words first.
        style: One of :data:`yinji.marks.colour.STYLES`, or "" for tones that suit what lies beneath.
    """

    ink: Image.Image
    body: Image.Image
    edge: Image.Image
    probe: Box
    em: float
    turned: bool
    others: tuple[Other, ...] = ()
    style: str = ""

    @property
    def size(self) -> tuple[int, int]:
        return self.ink.size

    def transposed(self, method: int) -> Overlay:
        """Returns the overlay turned or mirrored by a Pillow transposition; the probe stays as it was."""
        from PIL import Image

        how = Image.Transpose(method)
        ink, body, edge = (m.transpose(how) for m in (self.ink, self.body, self.edge))
        others = tuple(Other(o.words, o.ink.transpose(how), o.body.transpose(how)) for o in self.others)
        return Overlay(ink, body, edge, self.probe, self.em, self.turned, others, self.style)

    def placed(self, size: tuple[int, int], at: tuple[int, int]) -> Overlay:
        """Returns the overlay on a canvas of another size with its corner at ``at``."""
        from PIL import Image

        def moved(mask: Image.Image) -> Image.Image:
            canvas = Image.new("L", size)
            canvas.paste(mask, at)
            return canvas

        others = tuple(Other(o.words, moved(o.ink), moved(o.body)) for o in self.others)
        ink, body, edge = moved(self.ink), moved(self.body), moved(self.edge)
        return Overlay(ink, body, edge, self.probe, self.em, self.turned, others, self.style)

    def field(self, number: int) -> Overlay:
        """Returns the overlay for one field of an interlaced frame: its rows 0, 2, 4 … or 1, 3, 5 …

        Rows are averaged with their neighbours (1 2 1), as broadcast graphics are: a line that only one field has would
        flicker.
        """
        from PIL import Image, ImageFilter

        width, height = self.size
        rows = (height + 1 - number) // 2
        soften = ImageFilter.Kernel((3, 3), (0, 1, 0, 0, 2, 0, 0, 1, 0))

        def taken(mask: Image.Image) -> Image.Image:
            padded = Image.new("L", (width + 2, height + 2))
            padded.paste(mask, (1, 1))
            soft = padded.filter(soften).crop((1, 1, width + 1, height + 1))
            box = (0, number - 0.5, width, number - 0.5 + 2 * rows)  # a row is taken at its middle
            return soft.transform((width, rows), Image.Transform.EXTENT, box, Image.Resampling.NEAREST)

        ink, body, edge = (taken(mask) for mask in (self.ink, self.body, self.edge))
        return Overlay(ink, body, edge, self.probe, self.em, self.turned, style=self.style)

    def scaled(self, size: tuple[int, int]) -> Overlay:
        """Returns the overlay averaged down to the size of a subsampled plane."""
        from PIL import Image

        if size == self.size:
            return self
        across, down = self.size[0] // size[0], self.size[1] // size[1]
        masks = (self.ink, self.body, self.edge)
        if (size[0] * across, size[1] * down) == self.size:
            ink, body, edge = (m.reduce((across, down)) for m in masks)
        else:
            ink, body, edge = (m.resize(size, Image.Resampling.BOX) for m in masks)
        return Overlay(ink, body, edge, self.probe, self.em * size[0] / self.size[0], self.turned, style=self.style)


def build(area: Box, words: str, share: float, place: str, style: str = "") -> tuple[Layout, Overlay]:
    """Lays the label out and draws its masks, larger until the drawn ink is as high as the rule asks for.

    A style of another medium is no style here.

    Raises:
        UsageError: As :func:`yinji.marks.layout.plan`.
    """
    face = LabelFace()
    extra = 0.0
    for _ in range(_ATTEMPTS):
        layout = plan(area, words, share, place, face, extra=extra)
        overlay = _draw(layout, words, face)
        short = layout.needed - _drawn_height(overlay)
        if short <= 0:
            break
        extra += short
    return layout, replace(overlay, style=style if style in STYLES else "")


def _draw(layout: Layout, words: str, face: LabelFace) -> Overlay:
    from PIL import Image, ImageChops

    size = (layout.box.height, layout.box.width) if layout.turned else (layout.box.width, layout.box.height)
    ink = Image.new("L", size)
    for piece in layout.pieces:
        ink_mask(piece.text, piece.size, ink, piece.x, piece.y)
    body = _rounded(size, layout.radius)
    line = max(1, round(layout.em * 0.035))
    inner = Image.new("L", size)
    inner.paste(_rounded((size[0] - 2 * line, size[1] - 2 * line), layout.radius - line), (line, line))
    edge = ImageChops.subtract(body, inner)
    edge = ImageChops.subtract(edge, ink)
    probe = _probe(layout, words, face)
    overlay = Overlay(ink, body, edge, probe, layout.em, layout.turned)
    return overlay.transposed(Image.Transpose.ROTATE_270) if layout.turned else overlay


def _rounded(size: tuple[int, int], radius: int) -> Image.Image:
    from PIL import Image, ImageDraw

    mask = Image.new("L", size, 255)
    radius = max(0, min(radius, size[0] // 2, size[1] // 2))
    if not radius:
        return mask
    corner = Image.new("L", (radius * _FINE, radius * _FINE))
    ImageDraw.Draw(corner).ellipse((0, 0, 2 * radius * _FINE - 1, 2 * radius * _FINE - 1), fill=255)
    corner = corner.reduce(_FINE)
    right, bottom = size[0] - radius, size[1] - radius
    mask.paste(corner, (0, 0))
    mask.paste(corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (right, 0))
    mask.paste(corner.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (0, bottom))
    mask.paste(corner.transpose(Image.Transpose.ROTATE_180), (right, bottom))
    return mask


def _probe(layout: Layout, words: str, face: LabelFace) -> Box:
    """The box of the glyph by which the height is measured: an ideograph, else the first letter."""
    first = layout.pieces[0]
    text, x, y, size = first.text[0], first.x, first.y, first.size
    if is_wide(words):
        wanted = face.ink(words)
        for piece in layout.pieces:
            glyph = next((c for c in piece.text if is_wide(c)), "")
            if glyph and face.ink(glyph) == wanted:
                text, x, y, size = (
                    glyph,
                    piece.x + piece.size * face.advance(piece.text.partition(glyph)[0]),
                    piece.y,
                    piece.size,
                )
                break
    else:
        for piece in layout.pieces:
            if piece.text[0].isupper():
                text, x, y, size = piece.text[0], piece.x, piece.y, piece.size
                break
    top, bottom = math.floor(y - 0.95 * size), math.ceil(y + 0.16 * size if is_wide(text) else y + 1)
    limits = (layout.box.height, layout.box.width) if layout.turned else (layout.box.width, layout.box.height)
    right = min(limits[0], math.floor(x + face.advance(text) * size))
    return Box(math.ceil(x), max(0, top), right, min(limits[1], bottom))


def _drawn_height(overlay: Overlay) -> int:
    from PIL import Image

    upright = overlay.ink.transpose(Image.Transpose.ROTATE_90) if overlay.turned else overlay.ink
    box = upright.crop(overlay.probe).point([0] * 128 + [255] * 128).getbbox()
    return box[3] - box[1] if box else 0


def with_others(overlay: Overlay, others: Iterable[tuple[str, Overlay, tuple[int, int]]]) -> Overlay:
    """Returns the overlay with those labels that lie under enough of it to be told by what is seen of them there.

    Args:
        overlay: The label to be drawn.
        others: Words and masks of labels that may be there already, and their corner from that of the overlay.
    """
    kept = []
    for words, other, at in others:
        if not (-other.size[0] < at[0] < overlay.size[0] and -other.size[1] < at[1] < overlay.size[1]):
            continue
        placed = overlay if other is overlay else other.placed(overlay.size, at)
        seen, whole = (sum(m.histogram()[128:]) for m in (placed.ink, other.ink))
        if seen >= _TELLING * whole:
            kept.append(Other(words, placed.ink, placed.body))
    return replace(overlay, others=tuple(kept))
