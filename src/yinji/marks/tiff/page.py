"""One page of a TIFF as samples that can be read and written within a box, strip by strip or tile by tile."""

from __future__ import annotations

import sys
from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from yinji.errors import LimitExceeded, Malformed, Truncated, UnsupportedFormat
from yinji.marks.layout import Box
from yinji.marks.spaces import CMYK, GREY, RGB, Planes, Space
from yinji.marks.tiff import directories as tags
from yinji.marks.tiff.codecs import CODECS, FAX, FAX_4, JPEG, deflate, inflate, jpeg, to_jpeg
from yinji.marks.tiff.directories import Directory

if TYPE_CHECKING:
    from PIL import Image
    from PIL.JpegImagePlugin import JpegImageFile

WHITE_IS_ZERO, BLACK_IS_ZERO, COLOURS, PALETTE, SEPARATED, YCBCR = 0, 1, 2, 3, 5, 6
_CHANNELS: Final = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, COLOURS: 3, PALETTE: 1, SEPARATED: 4, YCBCR: 3}
_MOST_BYTES: Final = 8
"""Bytes of touched segments for each pixel that the caller allows."""


class Samples:
    """The samples of one page.

    Args:
        directory: The page.
        max_pixels: Bound on what is decoded at once.

    Raises:
        Malformed: A size or layout that cannot be.
        UnsupportedFormat: A kind of samples or compression that cannot be written.
    """

    def __init__(self, directory: Directory, max_pixels: int) -> None:
        self.directory = directory
        self.width, self.height = directory.size
        self._most = max_pixels * _MOST_BYTES
        self.compression = directory.value(tags.COMPRESSION, 1)
        self.photometric = directory.value(tags.PHOTOMETRIC, BLACK_IS_ZERO)
        self.count = directory.value(tags.SAMPLES, 1)
        bits = set(directory.values(tags.BITS, (1,)))
        self.bits = bits.pop()
        self._check(bits)
        extra = directory.values(tags.EXTRA)
        self.alpha = self.count > _CHANNELS[self.photometric] and extra[:1] in ((1,), (2,))
        self.channels = _CHANNELS[self.photometric] + self.alpha
        self._decoded: dict[int, tuple[bytearray, int, int]] = {}
        self._tiles: dict[int, tuple[Box, JpegImageFile, Image.Image]] = {}

    def _check(self, other_bits: set[int]) -> None:
        directory, wide = self.directory, self.directory.segment_size()
        formats = set(directory.values(tags.FORMAT, (1,)))
        if min(self.width, self.height, *wide) <= 0:
            raise self._malformed("impossible size")
        variant = ""
        if self.compression not in CODECS:
            variant = f"compression {self.compression}"
        elif self.photometric not in _CHANNELS:
            variant = f"photometric {self.photometric}"
        elif other_bits or self.bits not in (1, 8, 16) or formats - {1, 4}:
            variant = f"{self.bits} bits, sample format {sorted(formats)}"
        elif self.bits == 1 and (self.photometric > BLACK_IS_ZERO or self.count != 1):
            variant = "one bit a sample in colour"
        elif self.photometric == YCBCR and self.compression != JPEG:
            variant = "YCbCr without JPEG"
        elif directory.value(tags.PREDICTOR, 1) not in (1, 2) or directory.value(tags.FILL_ORDER, 1) != 1:
            variant = "predictor or fill order"
        elif self.compression == JPEG and (self.bits != 8 or directory.planar):
            variant = "JPEG of separate planes"
        elif self.compression in (FAX, FAX_4) and self.bits != 1:
            variant = "facsimile code for more than one bit"
        if variant:
            raise UnsupportedFormat("mark-variant", path=directory.name, kind="TIFF", variant=variant)
        if self.count < _CHANNELS[self.photometric]:
            raise self._malformed(f"{self.count} samples a pixel")

    def _malformed(self, reason: str) -> Malformed:
        return Malformed("mark-not-decodable", path=self.directory.name, kind="TIFF", reason=reason)

    @property
    def space(self) -> Space:
        base = {SEPARATED: CMYK, COLOURS: RGB, YCBCR: RGB, PALETTE: RGB}.get(self.photometric, GREY)
        return Space(base.name, alpha=self.alpha)

    # --- reading ---------------------------------------------------------------------------------------------------

    def read(self, box: Box) -> tuple[Image.Image, ...]:
        """The raw planes within a box, 8 bits each: samples, high bytes of samples, or 0 and 255 for single bits."""
        from PIL import Image

        size = (box.width, box.height)
        if self.compression == JPEG:
            return self._jpeg_canvas(box).split()[: self.channels]
        step = self.bits // 8
        if not step:
            plane = Image.new("1", size)
            for number, at in self.directory.segments(box, 0):
                part = Image.frombytes("1", (at.width, at.height), bytes(self._rows(number, at, box)))
                plane.paste(part, (at.left - box.left, at.top - box.top))
            return (plane.convert("L"),)
        planes = [Image.new("L", size) for _ in range(self.channels)]
        for channel, plane in enumerate(planes):
            for number, at in self.directory.segments(box, channel if self.directory.planar else 0):
                part = self._plane(number, at, channel, self._high(), box)
                plane.paste(part, (at.left - box.left, at.top - box.top))
        return tuple(planes)

    def _high(self) -> int:
        return 0 if self.bits == 8 or self.directory.order == ">" else 1

    def _per_pixel(self) -> int:
        return 1 if self.directory.planar else self.count

    def _row_bits(self) -> int:
        return self.directory.segment_size()[0] * self._per_pixel() * self.bits

    def _row_bytes(self) -> int:
        return (self._row_bits() + 7) // 8

    def _plane(self, number: int, at: Box, channel: int, byte: int, box: Box) -> Image.Image:
        from PIL import Image

        rows, step = self._rows(number, at, box), self._per_pixel() * self.bits // 8
        start = (0 if self.directory.planar else channel) * self.bits // 8 + byte
        return Image.frombytes("L", (at.width, at.height), bytes(rows[start::step]))

    def _rows(self, number: int, at: Box, box: Box) -> bytearray:
        """The decoded rows of a segment; those within the box without differences."""
        row_bytes = self._row_bytes()
        first, stop = max(at.top, box.top) - at.top, min(at.bottom, box.bottom) - at.top
        rows, low, high = self._decoded.get(number, (bytearray(), 0, 0))
        if low <= first and stop <= high:
            return rows
        if (len(self._decoded) + 1) * row_bytes * at.height > self._most:
            raise LimitExceeded(
                "too-many-pixels", path=self.directory.name, width=self.width, height=self.height,
                limit=self._most // _MOST_BYTES,
            )  # fmt: skip
        rows = inflate(self._coded(number), self.compression, self._row_bits(), at.height, self.directory.name)
        if self._differs:
            part = rows[first * row_bytes : stop * row_bytes]
            _summed(part, row_bytes, self._per_pixel(), self.bits, self.directory.order)
            rows[first * row_bytes : stop * row_bytes] = part
        self._decoded[number] = (rows, first, stop)
        return rows

    @property
    def _differs(self) -> bool:
        return self.directory.value(tags.PREDICTOR, 1) == 2

    def _coded(self, number: int) -> bytes:
        offset_tag, length_tag = self._places()
        offsets, lengths = self.directory.values(offset_tag), self.directory.values(length_tag)
        if number >= min(len(offsets), len(lengths)):
            raise self._malformed("too few strips or tiles")
        start, stop = offsets[number], offsets[number] + lengths[number]
        if stop > len(self.directory.data):
            raise Truncated("mark-truncated", path=self.directory.name, kind="TIFF", size=len(self.directory.data))
        return bytes(self.directory.data[start:stop])

    def _places(self) -> tuple[int, int]:
        if self.directory.tiled:
            return tags.TILE_OFFSETS, tags.TILE_COUNTS
        return tags.STRIP_OFFSETS, tags.STRIP_COUNTS

    def _jpeg_canvas(self, box: Box) -> Image.Image:
        from PIL import Image

        tables = bytes(self.directory.values(tags.JPEG_TABLES))
        canvas: Image.Image | None = None
        for number, at in self.directory.segments(box, 0):
            if number not in self._tiles:
                found = jpeg(self._coded(number), tables, self.photometric, self.directory.name)
                self._tiles[number] = (at, found, _meant(found))
            part = self._tiles[number][2]
            canvas = canvas or Image.new(part.mode, (box.width, box.height))
            canvas.paste(part, (at.left - box.left, at.top - box.top))
        if canvas is None:
            raise self._malformed("no strip or tile")
        return canvas

    # --- writing ---------------------------------------------------------------------------------------------------

    def write(self, box: Box, planes: Planes, covered: Image.Image) -> None:
        """Writes planes as :meth:`read` gives them, where ``covered`` is 255; new segments go behind the file.

        The low bytes of 16 bits repeat the high ones.
        """
        if self.compression == JPEG:
            self._write_jpeg(box, planes, covered)
            return
        touched: dict[int, Box] = {}
        for channel, plane in enumerate(planes):
            for number, at in self.directory.segments(box, channel if self.directory.planar else 0):
                touched[number] = at
                self._put(number, at, channel, box, plane, covered)
        for number, at in touched.items():
            self._store(number, at)

    def _put(self, number: int, at: Box, channel: int, box: Box, plane: Image.Image, covered: Image.Image) -> None:
        from PIL import Image

        where, rows = (box.left - at.left, box.top - at.top), self._rows(number, at, box)
        if self.bits == 1:
            part = Image.frombytes("1", (at.width, at.height), bytes(rows))
            part.paste(plane.point([0] * 128 + [255] * 128).convert("1"), where, covered)
            rows[:] = part.tobytes()
            return
        step = self._per_pixel() * self.bits // 8
        start = (0 if self.directory.planar else channel) * self.bits // 8
        for byte in range(self.bits // 8):
            part = self._plane(number, at, channel, byte, box)
            part.paste(plane, where, covered)
            rows[start + byte :: step] = part.tobytes()

    def _store(self, number: int, at: Box) -> None:
        decoded, first, stop = self._decoded.pop(number)
        row_bytes, rows = self._row_bytes(), bytearray(decoded)
        if self._differs:
            part = rows[first * row_bytes : stop * row_bytes]
            _differences(part, row_bytes, self._per_pixel(), self.bits, self.directory.order)
            rows[first * row_bytes : stop * row_bytes] = part
        self._append(number, deflate(bytes(rows), self.compression, self._row_bits(), at.height))

    def _append(self, number: int, coded: bytes) -> None:
        """Replaces a segment where it stands if it fits, else puts it behind everything else, on an even place."""
        directory, data = self.directory, self.directory.data
        offset_tag, length_tag = self._places()
        offset, length = directory.values(offset_tag)[number], directory.values(length_tag)[number]
        if len(coded) == length:
            data[offset : offset + length] = coded
            return
        if len(data) & 1:
            data.append(0)
        directory.replace(offset_tag, number, len(data))
        directory.replace(length_tag, number, len(coded))
        data.extend(coded)

    def _write_jpeg(self, box: Box, planes: Planes, covered: Image.Image) -> None:
        from PIL import Image

        for number, _ in self.directory.segments(box, 0):
            at, like, part = self._tiles[number]
            new = Image.merge(part.mode, planes) if len(planes) > 1 else planes[0]
            part.paste(new, (box.left - at.left, box.top - at.top), covered)
            self._append(number, to_jpeg(_meant(part), like, keep_rgb=self.photometric == COLOURS))
            self._tiles.pop(number)


def _meant(picture: Image.Image) -> Image.Image:
    """A copy in which print colours are as TIFF means them: Pillow takes those of a JPEG to be inverted."""
    from PIL import ImageChops

    return ImageChops.invert(picture) if picture.mode == "CMYK" else picture.copy()


def _typed(rows: bytearray, bits: int, order: str) -> array[int]:
    values = array("H" if bits == 16 else "B")
    values.frombytes(rows)
    if bits == 16 and (order == "<") != (sys.byteorder == "little"):
        values.byteswap()
    return values


def _summed(rows: bytearray, row_bytes: int, per_pixel: int, bits: int, order: str) -> None:
    """Adds the differences of predictor 2 up (TIFF 6.0, section 14)."""
    values, mask = _typed(rows, bits, order), (1 << bits) - 1
    length = row_bytes * 8 // bits
    for start in range(0, len(values), length):
        for channel in range(per_pixel):
            part = values[start + channel : start + length : per_pixel]
            sums = (v & mask for v in accumulate(part))
            values[start + channel : start + length : per_pixel] = array(values.typecode, sums)
    rows[:] = _bytes(values, bits, order)


def _differences(rows: bytearray, row_bytes: int, per_pixel: int, bits: int, order: str) -> None:
    values, mask = _typed(rows, bits, order), (1 << bits) - 1
    length = row_bytes * 8 // bits
    for start in range(0, len(values), length):
        for channel in range(per_pixel):
            part = values[start + channel : start + length : per_pixel]
            gaps = (v - u & mask for u, v in zip([0, *part[:-1]], part, strict=True))
            values[start + channel : start + length : per_pixel] = array(values.typecode, gaps)
    rows[:] = _bytes(values, bits, order)


def _bytes(values: array[int], bits: int, order: str) -> bytes:
    if bits == 16 and (order == "<") != (sys.byteorder == "little"):
        values.byteswap()
    return values.tobytes()
