"""Planning a write into a HEIF file: the label into the XMP item of the primary picture, and out of every other place.

An item is rewritten where it stands when the padding of its packet suffices. A new item goes into an ``mdat`` of its
own behind everything else; the tables in ``meta`` grow, a free box behind them gives the room where it can, and all
absolute offsets follow what moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from yinji.containers import xmp
from yinji.containers.bmff.boxes import FREE, MEDIA, Box, make_box, top_level
from yinji.containers.bmff.changes import Changes, Shift, fits_free
from yinji.containers.bmff.edit import replace_labels
from yinji.containers.bmff.movie import XMP_UUID
from yinji.containers.bmff.offsets import offset_tables
from yinji.containers.edits import exif_edits, smallest
from yinji.containers.heif.items import IN_FILE, IN_IDAT, IN_ITEM, Extent, Item, Items, Location, Spot, content, spots
from yinji.containers.heif.locations import add_xmp_item, holder, make_iloc, moved
from yinji.containers.heif.reading import closed, exif_start, file_items, movie_items, packet_of, text_labels
from yinji.containers.model import Reading
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.window import Window, coalesced
from yinji.errors import LimitExceeded, Malformed, UnsupportedFormat

_ROUNDS: Final = 8
_HEADER: Final = 8
_TAILS: Final = frozenset((b"mpvd", b"sefd"))
"""Boxes that phones look for at the end of the file: the film of a motion photo, and its directory."""


def plan(source: Source, json: str, reading: Reading) -> Splice:
    """Plans the change that leaves exactly one label, in XMP that describes the primary picture.

    Args:
        source: The file.
        json: The bare label.
        reading: A thorough reading of the source.

    Raises:
        UnsupportedFormat: A label lies where it cannot be replaced.
        Malformed, LimitExceeded: The structure does not allow a safe edit.
    """
    window = Window(source)
    top = list(top_level(window))
    layouts = file_items(window, top)
    if not layouts and all(box.kind != b"moov" for box in top):
        raise Malformed("heif-no-picture", path=source.name)
    if len(layouts) > 1:
        raise Malformed("heif-two-metas", path=source.name, offset=layouts[1].box.start)
    draft = _Draft(window, top, layouts[0] if layouts else None)
    target = _set_label(draft, json)
    found = {(each.start, each.stop) for each in reading.found} - {target}
    replace_labels(window, top, found, draft.changes)
    _use_free(draft)
    return Splice.of(coalesced(source, _settled(draft)))


@dataclass(slots=True)
class _Draft:
    """What a plan knows and gathers.

    Attributes:
        window, top, meta: The file, its boxes, the items of the file.
        changes: Edits so far.
        replaced: New locations of items, in positions of the old file.
        appended: What goes into a new ``mdat`` at the end, by item.
        is_shared: Whether a film or track has the bytes of the target as an item of its own, as sequences do.
    """

    window: Window
    top: list[Box]
    meta: Items | None
    changes: Changes = field(default_factory=Changes)
    replaced: dict[int, Location] = field(default_factory=dict)
    appended: dict[int, bytes] = field(default_factory=dict)
    is_shared: bool = False

    @property
    def end(self) -> int:
        """Where a new box goes: behind the last one, but in front of what is looked for at the end."""
        for box in self.top:
            if box.kind in _TAILS and all(b.kind in _TAILS or b.kind in FREE for b in self.top[self.top.index(box) :]):
                return box.start
        return self.top[-1].stop


def _set_label(draft: _Draft, json: str) -> tuple[int, int]:
    """Books the label and what else items hold of labels; returns the range of the box that took it, if one did."""
    meta = draft.meta
    target = _target(meta) if meta is not None else None
    places = spots(draft.window, meta, target.id) if meta is not None and target is not None else []
    for items in movie_items(draft.window, draft.top):
        _refuse_closed(draft, items)
        for item in items.items:
            if places and item.is_xmp and spots(draft.window, items, item.id) == places:
                draft.is_shared = True
            else:
                _replace_same_length(draft, items, item)
    if meta is None:
        return _set_in_uuid(draft, json)
    if b"iloc" not in meta.inside:
        raise UnsupportedFormat("heif-no-locations", path=draft.window.source.name)
    _refuse_closed(draft, meta)
    for item in meta.items:
        if item is not target:
            _replace_in_item(draft, meta, item)
    if target is None:
        number = add_xmp_item(draft.window, meta, draft.changes)
        draft.appended[number] = xmp.with_label(None, json)
        return (0, 0)
    old = packet_of(draft.window, target, places)
    _set_content(draft, meta, target, places, xmp.with_label(old, json), old)
    return (0, 0)


def _refuse_closed(draft: _Draft, meta: Items) -> None:
    """Refuses a file with an item that may hold a label and cannot be looked into: there could be two then."""
    for item in meta.items:
        if item.id in meta.locations and (error := closed(draft.window, meta, item)) is not None:
            raise error


def _target(meta: Items) -> Item | None:
    """The packet of the primary picture, else one that does not say what it describes."""
    packets = [item for item in meta.items if item.is_xmp and item.id in meta.locations and not item.encoding]
    described = [(item, meta.described_by(item)) for item in packets]
    ours = (item for item, targets in described if meta.primary in targets)
    return next(ours, None) or next((item for item, targets in described if not targets), None)


def _set_in_uuid(draft: _Draft, json: str) -> tuple[int, int]:
    """Writes the XMP box of ISO base media files (XMP Specification Part 3) where no ``meta`` has items.

    Sequences without a still picture are such files.
    """
    window = draft.window
    for box in draft.top:
        if box.kind == b"uuid" and box.stop - box.body >= 16 and window.peek(box.body, 16) == XMP_UUID:
            old = window.peek(box.body + 16, box.stop - box.body - 16)
            for edit in smallest(box.body + 16, old, xmp.with_label(old, json)):
                draft.changes.replace(edit.start, edit.stop, edit.data, box)
            return (box.start, box.stop)
    at = next(box.start for box in draft.top if box.kind == b"moov")
    new = make_box(b"uuid", XMP_UUID, xmp.with_label(None, json))
    draft.changes.replace(at, at, new, None)
    before = next((box for box in draft.top if box.stop == at), None)
    if before is not None and before.kind in FREE and fits_free(before.size - len(new)):
        draft.changes.resize_free(before, before.size - len(new))
    return (0, 0)


def _is_editable(meta: Items, item: Item) -> bool:
    """Whether an item is metadata whose bytes stand in this file in the clear."""
    location = meta.locations.get(item.id)
    return item.is_metadata and not item.is_protected and location is not None and location.reference == 0


def _replace_in_item(draft: _Draft, meta: Items, item: Item) -> None:
    """Takes a label out of an item that is not the one that gets it."""
    window = draft.window
    if not _is_editable(meta, item):
        return
    places = spots(window, meta, item.id)
    data = content(window, places)
    rest = _without_label(draft, item, data)
    if rest != data:
        _set_content(draft, meta, item, places, rest, data)


def _replace_same_length(draft: _Draft, meta: Items, item: Item) -> None:
    """As :func:`_replace_in_item`, for items of a film or track, whose tables stay as they are."""
    window = draft.window
    if not _is_editable(meta, item):
        return
    places = spots(window, meta, item.id)
    data = content(window, places)
    rest = _without_label(draft, item, data)
    if len(rest) > len(data):
        raise UnsupportedFormat("heif-label-place", path=window.source.name, offset=places[0].start)
    _overwrite(draft, places, data, rest.ljust(len(data)))


def _without_label(draft: _Draft, item: Item, data: bytes) -> bytes:
    """Returns what an item holds besides a label; XMP and EXIF keep their length."""
    if item.is_xmp:
        if item.encoding:
            _refuse_encoded(draft, item, data)
            return data
        return xmp.without_other_labels(data) if xmp.labels(data) else data
    if item.kind == b"Exif":
        start = exif_start(data)
        changed = bytearray(data)
        for edit in exif_edits(data[start:], start):
            changed[edit.start : edit.stop] = edit.data
        return bytes(changed)
    rest = data
    for found in reversed(text_labels(item, data)):
        rest = rest[: found.start] + rest[found.stop :]
    return rest


def _refuse_encoded(draft: _Draft, item: Item, data: bytes) -> None:
    text = draft.window.source.inflate(data) if item.encoding == "deflate" else b""
    if xmp.labels(text):
        raise UnsupportedFormat("heif-label-place", path=draft.window.source.name, offset=0)


def _set_content(draft: _Draft, meta: Items, item: Item, places: list[Spot], new: bytes, old: bytes) -> None:
    """Books the new bytes of an item: in its place, growing its place, or in a new place if it had none."""
    location = meta.locations[item.id]
    if len(new) == len(old) and places:
        _overwrite(draft, places, old, new)
        return
    box = _growable(draft, meta, item, places) if not draft.is_shared else None
    if location.method != IN_ITEM and (not old or (draft.is_shared and not xmp.labels(old))):
        draft.appended[item.id] = new
        return
    if box is None:
        at = places[0].start if places else meta.box.start
        raise UnsupportedFormat("heif-label-place", path=draft.window.source.name, offset=at)
    first, *others = places
    origin = first.start - location.base - location.extents[0].offset
    for edit in smallest(first.start, old[: first.stop - first.start], new):
        draft.changes.replace(edit.start, edit.stop, edit.data, box)
    for start, stop in others:
        draft.changes.replace(start, stop, b"", holder(meta, draft.top, start, stop))
    extent = Extent(0, first.start - location.base - origin, len(new))
    draft.replaced[item.id] = location._replace(extents=(extent,))


def _growable(draft: _Draft, meta: Items, item: Item, places: list[Spot]) -> Box | None:
    """Returns the box around an item that can be made longer where it is, or None."""
    location = meta.locations[item.id]
    if location.method not in (IN_FILE, IN_IDAT) or not meta.widths.length:
        return None
    if not places or any(spot.start == spot.stop for spot in places):
        return None
    boxes = [holder(meta, draft.top, *spot) for spot in places]
    if None in boxes or _is_shared(draft.window, meta, item, places):
        return None
    return boxes[0]


def _is_shared(window: Window, meta: Items, item: Item, places: list[Spot]) -> bool:
    """Whether other items draw on the same bytes."""
    others = [spot for other in meta.locations if other != item.id for spot in _known_spots(window, meta, other)]
    return any(one.start < spot.stop and spot.start < one.stop for one in others for spot in places)


def _known_spots(window: Window, meta: Items, item: int) -> list[Spot]:
    return spots(window, meta, item) if meta.locations[item].reference == 0 else []


def _overwrite(draft: _Draft, places: list[Spot], old: bytes, new: bytes) -> None:
    at = 0
    for start, stop in places:
        length = stop - start
        for edit in smallest(start, old[at : at + length], new[at : at + length]):
            draft.changes.replace(edit.start, edit.stop, edit.data, None)
        at += length


def _use_free(draft: _Draft) -> None:
    """Lets a free box right behind ``meta`` give or take what it grew or shrank by, so that nothing else moves."""
    meta = draft.meta
    if meta is None:
        return
    estimate = draft.changes.copy()
    _book_tables(draft, Shift(()), 0, estimate)
    growth = estimate.growth_of(meta.box)
    behind = next((box for box in draft.top if box.start == meta.box.stop), None)
    if growth and behind is not None and behind.kind in FREE and fits_free(behind.size - growth):
        draft.changes.resize_free(behind, behind.size - growth)


def _settled(draft: _Draft) -> list[Edit]:
    """Returns the edits once every offset says where its bytes come to lie."""
    window, meta = draft.window, draft.meta
    own = meta.inside.get(b"iloc") if meta is not None else None
    shift, body = Shift(draft.changes.edits(window)), draft.end + _HEADER
    for _ in range(_ROUNDS):
        changes = draft.changes.copy()
        if shift.first is not None:
            for table in offset_tables(window, draft.top):
                if table.box != own:
                    table.move(window, table.box, shift, changes)
        _append(draft, changes)
        _book_tables(draft, shift, body, changes)
        _close_last(draft, changes)
        edits = changes.edits(window)
        settled = Shift(edits), _new_body(draft, edits)
        if settled[0].same_as(shift) and settled[1] == body:
            return edits
        shift, body = settled
    raise Malformed("bmff-offset-range", path=window.source.name, box="meta", offset=draft.top[0].start)


def _append(draft: _Draft, changes: Changes) -> None:
    """Books the new ``mdat``."""
    if draft.appended:
        changes.replace(draft.end, draft.end, make_box(MEDIA, *draft.appended.values()), None)


def _close_last(draft: _Draft, changes: Changes) -> None:
    """Gives a last box without an end its size, when another follows it now."""
    last = draft.top[-1]
    is_followed = draft.end == last.stop and any(e.start == last.stop for e in changes.edits(draft.window))
    if is_followed and draft.window.number(last.start) == 0:
        size = last.size + changes.growth_of(last)
        if size >= 1 << 32:
            raise LimitExceeded("bmff-box-too-large", path=draft.window.source.name, box=last.name, size=size)
        changes.replace(last.start, last.start + 4, size.to_bytes(4, "big"), None)


def _new_body(draft: _Draft, edits: list[Edit]) -> int:
    """Returns where the payload of the new ``mdat`` comes to lie."""
    appended = _HEADER + sum(map(len, draft.appended.values())) if draft.appended else 0
    return draft.end + sum(e.growth for e in edits if e.stop <= draft.end) - appended + _HEADER


def _book_tables(draft: _Draft, shift: Shift, new_body: int, changes: Changes) -> None:
    """Books ``iloc`` with the positions that a shift gives; ``new_body`` is where appended items begin."""
    meta = draft.meta
    if meta is None or (iloc := meta.inside.get(b"iloc")) is None:
        return
    entries = [
        moved(meta, draft.replaced.get(number, location), shift)
        for number, location in _explicit(draft, meta)
        if number not in draft.appended
    ]
    at = new_body
    for number, data in draft.appended.items():
        entries.append(Location(number, IN_FILE, 0, 0, (Extent(0, at, len(data)),)))
        at += len(data)
    box = make_iloc(draft.window, meta, entries)
    if box != draft.window.peek(iloc.start, iloc.size):
        changes.replace(iloc.start, iloc.stop, box, meta.box)


def _explicit(draft: _Draft, meta: Items) -> Iterator[tuple[int, Location]]:
    """Yields the entries; those without lengths are given them, for a table that now has a field for it."""
    for number, location in meta.locations.items():
        if meta.widths.length or not draft.appended or location.reference:
            yield number, location
            continue
        lengths = [spot.stop - spot.start for spot in spots(draft.window, meta, number)]
        extents = (e._replace(length=n) for e, n in zip(location.extents, lengths, strict=True))
        yield number, location._replace(extents=tuple(extents))
