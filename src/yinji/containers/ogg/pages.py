"""Ogg pages (RFC 3533): reading and making them, their checksum, and packets laid out on them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.errors import Malformed, Truncated

MARK: Final = b"OggS"
HEADER: Final = 27
SEGMENTS: Final = 255
CONTINUED, FIRST, LAST = 1, 2, 4
NO_POSITION: Final = b"\xff" * 8
"""Granule position of a page on which no packet ends."""

_NUMBERS: Final = struct.Struct("<III").unpack_from

_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Page(NamedTuple):
    """One page.

    Attributes:
        start: Where it begins.
        flags: Continued, first, last.
        position: Granule position, as bytes.
        serial, sequence: Of the stream, and of the page in it.
        checksum: As written.
        segments: The lacing values.
        body, stop: Where its content begins and ends.
    """

    start: int
    flags: int
    position: bytes
    serial: int
    sequence: int
    checksum: int
    segments: bytes
    body: int
    stop: int


def page_at(source: Source, at: int) -> Page:
    """Reads the header of a page.

    Raises:
        Malformed: None stands there.
        Truncated: The file ends within it.
    """
    source.element()
    head = source.read_up_to(at, HEADER + SEGMENTS)
    page = parsed(head, at)
    if page is None:
        if MARK.startswith(head[:4]):
            raise Truncated("ogg-cut", path=source.name, offset=at)
        raise Malformed("ogg-page", path=source.name, offset=at)
    if page.stop > source.size:
        raise Truncated("ogg-cut", path=source.name, offset=at)
    return page


def parsed(head: bytes, at: int) -> Page | None:
    """Returns the page whose header these bytes are, or None when they are none or not all of it."""
    if len(head) < HEADER or head[:5] != MARK + b"\0" or len(head) < HEADER + head[26]:
        return None
    serial, sequence, written = _NUMBERS(head, 14)
    body = HEADER + head[26]
    segments = head[HEADER:body]
    return Page(at, head[5], head[6:14], serial, sequence, written, segments, at + body, at + body + sum(segments))


def pages(source: Source, at: int) -> Iterator[Page]:
    """Yields the pages from ``at`` on by their headers, to the end of the file or to what is no whole page."""
    while at < source.size:
        source.element()
        page = parsed(source.read_up_to(at, HEADER + SEGMENTS), at)
        if page is None or page.stop > source.size:
            return
        yield page
        at = page.stop


def checksum(data: bytes) -> int:
    """Returns the CRC-32 of Ogg: polynomial 0x04C11DB7, most significant bit first, zero before and after."""
    mirrored = zlib.crc32(data.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED), "big")


def is_sound(source: Source, page: Page) -> bool:
    """Whether a page's checksum fits its bytes."""
    data = source.read(page.start, page.stop - page.start)
    return checksum(data[:22] + bytes(4) + data[26:]) == page.checksum


def renumbered(page: Page, sequence: int) -> bytes:
    """Returns the sequence number and checksum of a page that gets another number.

    The checksum is linear: only the difference is computed, and a page that was damaged stays recognisably so.
    """
    changed = (page.sequence ^ sequence).to_bytes(4, "little") + bytes(page.stop - page.start - 22)
    return sequence.to_bytes(4, "little") + (page.checksum ^ checksum(changed)).to_bytes(4, "little")


def make(flags: int, position: bytes, serial: int, sequence: int, segments: bytes, body: bytes) -> bytes:
    """Returns a whole page."""
    front = MARK + bytes((0, flags)) + position + serial.to_bytes(4, "little") + sequence.to_bytes(4, "little")
    rest = bytes((len(segments),)) + segments + body
    return front + checksum(front + bytes(4) + rest).to_bytes(4, "little") + rest


def lacing(length: int) -> bytes:
    """Returns the lacing values of a packet."""
    return b"\xff" * (length // SEGMENTS) + bytes((length % SEGMENTS,))


def shares(count: int, old: list[int]) -> list[int]:
    """Returns how many lacing values go on each page: on as many pages as before, if they fit."""
    if count == sum(old):
        return old
    number = min(max(len(old), -(-count // SEGMENTS)), count)
    shared = []
    for after in range(number - 1, -1, -1):
        shared.append(min(SEGMENTS, count - after))
        count -= shared[-1]
    return shared


def laid_out(old: list[Page], segments: bytes, body: bytes) -> list[bytes]:
    """Returns the pages that take the place of ``old``, with these lacing values and this content."""
    counts = shares(len(segments), [len(page.segments) for page in old])
    made, at, position = [], 0, 0
    continued = old[0].flags & CONTINUED
    for number, count in enumerate(counts):
        own = segments[at : at + count]
        is_end = number == len(counts) - 1
        flags = continued | (old[-1].flags & LAST if is_end else 0)
        ends = any(value < SEGMENTS for value in own)
        kept = old[-1].position if is_end and old[-1].position != NO_POSITION else bytes(8)
        length = sum(own)
        granule = kept if ends else NO_POSITION
        content = body[position : position + length]
        made.append(make(flags, granule, old[0].serial, (old[0].sequence + number) & 0xFFFFFFFF, own, content))
        at, position = at + count, position + length
        continued = 0 if own and own[-1] < SEGMENTS else CONTINUED
    return made
