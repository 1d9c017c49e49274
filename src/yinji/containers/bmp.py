"""BMP: a format for which no guide defines a place, and whose structure has none (R61, R62).

Nothing in a bitmap can hold metadata, so "unlabelled" would claim too much: the answer is "unsupported", with what to
do instead. A record that someone left behind the pixels, or in a gap before them, is shown all the same.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, NamedTuple, NoReturn

from yinji.containers import embedded
from yinji.containers.base import Example, Span
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.trailer import labels_behind
from yinji.errors import Malformed, Truncated, UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity

_FILE_HEADER: Final = 14
_CORE_HEADER: Final = 12
_HEADERS: Final = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_UNCOMPRESSED: Final = frozenset((0, 3, 6))
_GAP_MAX: Final = 1 << 20


class Pixels(NamedTuple):
    """Where the pixels stand."""

    start: int
    stop: int
    header_stop: int


class Bmp:
    """Windows and OS/2 bitmaps."""

    name: ClassVar[str] = "bmp"
    media_type: ClassVar[str] = "image/bmp"
    kind: ClassVar[Kind] = Kind.IMAGE
    extensions: ClassVar[tuple[str, ...]] = ("bmp", "dib")
    carrier: ClassVar[str] = ""
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = False

    def score(self, head: bytes, extension: str) -> int:
        if head[:2] != b"BM":
            return 0
        known = len(head) >= 18 and int.from_bytes(head[14:18], "little") in _HEADERS
        return 80 if known else 20 if extension in self.extensions else 5

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields records in the gap before the pixels and behind them, then says that this is no place for one.

        Raises:
            Malformed, Truncated: No bitmap, or not whole.
            UnsupportedFormat: Always, after the records if there are any: no place is defined.
        """
        pixels = _pixels(source)
        note = Problem("bmp-no-carrier", Severity.WARNING, "R61")
        gap = source.read(pixels.header_stop, min(_GAP_MAX, max(0, pixels.start - pixels.header_stop)))
        for item in embedded.find(gap):
            if item.key or looks_like_label(item.text):
                start, stop = pixels.header_stop + item.start, pixels.header_stop + item.stop
                yield Block("bmp-gap", item.key, item.text, start, stop, (note,))
        for item in labels_behind(source, pixels.stop):
            late = Problem("after-end", Severity.WARNING, "R48", {"offset": item.start})
            yield Block("bmp-trailer", item.key, item.text, item.start, item.stop, (late, note))
        raise UnsupportedFormat("bmp-no-carrier", path=source.name)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> NoReturn:
        """Refuses.

        Raises:
            UnsupportedFormat: No place is defined for a label.
        """
        raise UnsupportedFormat("bmp-no-carrier", path=source.name)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the headers, with palette and gap, and the pixels."""
        pixels = _pixels(source)
        yield Span(0, pixels.stop)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a grey pixel behind the common header and behind that of OS/2."""
        yield Example("pixel.bmp", _pixel(struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0)))
        yield Example("os2-pixel.bmp", _pixel(struct.pack("<IHHHH", 12, 1, 1, 1, 24)))


def _pixels(source: Source) -> Pixels:
    """Finds the pixels by the headers (MS-WMF 2.2.2.9): compressed ones say how long they are, others follow from size.

    Raises:
        Malformed: The headers make no sense.
        Truncated: The file ends before the last pixel.
    """
    head = source.head
    if head[:2] != b"BM" or len(head) < _FILE_HEADER + _CORE_HEADER:
        raise Malformed("bmp-not-bmp", path=source.name)
    start, size = struct.unpack_from("<II", head, 10)
    header_stop = _FILE_HEADER + size
    if size not in _HEADERS or len(head) < header_stop or start < header_stop:
        raise Malformed("bmp-not-bmp", path=source.name)
    compression = length = 0
    if size == _CORE_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", head, 18)
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", head, 18)
    if size >= 40:
        compression, length = struct.unpack_from("<II", head, 30)
    if compression in _UNCOMPRESSED:
        length = (abs(width) * bits + 31) // 32 * 4 * abs(height)
    if start + length > source.size:
        raise Truncated("truncated", path=source.name, offset=start, needed=length, size=source.size)
    return Pixels(start, start + length, header_stop)


def _pixel(header: bytes) -> bytes:
    start = _FILE_HEADER + len(header)
    return b"BM" + struct.pack("<IHHI", start + 4, 0, 0, start) + header + b"\x80\x80\x80\0"
