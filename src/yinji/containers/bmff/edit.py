"""Planning a write into an ISO base media file: the label into ``moov/udta/meta``, and out of every other place.

The order of preference: rewrite the value where it stands; let a neighbouring ``free`` box give or take the
difference; move what follows and correct all absolute offsets. A write in place rather appends a new ``moov``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from yinji.containers import xmp
from yinji.containers.bmff.boxes import FREE, MEDIA, Box, children, make_box, top_level
from yinji.containers.bmff.changes import Changes, Shift, fits_free, free_box
from yinji.containers.bmff.items import OWN_CHILDREN, end_of, label_box, rewrite, unused_keys
from yinji.containers.bmff.meta import KEY, Meta, meta_blocks
from yinji.containers.bmff.movie import AHEAD, places_of_top_level
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

    @property
    def movie_keys(self) -> Meta | None:
        """The ``meta`` of QuickTime's own keys, directly in ``moov``."""
        fit = (m for m in self.metas if m.where == "moov/meta" and m.handler == b"mdta" and m.keys and m.items)
        return next(fit, None)


def _survey(source: Source, reading: Reading) -> _Layout:
    window = Window(source)
    top = list(top_level(window))
    movies = [box for box in top if box.kind == b"moov"]
    if not movies:
        raise UnsupportedFormat("bmff-no-movie", path=source.name)
    if len(movies) > 1:
        raise Malformed("bmff-two-movies", path=source.name, offset=movies[1].start)
    window.fetch_ahead(movies[0].start, min(movies[0].size, AHEAD))
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
        layout.udta_stop = end_of(layout.udta_children, layout.udta.body)
    layout.moov_stop = end_of(inside, moov.body)
    after = layout.top[layout.top.index(moov) + 1 :][:1]
    layout.free = [box for box in (*layout.udta_children, *inside, *after) if box.kind in FREE]


def _clear_places(layout: _Layout, target: Meta | None, changes: Changes) -> None:
    """Takes the label out of every place but the target; it is written there in the same step (GB 45438 6.1 c)."""
    for meta in layout.metas:
        if meta is not target and layout.held[meta.box]:
            rewrite(meta, layout.held[meta.box], None, changes)
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
    """Books the label; returns where free room for the next writer goes, and the box around it.

    QuickTime keeps its own keys in ``moov/meta`` (every film of an iPhone does). Readers that hold one table of keys
    for the whole movie (FFmpeg the first they meet, MediaInfo all of them in a row) would take the label for one of
    those, or one of those for the label. So the label's table comes first and repeats those keys before its own:
    whichever way numbers are looked up, each finds its name.
    """
    target, elder = layout.target, layout.movie_keys
    keys = _kept_keys(layout, elder)
    if target is not None:
        held = layout.held[target.box]
        if keys and set(target.items) <= set(held) and {box.kind for box in target.children} <= OWN_CHILDREN:
            changes.replace(target.box.start, target.box.stop, label_box(json, keys), target.box.parent)
            _put_behind_user_data(layout, elder, changes)
        else:
            rewrite(target, held, json, changes)
        return target.box.stop, target.box.parent or layout.moov
    if layout.udta is not None:
        changes.replace(layout.udta_stop, layout.udta_stop, label_box(json, keys), layout.udta)
        _put_behind_user_data(layout, elder, changes)
        return layout.udta_stop, layout.udta
    at = elder.box.start if elder is not None and keys else layout.moov_stop
    changes.replace(at, at, make_box(b"udta", label_box(json, keys)), layout.moov)
    return at, layout.moov


def _kept_keys(layout: _Layout, meta: Meta | None) -> list[bytes]:
    """Returns the entries of ``keys`` that stay in a box, whole."""
    if meta is None:
        return []
    held = layout.held[meta.box]
    gone = unused_keys(meta, held)
    if len(gone) == len(meta.keys) or set(meta.items) <= set(held):
        return []
    return [layout.window.peek(k.start, k.stop - k.start) for i, k in enumerate(meta.keys, 1) if i not in gone]


def _put_behind_user_data(layout: _Layout, elder: Meta | None, changes: Changes) -> None:
    """Moves ``moov/meta`` behind ``udta``, whole, where it stands before it and nothing in it changes."""
    if elder is None or layout.udta is None or elder.box.start > layout.udta.start or layout.held[elder.box]:
        return
    box = elder.box
    changes.replace(layout.udta.stop, layout.udta.stop, layout.window.peek(box.start, box.size), layout.moov)
    changes.replace(box.start, box.stop, b"", layout.moov)


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
