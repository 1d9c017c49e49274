"""The chunks of a PNG: taking a file apart and putting it together (W3C PNG, third edition)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from yinji.errors import LimitExceeded, Malformed, Truncated
from yinji.marks.exif import read_exif
from yinji.marks.picture import MOST_IN_ROWS

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6
CHANNELS: Final = {GREY: 1, COLOUR: 3, PALETTE: 1, GREY_ALPHA: 2, COLOUR_ALPHA: 4}
_DEPTHS: Final = {GREY: (1, 2, 4, 8, 16), PALETTE: (1, 2, 4, 8)}
_CHECKED: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"tRNS"})
_LARGEST_CHUNK: Final = 1 << 30
_PIECE: Final = 4 << 20
"""Bytes of rows that are inflated at once."""
_MOST_CHUNKS: Final = 200_000
_ADAM7: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


class Chunk(NamedTuple):
    """A chunk: its type, and the positions of its first byte, of its payload, and behind its checksum."""

    type: bytes
    start: int
    payload: int
    stop: int


@dataclass(frozen=True, slots=True)
class Png:
    """A PNG taken apart.

    Attributes:
        data: The whole file.
        chunks: In file order, up to IEND.
        width, height, depth, colour_type, interlaced: As IHDR says.
        orientation: EXIF orientation, 1 to 8.
        name: For messages.
    """

    data: bytes
    chunks: tuple[Chunk, ...]
    width: int
    height: int
    depth: int
    colour_type: int
    interlaced: bool
    orientation: int
    name: str

    def first(self, type: bytes) -> bytes:
        """Payload of the first chunk of a type, or nothing."""
        return next((self.payload(c) for c in self.chunks if c.type == type), b"")

    def payload(self, chunk: Chunk) -> bytes:
        return self.data[chunk.payload : chunk.stop - 4]

    @property
    def moves(self) -> bool:
        """Whether it is an animation (APNG)."""
        return any(c.type == b"acTL" for c in self.chunks)

    @property
    def pixel_bytes(self) -> int:
        """Bytes of a whole pixel; 1 for smaller ones."""
        return max(1, CHANNELS[self.colour_type] * self.depth // 8)

    def row_bytes(self, width: int) -> int:
        return (width * CHANNELS[self.colour_type] * self.depth + 7) // 8

    def filtered(self) -> Iterator[bytes]:
        """Yields the inflated rows, each behind its filter byte: some whole ones at a time, all at once if interlaced.

        Raises:
            Truncated, Malformed: Too little data, or not deflated.
        """
        expected = self._filtered_size()
        stride = 1 + self.row_bytes(self.width)
        piece = expected if self.interlaced else max(1, _PIECE // stride) * stride
        inflater = zlib.decompressobj()
        rows = bytearray()
        try:
            for part in (c for c in self.chunks if c.type == b"IDAT"):
                waiting: bytes | memoryview = memoryview(self.data)[part.payload : part.stop - 4]
                while waiting and expected:
                    rows += inflater.decompress(waiting, min(piece, expected) - len(rows))
                    waiting = inflater.unconsumed_tail
                    if len(rows) == min(piece, expected):
                        expected -= len(rows)
                        yield bytes(rows)
                        rows.clear()
                    elif inflater.eof:
                        break
        except zlib.error as error:
            raise Malformed("mark-not-decodable", path=self.name, kind="PNG", reason=str(error)) from error
        if expected:
            raise Truncated("mark-truncated", path=self.name, kind="PNG", size=len(self.data))

    def _filtered_size(self) -> int:
        if not self.interlaced:
            return self.height * (1 + self.row_bytes(self.width))
        total = 0
        for left, top, across, down in _ADAM7:
            width, height = -(-(self.width - left) // across), -(-(self.height - top) // down)
            if width > 0 and height > 0:
                total += height * (1 + self.row_bytes(width))
        return total


def parse(data: bytes, *, max_pixels: int, name: str = "") -> Png:
    """Takes a PNG apart.

    Raises:
        Malformed, Truncated: It breaks the rules or ends too early.
        LimitExceeded: Too many pixels or chunks.
    """
    chunks = _walk(data, name)
    head = data[chunks[0].payload : chunks[0].stop - 4]
    if chunks[0].type != b"IHDR" or len(head) != 13:
        raise _malformed(name, "no IHDR first")
    width, height, depth, colour_type, compression, filtering, interlace = struct.unpack(">IIBBBBB", head)
    if not 0 < width < 1 << 31 or not 0 < height < 1 << 31:
        raise _malformed(name, f"size {width} x {height}")
    if colour_type not in CHANNELS or depth not in _DEPTHS.get(colour_type, (8, 16)):
        raise _malformed(name, f"colour type {colour_type} with {depth} bits")
    if compression or filtering or interlace > 1:
        raise _malformed(name, "unknown compression, filter or interlacing")
    # Only what is interlaced or moves is held in memory whole.
    most = max_pixels if interlace or any(c.type == b"acTL" for c in chunks) else max(max_pixels, MOST_IN_ROWS)
    if width * height > most:
        raise LimitExceeded("too-many-pixels", path=name, width=width, height=height, limit=most)
    types = {c.type for c in chunks}
    if b"IDAT" not in types:
        raise _malformed(name, "no picture in it")
    png = Png(data, chunks, width, height, depth, colour_type, bool(interlace), 1, name)
    if colour_type == PALETTE and not 3 <= len(png.first(b"PLTE")) <= 768:
        raise _malformed(name, "no palette")
    orientation = read_exif(png.first(b"eXIf")).orientation
    return Png(data, chunks, width, height, depth, colour_type, bool(interlace), orientation, name)


def _malformed(name: str, reason: str) -> Malformed:
    return Malformed("mark-not-decodable", path=name, kind="PNG", reason=reason)


def _walk(data: bytes, name: str) -> tuple[Chunk, ...]:
    chunks: list[Chunk] = []
    at = len(SIGNATURE)
    while not chunks or chunks[-1].type != b"IEND":
        if at + 12 > len(data):
            raise Truncated("mark-truncated", path=name, kind="PNG", size=len(data))
        length, type = struct.unpack_from(">I4s", data, at)
        stop = at + 12 + length
        if stop > len(data):
            raise Truncated("mark-truncated", path=name, kind="PNG", size=len(data))
        if type in _CHECKED:
            check = zlib.crc32(memoryview(data)[at + 4 : stop - 4])
            if check != int.from_bytes(data[stop - 4 : stop], "big"):
                raise _malformed(name, f"wrong checksum at {at}")
        chunks.append(Chunk(type, at, at + 8, stop))
        if len(chunks) > _MOST_CHUNKS:
            raise LimitExceeded("too-many-segments", path=name, limit=_MOST_CHUNKS)
        at = stop
    return tuple(chunks)


def chunk(type: bytes, payload: bytes) -> bytes:
    """Returns a chunk with its length and checksum."""
    return struct.pack(">I", len(payload)) + type + payload + struct.pack(">I", zlib.crc32(type + payload))


def rebuild(png: Png, head: tuple[int, int], rows: Iterable[bytes], changed: Mapping[bytes, bytes]) -> bytes:
    """Puts other pixels into a file; every other chunk, and what follows IEND, stays byte for byte in its place.

    Args:
        png: The file.
        head: New bit depth and colour type; rows are never interlaced.
        rows: Filtered rows, some at a time.
        changed: New payloads of the chunks that speak of the pixels' form; an empty one drops the chunk.
    """
    out = [SIGNATURE]
    drawn = False
    for part in png.chunks:
        if part.type == b"IHDR":
            out.append(chunk(b"IHDR", struct.pack(">IIBBBBB", png.width, png.height, *head, 0, 0, 0)))
        elif part.type == b"IDAT":
            out += [] if drawn else _picture(rows)
            drawn = True
        elif part.type not in changed:
            out.append(png.data[part.start : part.stop])
        elif changed[part.type]:
            out.append(chunk(part.type, changed[part.type]))
    out.append(png.data[png.chunks[-1].stop :])
    return b"".join(out)


def _picture(rows: Iterable[bytes]) -> Iterator[bytes]:
    deflater = zlib.compressobj()
    waiting = bytearray()
    for some in rows:
        waiting += deflater.compress(some)
        if len(waiting) > _LARGEST_CHUNK:
            yield chunk(b"IDAT", bytes(waiting))
            waiting.clear()
    yield chunk(b"IDAT", bytes(waiting) + deflater.flush())
