"""BMP as a picture that a label can be put on and looked for in (Windows bitmaps, headers of 12 to 124 bytes).

Colours of 16, 24 and 32 bits are changed where they stand, so that every other byte of the file stays. Palettes and
run-length codes are widened to 24 bits, which changes no colour.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from yinji.errors import LimitExceeded, Malformed, Truncated
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.paint import paint
from yinji.marks.picture import MOST_IN_ROWS, Change, Frame, Single, plain
from yinji.marks.spaces import RGB, Planes, Space

if TYPE_CHECKING:
    from PIL import Image

_FILE_HEADER: Final = 14
_CORE: Final = 12
_PIECE: Final = 4 << 20
"""Bytes of rows that are widened at once."""
_PLAIN, _FIELDS, _ALPHA_FIELDS = 0, 3, 6
_MASKS: Final = {16: (0x7C00, 0x03E0, 0x001F), 24: (0xFF0000, 0xFF00, 0xFF), 32: (0xFF0000, 0xFF00, 0xFF)}


@dataclass(frozen=True, slots=True)
class Header:
    """What the headers say.

    Attributes:
        size: Length of the second header.
        width, height: Of the picture.
        upwards: Whether the last row comes first.
        bits: Of a pixel.
        compression: As stored.
        masks: Of red, green and blue in a pixel.
        pixels: Where they begin.
    """

    size: int
    width: int
    height: int
    upwards: bool
    bits: int
    compression: int
    masks: tuple[int, ...]
    pixels: int

    @classmethod
    def of(cls, data: bytes, name: str) -> Header:
        """Reads the headers.

        Raises:
            Malformed, Truncated: They break the rules or are not whole.
        """
        if len(data) < _FILE_HEADER + _CORE:
            raise Truncated("mark-truncated", path=name, kind="BMP", size=len(data))
        pixels, size = struct.unpack_from("<II", data, 10)
        compression = 0
        if size == _CORE:
            width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        elif 40 <= size <= 124 and len(data) >= _FILE_HEADER + size:
            width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
        else:
            raise Malformed("mark-not-decodable", path=name, kind="BMP", reason=f"header of {size} bytes")
        masks = _MASKS.get(bits, ())
        if compression in (_FIELDS, _ALPHA_FIELDS) and len(data) >= 66:
            masks = struct.unpack_from("<3I", data, 54)
        if width <= 0 or not height:
            raise Malformed("mark-not-decodable", path=name, kind="BMP", reason=f"size {width} x {height}")
        return cls(size, width, abs(height), height > 0, bits, compression, masks, pixels)

    @property
    def direct(self) -> bool:
        """Whether pixels hold colours that can be changed where they stand."""
        return self.bits in (16, 24, 32) and self.compression in (_PLAIN, _FIELDS, _ALPHA_FIELDS) and all(self.masks)

    @property
    def has_rows(self) -> bool:
        """Whether each row has its fixed place."""
        return self.direct or (self.bits in (1, 2, 4, 8) and self.compression == _PLAIN)

    @property
    def row_bytes(self) -> int:
        return (self.width * self.bits + 31) // 32 * 4


class BmpPicture(Single):
    """One bitmap; see :class:`yinji.marks.picture.Picture`."""

    orientation = 1

    def __init__(self, data: bytes, header: Header, max_pixels: int, name: str) -> None:
        self._data = data
        self._header = header
        self._most = max_pixels
        self._name = name
        self.size = (header.width, header.height)
        self.area = Box(0, 0, *self.size)

    @classmethod
    def of(cls, data: bytes, max_pixels: int, name: str) -> BmpPicture:
        """Takes a file apart.

        Raises:
            Malformed, Truncated, LimitExceeded: It breaks the rules, is not whole, or is too large.
        """
        header = Header.of(data, name)
        most = max(max_pixels, MOST_IN_ROWS) if header.has_rows else max_pixels
        if header.width * header.height > most:
            raise LimitExceeded("too-many-pixels", path=name, width=header.width, height=header.height, limit=most)
        if header.has_rows and header.pixels + header.row_bytes * header.height > len(data) + 3:
            raise Truncated("mark-truncated", path=name, kind="BMP", size=len(data))
        return cls(data, header, max_pixels, name)

    @cached_property
    def _whole(self) -> Image.Image:
        """All of a picture whose rows have no fixed places."""
        return self._decoded(self._data)

    def _decoded(self, data: bytes) -> Image.Image:
        from PIL import BmpImagePlugin

        try:
            with BmpImagePlugin.BmpImageFile(io.BytesIO(data)) as image:
                image.load()
                return plain(image.copy()).convert("RGB")
        except (OSError, ValueError, SyntaxError) as error:
            raise Malformed("mark-not-decodable", path=self._name, kind="BMP", reason=str(error)) from error

    def _span(self, top: int, bottom: int) -> tuple[int, int]:
        """Where some rows stand in the file."""
        header = self._header
        first = header.height - bottom if header.upwards else top
        start = header.pixels + first * header.row_bytes
        return start, start + (bottom - top) * header.row_bytes

    def _shown(self, top: int, bottom: int, rows: bytes | None = None) -> Image.Image:
        """Some rows as ``RGB``, or others in their place.

        Raises:
            LimitExceeded: They have more pixels than may be decoded at once.
        """
        header = self._header
        if header.width * (bottom - top) > self._most:
            raise LimitExceeded(
                "too-many-pixels", path=self._name, width=header.width, height=bottom - top, limit=self._most
            )
        if not header.has_rows:
            return self._whole.crop((0, top, header.width, bottom))
        start, stop = self._span(top, bottom)
        head = bytearray(self._data[: header.pixels])
        height = (bottom - top) * (1 if header.upwards else -1)
        struct.pack_into("<H" if header.size == _CORE else "<i", head, 20 if header.size == _CORE else 22, height)
        return self._decoded(
            bytes(head) + (self._data[start:stop] if rows is None else rows).ljust(stop - start, b"\0")
        )

    def frames(self) -> Iterator[Frame]:
        yield _Rows(self.area, self._shown)

    def draw(self, box: Box, overlay: Overlay) -> Change:
        from PIL import Image

        strip = self._shown(box.top, box.bottom)
        within = (box.left, 0, box.right, box.height)
        painted = paint(strip.crop(within).split(), RGB, overlay, self._stored)
        changed = Image.merge("RGB", painted.planes)
        detail = {"changed": list(box)}
        if self._header.direct:
            start, stop = self._span(box.top, box.bottom)
            rows = self._patched(box, changed, overlay)
            again = self._shown(box.top, box.bottom, rows).crop(within)
            whole = memoryview(self._data)
            return Change(rows, "lossless", painted, again, detail, whole[:start], whole[stop:])
        strip.paste(changed, within[:2])
        return Change(self._widened(box.top, strip), "widened", painted, strip.crop(within), detail)

    def _stored(self, planes: Planes) -> Planes:
        """As the planes come back from pixels of 16 bits."""
        if self._header.bits != 16 or not self._header.direct:
            return planes
        kept = (mask.bit_count() for mask in self._header.masks)
        return [p.point([v >> 8 - n << 8 - n for v in range(256)]) for p, n in zip(planes, kept, strict=True)]

    def _patched(self, box: Box, changed: Image.Image, overlay: Overlay) -> bytes:
        """The rows of the label as they are now."""
        header = self._header
        begin, stop = self._span(box.top, box.bottom)
        out = bytearray(self._data[begin:stop])
        width, step = box.width, header.bits // 8
        colours, covered = changed.tobytes(), overlay.body.tobytes()
        keep = ~(header.masks[0] | header.masks[1] | header.masks[2]) & (1 << header.bits) - 1
        for row in range(box.height):
            start = (box.height - 1 - row if header.upwards else row) * header.row_bytes
            for column in range(width):
                at = row * width + column
                if covered[at]:
                    place = start + (box.left + column) * step
                    pixel = int.from_bytes(out[place : place + step], "little") & keep
                    for value, mask in zip(colours[3 * at : 3 * at + 3], header.masks, strict=True):
                        low = (mask & -mask).bit_length() - 1
                        pixel |= (value * (mask >> low) // 255 << low) & mask
                    out[place : place + step] = pixel.to_bytes(step, "little")
        return bytes(out)

    def _widened(self, top: int, strip: Image.Image) -> bytes:
        """A bitmap of 24 bits with the resolution of the old one; what stands behind its pixels is kept.

        Args:
            top: Of the rows that bear the label.
            strip: Those rows.
        """
        header = self._header
        row = (3 * header.width + 3) // 4 * 4
        size = row * header.height
        resolution = self._data[38:46] if header.size >= 40 else bytes(8)
        out = bytearray(struct.pack("<2sIII", b"BM", 54 + size, 0, 54))
        out += struct.pack("<IiiHHII8sII", 40, header.width, header.height, 1, 24, 0, size, resolution, 0, 0)
        step = max(1, _PIECE // row)
        for bottom in range(header.height, 0, -step):
            first = max(0, bottom - step)
            rows = self._shown(first, bottom)
            rows.paste(strip, (0, top - first))
            out += rows.tobytes("raw", "BGR", row, -1)
        length = int.from_bytes(self._data[2:6], "little")
        return bytes(out) + (self._data[length:] if header.pixels < length else b"")


@dataclass(frozen=True, slots=True)
class _Rows:
    """The picture, of which rows are decoded as they are asked for."""

    area: Box
    shown: Callable[[int, int], Image.Image]

    def crop(self, box: Box) -> tuple[Planes, Space]:
        return self.shown(box.top, box.bottom).crop((box.left, 0, box.right, box.height)).split(), RGB
