"""JPEG marker segments (ITU-T T.81 Annex B): the walk that reading, planning and measuring share."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.errors import Malformed, Truncated

SOI: Final = b"\xff\xd8"
APP0: Final = 0xE0
APP1: Final = 0xE1
APP2: Final = 0xE2
APP11: Final = 0xEB
APP13: Final = 0xED
APP15: Final = 0xEF
COM: Final = 0xFE
FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The start-of-frame markers."""
SOS: Final = 0xDA
EOI: Final = 0xD9
STRAY: Final = 0x00
"""Stands in for the marker of bytes between segments that belong to none."""

MAX_STRAY: Final = 4096
"""Most stray bytes in one place; decoders skip to the next marker, but more than this is damage."""

XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP: Final = b"http://ns.adobe.com/xmp/extension/\0"
EXIF: Final = b"Exif\0"
MPF: Final = b"MPF\0"
JUMBF: Final = b"JP"

_PHOTOSHOP: Final = b"Photoshop 3.0\0"
STRUCTURED: Final = {APP2: (b"ICC_PROFILE\0", MPF, b"FPXR\0"), APP13: (_PHOTOSHOP,)}
PEEK: Final = 40
"""Bytes of a segment that tell what it holds."""

_STANDALONE: Final = frozenset((0x01, *range(0xD0, 0xD9)))
_FIRST_WITH_LENGTH: Final = 0xFFC0
_WITHOUT_LENGTH: Final = frozenset(0xFF00 | marker for marker in _STANDALONE | {EOI, 0xFF})
_PREFIX: Final = struct.Struct(">HH").unpack_from
"""Marker and length."""
TABLES: Final = frozenset((0xC4, 0xCC, 0xDB, 0xDD))
"""DHT, DAC, DQT and DRI: what decoders need, and no one else."""

_IN_SCAN: Final = frozenset((0x00, 0xFF, *range(0xD0, 0xD8)))
"""What follows 0xFF inside a scan: a stuffed zero, a fill byte, a restart."""
_NEXT_MARKER: Final = re.compile(rb"\xff+[^\x00\xff]")
_FEW: Final = 64
"""Stray bytes that one small read reaches; cameras leave two."""

_STEP: Final = 1 << 18


class Segment(NamedTuple):
    """One marker and its parameters.

    Attributes:
        marker: Second byte of the marker; :data:`STRAY` for bytes that some cameras leave between segments.
        start: Where its 0xFF stands, or the first stray byte.
        data: Where its parameters begin, behind the length.
        stop: Where they end.
    """

    marker: int
    start: int
    data: int
    stop: int

    @property
    def is_metadata(self) -> bool:
        """Whether decoders get along without it."""
        return APP0 <= self.marker <= APP15 or self.marker in (COM, STRAY)


def is_credential(peek: bytes) -> bool:
    """Whether an APP11 segment belongs to a C2PA manifest store (ISO/IEC 19566-5)."""
    return peek.startswith(JUMBF) and b"jumb" in peek


def is_structured(marker: int, peek: bytes) -> bool:
    """Whether a segment has a structure of its own in which nothing may be cut: profiles, indexes, resources."""
    return is_credential(peek) or peek.startswith(STRUCTURED.get(marker, b"\0none"))


def components_of(source: Source, segment: Segment) -> int:
    """Returns how many components a frame has; a progressive one never has all of them in one scan of all bits.

    The answer for progressive frames is 0, which no scan matches.
    """
    is_progressive = segment.marker & 0x03 == 0x02
    return 0 if is_progressive or segment.stop - segment.data < 6 else source.read(segment.data + 5, 1)[0]


def peek_of(source: Source, segment: Segment) -> bytes:
    """Returns the first bytes of a segment's parameters."""
    return source.read(segment.data, min(PEEK, segment.stop - segment.data))


def segments(source: Source, *, whole: bool, wanted: bool = False) -> Iterator[Segment]:
    """Yields the segments up to the first scan; with ``whole`` those between and behind scans too, EOI last.

    Args:
        source: The file.
        whole: Go on behind the first scan.
        wanted: Step over what the first 4 KiB show to be no place of a label: the decoder's tables, profiles,
            credentials, and private segments without a brace.

    Raises:
        Malformed: Too much else stands where a marker should.
        Truncated: The file ends before the image does.
    """
    head, size = source.head, source.size
    if head[:2] != SOI:
        raise Malformed("jpeg-not-jpeg", path=source.name)
    at = 2
    known = len(head) - 4
    while True:
        prefix, length = _PREFIX(head, at) if at <= known else (0, 0)
        stop = at + 2 + length
        if length >= 2 and stop <= size and prefix >= _FIRST_WITH_LENGTH and prefix not in _WITHOUT_LENGTH:
            marker = prefix & 0xFF
            if wanted and (marker in TABLES or (APP0 <= marker <= APP15 and _is_passed(head, marker, at, stop))):
                at = stop
                continue
            source.element()
            segment = Segment(marker, at, at + 4, stop)
        else:
            segment = _segment(source, at)
            marker, stop = segment.marker, segment.stop
        yield segment
        if marker == EOI:
            return
        at = stop
        if marker == SOS:
            if not whole:
                return
            at = scan_end(source, at)


def _is_passed(head: bytes, marker: int, at: int, stop: int) -> bool:
    """Whether an application segment is no place of a label, as far as the head of the file tells."""
    if head.startswith(STRUCTURED.get(marker, b"\0none"), at + 4):
        return True
    if marker == APP1 or stop > len(head):
        return False
    return is_credential(head[at + 4 : min(at + 4 + PEEK, stop)]) or head.find(b"{", at, stop) < 0


def scan_end(source: Source, at: int) -> int:
    """Returns where entropy-coded data ends: at the next marker that is no restart.

    Raises:
        Truncated: There is none.
    """
    while at < source.size - 1:
        source.element()
        piece = source.payload(at, _STEP)
        found = piece.find(b"\xff", 0, -1)
        while found >= 0:
            if piece[found + 1] not in _IN_SCAN:
                return at + found
            found = piece.find(b"\xff", found + 1, -1)
        if len(piece) < 2:
            break
        at += len(piece) - 1
    raise Truncated("truncated", path=source.name, offset=source.size, needed=2, size=source.size)


def _stray_end(source: Source, at: int) -> int:
    """Returns where decoders find the next marker (T.81 B.1.1.2 has none of these bytes; libjpeg skips them)."""
    found = _NEXT_MARKER.search(source.read_up_to(at, _FEW))
    found = found or _NEXT_MARKER.search(source.read_up_to(at, MAX_STRAY + 2))
    if found is None:
        raise Malformed("jpeg-marker", path=source.name, offset=at)
    return at + found.start()


def _segment(source: Source, at: int) -> Segment:
    source.element()
    head = source.head
    prefix = head[at : at + 4] if at + 4 <= len(head) else source.read_up_to(at, 4)
    if len(prefix) < 2:
        raise Truncated("truncated", path=source.name, offset=at, needed=2, size=source.size)
    start = at
    while prefix[:2] == b"\xff\xff":
        source.element()
        at += 1
        prefix = source.read_up_to(at, 4)
    if prefix[0] != 0xFF or len(prefix) < 2 or prefix[1] == 0:
        return Segment(STRAY, at, at, _stray_end(source, at))
    marker = prefix[1]
    if marker in _STANDALONE or marker == EOI:
        return Segment(marker, start, at + 2, at + 2)
    if len(prefix) < 4:
        raise Truncated("truncated", path=source.name, offset=at, needed=4, size=source.size)
    length = prefix[2] << 8 | prefix[3]
    if length < 2:
        raise Malformed("jpeg-marker", path=source.name, offset=at)
    if at + 2 + length > source.size:
        raise Truncated("truncated", path=source.name, offset=at, needed=length + 2, size=source.size)
    return Segment(marker, start, at + 4, at + 2 + length)
