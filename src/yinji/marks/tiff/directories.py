"""The directories of a TIFF: which pages there are, and where their strips or tiles lie (TIFF 6.0; BigTIFF)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from yinji.errors import LimitExceeded, Malformed, Truncated
from yinji.marks.layout import Box

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8}
_CODES: Final = {1: "B", 2: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_MOST_PAGES: Final = 10_000
_MOST_ENTRIES: Final = 4096
_MOST_VALUES: Final = 4_000_000

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
FILL_ORDER, STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS, STRIP_COUNTS = 266, 273, 274, 277, 278, 279
PLANAR, PREDICTOR, COLOUR_MAP, TILE_WIDTH, TILE_HEIGHT = 284, 317, 320, 322, 323
TILE_OFFSETS, TILE_COUNTS, SUB_DIRECTORIES, EXTRA, FORMAT, JPEG_TABLES = 324, 325, 330, 338, 339, 347


class Entry(NamedTuple):
    """A field: its type, how many values, and where they stand in the file."""

    kind: int
    values: int
    at: int


@dataclass(frozen=True, slots=True)
class Directory:
    """One page.

    Attributes:
        data: The file, which may grow.
        order: ``<`` or ``>``.
        entries: Fields by tag.
        name: Of the file, for messages.
    """

    data: bytearray
    order: str
    entries: dict[int, Entry]
    name: str

    def values(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Values of a field of whole numbers."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in _CODES or not entry.values:
            return default
        return struct.unpack_from(f"{self.order}{entry.values}{_CODES[entry.kind]}", self.data, entry.at)

    def value(self, tag: int, default: int) -> int:
        return self.values(tag, (default,))[0]

    def replace(self, tag: int, index: int, value: int) -> None:
        """Writes one value of a field where it stands.

        Raises:
            Malformed: The field is too narrow for it.
        """
        entry = self.entries[tag]
        try:
            struct.pack_into(self.order + _CODES[entry.kind], self.data, entry.at + index * _SIZES[entry.kind], value)
        except struct.error as error:
            raise Malformed(
                "mark-not-decodable", path=self.name, kind="TIFF", reason=f"field {tag}: {error}"
            ) from error

    @property
    def size(self) -> tuple[int, int]:
        return self.value(WIDTH, 0), self.value(HEIGHT, 0)

    @property
    def tiled(self) -> bool:
        return TILE_OFFSETS in self.entries

    @property
    def planar(self) -> bool:
        return self.value(PLANAR, 1) == 2

    def segment_size(self) -> tuple[int, int]:
        """Width and height of a tile, or of a strip."""
        width, height = self.size
        if self.tiled:
            return self.value(TILE_WIDTH, 0), self.value(TILE_HEIGHT, 0)
        return width, min(height, self.value(ROWS, height) or height)

    def segments(self, box: Box, plane: int) -> Iterator[tuple[int, Box]]:
        """Yields number and box of each strip or tile of a plane that meets a box; tiles reach over the edge."""
        width, height = self.size
        wide, high = self.segment_size()
        across, down = -(-width // wide), -(-height // high)
        for row in range(box.top // high, -(-box.bottom // high)):
            for column in range(box.left // wide, -(-box.right // wide)):
                left, top = column * wide, row * high
                bottom = top + high if self.tiled else min(height, top + high)
                yield (plane * down + row) * across + column, Box(left, top, left + wide, bottom)


def directories(data: bytearray, name: str) -> list[Directory]:
    """Reads all pages, and the smaller versions of them that sub-directories hold.

    Raises:
        Malformed, Truncated: It breaks the rules or ends too early.
        LimitExceeded: Too many pages or fields.
    """
    order = {b"II": "<", b"MM": ">"}[bytes(data[:2])]
    try:
        big = struct.unpack_from(order + "H", data, 2)[0] == 43
        (first,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        return [*_chain(data, order, first, big, name)]
    except struct.error as error:
        raise Truncated("mark-truncated", path=name, kind="TIFF", size=len(data)) from error


def _chain(data: bytearray, order: str, first: int, big: bool, name: str) -> Iterator[Directory]:
    waiting, seen = [first], set[int]()
    while waiting:
        at = waiting.pop(0)
        if not at or at in seen:
            continue
        seen.add(at)
        if len(seen) > _MOST_PAGES:
            raise LimitExceeded("too-many-segments", path=name, limit=_MOST_PAGES)
        entries, following = _entries(data, order, at, big, name)
        page = Directory(data, order, entries, name)
        yield page
        waiting += [following, *page.values(SUB_DIRECTORIES)]


def _entries(data: bytearray, order: str, at: int, big: bool, name: str) -> tuple[dict[int, Entry], int]:
    head, length, place = ("Q", 20, "Q") if big else ("H", 12, "I")
    (count,) = struct.unpack_from(order + head, data, at)
    if count > _MOST_ENTRIES:
        raise LimitExceeded("too-many-segments", path=name, limit=_MOST_ENTRIES)
    at += struct.calcsize(head)
    entries: dict[int, Entry] = {}
    inline = struct.calcsize(place)
    for number in range(count):
        tag, kind, values = struct.unpack_from(f"{order}HH{place}", data, at + number * length)
        stands = at + number * length + 4 + inline
        size = _SIZES.get(kind, 1) * values
        if values > _MOST_VALUES:
            raise LimitExceeded("too-many-segments", path=name, limit=_MOST_VALUES)
        if size > inline:
            (stands,) = struct.unpack_from(order + place, data, stands)
        if stands + size > len(data) and kind in _CODES:
            raise Truncated("mark-truncated", path=name, kind="TIFF", size=len(data))
        entries.setdefault(tag, Entry(kind, values, stands))
    (following,) = struct.unpack_from(order + place, data, at + count * length)
    return entries, following
