"""JPEG as a picture that a label can be put on and looked for in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from yinji.marks.jpeg.draw import decoded, draw
from yinji.marks.jpeg.segments import Jpeg, parse
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.picture import Change, Frame, Single, Still


class JpegPicture(Single):
    """One JPEG; see :class:`yinji.marks.picture.Picture`.

    Args:
        jpeg: Taken apart.
        name: For messages.
    """

    def __init__(self, jpeg: Jpeg, name: str) -> None:
        self._jpeg = jpeg
        self._name = name
        self.size = (jpeg.width, jpeg.height)
        self.orientation = jpeg.exif.orientation
        self.area = Box(0, 0, *self.size)

    @classmethod
    def of(cls, data: bytes, max_pixels: int, name: str) -> JpegPicture:
        """Takes a file apart.

        Raises:
            Malformed, Truncated, LimitExceeded, UnsupportedFormat: As :func:`yinji.marks.jpeg.segments.parse`.
        """
        return cls(parse(data, max_pixels=max_pixels, name=name), name)

    def frames(self) -> Iterator[Frame]:
        yield Still(decoded(self._jpeg, self._name))

    def draw(self, box: Box, overlay: Overlay) -> Change:
        change = draw(self._jpeg, box, overlay, self._name)
        detail = dict(change.detail)
        if self._jpeg.exif.thumbnail:
            detail["exif_thumbnail"] = True
        if self._jpeg.trailer:
            detail["trailing_bytes"] = len(self._jpeg.trailer)
        return replace(change, detail=detail)
