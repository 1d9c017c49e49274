"""A label as a file of its own, for pages and print: vector (SVG) or raster (PNG), at any size, in four variants.

The marks of the EU's Code of Practice (Annex I: AI, AI GENERATED, AI MODIFIED; black, white, each also half
transparent; capitals of equal height whose proportions are kept) are drawn here from the shipped font. No artwork of
others is used.
"""

from __future__ import annotations

import io
from importlib.util import find_spec
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from yinji.errors import MissingExtra, UsageError
from yinji.marks.colour import STYLES
from yinji.marks.face import LabelFace, check_words, font_bytes, require_pillow
from yinji.marks.layout import Box, Layout
from yinji.marks.overlay import Overlay, build

_INK: Final = 100
"""Ink height of the vector's own units."""
_LARGEST: Final = 2000


def svg(words: str, style: str = "black", alt: str = "") -> str:
    """Returns the label as an SVG document without a size of its own.

    Args:
        words: The words.
        style: One of :data:`yinji.marks.colour.STYLES`.
        alt: What it says to those who do not see it; the words without.

    Raises:
        MissingExtra: Pillow or fontTools is not installed.
        UsageError: No such style, or words that the font cannot draw.
    """
    layout, _ = _laid_out(words, style, _INK)
    tone, cover = STYLES[style]
    width, height = layout.box.width, layout.box.height
    ground = f'fill="{_grey(tone.body)}"' + (f' fill-opacity="{cover:g}"' if cover < 1 else "")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f"aria-label={quoteattr(alt or words)}><title>{escape(alt or words)}</title>"
        f'<rect width="{width}" height="{height}" rx="{layout.radius}" {ground}/>'
        f'<path fill="{_grey(tone.ink)}" d="{_outlines(layout)}"/></svg>\n'
    )


def png(words: str, style: str = "black", *, height: int = 96) -> bytes:
    """Returns the label as a PNG with transparency.

    Args:
        words: The words.
        style: One of :data:`yinji.marks.colour.STYLES`.
        height: Ink height in pixels.

    Raises:
        MissingExtra: Pillow is not installed.
        UsageError: No such style or height, or words that the font cannot draw.
    """
    from PIL import Image

    if not 1 <= height <= _LARGEST:
        raise UsageError("no-such-height", height=height, limit=_LARGEST)
    _, overlay = _laid_out(words, style, height)
    tone, cover = STYLES[style]
    picture = Image.new("RGBA", overlay.size, (tone.body, tone.body, tone.body, 0))
    picture.putalpha(overlay.body.point([round(v * cover) for v in range(256)]))
    words_layer = Image.new("RGBA", overlay.size, (tone.ink, tone.ink, tone.ink, 0))
    words_layer.putalpha(overlay.ink)
    picture.alpha_composite(words_layer)
    output = io.BytesIO()
    picture.save(output, "PNG", optimize=True)
    return output.getvalue()


def _laid_out(words: str, style: str, height: int) -> tuple[Layout, Overlay]:
    require_pillow()
    check_words(words)
    if style not in STYLES:
        raise UsageError("no-such-ground", style=style, styles=", ".join(STYLES))
    # Wide enough for one line of the longest words; the share makes the ink as high as asked.
    return build(Box(0, 0, 100 * height, 10 * height), words, 0.1, "top-left")


def _outlines(layout: Layout) -> str:
    """Returns the glyphs of all pieces as path data, y downward."""
    if find_spec("fontTools") is None:
        raise MissingExtra("missing-extra", extra="pdf", names="fonttools")
    from fontTools.pens.svgPathPen import SVGPathPen  # type: ignore[import-untyped]
    from fontTools.pens.transformPen import TransformPen  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    measure = LabelFace()
    face = TTFont(io.BytesIO(font_bytes()))
    glyphs: Any = face.getGlyphSet()
    names, unit = face.getBestCmap(), face["head"].unitsPerEm
    pen = SVGPathPen(glyphs, ntos=lambda value: f"{value:.1f}".rstrip("0").rstrip("."))
    for piece in layout.pieces:
        scale = piece.size / unit
        for number, character in enumerate(piece.text, 1):
            # What a prefix takes holds the kerning before its last letter.
            before = measure.advance(piece.text[:number]) - measure.advance(character)
            where = (scale, 0, 0, -scale, piece.x + before * piece.size, piece.y)
            glyphs[names[ord(character)]].draw(TransformPen(pen, where))
    return str(pen.getCommands())


def _grey(value: int) -> str:
    return f"#{value:02x}{value:02x}{value:02x}"
