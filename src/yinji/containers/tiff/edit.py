"""Planning the change that leaves exactly one label in a TIFF, without moving a byte of what is there."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from yinji.containers import exif, xmp
from yinji.containers.edits import smallest
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.tiff.directories import (
    UNDEFINED,
    XMP,
    Directory,
    Entry,
    FileView,
    Layout,
    directories,
    open_view,
    require_whole,
    stated_data,
)
from yinji.containers.trailer import labels_behind
from yinji.errors import Malformed, UnsupportedFormat
from yinji.labels.decode import looks_like_label

_CLASSIC_MAX: Final = 0xFFFFFFFF
_CHARSET: Final = 8


def plan(source: Source, json: str) -> Splice:
    """Returns the edits: the label into the packet of the first directory, every other copy of a label emptied.

    Raises:
        UnsupportedFormat: The file would grow beyond what its offsets can reach.
        Malformed, Truncated: The file cannot be edited safely.
    """
    view = FileView(source)
    opened = open_view(view)
    walked = list(directories(source, view))
    if opened is None or not walked:
        raise Malformed("tiff-not-tiff", path=source.name)
    layout, first = opened[0], walked[0]
    end = _end(view, layout, walked)
    require_whole(source, end)  # what is appended would become a part of what is missing
    edits = [Edit(item.start, item.stop, b" " * (item.stop - item.start)) for item in labels_behind(source, end)]
    target = next((entry for entry in first.entries if entry.tag == XMP), None)
    for found in walked:
        edits += _emptied(view, layout, found)
        edits += _second_packets(view, found, target)
    if target is None:
        edits += _added(source, view, layout, first, json, edits)
    else:
        edits += _replaced(source, view, layout, target, json, _is_shared(walked, target))
    kept = [span for found in walked for span in stated_data(view, layout, found)]
    header = 16 if layout.big else 8
    kept += [(found.start, found.stop) for found in walked if found.start < header]
    return _checked(source, edits, kept)


def _checked(source: Source, edits: list[Edit], kept: list[tuple[int, int]]) -> Splice:
    """Returns the plan; directories that share a value ask for the same edit twice, crafted ones for conflicting.

    Args:
        source: The file.
        edits: What is to change.
        kept: (start, stop) of what may not: pictures, and further directories where the header is.
    """
    ordered = sorted(set(edits))
    for one, other in pairwise(ordered):
        if other.start < one.stop:
            raise Malformed("tiff-overlap", path=source.name, offset=other.start)
    for start, stop in kept:
        if any(edit.start < stop and start < edit.stop for edit in ordered):
            raise Malformed("tiff-overlap", path=source.name, offset=start)
    return Splice.of(ordered)


def _end(view: FileView, layout: Layout, walked: list[Directory]) -> int:
    """Returns where everything that the directories point to ends."""
    ends = [found.stop for found in walked] + [entry.stop for found in walked for entry in found.entries]
    return max(*ends, *(stop for found in walked for _, stop in stated_data(view, layout, found)), 0)


def _is_shared(walked: list[Directory], target: Entry) -> bool:
    """Whether another entry points into the packet, so that its old bytes must stay."""
    entries = [entry for found in walked for entry in found.entries if entry != target]
    return any(entry.start < target.stop and target.start < entry.stop for entry in entries)


def _emptied(view: FileView, layout: Layout, found: Directory) -> Iterator[Edit]:
    for entry in found.entries:
        field = exif.field_of(view, layout, entry)
        if field is not None and field.name in exif.LABEL_TAGS and looks_like_label(field.text):
            kept = min(_CHARSET, field.stop - field.start) if field.name == "UserComment" else 0
            for at, data in exif.emptied_field(field, view.read(field.start, kept) or b"\0"):
                yield Edit(at, at + len(data), data)


def _second_packets(view: FileView, found: Directory, target: Entry | None) -> Iterator[Edit]:
    for entry in found.entries:
        if entry.tag == XMP and entry != target and entry.start != (target.start if target else -1):
            packet = view.read(entry.start, entry.stop - entry.start)
            if xmp.labels(packet):
                yield from smallest(entry.start, packet, xmp.without_other_labels(packet))


def _replaced(
    source: Source, view: FileView, layout: Layout, target: Entry, json: str, is_shared: bool
) -> Iterator[Edit]:
    """Yields the change of a packet: over the old one, grown at the end of the file, or moved there."""
    old = view.read(target.start, target.stop - target.start)
    new = xmp.with_label(old, json)
    at = target.start
    if len(new) == len(old) and not is_shared:
        yield from smallest(at, old, new)
    elif target.stop == source.size and len(old) > layout.width and not is_shared:
        _check_room(source, layout, at + len(new))
        yield Edit(at, target.stop, new)
    else:
        pad = source.size % 2
        at = source.size + pad
        _check_room(source, layout, at + len(new))
        if len(old) > layout.width and not is_shared:
            yield Edit(target.start, target.stop, bytes(len(old)))
        yield Edit(source.size, source.size, bytes(pad) + new)
    entry = _entry(layout, at, len(new))
    before = view.read(target.at, layout.entry)
    yield from smallest(target.at, before, entry)


def _added(
    source: Source, view: FileView, layout: Layout, first: Directory, json: str, edits: list[Edit]
) -> Iterator[Edit]:
    """Yields a copy of the first directory with one entry more, at the end of the file, and the pointer to it.

    The packet comes last, so that one read shows both and a longer one can take its place.
    """
    old = bytearray(view.read(first.start, first.stop - first.start))
    inside = [edit for edit in edits if first.start <= edit.start and edit.stop <= first.stop]
    for edit in inside:
        old[edit.start - first.start : edit.stop - first.start] = edit.data
    packet = xmp.with_label(None, json)
    start = source.size + -source.size % layout.width
    count = len(first.entries) + 1
    packet_at = start + len(old) + layout.entry
    packet_at += packet_at % 2
    front = len(layout.counted(0))
    before = sum(entry.tag < XMP for entry in first.entries)
    cut = front + layout.entry * before
    table = layout.counted(count) + old[front:cut] + _entry(layout, packet_at, len(packet)) + old[cut:]
    _check_room(source, layout, packet_at + len(packet))
    data = bytes(start - source.size) + table
    yield Edit(source.size, source.size, data.ljust(packet_at - source.size, b"\0") + packet)
    pointer = 8 if layout.big else 4
    yield Edit(pointer, pointer + layout.width, layout.pack(start))


def _entry(layout: Layout, at: int, length: int) -> bytes:
    return struct.pack(layout.order + "HH", XMP, UNDEFINED) + layout.pack(length) + layout.pack(at)


def _check_room(source: Source, layout: Layout, end: int) -> None:
    if not layout.big and end > _CLASSIC_MAX:
        raise UnsupportedFormat("tiff-full", path=source.name, size=source.size)
