"""How a stored video frame is shown (turned, stretched, in which range and transfer), and the label's place on it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from yinji.errors import UnsupportedFormat, UsageError
from yinji.marks.exif import STORED, UPRIGHT, displayed_size, stored_box
from yinji.marks.layout import PLACES, Box, Layout
from yinji.marks.overlay import Overlay, build, with_others
from yinji.marks.spaces import WHITE

if TYPE_CHECKING:
    from fractions import Fraction

    from av import VideoFrame
    from PIL import Image

_ORIENTATIONS: Final = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
"""Signs of a, b, c, d of a display matrix (ISO/IEC 14496-12 6.2.2), as the orientations of EXIF."""
_FULL_RANGE: Final = 2


@dataclass(frozen=True, slots=True)
class Canvas:
    """What a decoded frame says about itself.

    Attributes:
        width, height: Of the stored frame.
        depth: Bits of a sample.
        shifts: Halvings of the chroma planes across and down.
        planes: How many.
        full: Whether luma uses the whole range.
        white: Signal of a white page, 0 to 1.
        orientation: As in EXIF.
        aspect: Width of a pixel by its height.
    """

    width: int
    height: int
    depth: int
    shifts: tuple[int, int]
    planes: int
    full: bool
    white: float
    orientation: int
    aspect: float

    @classmethod
    def of(cls, frame: VideoFrame, aspect: Fraction | None) -> Canvas:
        """Reads the facts from a frame."""
        parts = frame.format.components
        chroma = parts[1] if len(parts) > 1 else parts[0]
        shifts = ((frame.width - 1) // chroma.width, (frame.height - 1) // chroma.height)
        return cls(
            frame.width,
            frame.height,
            parts[0].bits,
            (int(shifts[0] > 0), int(shifts[1] > 0)),
            len(parts),
            int(frame.color_range) == _FULL_RANGE or frame.format.name.startswith("yuvj"),
            WHITE.get(int(frame.color_trc), 1.0),
            _orientation(frame.side_data.get("DISPLAYMATRIX")),
            float(aspect) if aspect and 0.05 < aspect < 20 else 1.0,
        )

    @property
    def square(self) -> tuple[int, int]:
        """The stored frame in square pixels."""
        if self.aspect >= 1:
            return max(1, round(self.width * self.aspect)), self.height
        return self.width, max(1, round(self.height / self.aspect))

    @property
    def displayed(self) -> tuple[int, int]:
        """Width and height as shown."""
        return displayed_size(self.square, self.orientation)

    def stored(self, box: Box) -> Box:
        """Maps a displayed box to stored pixels."""
        wide, high = self.square
        left, top, right, bottom = stored_box(box, self.square, self.orientation)
        across, down = self.width / wide, self.height / high
        corner = round(left * across), round(top * down)
        return Box(*corner, max(corner[0] + 1, round(right * across)), max(corner[1] + 1, round(bottom * down)))


def same_size(canvas: Canvas, frame: VideoFrame) -> None:
    """Makes sure that a frame is as large as the canvas.

    Raises:
        UnsupportedFormat: It is not.
    """
    if (frame.width, frame.height) != (canvas.width, canvas.height):
        raise UnsupportedFormat("mark-video-variant", kind="video", variant="changing size")


def _orientation(matrix: Any) -> int:
    if matrix is None or len(bytes(matrix)) != 36:
        return 1
    values = struct.unpack("=9i", bytes(matrix))
    signs = []
    for value, other in ((0, 1), (1, 0), (3, 4), (4, 3)):
        larger = abs(values[value]) > abs(values[other])
        signs.append((1 if values[value] > 0 else -1) if larger else 0)
    return _ORIENTATIONS.get((signs[0], signs[1], signs[2], signs[3]), 1)


@dataclass(frozen=True)
class Place:
    """A label laid out on a canvas.

    Attributes:
        name: What the place is called.
        canvas: The canvas.
        layout: In displayed pixels.
        upright: Masks as read.
        box: The label in stored pixels.
        tile: The smallest stored box around it that divides no chroma sample, of a frame or of a field.
        masks: Masks as stored, of the size of the tile.
    """

    name: str
    canvas: Canvas
    layout: Layout
    upright: Overlay
    box: Box
    tile: Box
    masks: Overlay

    @classmethod
    def of(cls, canvas: Canvas, words: str, share: float, place: str, style: str = "") -> Place:
        """Lays the label out.

        Raises:
            UsageError: As :func:`yinji.marks.layout.plan`.
        """
        from PIL import Image

        layout, upright = build(Box(0, 0, *canvas.displayed), words, share, place, style)
        masks = upright
        for method in STORED[canvas.orientation]:
            masks = masks.transposed(method)
        box = canvas.stored(layout.box)
        if masks.size != (box.width, box.height):
            size = box.width, box.height
            ink, body, edge = (m.resize(size, Image.Resampling.BOX) for m in (masks.ink, masks.body, masks.edge))
            masks = Overlay(
                ink, body, edge, masks.probe, masks.em * size[1] / masks.size[1], masks.turned, style=masks.style
            )
        tile = _aligned(box, canvas)
        placed = masks.placed((tile.width, tile.height), (box.left - tile.left, box.top - tile.top))
        return cls(place, canvas, layout, upright, box, tile, placed)

    def aware(self, wordings: Sequence[str], words: str, share: float) -> Place:
        """Returns the place with masks of the labels of ours that may stand under this one, these very words first."""
        others = [(words, self.masks, (0, 0))]
        for other in dict.fromkeys((words, *wordings)):
            for name in PLACES:
                if (other, name) == (words, self.name):
                    continue
                try:
                    place = Place.of(self.canvas, other, share, name)
                except UsageError:
                    continue  # words that do not fit there were not drawn there
                others.append((other, place.masks, (place.tile.left - self.tile.left, place.tile.top - self.tile.top)))
        return replace(self, masks=with_others(self.masks, others))

    @cached_property
    def fields(self) -> tuple[Overlay, Overlay]:
        """The masks of the two fields of an interlaced frame."""
        top, bottom = (self.masks.field(number) for number in (0, 1))
        return top, bottom

    def plane_box(self, number: int) -> Box:
        """The tile in a plane."""
        if not number:
            return self.tile
        across, down = self.canvas.shifts
        left, top, right, bottom = self.tile
        return Box(left >> across, top >> down, -(-right >> across), -(-bottom >> down))

    def shown(self, picture: Image.Image) -> Image.Image:
        """Turns and stretches what stands in :attr:`box` until it is as displayed."""
        from PIL import Image

        for method in UPRIGHT[self.canvas.orientation]:
            picture = picture.transpose(Image.Transpose(method))
        if picture.size != self.upright.size:
            picture = picture.resize(self.upright.size, Image.Resampling.BILINEAR)
        return picture


def _aligned(box: Box, canvas: Canvas) -> Box:
    across, down = canvas.shifts
    wide, high = (1 << across) - 1, (2 << down) - 1  # nor a sample of a field
    return Box(
        box.left & ~wide,
        box.top & ~high,
        min(canvas.width, (box.right + wide) & ~wide),
        min(canvas.height, (box.bottom + high) & ~high),
    )
