"""Planning a write into an ISO base media file: the label into ``moov/udta/meta``, and out of every other place.

The order of preference: rewrite the value where it stands; let a neighbouring ``free`` box give or take the
difference; move what follows and correct all absolute offsets. A write in place rather appends a new ``moov``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from yinji.containers import xmp
from yinji.containers.bmff.boxes import FREE, MEDIA, Box, children, make_box, top_level
from yinji.containers.bmff.changes import Changes, Shift, fits_free, free_box
from yinji.containers.bmff.meta import KEY, Meta, meta_blocks
from yinji.containers.bmff.movie import places_of_top_level
from yinji.containers.bmff.offsets import offset_tables
from yinji.containers.model import Block, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.window import Window, coalesced
from yinji.errors import Malformed, UnsupportedFormat

RESERVE: Final = 1024
"""Free bytes left behind the label, so that a propagator's half fits without moving anything."""

_PLACE: Final = "moov/udta/meta"
_ROUNDS: Final = 8
_UTF8: Final = (1).to_bytes(4, "big")
_MDTA_HANDLER: Final = make_box(b"hdlr", bytes(8), b"mdta", bytes(13))
_OWN_CHILDREN: Final = frozenset((b"hdlr", b"keys", b"ilst", *FREE))
_KEY_ENTRY: Final = make_box(b"mdta", KEY.encode())


def plan(source: Source, json: str, reading: Reading, *, in_place: bool) -> Splice:
    """Plans the change that leaves exactly one label, under the key ``AIGC`` in ``moov/udta/meta``.

    Args:
        source: The file.
        json: The bare label.
        reading: A thorough reading of the source.
        in_place: Prefer a new ``moov`` at the end over moving the media.

    Raises:
        UnsupportedFormat: No ``moov`` to write into, or media in several files.
        Malformed: The structure does not allow a safe edit.
    """
    layout = _survey(source, reading)
    changes = Changes()
    _clear_places(layout, layout.target, changes)
    anchor, inside = _set_label(layout, json, changes)
    _settle(layout, anchor, inside, changes)
    if in_place and (edits := _relocated(layout, changes)) is not None:
        return Splice.of(edits)
    return Splice.of(coalesced(source, _with_offsets(layout, changes)))


@dataclass(slots=True)
class _Layout:
    """What a plan needs to know of a file."""

    window: Window
    top: list[Box]
    moov: Box
    metas: list[Meta] = field(default_factory=list)
    held: dict[Box, list[Box]] = field(default_factory=dict)
    loose: list[Block] = field(default_factory=list)
    udta: Box | None = None
    udta_children: list[Box] = field(default_factory=list)
    udta_stop: int = 0
    moov_stop: int = 0
    free: list[Box] = field(default_factory=list)

    @property
    def target(self) -> Meta | None:
        """The ``meta`` that takes the label: the one with the key, else the first with keys."""
        fit = [m for m in self.metas if m.where == _PLACE and m.is_full and m.handler == b"mdta"]
        fit = [meta for meta in fit if meta.keys_box and meta.list_box]
        return next((m for m in fit if any(k.name == KEY for k in m.keys)), fit[0] if fit else None)


def _survey(source: Source, reading: Reading) -> _Layout:
    window = Window(source)
    top = list(top_level(window))
    movies = [box for box in top if box.kind == b"moov"]
    if not movies:
        raise UnsupportedFormat("bmff-no-movie", path=source.name)
    if len(movies) > 1:
        raise Malformed("bmff-two-movies", path=source.name, offset=movies[1].start)
    layout = _Layout(window, top, movies[0])
    _survey_places(layout, {(each.start, each.stop) for each in reading.found})
    _survey_movie(layout)
    return layout


def _survey_places(layout: _Layout, found: set[tuple[int, int]]) -> None:
    """Notes what the metadata boxes hold of the labels that were found at these ranges."""
    for box in layout.top:
        for place in places_of_top_level(layout.window, box):
            if isinstance(place, Meta):
                layout.metas.append(place)
                layout.held[place.box] = _held_items(layout.window, place, found)
                found.difference_update((item.start, item.stop) for item in layout.held[place.box])
            elif (place.start, place.stop) in found:
                layout.loose.append(place)


def replace_labels(window: Window, top: list[Box], found: set[tuple[int, int]], changes: Changes) -> None:
    """Takes labels out of metadata boxes, for formats of the family that get theirs elsewhere in the same step (R34).

    Args:
        window: The file.
        top: Its boxes.
        found: Ranges of the structures that hold the labels.
        changes: Where the edits are booked.

    Raises:
        Malformed: A label stands where it cannot be replaced.
    """
    movie = next((box for box in top if box.kind == b"moov"), None)
    layout = _Layout(window, top, movie or top[0])
    _survey_places(layout, found)
    if movie is not None:
        _survey_movie(layout)
    _clear_places(layout, None, changes)


def _held_items(window: Window, meta: Meta, found: set[tuple[int, int]]) -> list[Box]:
    """Returns the items that hold a label, or stand under the label's key."""
    named = {
        (block.start, block.stop)
        for block in meta_blocks(window, meta)
        if block.carrier in ("mdta", "itunes-freeform") and block.key.casefold() == KEY.casefold()
    }
    return [item for item in meta.items if (item.start, item.stop) in found or (item.start, item.stop) in named]


def _survey_movie(layout: _Layout) -> None:
    window, moov = layout.window, layout.moov
    inside = list(children(window, moov))
    layout.udta = next((box for box in inside if box.kind == b"udta"), None)
    if layout.udta is not None:
        layout.udta_children = list(children(window, layout.udta))
        layout.udta_stop = _end_of(layout.udta_children, layout.udta.body)
    layout.moov_stop = _end_of(inside, moov.body)
    after = layout.top[layout.top.index(moov) + 1 :][:1]
    layout.free = [box for box in (*layout.udta_children, *inside, *after) if box.kind in FREE]


def _end_of(boxes: Sequence[Box], empty: int) -> int:
    """Returns where the next box goes: behind the last one, before terminators and slack that end a walk."""
    return boxes[-1].stop if boxes else empty


def _clear_places(layout: _Layout, target: Meta | None, changes: Changes) -> None:
    """Takes the label out of every place but the target; it is written there in the same step (GB 45438 6.1 c)."""
    for meta in layout.metas:
        if meta is not target and layout.held[meta.box]:
            _rewrite(layout, meta, None, changes)
    for block in layout.loose:
        if block.carrier == "xmp" and isinstance(block.value, bytes):
            _clear_packet(layout, block, block.value, changes)
        else:
            _drop_user_data(layout, block, changes)


def _clear_packet(layout: _Layout, block: Block, packet: bytes, changes: Changes) -> None:
    """Rewrites an XMP packet at its own length, everything else in it kept."""
    cleared = xmp.without_other_labels(packet)
    if len(cleared) > len(packet):
        raise Malformed("bmff-label-place", path=layout.window.source.name, offset=block.start)
    changes.replace(block.stop - len(packet), block.stop, cleared.ljust(len(packet)), None)


def _drop_user_data(layout: _Layout, block: Block, changes: Changes) -> None:
    box = next((each for each in layout.udta_children if (each.start, each.stop) == (block.start, block.stop)), None)
    if box is None:
        raise Malformed("bmff-label-place", path=layout.window.source.name, offset=block.start)
    changes.replace(box.start, box.stop, b"", box.parent)


def _set_label(layout: _Layout, json: str, changes: Changes) -> tuple[int, Box]:
    """Books the label; returns where free room for the next writer goes, and the box around it."""
    target = layout.target
    if target is not None:
        _rewrite(layout, target, json, changes)
        return target.box.stop, target.box.parent or layout.moov
    meta = make_box(
        b"meta",
        bytes(4),
        _MDTA_HANDLER,
        make_box(b"keys", bytes(4), (1).to_bytes(4, "big"), _KEY_ENTRY),
        make_box(b"ilst", _item(1, json)),
    )
    if layout.udta is not None:
        changes.replace(layout.udta_stop, layout.udta_stop, meta, layout.udta)
        return layout.udta_stop, layout.udta
    changes.replace(layout.moov_stop, layout.moov_stop, make_box(b"udta", meta), layout.moov)
    return layout.moov_stop, layout.moov


def _item(index: int, json: str) -> bytes:
    return make_box(index.to_bytes(4, "big"), make_box(b"data", _UTF8, bytes(4), json.encode()))


def _rewrite(layout: _Layout, meta: Meta, json: str | None, changes: Changes) -> None:
    """Takes the label's items out of a list, with keys that nothing uses any more, and sets the label if there is one.

    All other keys and items keep their bytes; items only change number when a key before theirs goes.
    """
    held = layout.held[meta.box]
    kept = next((item for item in held if json is not None and _key_name(meta, item) == KEY), None)
    dropped = [item for item in held if item is not kept]
    if json is None and len(dropped) == len(meta.items) and {box.kind for box in meta.children} <= _OWN_CHILDREN:
        changes.replace(meta.box.start, meta.box.stop, b"", meta.box.parent)
        return
    for item in dropped:
        changes.replace(item.start, item.stop, b"", item.parent)
    gone = _unused_keys(meta, dropped)
    for index in gone:
        key = meta.keys[index - 1]
        changes.replace(key.start, key.stop, b"", meta.keys_box)
    for item in meta.items:
        index = int.from_bytes(item.kind, "big")
        moved = index - sum(lost < index for lost in gone)
        if item is not kept and item not in dropped and moved != index and meta.key_of(item):
            changes.replace(item.start + 4, item.start + 8, moved.to_bytes(4, "big"), None)
    count = len(meta.keys) - len(gone)
    if json is not None and kept is not None:
        index = int.from_bytes(kept.kind, "big")
        changes.replace(kept.start, kept.stop, _item(index - sum(lost < index for lost in gone), json), kept.parent)
    elif json is not None and meta.keys_box is not None and meta.list_box is not None:
        index, count = _own_key(meta, gone, count, changes)
        stop = _end_of(meta.items, meta.list_box.body)
        changes.replace(stop, stop, _item(index, json), meta.list_box)
    if meta.keys_box is not None and count != len(meta.keys):
        at = meta.keys_box.body + 4
        changes.replace(at, at + 4, count.to_bytes(4, "big"), None)


def _own_key(meta: Meta, gone: list[int], count: int, changes: Changes) -> tuple[int, int]:
    """Returns the number of the label's key and the count of keys; appends the key where there is none."""
    for index, key in enumerate(meta.keys, 1):
        if key.name == KEY and key.namespace == b"mdta" and index not in gone:
            return index - sum(lost < index for lost in gone), count
    stop = meta.keys[-1].stop if meta.keys else meta.keys_box.body + 8 if meta.keys_box else 0
    changes.replace(stop, stop, _KEY_ENTRY, meta.keys_box)
    return count + 1, count + 1


def _key_name(meta: Meta, item: Box) -> str:
    key = meta.key_of(item)
    return key.name if key is not None and key.namespace == b"mdta" else ""


def _unused_keys(meta: Meta, dropped: list[Box]) -> list[int]:
    still = {item.kind for item in meta.items if item not in dropped}
    gone = {int.from_bytes(item.kind, "big") for item in dropped if item.kind not in still and meta.key_of(item)}
    return sorted(gone)


def _settle(layout: _Layout, anchor: int, inside: Box, changes: Changes) -> None:
    """Lets a free box give or take what ``moov`` grew or shrank by; where none can, leaves room for the next writer."""
    growth = changes.growth_of(layout.moov)
    if growth == 0:
        return
    by_distance = sorted(layout.free, key=lambda box: (box.parent is not inside, abs(box.start - anchor)))
    for box in by_distance:
        if fits_free(box.size - growth):
            changes.resize_free(box, box.size - growth)
            return
    if growth <= -8:
        changes.replace(anchor, anchor, free_box(-growth), inside)
        return
    neighbour = next((box for box in by_distance if box.start == anchor and box.parent is inside), None)
    if neighbour is None:
        changes.replace(anchor, anchor, free_box(RESERVE), inside)
    else:
        changes.resize_free(neighbour, neighbour.size + RESERVE)


def _with_offsets(layout: _Layout, changes: Changes) -> list[Edit]:
    """Returns the edits with all absolute offsets corrected; tables that outgrow 32 bits move things once more."""
    window = layout.window
    edits = changes.edits(window)
    shift = Shift(edits)
    first = shift.first
    if first is None or not any(box.kind in (MEDIA, b"moof") and box.start >= first for box in layout.top):
        return edits
    tables = list(offset_tables(window, layout.top))
    for _ in range(_ROUNDS):
        moved = changes.copy()
        for table in tables:
            table.move(window, table.box, shift, moved)
        edits = moved.edits(window)
        settled = Shift(edits)
        if settled.same_as(shift):
            return edits
        shift = settled
    raise Malformed("bmff-offset-range", path=window.source.name, box="moov", offset=layout.moov.start)


def _relocated(layout: _Layout, changes: Changes) -> list[Edit] | None:
    """Returns the plan that moves nothing: a new ``moov`` behind the media, the old one free, its labels zeroed.

    None where that is not needed (nothing moves, or only the tail), or not possible: fragments must follow their
    ``moov``, and a last box without an end must be given one.
    """
    window, moov, source = layout.window, layout.moov, layout.window.source
    edits = changes.edits(window)
    moving = [edit for edit in edits if edit.growth]
    last = layout.top[-1]
    is_needed = sum(e.growth for e in moving) and any(b.kind == MEDIA and b.start > moov.start for b in layout.top)
    is_fragmented = any(box.kind in (b"moof", b"mfra", b"sidx") for box in layout.top)
    if not is_needed or is_fragmented or last.stop != source.size or moov.size > source.limits.one_read:
        return None
    if any(not moov.start <= edit.start <= edit.stop <= moov.stop for edit in moving):
        return None
    outside = [edit for edit in edits if edit.stop <= moov.start or (edit.start >= moov.stop and not edit.growth)]
    inner = [edit for edit in edits if edit not in outside]
    if window.number(last.start) == 0:
        if last.size >= 1 << 32:
            return None
        outside.append(Edit(last.start, last.start + 4, last.size.to_bytes(4, "big")))
    outside.append(Edit(moov.start + 4, moov.start + 8, b"free"))
    for start, stop in _labelled_ranges(layout):
        if moov.start < start and stop <= moov.stop:
            outside.append(Edit(start, stop, bytes(stop - start)))
    outside.append(Edit(source.size, source.size, _applied(source.read(moov.start, moov.size), moov.start, inner)))
    return outside


def _labelled_ranges(layout: _Layout) -> list[tuple[int, int]]:
    metas = [(meta.box.start, meta.box.stop) for meta in layout.metas if layout.held[meta.box]]
    return metas + [(block.start, block.stop) for block in layout.loose]


def _applied(old: bytes, base: int, edits: list[Edit]) -> bytes:
    pieces, at = [], 0
    for edit in sorted(edits, key=lambda e: (e.start, e.stop)):
        pieces += [old[at : edit.start - base], edit.data]
        at = edit.stop - base
    return b"".join((*pieces, old[at:]))
