"""PNG as a picture that a label can be put on and looked for in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.picture import Change, Frame, Single
from yinji.marks.png.animation import ApngPicture
from yinji.marks.png.chunks import Png
from yinji.marks.png.draw import draw, opaque_box, parse, planes
from yinji.marks.spaces import Planes, Space


@dataclass(frozen=True, slots=True)
class _Whole:
    planes: Planes
    space: Space
    area: Box

    def crop(self, box: Box) -> tuple[Planes, Space]:
        return [p.crop(box) for p in self.planes], self.space


class PngPicture(Single):
    """One PNG that does not move; see :class:`yinji.marks.picture.Picture`."""

    def __init__(self, png: Png) -> None:
        self._png = png
        self.size = (png.width, png.height)
        self.orientation = png.orientation

    @classmethod
    def of(cls, data: bytes, max_pixels: int, name: str) -> PngPicture | ApngPicture:
        """Takes a file apart, which may turn out to move.

        Raises:
            Malformed, Truncated, LimitExceeded: As :func:`yinji.marks.png.chunks.parse`.
        """
        png = parse(data, max_pixels=max_pixels, name=name)
        return ApngPicture(png, max_pixels) if png.moves else cls(png)

    @cached_property
    def area(self) -> Box:
        return opaque_box(self._png)

    def frames(self) -> Iterator[Frame]:
        yield _Whole(*planes(self._png), self.area)

    def draw(self, box: Box, overlay: Overlay) -> Change:
        return draw(self._png, box, overlay)
