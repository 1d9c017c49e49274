"""The facts of an EXIF block that a visible label depends on, read without any library."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

_ORIENTATION: Final = 0x0112
_THUMBNAIL: Final = 0x0201
_THUMBNAIL_LENGTH: Final = 0x0202
_MOST_ENTRIES: Final = 1000

UPRIGHT: Final[dict[int, tuple[int, ...]]] = {
    1: (),
    2: (0,),
    3: (3,),
    4: (1,),
    5: (5,),
    6: (4,),
    7: (6,),
    8: (2,),
}
"""Pillow transpositions that show a stored picture upright, by orientation (EXIF 2.32, 4.6.4 A).

0 mirrors left to right, 1 top to bottom; 2, 3 and 4 turn by 90, 180 and 270 degrees counter-clockwise; 5 transposes
and 6 transverses.
"""
STORED: Final[dict[int, tuple[int, ...]]] = {**UPRIGHT, 6: (2,), 8: (4,)}
"""The way back, from upright to stored."""


class Exif(NamedTuple):
    """Orientation 1 to 8, and where an embedded JPEG thumbnail stands in the block: start and length, or zeros."""

    orientation: int = 1
    thumbnail: tuple[int, int] = (0, 0)


def read_exif(tiff: bytes) -> Exif:
    """Reads a TIFF structure as EXIF keeps it. What cannot be understood counts as absent, as in every viewer."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return Exif()
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    if at + 2 > len(tiff):
        return Exif()
    (count,) = struct.unpack_from(order + "H", tiff, at)
    orientation = 1
    for number in range(min(count, _MOST_ENTRIES)):
        entry = at + 2 + 12 * number
        if entry + 12 > len(tiff):
            return Exif(orientation)
        tag, kind, values = struct.unpack_from(order + "HHI", tiff, entry)
        if tag == _ORIENTATION and kind == 3 and values == 1:
            (value,) = struct.unpack_from(order + "H", tiff, entry + 8)
            orientation = value if 1 <= value <= 8 else 1
    return Exif(orientation, _thumbnail(tiff, order, at + 2 + 12 * count))


def _thumbnail(tiff: bytes, order: str, following: int) -> tuple[int, int]:
    """Reads the second directory, whose place the first one ends with (EXIF 2.32, 4.6.2)."""
    if following + 4 > len(tiff):
        return 0, 0
    (at,) = struct.unpack_from(order + "I", tiff, following)
    if not at or at + 2 > len(tiff):
        return 0, 0
    (count,) = struct.unpack_from(order + "H", tiff, at)
    values = {}
    for entry in range(at + 2, min(at + 2 + 12 * min(count, _MOST_ENTRIES), len(tiff) - 11), 12):
        tag, kind, _, value = struct.unpack_from(order + "HHII", tiff, entry)
        values[tag] = value if kind == 4 else 0
    start, length = values.get(_THUMBNAIL, 0), values.get(_THUMBNAIL_LENGTH, 0)
    return (start, length) if start and length and start + length <= len(tiff) else (0, 0)


def displayed_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Width and height as shown."""
    return (size[1], size[0]) if orientation >= 5 else size


def stored_box(box: tuple[int, int, int, int], size: tuple[int, int], orientation: int) -> tuple[int, int, int, int]:
    """Maps a box from displayed to stored pixels.

    Args:
        box: Left, top, right, bottom as displayed.
        size: Width and height as stored.
        orientation: 1 to 8.
    """
    left, top, right, bottom = box
    width, height = size
    if orientation >= 5:
        left, top, right, bottom = top, left, bottom, right
    mirrored = orientation in (2, 3, 7, 8)
    flipped = orientation in (3, 4, 6, 7)
    # Orientations 6 and 8 turn: the displayed left edge is the stored bottom, or the stored top with the sides swapped.
    if mirrored:
        left, right = width - right, width - left
    if flipped:
        top, bottom = height - bottom, height - top
    return left, top, right, bottom
