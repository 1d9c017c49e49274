"""BMP as a picture that a label can be put on and looked for in (Windows bitmaps, headers of 12 to 124 bytes).

Colours of 16, 24 and 32 bits are changed where they stand, so that every other byte of the file stays. Palettes and
run-length codes are widened to 24 bits, which changes no colour.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from yinji.errors import LimitExceeded, Malformed, Truncated
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.paint import paint
from yinji.marks.picture import Change, Frame, Single, Still, plain
from yinji.marks.spaces import RGB, Planes

if TYPE_CHECKING:
    from PIL import Image

_FILE_HEADER: Final = 14
_CORE: Final = 12
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
    def row_bytes(self) -> int:
        return (self.width * self.bits + 31) // 32 * 4


class BmpPicture(Single):
    """One bitmap; see :class:`yinji.marks.picture.Picture`."""

    orientation = 1

    def __init__(self, data: bytes, header: Header, name: str) -> None:
        self._data = data
        self._header = header
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
        if header.width * header.height > max_pixels:
            raise LimitExceeded(
                "too-many-pixels", path=name, width=header.width, height=header.height, limit=max_pixels
            )
        if header.direct and header.pixels + header.row_bytes * header.height > len(data) + 3:
            raise Truncated("mark-truncated", path=name, kind="BMP", size=len(data))
        return cls(data, header, name)

    @cached_property
    def _shown(self) -> Image.Image:
        from PIL import Image

        try:
            with Image.open(io.BytesIO(self._data), formats=["BMP"]) as image:
                image.load()
                return plain(image.copy()).convert("RGB")
        except (OSError, ValueError, SyntaxError) as error:
            raise Malformed("mark-not-decodable", path=self._name, kind="BMP", reason=str(error)) from error

    def frames(self) -> Iterator[Frame]:
        yield Still(self._shown)

    def draw(self, box: Box, overlay: Overlay) -> Change:
        from PIL import Image

        header = self._header
        canvas = self._shown.copy()
        painted = paint(canvas.crop(box).split(), RGB, overlay, self._stored)
        changed = Image.merge("RGB", painted.planes)
        if header.direct:
            data, method = self._patched(box, changed, overlay), "lossless"
        else:
            canvas.paste(changed, box[:2])
            data, method = self._widened(canvas), "widened"
        again = BmpPicture.of(data, header.width * header.height, self._name)._shown.crop(box)
        return Change(data, method, painted, again, {"changed": list(box)})

    def _stored(self, planes: Planes) -> Planes:
        """As the planes come back from pixels of 16 bits."""
        if self._header.bits != 16 or not self._header.direct:
            return planes
        kept = (mask.bit_count() for mask in self._header.masks)
        return [p.point([v >> 8 - n << 8 - n for v in range(256)]) for p, n in zip(planes, kept, strict=True)]

    def _patched(self, box: Box, changed: Image.Image, overlay: Overlay) -> bytes:
        header, out = self._header, bytearray(self._data)
        width, step = box.width, header.bits // 8
        colours, covered = changed.tobytes(), overlay.body.tobytes()
        keep = ~(header.masks[0] | header.masks[1] | header.masks[2]) & (1 << header.bits) - 1
        for row in range(box.height):
            y = box.top + row
            start = header.pixels + (header.height - 1 - y if header.upwards else y) * header.row_bytes
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

    def _widened(self, canvas: Image.Image) -> bytes:
        """A bitmap of 24 bits with the resolution of the old one; what stands behind its pixels is kept."""
        output = io.BytesIO()
        canvas.save(output, "BMP")
        out = bytearray(output.getvalue())
        if self._header.size >= 40:
            out[38:46] = self._data[38:46]
        length = int.from_bytes(self._data[2:6], "little")
        return bytes(out) + (self._data[length:] if self._header.pixels < length else b"")
