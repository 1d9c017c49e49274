"""The glyphs of the words as a TrueType font of its own: readers of OFD look glyphs up by their characters."""

from __future__ import annotations

import io
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from yinji.marks.face import FONT

NAME: Final = "YinjiSansLabel"
_UNIT: Final = 1000
_ERROR: Final = 0.5
"""By how much the quadratic curves may leave the cubic ones, in thousandths of an em."""


@lru_cache(16)
def true_type(words: str) -> bytes:
    """Returns a font program with the characters of the words.

    The words have been checked and fontTools is there: :func:`yinji.marks.pdf.font.subset` measures them first.
    """
    from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
    from fontTools.pens.cu2quPen import Cu2QuPen  # type: ignore[import-untyped]
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    source: Any = TTFont(io.BytesIO(files("yinji.marks").joinpath("fonts", FONT).read_bytes()))
    characters = sorted({*words, " "} - {"\n"})
    names = {ord(character): source.getBestCmap()[ord(character)] for character in characters}
    order = [".notdef", *dict.fromkeys(names.values())]
    glyphs, drawn = source.getGlyphSet(), {}
    for name in order:
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, _ERROR, reverse_direction=True))
        drawn[name] = pen.glyph()
    font: Any = FontBuilder(_UNIT, isTTF=True)
    font.setupGlyphOrder(order)
    font.setupCharacterMap(names)
    font.setupGlyf(drawn)
    font.setupHorizontalMetrics({name: (source["hmtx"][name][0], drawn[name].xMin) for name in order})
    font.setupHorizontalHeader(ascent=source["hhea"].ascent, descent=source["hhea"].descent)
    font.setupNameTable({"familyName": NAME, "styleName": "Bold", "uniqueFontIdentifier": NAME, "fullName": NAME})
    font.setupOS2(sTypoAscender=source["hhea"].ascent, usWeightClass=700, fsSelection=0x20)
    font.setupPost()
    font.font["head"].macStyle = 1
    font.font["head"].created = font.font["head"].modified = 0
    font.font.recalcTimestamp = False
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()
