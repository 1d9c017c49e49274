"""JPEG as a picture that a label can be put on and looked for in."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from yinji.errors import UnsupportedFormat, YinjiError
from yinji.marks.jpeg.blocks import Strips, aligned, by_rows, decoded
from yinji.marks.jpeg.draw import draw
from yinji.marks.jpeg.segments import Jpeg, parse
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.picture import Change, Frame, Picture, Single, Still

_MOST_IN_THUMBNAIL: Final = 1 << 20
_QUALITIES: Final = (85, 70, 55, 40)


class JpegPicture(Single):
    """One JPEG; see :class:`yinji.marks.picture.Picture`.

    Args:
        jpeg: Taken apart.
        max_pixels: Largest picture that is decoded whole.
        name: For messages.

    Attributes:
        change: What :meth:`draw` did last.
    """

    change: Change

    def __init__(self, jpeg: Jpeg, max_pixels: int, name: str) -> None:
        self._jpeg = jpeg
        self._most = max_pixels
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
        return cls(parse(data, name=name), max_pixels, name)

    def frames(self) -> Iterator[Frame]:
        is_large = self._jpeg.width * self._jpeg.height > self._most
        if is_large and by_rows(self._jpeg, aligned(self._jpeg, self.area)):
            yield Strips(self._jpeg, self._most, self._name)
        else:
            yield Still(decoded(self._jpeg, self._name, self._most))

    @cached_property
    def further(self) -> Sequence[Picture]:  # type: ignore[override]
        """The thumbnail in the EXIF block, if it is a JPEG."""
        start, stop = self._jpeg.thumbnail
        try:
            small = parse(self._jpeg.data[start:stop]) if stop else None
        except YinjiError:
            return ()
        return (Thumbnail(small, self),) if small else ()

    def draw(self, box: Box, overlay: Overlay) -> Change:
        change = draw(self._jpeg, box, overlay, self._name, self._most)
        detail = dict(change.detail)
        if self._jpeg.trailer:
            detail["trailing_bytes"] = len(self._jpeg.trailer)
        self.change = replace(change, detail=detail)
        return self.change


class Thumbnail(JpegPicture):
    """The thumbnail of a JPEG. It keeps its length, so that nothing in the file moves, and loses quality if it must."""

    optional = True

    def __init__(self, jpeg: Jpeg, owner: JpegPicture) -> None:
        super().__init__(jpeg, _MOST_IN_THUMBNAIL, "")
        self._owner = owner
        self.orientation = owner.orientation

    @cached_property
    def further(self) -> Sequence[Picture]:  # type: ignore[override]
        return ()

    def draw(self, box: Box, overlay: Overlay) -> Change:
        """See :meth:`yinji.marks.picture.Picture.draw`.

        Raises:
            UnsupportedFormat: The label needs more bytes than there are.
        """
        change = draw(self._jpeg, box, overlay, "", self._most)
        room, whole = len(self._jpeg.data), self._owner.change
        new = self._fitting(bytes(change.data), room)
        # Segments before the picture keep their order and length when other pixels are put in, except stray bytes.
        start = whole.data.find(self._jpeg.data, 0, len(whole.data))
        if new is None or start < 0:
            raise UnsupportedFormat("mark-variant", kind="JPEG", variant="a thumbnail without room")
        data = bytes(whole.data[:start]) + new + bytes(room - len(new)) + bytes(whole.data[start + room :])
        self._owner.change = replace(whole, data=data)
        return replace(change, data=data)

    def _fitting(self, data: bytes, room: int) -> bytes | None:
        if len(data) <= room:
            return data
        picture = decoded(parse(data), "", self._most)
        for quality in _QUALITIES:
            output = io.BytesIO()
            picture.save(output, "JPEG", quality=quality, optimize=True)
            if output.tell() <= room:
                return output.getvalue()
        return None
