"""Pages and packets of Ogg (RFC 3533)."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, NamedTuple

from yinji.errors import LimitExceeded
from yinji.marks.audio.codec import Unspliceable
from yinji.marks.audio.plan import cut_short, damaged

CONTINUED, FIRST, LAST = 1, 2, 4
NO_POSITION: Final = 0xFFFFFFFFFFFFFFFF
"""The time of a page on which no packet ends."""
_KIND: Final = "Ogg"
_HEADER: Final = 27
_MOST: Final = 10_000_000
_MOST_SEGMENTS: Final = 255
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Page(NamedTuple):
    """A page: where it stands, its flags, its time in samples, its stream and number, and its lacing values."""

    start: int
    stop: int
    flags: int
    position: int
    serial: int
    number: int
    segments: bytes

    @property
    def body(self) -> int:
        return self.start + _HEADER + len(self.segments)


def pages_of(data: mmap.mmap | bytes) -> Iterator[Page]:
    """Yields the pages of a file.

    Raises:
        Malformed, Truncated, LimitExceeded: There is something else.
    """
    at = count = 0
    while at < len(data):
        head = data[at : at + _HEADER]
        if head[:5] != b"OggS\0":
            raise damaged(_KIND, f"no page at {at}")
        segments = data[at + _HEADER : at + _HEADER + head[26]] if len(head) == _HEADER else b""
        stop = at + _HEADER + len(segments) + sum(segments)
        if len(head) < _HEADER or len(segments) < head[26] or stop > len(data):
            raise cut_short(_KIND, len(data))
        position, serial, number = (int.from_bytes(head[a:b], "little") for a, b in ((6, 14), (14, 18), (18, 22)))
        yield Page(at, stop, head[5], position, serial, number, segments)
        at, count = stop, count + 1
        if count > _MOST:
            raise LimitExceeded("too-many-segments", limit=_MOST)


def heads_of(pages: list[Page], count: int) -> int:
    """Number of the pages that hold so many header packets; the content begins on a page of its own.

    Raises:
        Malformed: There are not so many, or the content begins beside them.
    """
    ended = 0
    for number, page in enumerate(pages):
        ended += sum(value < _MOST_SEGMENTS for value in page.segments)
        if ended > count:
            break
        if ended == count:
            return number + 1
    raise damaged(_KIND, "header packets")


def packets(data: mmap.mmap | bytes, pages: Iterable[Page]) -> Iterator[tuple[bytes, int]]:
    """Yields each packet, and the number among ``pages`` of the page on which it ends."""
    kept = b""
    for number, page in enumerate(pages):
        if not page.flags & CONTINUED:
            kept = b""
        start = at = page.body
        for value in page.segments:
            at += value
            if value < _MOST_SEGMENTS:
                yield kept + data[start:at], number
                start, kept = at, b""
        kept += data[start:at]


def restreamed(data: bytes, serial: int) -> bytes:
    """Returns pages under another number of their stream."""
    return b"".join(
        page_bytes(p.flags, p.position, serial, p.number, p.segments, data[p.body : p.stop]) for p in pages_of(data)
    )


def _checksum(data: bytes) -> int:
    mirrored = zlib.crc32(data.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED), "big")


def page_bytes(flags: int, position: int, serial: int, number: int, segments: bytes, body: bytes) -> bytes:
    """Returns a page."""
    head = b"OggS\0" + bytes((flags,)) + position.to_bytes(8, "little") + serial.to_bytes(4, "little")
    head += (number & 0xFFFFFFFF).to_bytes(4, "little")
    rest = bytes((len(segments),)) + segments + body
    return head + _checksum(head + bytes(4) + rest).to_bytes(4, "little") + rest


def lacing(packet: bytes) -> bytes:
    """Returns the lacing values of a packet."""
    return b"\xff" * (len(packet) // 255) + bytes((len(packet) % 255,))


class PageWriter:
    """Writes packets as pages of one stream."""

    def __init__(self, target: BinaryIO, serial: int, number: int) -> None:
        self._target = target
        self._serial = serial
        self._number = number
        self._segments = b""
        self._body: list[bytes] = []
        self._position = 0

    def add(self, packet: bytes, position: int) -> None:
        """Adds a packet that ends at a time, in samples.

        Raises:
            Unspliceable: It is longer than a page.
        """
        own = lacing(packet)
        if len(own) > _MOST_SEGMENTS:
            raise Unspliceable
        if len(self._segments) + len(own) > _MOST_SEGMENTS:
            self.end_page()
        self._segments += own
        self._body.append(packet)
        self._position = position

    def end_page(self, *, is_last: bool = False, trim: int = 0) -> None:
        """Ends the page, so many samples before its last packet does; an empty one is written only as the last."""
        if not self._body and not is_last:
            return
        flags, body = LAST if is_last else 0, b"".join(self._body)
        self._target.write(page_bytes(flags, self._position - trim, self._serial, self._number, self._segments, body))
        self._number += 1
        self._segments, self._body = b"", []
