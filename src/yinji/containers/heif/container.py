"""HEIF, HEIC and AVIF, still and animated (ISO/IEC 23008-12): the label is in the XMP item (TC260-PG-20259A 6, R47)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers.base import Example, Span
from yinji.containers.bmff.boxes import MEDIA, Box, make_box, top_level
from yinji.containers.bmff.glance import glance
from yinji.containers.bmff.meta import Meta
from yinji.containers.bmff.movie import HOLES, blocks_of, places_of_top_level
from yinji.containers.candidate import may_hold_label
from yinji.containers.heif.edit import plan
from yinji.containers.heif.glance import items
from yinji.containers.heif.items import Items, parse_items, spots
from yinji.containers.heif.reading import file_items, item_blocks, movie_items
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.window import Window
from yinji.errors import Malformed, Truncated
from yinji.labels.aigc import AigcLabel

_HEIC: Final = frozenset((b"heic", b"heix", b"hevc", b"hevx"))
_AVIF: Final = frozenset((b"avif", b"avis", b"avio"))
_GENERAL: Final = frozenset((b"mif1", b"mif2", b"msf1", b"miaf", b"heim", b"heis", b"hevm", b"hevs")) | frozenset(
    (b"avci", b"avcs", b"vvic", b"vvis", b"jpeg", b"jpgs", b"j2ki", b"j2is")
)
_BLANKED: Final = HOLES | {"heif-item-blank"}
_PAYLOADS: Final = frozenset((MEDIA, b"mpvd", b"sefd"))


class Heif:
    """High efficiency image files whatever their coding."""

    name: ClassVar[str] = "heif"
    media_type: ClassVar[str] = "image/heif"
    kind: ClassVar[Kind] = Kind.IMAGE
    extensions: ClassVar[tuple[str, ...]] = ("heif", "heifs", "hif", "avci")
    carrier: ClassVar[str] = "xmp"
    clause: ClassVar[str] = "TC260-PG-20259A 6"
    writable: ClassVar[bool] = True
    brand: ClassVar[bytes] = b"mif1"
    coding: ClassVar[bytes] = b"unci"

    def score(self, head: bytes, extension: str) -> int:
        """Rates by the major brand; the general brands are for whichever format the file is named after."""
        if head[4:8] != b"ftyp":
            return 0
        return 100 if _family(head[8:12], extension) == self.name else 0

    def glance(self, source: Source) -> list[Block] | None:
        return glance(source, {b"meta": items}, _PAYLOADS)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields what the metadata items say, then boxes that hold metadata of their own; pictures are hopped over.

        Raises:
            Malformed, Truncated, LimitExceeded: The rest cannot be read, or what stood there was blanked (R62).
            Encrypted, UnreadableInput: An item that may hold the label cannot be looked into.
        """
        window = Window(source)
        has_label = has_picture = False
        hole: int | None = None
        told: set[tuple[str, int, int]] = set()
        tables: list[Items] = []
        for box in top_level(window):
            if box.kind in _PAYLOADS:
                if has_label and not thorough:
                    return
                continue
            has_picture |= box.kind in (b"meta", b"moov")
            for block in _blocks_of(window, box, tables, thorough=thorough):
                if block.carrier in ("xmp", "exif"):
                    if (place := (block.carrier, block.start, block.stop)) in told:
                        continue  # the picture and the track of a sequence share these bytes
                    told.add(place)
                holes = [block.start for problem in block.problems if problem.code in _BLANKED]
                hole = next(iter(holes), hole)
                has_label |= may_hold_label(block) and not holes
                yield block
        if not has_picture:
            raise Malformed("heif-no-picture", path=source.name)
        if hole is not None and not has_label:
            raise Malformed("bmff-blanked", path=source.name, offset=hole)
        stop = max((items.stop for items in tables), default=0)
        if stop > source.size:
            needed = stop - source.size
            raise Truncated("truncated", path=source.name, offset=source.size, needed=needed, size=source.size)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into the XMP item; see :mod:`yinji.containers.heif.edit`.

        There is one plan for both kinds of writing: a ``meta`` box cannot stand anywhere else without dead bytes
        that would count as media.
        """
        return plan(source, label.to_json(), reading)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the payloads without what metadata items take of them."""
        window = Window(source)
        top = list(top_level(window))
        layouts = [*file_items(window, top), *movie_items(window, top)]
        metadata = sorted(
            spot
            for meta in layouts
            for item in meta.items
            if item.is_metadata and item.id in meta.locations and not meta.locations[item.id].reference
            for spot in spots(window, meta, item.id)
        )
        inner = [meta.inside[b"idat"] for meta in layouts if b"idat" in meta.inside]
        for box in sorted((*(b for b in top if b.kind in _PAYLOADS), *inner), key=lambda b: b.start):
            at = box.body
            for start, stop in metadata:
                if at < box.stop and at <= start and stop <= box.stop:
                    yield Span(at, start)
                    at = stop
            yield Span(at, box.stop)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields the smallest files: an item in ``mdat``, one in ``idat``, and a free box behind the tables."""
        ending = cls.extensions[0]
        yield Example(f"picture.{ending}", _still(cls.brand, cls.coding))
        yield Example(f"inside.{ending}", _still(cls.brand, cls.coding, inside=True))
        yield Example(f"spacious.{ending}", _still(cls.brand, cls.coding, room=make_box(b"free", bytes(600))))


class Heic(Heif):
    """HEIF coded with HEVC, as telephones write it."""

    name = "heic"
    media_type = "image/heic"
    extensions = ("heic", "heics")
    brand = b"heic"
    coding = b"hvc1"


class Avif(Heif):
    """HEIF coded with AV1."""

    name = "avif"
    media_type = "image/avif"
    extensions = ("avif", "avifs")
    brand = b"avif"
    coding = b"av01"


def _family(brand: bytes, extension: str) -> str:
    if brand in _HEIC:
        return "heic"
    if brand in _AVIF:
        return "avif"
    if brand not in _GENERAL:
        return ""
    return next((c.name for c in (Heic, Avif) if extension in c.extensions), "heif")


def _blocks_of(window: Window, box: Box, tables: list[Items], *, thorough: bool) -> Iterator[Block]:
    if box.kind == b"meta":
        items = parse_items(window, box)
        if items is not None:
            tables.append(items)
            yield from item_blocks(window, items)
            if b"ilst" not in items.inside:
                return
    metas = []
    for place in places_of_top_level(window, box):
        if isinstance(place, Meta) and place.box != box:
            metas.append(place.box)
        yield from blocks_of(window, place, thorough=thorough)
    for meta in metas:
        if (items := parse_items(window, meta)) is not None:
            yield from item_blocks(window, items)


def _still(brand: bytes, coding: bytes, *, inside: bool = False, room: bytes = b"") -> bytes:
    """Returns a file of one item of 64 bytes, which stands in for a coded picture."""
    pixels = bytes(range(64))
    ftyp = make_box(b"ftyp", brand, bytes(4), b"mif1", brand)

    def meta(at: int) -> bytes:
        version, method = (1, struct.pack(">H", 1)) if inside else (0, b"")
        iloc = struct.pack(">B3xHH", version, 0x4400, 1) + struct.pack(">H", 1) + method
        return make_box(
            b"meta",
            bytes(4),
            make_box(b"hdlr", bytes(8), b"pict", bytes(13)),
            make_box(b"pitm", bytes(4), b"\0\1"),
            make_box(b"iloc", iloc, struct.pack(">HHII", 0, 1, at, len(pixels))),
            make_box(b"iinf", bytes(4), b"\0\1", make_box(b"infe", b"\2\0\0\0\0\1\0\0", coding, b"\0")),
            make_box(b"idat", pixels) if inside else b"",
        )

    if inside:
        return ftyp + meta(0) + room
    return ftyp + meta(len(ftyp) + len(meta(0)) + len(room) + 8) + room + make_box(MEDIA, pixels)
