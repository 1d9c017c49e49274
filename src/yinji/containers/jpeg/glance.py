"""The short way through a JPEG: its segments up to the first scan, and its last bytes.

The walk of :mod:`.segments` takes about seventy calls for what is one loop over bytes in memory.
"""

from __future__ import annotations

import re
from struct import Struct
from typing import Final

from yinji.containers import exif
from yinji.containers.candidate import shows_sign
from yinji.containers.jpeg.segments import (
    APP0,
    APP1,
    APP11,
    APP15,
    COM,
    EOI,
    EXIF,
    FRAMES,
    PEEK,
    SOI,
    SOS,
    STRUCTURED,
    TABLES,
    XMP,
    is_credential,
)
from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.containers.trailer import shows_nothing_behind
from yinji.limits import KIB, MIB

_PREFIX: Final = Struct(">HH").unpack_from
_FIRST: Final = 0xFFC0
_AHEAD: Final = 4 * KIB
_PIECE: Final = 64 * KIB
_SCANS_MAX: Final = 64 * MIB
_MARKER: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""What ends a scan: any marker but restarts."""

_LENGTH: Final = Struct(">H").unpack_from
_SEGMENTS_MAX: Final = 200
_FRAME_MIN: Final = 8
_XMP_AT: Final = 4 + len(XMP)
_EXIF_AT: Final = 4 + len(EXIF) + 1


def glance(source: Source) -> list[Block] | None:
    """Settles files of one scan without anything unusual in front of it, or with a packet that names a label there."""
    data, base, at, size = source.head, 0, 2, source.size
    if not data.startswith(SOI):
        return None
    components = 0
    packets: list[Block] = []
    is_settled = False
    for _ in range(_SEGMENTS_MAX):
        offset = at - base
        if offset + 4 > len(data):
            data, base, offset = source.look(at, _AHEAD), at, 0
        prefix, length = _PREFIX(data, offset)
        stop = at + 2 + length
        marker = prefix & 0xFF
        if prefix < _FIRST or length < 2 or stop > size:
            return None
        if marker in TABLES:
            pass
        elif marker == SOS:
            break
        elif marker in FRAMES:
            if length < _FRAME_MIN:
                return None
            components = 0 if marker & 3 == 2 else data[offset + 9]
        elif marker < APP0 or APP15 < marker != COM:
            return None
        elif not (
            data.startswith(STRUCTURED.get(marker, b"\0none"), offset + 4)
            or (marker == APP11 and is_credential(data[offset + 4 : offset + 4 + PEEK]))
        ):
            end = offset + 2 + length
            if end > len(data):
                data, base, offset, end = source.look(at, 2 + length), at, 0, 2 + length
            if marker == APP1:
                if data.startswith(XMP, offset + 4):
                    packets.append(Block("xmp", "", data[offset + _XMP_AT : end], at, stop))
                    is_settled = is_settled or b"AIGC" in packets[-1].value
                elif not data.startswith(EXIF, offset + 4) or not exif.is_plain(data[offset + _EXIF_AT : end]):
                    return None
            elif shows_sign(data[offset + 4 : end]) if marker == COM else data.find(b"{", offset, end) >= 0:
                return None
        at = stop
    else:
        return None
    if is_settled:
        return packets
    if data[offset + 4] != components:
        return packets if size <= _SCANS_MAX and _shows_scans_alone(source, stop) else None
    tail = source.look(max(stop, size - _AHEAD), _AHEAD)
    ends = tail.endswith(b"\xff\xd9") or tail.rstrip(b"\0").endswith(b"\xff\xd9")
    return packets if ends and tail.rfind(b"AIGC") < 0 and tail.rfind(b"ContentProd") < 0 else None


def _shows_scans_alone(source: Source, at: int) -> bool:
    """Whether nothing but tables and further scans follows the scan at ``at``, up to the end of the image and the file.

    A label may stand between the scans of a progressive image, and where they end only their bytes tell: so all of
    them are looked through, by 64 KiB, whose buffer is at hand where one of a megabyte faults in page by page.
    """
    stop = at  # of the last segment; behind a table the next marker must follow at once
    is_scan = True
    markers = 0
    while at < source.size and markers < _SEGMENTS_MAX:
        piece = source.payload(at, _PIECE)
        for match in _MARKER.finditer(piece):
            markers += 1
            place = at + match.start()
            if place < stop:
                continue
            marker = match[0][1]
            if marker == EOI:
                return (is_scan or place == stop) and shows_nothing_behind(source, place + 2)
            if match.start() + 4 > len(piece):
                break
            if (marker not in TABLES and marker != SOS) or (not is_scan and place != stop):
                return False
            stop = place + 2 + _LENGTH(piece, match.start() + 2)[0]
            is_scan = marker == SOS
        else:
            place = at + len(piece) - 1
        if place <= at:
            return False
        at = place
    return False
