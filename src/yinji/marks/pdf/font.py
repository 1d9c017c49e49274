"""The shipped font as a PDF embeds it: the few glyphs of the words, by their character identifiers (ISO 32000-1, 9.7).

The font is keyed by CID, so the codes of a string under ``Identity-H`` are CIDs, and a ``ToUnicode`` map gives
readers the characters back.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from typing import Any, Final

from yinji.errors import MissingExtra
from yinji.marks.face import FONT, check_words
from yinji.marks.layout import is_wide

NAME: Final = "YinjiSansLabel-Bold"
_UNIT: Final = 1000
_FLAT: Final = 0.85
"""As in :mod:`yinji.marks.face`: ideographs lower than this measure nothing."""


@dataclass(frozen=True, slots=True)
class Subset:
    """The glyphs of some characters.

    Attributes:
        program: The font program, bare CFF.
        cids: Character identifier of each character.
        widths: Advance of each character, in thousandths of an em.
        heights: Height of each character's ink, in em.
        box: The font's bounding box, in thousandths of an em.
        ascent, descent, capital: Its heights, in the same.
    """

    program: bytes
    cids: Mapping[str, int]
    widths: Mapping[str, int]
    heights: Mapping[str, float]
    box: tuple[int, int, int, int]
    ascent: int
    descent: int
    capital: int

    def advance(self, text: str) -> float:
        """See :class:`yinji.marks.layout.Face`."""
        return sum(self.widths[character] for character in text) / _UNIT

    def ink(self, text: str) -> float:
        """See :class:`yinji.marks.layout.Face`."""
        heights = [self.heights[c] for c in text if is_wide(c)]
        return min([h for h in heights if h >= _FLAT] or heights or [self.heights["A"]])

    def codes(self, text: str) -> bytes:
        """Returns a text as the bytes of a string under ``Identity-H``."""
        return b"".join(self.cids[character].to_bytes(2, "big") for character in text)

    @property
    def name(self) -> bytes:
        """The name of the subset (9.6.4): six letters that depend on what is in it, and the font's own."""
        digest = hashlib.sha256(self.program).digest()
        return bytes(65 + byte % 26 for byte in digest[:6]) + b"+" + NAME.encode()


def subset(words: str) -> Subset:
    """Returns the glyphs of the words, and of ``A``, by which heights are measured.

    Raises:
        MissingExtra: fontTools is not installed.
        UsageError: ``missing-glyph``: the font cannot draw the words.
    """
    if find_spec("fontTools") is None:
        raise MissingExtra("missing-extra", extra="pdf", names="fonttools")
    check_words(words)
    return _subset("".join(sorted({*words, "A"} - {"\n"})))


@lru_cache(16)
def _subset(characters: str) -> Subset:
    from fontTools.pens.boundsPen import BoundsPen  # type: ignore[import-untyped]
    from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    font: Any = TTFont(io.BytesIO(files("yinji.marks").joinpath("fonts", FONT).read_bytes()))
    names = {character: font.getBestCmap()[ord(character)] for character in characters}
    glyphs, metrics = font.getGlyphSet(), font["hmtx"].metrics
    heights = {}
    for character, name in names.items():
        pen = BoundsPen(glyphs)
        glyphs[name].draw(pen)
        heights[character] = (pen.bounds[3] - pen.bounds[1]) / _UNIT if pen.bounds else 0.0
    numbers = {
        "box": tuple(map(round, font["CFF "].cff.topDictIndex[0].FontBBox)),
        "ascent": font["hhea"].ascent,
        "descent": font["hhea"].descent,
        "capital": font["OS/2"].sCapHeight,
    }
    widths = {character: metrics[name][0] for character, name in names.items()}
    engine: Any = Subsetter(Options(layout_features=[], name_IDs=[], notdef_outline=True, hinting=False))
    engine.populate(text=characters)
    engine.subset(font)
    out = io.BytesIO()
    font.save(out)
    program = TTFont(io.BytesIO(out.getvalue())).reader["CFF "]
    cids = {character: int(name.removeprefix("cid")) for character, name in names.items()}
    return Subset(program, cids, widths, heights, **numbers)


def widths_array(face: Subset) -> bytes:
    """Returns ``/W``: the advance of every glyph (9.7.4.3)."""
    rows = sorted((face.cids[c], face.widths[c]) for c in face.cids)
    return b"[" + b" ".join(b"%d [%d]" % row for row in rows) + b"]"


def to_unicode(face: Subset) -> bytes:
    """Returns the CMap from codes to characters (9.10.3)."""
    rows = sorted((cid, character.encode("utf-16-be").hex().upper()) for character, cid in face.cids.items())
    lines = "\n".join(f"<{cid:04X}> <{text}>" for cid, text in rows)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{len(rows)} beginbfchar\n{lines}\nendbfchar\n"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    ).encode()


def deflated(data: bytes) -> bytes:
    """Returns a stream under ``FlateDecode``."""
    return zlib.compress(data, 9)
