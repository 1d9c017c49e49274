"""TIFF directories (TIFF 6.0 section 2, BigTIFF): one bounded walk for TIFF files and for the EXIF blocks of others."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, Protocol

from yinji.containers.source import Source
from yinji.errors import LimitExceeded, Malformed, Truncated

EXIF_IFD: Final = 0x8769
XMP: Final = 700
C2PA: Final = 0xCD41
DNG_VERSION: Final = 50706
UNDEFINED: Final = 7

POINTERS: Final = {0x014A: "sub", EXIF_IFD: "exif", 0x8825: "gps", 0xA005: "interop"}
SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_NUMBERS: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
IMAGE_DATA: Final = ((273, 279), (324, 325), (513, 514))
"""Tags of the offsets and lengths of strips, tiles and embedded JPEG images."""

_MAX_ENTRIES: Final = 0xFFFF
_MAX_POINTERS: Final = 4096
_OWN_ORDER: Final = "<" if sys.byteorder == "little" else ">"
_WINDOW: Final = 4096
_CLASSIC: Final[dict[bytes, Literal["little", "big"]]] = {b"II*\0": "little", b"MM\0*": "big"}
_NAMED_TIFF: Final = frozenset(("tif", "tiff"))


class View(Protocol):
    """What a walk reads: a whole structure in memory, or a file."""

    size: int

    def read(self, at: int, length: int) -> bytes:
        """Returns exactly ``length`` bytes; raises Truncated where there are fewer."""
        ...


class Memory:
    """A structure in memory."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self._data = data

    def read(self, at: int, length: int) -> bytes:
        if at + length > self.size:
            raise Truncated("truncated", offset=at, needed=length, size=self.size)
        return self._data[at : at + length]


class FileView:
    """A file, read by stretches of 4 KiB: a directory and the values that usually follow it cost one read."""

    def __init__(self, source: Source) -> None:
        self.size = source.size
        self._source = source
        self._at, self._data = 0, source.head

    def read(self, at: int, length: int) -> bytes:
        offset = at - self._at
        if offset < 0 or offset + length > len(self._data):
            if length > _WINDOW or at + length > self.size:
                return self._source.read(at, length)
            self._at, self._data, offset = at, self._source.read_up_to(at, _WINDOW), 0
        return self._data[offset : offset + length]


class Layout(NamedTuple):
    """Byte order and width of a structure.

    Attributes:
        order: ``<`` or ``>``, as :mod:`struct` has it.
        big: Whether it is BigTIFF, whose counts and offsets have eight bytes.
    """

    order: str
    big: bool

    @property
    def width(self) -> int:
        """Bytes of an offset, and of a value that stands in its entry."""
        return 8 if self.big else 4

    @property
    def entry(self) -> int:
        """Bytes of a directory entry."""
        return 20 if self.big else 12

    def pack(self, value: int) -> bytes:
        """Returns an offset or a count of values."""
        return struct.pack(self.order + ("Q" if self.big else "I"), value)

    def counted(self, entries: int) -> bytes:
        """Returns the number of entries in front of a directory."""
        return struct.pack(self.order + ("Q" if self.big else "H"), entries)


_ENTRIES: Final = {
    Layout(order, big): struct.Struct(order + ("HHQQ" if big else "HHII")) for order in "<>" for big in (False, True)
}


class Entry(NamedTuple):
    """One entry of a directory.

    Attributes:
        tag, type, values: As written; the last is how many there are.
        at: Where the entry stands.
        start, stop: Where its value stands; equal for an unknown type.
    """

    tag: int
    type: int
    values: int
    at: int
    start: int
    stop: int


class Directory(NamedTuple):
    """One directory.

    Attributes:
        role: ``page`` (of the chain), ``sub``, ``exif``, ``gps`` or ``interop``.
        start, stop: Its range, with the offset of the next one.
        entries: In the order of the file.
        following: Offset of the next directory, or 0.
        is_whole: Whether all entries lie in the structure.
    """

    role: str
    start: int
    stop: int
    entries: tuple[Entry, ...]
    following: int
    is_whole: bool


def open_view(view: View) -> tuple[Layout, int] | None:
    """Returns the layout and the offset of the first directory, or None for something else."""
    if view.size < 8:
        return None
    head = view.read(0, 8)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        return None
    magic = struct.unpack_from(order + "H", head, 2)[0]
    if magic == 42:
        return Layout(order, False), struct.unpack_from(order + "I", head, 4)[0]
    if magic == 43 and view.size >= 16 and struct.unpack_from(order + "HH", head, 4) == (8, 0):
        return Layout(order, True), struct.unpack(order + "Q", view.read(8, 8))[0]
    return None


def directory(view: View, layout: Layout, at: int, role: str, only: frozenset[int] | None = None) -> Directory:
    """Reads one directory; of one that reaches beyond the structure, the entries that lie inside.

    Args:
        view: What is read.
        layout: Its layout.
        at: Where the directory stands.
        role: What to call it.
        only: The tags that are wanted; entries of others are left out.

    Raises:
        Truncated: Not even its number of entries is there.
    """
    front = 8 if layout.big else 2
    count = int.from_bytes(view.read(at, front), "little" if layout.order == "<" else "big")
    fits = min(count, (view.size - at - front) // layout.entry, _MAX_ENTRIES)
    table = view.read(at + front, fits * layout.entry)
    width, step = layout.width, layout.entry
    entries = []
    place = at + front
    for tag, type, values, offset in _ENTRIES[layout].iter_unpack(table):
        if only is None or tag in only:
            size = SIZES.get(type, 0) * values
            start = offset if size > width else place + step - width
            entries.append(Entry(tag, type, values, place, start, start + size))
        place += step
    is_whole = fits == count and place + width <= view.size
    following = number(view.read(place, width), layout) if is_whole else 0
    return Directory(role, at, place + width, tuple(entries), following, is_whole)


def directories(source: Source, view: View) -> Iterator[Directory]:
    """Yields the directories of a file: each page, then what it points to.

    Raises:
        Malformed: No TIFF, or a chain that runs back into itself.
        Truncated: A directory lies outside the file.
        LimitExceeded: More directories than anyone needs.
    """
    opened = open_view(view)
    if opened is None:
        raise Malformed("tiff-not-tiff", path=source.name)
    layout, at = opened
    if not at:
        raise Malformed("tiff-no-image", path=source.name)
    seen: set[int] = set()
    while at:
        if at in seen:
            raise Malformed("tiff-loop", path=source.name, offset=at)
        page = _next(source, view, layout, at, "page", seen, 0)
        yield page
        pending = list(_pointed(view, layout, page, 1))
        while pending:
            place, role, depth = pending.pop(0)
            if place and place not in seen:
                inner = _next(source, view, layout, place, role, seen, depth)
                yield inner
                pending += _pointed(view, layout, inner, depth + 1)
        at = page.following


def _next(source: Source, view: View, layout: Layout, at: int, role: str, seen: set[int], depth: int) -> Directory:
    source.element(depth)
    seen.add(at)
    found = directory(view, layout, at, role)
    if not found.is_whole:
        raise Truncated("truncated", path=source.name, offset=at, needed=found.stop - at, size=source.size)
    return found


def _pointed(view: View, layout: Layout, found: Directory, depth: int) -> Iterator[tuple[int, str, int]]:
    for entry in found.entries:
        if role := POINTERS.get(entry.tag):
            if entry.values > _MAX_POINTERS:
                raise LimitExceeded("too-many-elements", limit=_MAX_POINTERS)
            for place in numbers(view, layout, entry):
                yield place, role, depth


def numbers(view: View, layout: Layout, entry: Entry) -> array[int]:
    """Returns the values of an entry of whole numbers; none for another type.

    Raises:
        Truncated, LimitExceeded: They lie outside, or are more than may be read at once.
    """
    found = array(_NUMBERS.get(entry.type, "B"))
    if entry.type in _NUMBERS:
        found.frombytes(view.read(entry.start, entry.stop - entry.start))
        if layout.order != _OWN_ORDER:
            found.byteswap()
    return found


def number(raw: bytes, layout: Layout) -> int:
    """Returns one number in the structure's byte order."""
    return int.from_bytes(raw, "little" if layout.order == "<" else "big")


def image_data(view: View, layout: Layout, found: Directory) -> Iterator[tuple[int, int]]:
    """Yields the ranges of a directory's strips, tiles and embedded JPEG images, as far as they lie in the file."""
    for start, stop in stated_data(view, layout, found):
        if start < view.size:
            yield start, min(stop, view.size)


def stated_data(view: View, layout: Layout, found: Directory) -> Iterator[tuple[int, int]]:
    """As :func:`image_data`, as the directory gives them: of a file cut short, ranges reach beyond its end."""
    by_tag = {entry.tag: entry for entry in found.entries}
    for offsets, lengths in IMAGE_DATA:
        if offsets in by_tag and lengths in by_tag:
            places = numbers(view, layout, by_tag[offsets])
            for start, length in zip(places, numbers(view, layout, by_tag[lengths]), strict=False):
                if length:
                    yield start, start + length


def require_whole(source: Source, end: int) -> None:
    """Makes sure that a file holds all that its directories point to, which ends at ``end``.

    Raises:
        Truncated: Strips, tiles or values are missing: the file was cut short, or its directories lie.
    """
    if end > source.size:
        raise Truncated("truncated", path=source.name, offset=source.size, needed=end - source.size, size=source.size)


def is_dng(source: Source) -> bool:
    """Whether the first directory has DNGVersion; looks beyond the head of the file only if its name leaves it open."""
    head = source.head
    if (order := _CLASSIC.get(head[:4])) is not None:
        at = int.from_bytes(head[4:8], order)
        if at + _WINDOW // 4 > len(head):
            if source.extension in _NAMED_TIFF:
                return False
        elif (stop := at + 2 + 12 * int.from_bytes(head[at : at + 2], order)) <= len(head):
            wanted = DNG_VERSION.to_bytes(2, order)  # the directory is in hand: told without taking it apart
            return wanted in [head[place : place + 2] for place in range(at + 2, stop, 12)]
    view = FileView(source)
    opened = open_view(view)
    if opened is None:
        return False
    layout, at = opened
    if at + _WINDOW // 4 > len(head) and source.extension in _NAMED_TIFF:
        return False
    try:
        return bool(directory(view, layout, at, "page", frozenset((DNG_VERSION,))).entries)
    except Truncated:
        return False
