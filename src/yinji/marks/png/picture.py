"""PNG as a picture that a label can be put on and looked for in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.picture import Change, Frame, Single
from yinji.marks.png.animation import ApngPicture
from yinji.marks.png.chunks import Png, parse
from yinji.marks.png.draw import draw, opaque_box, planes
from yinji.marks.spaces import Planes, Space

_SMALL: Final = 1 << 24
"""Pixels of a picture that is decoded once and whole."""


class _Strips:
    """The picture, of which rows are decoded as they are asked for; a small one at once."""

    def __init__(self, png: Png, area: Box, most: int) -> None:
        self.area = area
        self._png, self._most = png, most
        self._strips: dict[tuple[int, int], tuple[Planes, Space]] = {}

    def crop(self, box: Box) -> tuple[Planes, Space]:
        png = self._png
        top, bottom = (0, png.height) if png.width * png.height <= _SMALL else (box.top, box.bottom)
        if (top, bottom) not in self._strips:
            self._strips[top, bottom] = planes(png, top, bottom, self._most)
        found, space = self._strips[top, bottom]
        return [p.crop((box.left, box.top - top, box.right, box.bottom - top)) for p in found], space


class PngPicture(Single):
    """One PNG that does not move; see :class:`yinji.marks.picture.Picture`."""

    def __init__(self, png: Png, max_pixels: int) -> None:
        self._png = png
        self._most = max_pixels
        self.size = (png.width, png.height)
        self.orientation = png.orientation

    @classmethod
    def of(cls, data: bytes, max_pixels: int, name: str) -> PngPicture | ApngPicture:
        """Takes a file apart, which may turn out to move.

        Raises:
            Malformed, Truncated, LimitExceeded: As :func:`yinji.marks.png.chunks.parse`.
        """
        png = parse(data, max_pixels=max_pixels, name=name)
        return ApngPicture(png, max_pixels) if png.moves else cls(png, max_pixels)

    @cached_property
    def area(self) -> Box:
        return opaque_box(self._png)

    def frames(self) -> Iterator[Frame]:
        yield _Strips(self._png, self.area, self._most)

    def draw(self, box: Box, overlay: Overlay) -> Change:
        return draw(self._png, box, overlay, self._most)
