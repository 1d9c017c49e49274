"""What stands behind the first image of a JPEG by its own account: an MPF index, or the list of a motion photo.

A file from which all of it was taken, as many programs do, is a whole JPEG with a list that is out of date. One in
which it begins and does not end was cut short.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from yinji.containers.jpeg.segments import APP1, APP2, MPF, SOI, XMP, Segment, peek_of
from yinji.containers.source import Source
from yinji.errors import Truncated

_MP_ENTRY: Final = 0xB002
_MP_ENTRY_SIZE: Final = 16
_ITEM: Final = re.compile(rb"<Container:Item\b[^>]*>")
_LENGTH: Final = re.compile(rb"""Item:Length=["'](\d{1,12})["']""")
_PADDING: Final = re.compile(rb"""Item:Padding=["'](\d{1,12})["']""")
_PRIMARY: Final = re.compile(rb"""Item:Semantic=["']Primary["']""")
_MICRO_VIDEO: Final = re.compile(rb"""MicroVideoOffset=["'](\d{1,12})["']""")
_FILM: Final = b"ftyp"


class Picture(NamedTuple):
    """One entry of an MPF index (CIPA DC-007, 5.2.3.3).

    Attributes:
        at: Where in the file the size and the offset stand.
        order: Byte order of the index, as :mod:`struct` has it.
        size: Bytes of the image.
        offset: Where it begins, counted from ``origin``; 0 for the first image.
        origin: What offsets are counted from.
    """

    at: int
    order: str
    size: int
    offset: int
    origin: int

    @property
    def start(self) -> int:
        return self.origin + self.offset if self.offset else 0


def pictures(source: Source, segment: Segment) -> list[Picture]:
    """Returns the entries of an MPF segment; none of an index that makes no sense."""
    origin = segment.data + len(MPF)
    tiff = source.read(origin, max(0, segment.stop - origin))
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return []
    directory = struct.unpack_from(order + "I", tiff, 4)[0]
    if directory + 2 > len(tiff):
        return []
    fields = struct.unpack_from(order + "H", tiff, directory)[0]
    for index in range(min(fields, (len(tiff) - directory - 2) // 12)):
        tag, _, length, start = struct.unpack_from(order + "HHII", tiff, directory + 2 + 12 * index)
        if tag == _MP_ENTRY:
            count = min(length, max(0, len(tiff) - start)) // _MP_ENTRY_SIZE
            places = range(start + 4, start + _MP_ENTRY_SIZE * count, _MP_ENTRY_SIZE)
            return [_picture(tiff, at, order, origin) for at in places]
    return []


def _picture(tiff: bytes, at: int, order: str, origin: int) -> Picture:
    size, offset = struct.unpack_from(order + "II", tiff, at)
    return Picture(origin + at, order, size, offset, origin)


def require_whole(source: Source, front: Iterable[Segment], end: int) -> None:
    """Makes sure that what begins behind the first image ends there too.

    Args:
        source: The file.
        front: The segments in front of the first scan.
        end: Where the first image ends.

    Raises:
        Truncated: It does not.
    """
    stop = 0
    if end < source.size:
        for segment in front:
            if segment.marker == APP2 and peek_of(source, segment).startswith(MPF):
                stop = max(stop, _index_stop(source, pictures(source, segment)))
            elif segment.marker == APP1 and peek_of(source, segment).startswith(XMP):
                packet = source.read(segment.data, segment.stop - segment.data)
                stop = max(stop, _list_stop(source, packet, end))
    if stop > source.size:
        raise Truncated("truncated", path=source.name, offset=source.size, needed=stop - source.size, size=source.size)


def _index_stop(source: Source, found: list[Picture]) -> int:
    """Returns where the last image of an index ends, if one behind the first stands where it should; else 0."""
    behind = [picture for picture in found if picture.offset]
    stands = any(source.read_up_to(picture.start, 2) == SOI for picture in behind)
    return max(picture.start + picture.size for picture in behind) if stands else 0


def _list_stop(source: Source, packet: bytes, end: int) -> int:
    """Returns where the last item of a container's list ends, if an image or a film stands behind the first; else 0."""
    length = 0
    for item in _ITEM.findall(packet):
        wanted = _PADDING if _PRIMARY.search(item) else _LENGTH
        match = wanted.search(item)
        if wanted is _PADDING and match:
            end += int(match[1])
        elif match:
            length += int(match[1])
    if match := _MICRO_VIDEO.search(packet):
        length = max(length, int(match[1]))
    front = source.read_up_to(end, 8)
    return end + length if front.startswith(SOI) or front[4:] == _FILM else 0
