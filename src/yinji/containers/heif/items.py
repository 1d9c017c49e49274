"""Items of a ``meta`` box (ISO/IEC 14496-12 8.11, ISO/IEC 23008-12): what they are, where their bytes lie.

Pictures, thumbnails, gain maps, EXIF and XMP are all items. Nothing here reads a picture, and every count is checked
against the box it stands in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from yinji.containers.bmff.boxes import Box, children, full_fields
from yinji.containers.window import Window
from yinji.errors import LimitExceeded, Malformed
from yinji.limits import KIB

XMP_TYPE: Final = "application/rdf+xml"
AHEAD: Final = 64 * KIB
"""Bytes of a ``meta`` box, or of items that stand together, that are fetched in one read."""

IN_FILE, IN_IDAT, IN_ITEM = 0, 1, 2
"""Construction methods: offsets into the file, into ``idat``, into another item."""


class Extent(NamedTuple):
    """One stretch of an item, as ``iloc`` writes it."""

    number: int
    offset: int
    length: int


class Location(NamedTuple):
    """One entry of ``iloc``; ``reference`` 0 means this file."""

    item: int
    method: int
    reference: int
    base: int
    extents: tuple[Extent, ...]


class Widths(NamedTuple):
    """Bytes of the fields of an ``iloc`` box, 0, 4 or 8 each."""

    offset: int
    length: int
    base: int
    number: int


_NARROW: Final = Widths(4, 4, 0, 0)


class Item(NamedTuple):
    """One ``infe`` entry.

    Attributes:
        id: Number of the item.
        kind: Item type (``hvc1``, ``grid``, ``Exif``, ``mime`` …).
        is_protected: Whether its bytes are enciphered.
        name: Name given to it, usually "".
        content_type, encoding: Media type and content encoding of a ``mime`` item.
    """

    id: int
    kind: bytes
    is_protected: bool
    name: str
    content_type: str
    encoding: str

    @property
    def is_xmp(self) -> bool:
        return self.kind == b"mime" and self.content_type.lower() == XMP_TYPE

    @property
    def is_metadata(self) -> bool:
        """Whether the item says something about the picture, rather than being part of it."""
        return self.kind in (b"mime", b"Exif", b"uri ")


class Reference(NamedTuple):
    """One entry of ``iref``: an item refers to others."""

    kind: bytes
    source: int
    targets: tuple[int, ...]


@dataclass(slots=True)
class Items:
    """What a ``meta`` box says about items.

    Attributes:
        box: The ``meta`` box.
        inside: Its first child of each kind.
        items: Entries of ``iinf``.
        locations: Entries of ``iloc`` by item.
        widths, version: Of ``iloc``.
        references: Entries of ``iref``.
        wide_references: Whether ``iref`` numbers items in 32 bits.
        primary: Number of the primary item, or None.
    """

    box: Box
    inside: dict[bytes, Box]
    items: tuple[Item, ...] = ()
    locations: dict[int, Location] = field(default_factory=dict)
    widths: Widths = _NARROW
    version: int = 0
    references: tuple[Reference, ...] = ()
    wide_references: bool = False
    primary: int | None = None

    @property
    def stop(self) -> int:
        """Where the last item ends that lies in the file itself, as the table has it."""
        here = (e for e in self.locations.values() if e.method == IN_FILE and not e.reference)
        return max((e.base + extent.offset + extent.length for e in here for extent in e.extents), default=0)

    def described_by(self, item: Item) -> tuple[int, ...]:
        """Returns the items that a metadata item describes (``cdsc``)."""
        return tuple(t for r in self.references if (r.kind, r.source) == (b"cdsc", item.id) for t in r.targets)


def parse_items(window: Window, box: Box) -> Items | None:
    """Reads the item tables of a ``meta`` box, or returns None when it has none.

    Raises:
        Malformed, Truncated, LimitExceeded: Counts or sizes do not fit their boxes.
    """
    window.fetch_ahead(box.start, min(box.size, AHEAD))
    inside: dict[bytes, Box] = {}
    for child in children(window, box, skip=full_fields(window, box)):
        inside.setdefault(child.kind, child)
    if b"iinf" not in inside:
        return None
    result = Items(box, inside)
    if (pitm := inside.get(b"pitm")) is not None:
        reader = _Reader(window, pitm)
        result.primary = reader.take(4 if reader.version else 2)
    result.items = tuple(_infos(window, inside[b"iinf"]))
    if (iloc := inside.get(b"iloc")) is not None:
        result.version, result.widths, result.locations = _locations(window, iloc)
    if (iref := inside.get(b"iref")) is not None:
        result.wide_references = _Reader(window, iref).version > 0
        result.references = tuple(_references(window, iref, 4 if result.wide_references else 2))
    return result


def _infos(window: Window, iinf: Box) -> Iterator[Item]:
    window.fetch_ahead(iinf.start, iinf.size)
    reader = _Reader(window, iinf)
    reader.take(4 if reader.version else 2)  # how many: the boxes themselves tell
    for box in children(window, iinf, skip=reader.at - iinf.body):
        if box.kind == b"infe":
            yield _info(window, box)


def _info(window: Window, box: Box) -> Item:
    """Reads ``infe``: versions 2 and 3 have an item type, older ones a media type for every item."""
    reader = _Reader(window, box)
    number = reader.take(4 if reader.version >= 3 else 2)
    protection = reader.take(2)
    kind = reader.take(4).to_bytes(4, "big") if reader.version >= 2 else b"mime"
    name, content_type, encoding, *_ = (*reader.texts(), "", "", "")
    if kind != b"mime":
        content_type = encoding = ""
    return Item(number, kind, protection != 0, name, content_type, encoding)


def _locations(window: Window, iloc: Box) -> tuple[int, Widths, dict[int, Location]]:
    reader = _Reader(window, iloc)
    version, sizes = reader.version, reader.take(2)
    widths = Widths(sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15 if version else 0)
    if version > 2 or not set(widths) <= {0, 4, 8}:
        raise Malformed("heif-iloc", path=window.source.name, offset=iloc.start)
    number_width = 4 if version == 2 else 2
    found: dict[int, Location] = {}
    for _ in range(reader.take(number_width)):
        window.source.element(2)
        item = reader.take(number_width)
        method = reader.take(2) & 15 if version else IN_FILE
        reference, base, count = reader.take(2), reader.take(widths.base), reader.take(2)
        extents = []
        window.source.element(2, max(1, count))
        for _ in range(count):
            extents.append(Extent(reader.take(widths.number), reader.take(widths.offset), reader.take(widths.length)))
        if item in found:
            raise Malformed("heif-iloc", path=window.source.name, offset=iloc.start)
        found[item] = Location(item, method, reference, base, tuple(extents))
    return version, widths, found


def _references(window: Window, iref: Box, width: int) -> Iterator[Reference]:
    for box in children(window, iref, skip=4):
        reader = _Reader(window, box, full=False)
        source = reader.take(width)
        targets = []
        for _ in range(reader.take(2)):
            window.source.element(3)
            targets.append(reader.take(width))
        yield Reference(box.kind, source, tuple(targets))


class Spot(NamedTuple):
    """A stretch of an item in the file."""

    start: int
    stop: int


def spots(window: Window, meta: Items, item: int) -> list[Spot]:
    """Returns where the bytes of an item lie in the file, in their order.

    Raises:
        Malformed: They lie outside the file, or the construction is not one that the standard knows.
    """
    location = meta.locations.get(item)
    if location is None:
        return []
    if location.method != IN_ITEM:
        return _direct(window, meta, location)
    targets = [t for r in meta.references if (r.kind, r.source) == (b"iloc", item) for t in r.targets]
    found: list[Spot] = []
    for extent in location.extents:
        which = max(extent.number, 1) - 1
        source = meta.locations.get(targets[which]) if which < len(targets) else None
        if source is None or source.method == IN_ITEM:
            raise _outside(window, meta, item)
        found += _cut(_direct(window, meta, source), location.base + extent.offset, extent.length)
    return found


def _direct(window: Window, meta: Items, location: Location) -> list[Spot]:
    low, high = 0, window.source.size
    if location.method == IN_IDAT:
        idat = meta.inside.get(b"idat")
        if idat is None:
            raise _outside(window, meta, location.item)
        low, high = idat.body, idat.stop
    elif location.method != IN_FILE:
        raise _outside(window, meta, location.item)
    found = []
    for extent in location.extents:
        start = low + location.base + extent.offset
        stop = start + extent.length if meta.widths.length else high
        if not low <= start <= stop <= high:
            raise _outside(window, meta, location.item)
        found.append(Spot(start, stop))
    return found


def _cut(whole: Sequence[Spot], offset: int, length: int) -> list[Spot]:
    """Returns the part of several stretches that an offset and a length name; length 0 reaches to the end."""
    found, left = [], length or sum(stop - start for start, stop in whole)
    for start, stop in whole:
        skipped = min(offset, stop - start)
        offset -= skipped
        taken = min(left, stop - start - skipped)
        if taken:
            found.append(Spot(start + skipped, start + skipped + taken))
        left -= taken
    return found


def _outside(window: Window, meta: Items, item: int) -> Malformed:
    return Malformed("heif-item-outside", path=window.source.name, offset=meta.box.start, item=item)


def content(window: Window, places: Sequence[Spot]) -> bytes:
    """Returns the bytes of an item.

    Raises:
        LimitExceeded: They are more than one allocation may be.
    """
    size = sum(stop - start for start, stop in places)
    limit = window.source.limits.one_read
    if size > limit:
        raise LimitExceeded("too-large-read", path=window.source.name, needed=size, limit=limit)
    return b"".join(window.peek(start, stop - start) for start, stop in places)


class _Reader:
    """Reads consecutive fields of a box; a FullBox starts with version and flags."""

    def __init__(self, window: Window, box: Box, *, full: bool = True) -> None:
        self._window = window
        self._box = box
        self._data = window.peek(box.body, box.stop - box.body)
        self._at = 0
        self.version = self.take(4) >> 24 if full else 0

    @property
    def at(self) -> int:
        """Position in the file."""
        return self._box.body + self._at

    def take(self, length: int) -> int:
        if not length:
            return 0
        stop = self._at + length
        if stop > len(self._data):
            box = self._box
            raise Malformed(
                "bmff-box-size", path=self._window.source.name, box=box.name, offset=box.start, size=box.size
            )
        value = int.from_bytes(self._data[self._at : stop], "big")
        self._at = stop
        return value

    def texts(self) -> list[str]:
        """Returns the zero-terminated texts that fill the rest of the box."""
        return [part.decode("utf-8", "replace") for part in self._data[self._at :].split(b"\0", 3)]
