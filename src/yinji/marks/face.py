"""The label font that comes with the package. A system font is never used: it may lack the words or draw boxes."""

from __future__ import annotations

import io
from functools import cache, lru_cache
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from yinji.errors import MissingExtra, UsageError
from yinji.marks.layout import is_wide

if TYPE_CHECKING:
    from PIL import Image, ImageFont

FONT: Final = "YinjiSansLabel-Bold.otf"
_SPACES: Final = frozenset(" \u3000")
"""What the font has of white space; any other would be drawn as a box."""
_UNIT: Final = 1000
_FLAT: Final = 0.85
"""Ideographs with less ink than this share of the em (such as 工 or 一) are flat by nature and measure nothing."""


def require_pillow() -> None:
    """Checks that Pillow is there.

    Raises:
        MissingExtra: It is not.
    """
    if find_spec("PIL") is None:
        raise MissingExtra("missing-extra", extra="image", names="pillow")


@cache
def font_bytes() -> bytes:
    """Returns the font file."""
    return files("yinji.marks").joinpath("fonts", FONT).read_bytes()


@cache
def _coverage() -> frozenset[str]:
    drawn = files("yinji.marks").joinpath("fonts", "characters.txt").read_text("utf-8").rstrip("\n")
    return frozenset(drawn) | _SPACES


@lru_cache(64)
def font(size: float) -> ImageFont.FreeTypeFont:
    """Returns the font at a size in pixels per em."""
    from PIL import ImageFont

    return ImageFont.truetype(io.BytesIO(font_bytes()), size)


def check_words(words: str) -> None:
    """Makes sure that the font can draw every character.

    Raises:
        UsageError: ``missing-glyph``, with the characters it lacks.
    """
    missing = sorted(set(words) - _coverage())
    if missing:
        shown = " ".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in missing)
        raise UsageError("missing-glyph", characters=shown)


class LabelFace:
    """The shipped font, as :class:`yinji.marks.layout.Face` wants it."""

    def advance(self, text: str) -> float:
        return _advance(text)

    def ink(self, text: str) -> float:
        heights = [_ink(c) for c in text if is_wide(c)]
        full = [h for h in heights if h >= _FLAT]
        return min(full or heights or [_ink("A")])


@lru_cache(1024)
def _advance(text: str) -> float:
    return font(_UNIT).getlength(text) / _UNIT


@lru_cache(1024)
def _ink(character: str) -> float:
    _, top, _, bottom = font(_UNIT).getbbox(character, anchor="ls")
    return (bottom - top) / _UNIT


def ink_mask(text: str, size: float, canvas: Image.Image, x: float, y: float) -> None:
    """Draws text with its baseline at (x, y) into an ``L`` mask."""
    from PIL import ImageDraw

    ImageDraw.Draw(canvas).text((x, y), text, fill=255, font=font(size), anchor="ls")
