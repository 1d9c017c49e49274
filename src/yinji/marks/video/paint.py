"""Paints the label on frames, in tones that hold over all of them, and measures it on frames decoded again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from yinji.marks.colour import Pixel, Tone, toned
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.paint import beneath, composed, frost, ink_height, legibility
from yinji.marks.recognise import Occupied, refuse_to_cover, tone_of
from yinji.marks.spaces import GREY, RGB, YCC
from yinji.marks.video.canvas import Canvas, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av import VideoFrame
    from PIL import Image

Array = np.ndarray[Any, Any]
_MORE: Final = 0.12
_ALL: Final = slice(None)


class Painter:
    """Draws one label. Tones are chosen once, from :meth:`look` at frames over the labelled seconds."""

    def __init__(self, place: Place, words: str = "") -> None:
        self.place = place
        self._words = words
        self._kept: Tone | None = None
        self.space = YCC if place.canvas.planes > 1 else GREY
        self._beneath: list[Pixel] = []
        self.tone: Tone
        self.cover: float

    def look(self, frame: VideoFrame) -> None:
        """Takes note of what will lie under the label."""
        tile = self.tile(frame)
        self._beneath += beneath(frost(tile, self.space, self.place.masks), self.space, self.place.masks)

    def forget(self) -> None:
        """Forgets what was seen beneath."""
        self._beneath.clear()

    def stands(self, frame: VideoFrame) -> bool:
        """Whether the label stands on a frame already. The tones in which it does are kept for the rest.

        Raises:
            Occupied: Another label of ours stands there.
        """
        tile = self.tile(frame)
        try:
            refuse_to_cover(tile, self.space, self.place.masks)
        except Occupied as taken:
            if taken.words != self._words:
                raise
            self._kept = self._kept or tone_of(tile, self.space, self.place.masks)
            return True
        return False

    def choose(self) -> None:
        """Settles the tones on the darkest and the lightest of what was seen, and on a sample of the rest."""
        step = max(1, len(self._beneath) // 2000)
        by_light = sorted(self._beneath, key=sum)
        sample = [*by_light[:20], *by_light[20:-20:step], *by_light[-20:]]
        self.tone, self.cover = toned(self.place.masks.style, sample, self._kept)

    def strengthen(self) -> bool:
        """Makes the ground more opaque; False if it is so already."""
        if self.cover >= 1:
            return False
        self.cover = min(1.0, self.cover + _MORE)
        return True

    def draw(self, frame: VideoFrame) -> None:
        """Puts the label on a frame whose memory is its own.

        The two fields of an interlaced frame are moments of their own: neither shows through the ground of the other.
        """
        if not frame.interlaced_frame:
            self._draw(frame, self.place.masks, _ALL)
            return
        for field, masks in enumerate(self.place.fields):
            self._draw(frame, masks, slice(field, None, 2))

    def _draw(self, frame: VideoFrame, masks: Overlay, rows: slice) -> None:
        tile = self.tile(frame, rows)
        painted = composed(tile, frost(tile, self.space, masks), self.space, masks, self.tone, self.cover)
        for number, (before, after) in enumerate(zip(tile, painted, strict=True)):
            old, new = np.asarray(before), np.asarray(after)
            stored = _samples(frame, number, self.place.plane_box(number))[rows]
            np.copyto(stored, _native(new, self.place.canvas, chroma=number > 0), where=old != new)

    def tile(self, frame: VideoFrame, rows: slice = _ALL) -> list[Image.Image]:
        """The samples under the label, or some rows of them, as pictures of 8 bits in full range."""
        from PIL import Image

        canvas = self.place.canvas
        tiles = []
        for number in range(canvas.planes):
            stored = _samples(frame, number, self.place.plane_box(number))[rows]
            tiles.append(Image.fromarray(_bytes(stored, canvas, chroma=number > 0)))
        return tiles


def _samples(frame: VideoFrame, number: int, box: Box) -> Array:
    """A view of the samples of a plane within a box."""
    plane = frame.planes[number]
    kind = np.dtype("<u2") if frame.format.components[number].bits > 8 else np.dtype("u1")
    rows = np.frombuffer(memoryview(plane), kind).reshape(plane.height, plane.line_size // kind.itemsize)
    return rows[box.top : box.bottom, box.left : box.right]


def _scale(canvas: Canvas, *, chroma: bool) -> tuple[float, float]:
    """Offset and factor between samples of 8 bits in full range, in which tones are chosen, and those stored."""
    unit = 1 << (canvas.depth - 8)
    if chroma:
        factor = unit * (1.0 if canvas.full else 224 / 255)
        return (128 * unit) - 128 * factor, factor
    if canvas.full:
        return 0.0, ((1 << canvas.depth) - 1) / 255 * canvas.white
    return 16.0 * unit, 219 / 255 * unit * canvas.white


def _bytes(samples: Array, canvas: Canvas, *, chroma: bool) -> Array:
    offset, factor = _scale(canvas, chroma=chroma)
    full: Array = np.clip(np.rint((samples - np.float32(offset)) / np.float32(factor)), 0, 255).astype(np.uint8)
    return full


def _native(values: Array, canvas: Canvas, *, chroma: bool) -> Array:
    offset, factor = _scale(canvas, chroma=chroma)
    kind = np.uint16 if canvas.depth > 8 else np.uint8
    most = (1 << canvas.depth) - 1
    stored: Array = np.clip(np.rint(values * np.float32(factor) + np.float32(offset)), 0, most).astype(kind)
    return stored


def measure(frame: VideoFrame, place: Place, tone: Tone) -> tuple[int, float]:
    """Returns the height of the ink in displayed pixels and its contrast, in a frame decoded again."""
    from PIL import Image

    painter = Painter(place)
    planes, at = painter.tile(frame), place.tile
    rgb = painter.space.to_rgb(planes, planes[0].size)
    left, top, right, bottom = place.box
    shown = place.shown(rgb.crop((left - at.left, top - at.top, right - at.left, bottom - at.top)))
    reading = shown.transpose(Image.Transpose.ROTATE_90) if place.layout.turned else shown
    height = ink_height(reading, place.upright, tone)
    return height, legibility(_split(shown), RGB, place.upright)[1]


def _split(picture: Image.Image) -> Sequence[Image.Image]:
    return picture.split()
