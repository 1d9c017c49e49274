"""Absolute file offsets inside ISO base media files: found and moved along when bytes before the media move."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from yinji.containers.bmff.boxes import Box, children, full_fields, make_box
from yinji.containers.bmff.changes import Changes, Shift
from yinji.containers.window import Window
from yinji.errors import Malformed, UnsupportedFormat

_LITTLE: Final = sys.byteorder == "little"
_TO_STBL: Final = (b"mdia", b"minf", b"stbl")
_SELF_CONTAINED: Final = 1
_BASE_DATA_OFFSET: Final = 1
_AUX_TYPE: Final = 1


class OffsetTable(NamedTuple):
    """A box with absolute offsets, and what moves them."""

    box: Box
    move: Callable[[Window, Box, Shift, Changes], None]


def offset_tables(window: Window, top: list[Box]) -> Iterator[OffsetTable]:
    """Yields every box that holds absolute offsets.

    Raises:
        UnsupportedFormat: A track draws on this file and on others at once.
        Malformed, Truncated, LimitExceeded: Sizes do not fit.
    """
    for box in top:
        if box.kind == b"moov":
            yield from _in_movie(window, box)
        elif box.kind == b"moof":
            for traf in _of(window, box, b"traf"):
                for tfhd in _of(window, traf, b"tfhd"):
                    yield OffsetTable(tfhd, _move_tfhd)
        elif box.kind == b"mfra":
            for tfra in _of(window, box, b"tfra"):
                yield OffsetTable(tfra, _move_tfra)
            for mfro in _of(window, box, b"mfro"):
                yield OffsetTable(mfro, _move_mfro)
        elif box.kind == b"sidx":
            yield OffsetTable(box, _move_sidx)
        elif box.kind == b"meta":
            yield from _in_meta(window, box)


def _in_movie(window: Window, moov: Box) -> Iterator[OffsetTable]:
    for child in children(window, moov):
        if child.kind == b"meta":
            yield from _in_meta(window, child)
        elif child.kind == b"trak":
            for meta in _of(window, child, b"meta"):
                yield from _in_meta(window, meta)
            yield from _in_track(window, child)


def _in_track(window: Window, trak: Box) -> Iterator[OffsetTable]:
    inside: dict[bytes, Box] = {}
    box = trak
    for kind in _TO_STBL:
        found = next(_of(window, box, kind), None)
        if found is None:
            return
        inside[kind] = box = found
    if not _is_self_contained(window, inside[b"minf"]):
        return
    for table in children(window, inside[b"stbl"]):
        if table.kind in (b"stco", b"co64"):
            yield OffsetTable(table, _move_chunks)
        elif table.kind == b"saio":
            yield OffsetTable(table, _move_saio)


def _is_self_contained(window: Window, minf: Box) -> bool:
    """Whether the media of a track lie in this file (``dref`` flags); offsets into other files stay as they are."""
    own = [
        bool(window.number(entry.body) & _SELF_CONTAINED)
        for dinf in _of(window, minf, b"dinf")
        for dref in _of(window, dinf, b"dref")
        for entry in children(window, dref, skip=8)
    ]
    if own and any(own) and not all(own):
        raise UnsupportedFormat("bmff-external-media", path=window.source.name)
    return all(own)


def _in_meta(window: Window, meta: Box) -> Iterator[OffsetTable]:
    for child in children(window, meta, skip=full_fields(window, meta)):
        if child.kind == b"iloc":
            yield OffsetTable(child, _move_iloc)


def _of(window: Window, parent: Box, kind: bytes) -> Iterator[Box]:
    return (child for child in children(window, parent) if child.kind == kind)


def _numbers(raw: bytes, code: str) -> array[int]:
    values = array(code, raw)
    if _LITTLE:
        values.byteswap()
    return values


def _packed(values: array[int]) -> bytes:
    if _LITTLE:
        values.byteswap()
    return values.tobytes()


def _moved(window: Window, box: Box, values: array[int], shift: Shift, code: str) -> array[int]:
    """Returns the values moved, in 64 bits where 32 no longer hold them.

    Raises:
        Malformed: 64 do not hold them.
    """
    by = shift.uniform(min(values), max(values))
    moved = [value + by for value in values] if by is not None else [shift(value) for value in values]
    _field(window, box, box.start, max(moved), 8)
    return array("Q" if max(moved) >= 1 << 32 else code, moved)


def _count_of(window: Window, box: Box, at: int, width: int) -> int:
    count = window.number(at) if box.stop - at >= 4 else -1
    if not 0 <= count <= (box.stop - at - 4) // width:
        raise Malformed("bmff-count", path=window.source.name, box=box.name, offset=box.start, count=count)
    return count


def _move_chunks(window: Window, box: Box, shift: Shift, changes: Changes) -> None:
    """Moves ``stco`` or ``co64``; a table that outgrows 32 bits becomes ``co64``."""
    code = "I" if box.kind == b"stco" else "Q"
    wide = b"co64" + window.peek(box.body, 4)
    _move_list(window, box, box.body + 4, code, wide, shift, changes)


def _move_saio(window: Window, box: Box, shift: Shift, changes: Changes) -> None:
    version_flags = window.number(box.body)
    at = box.body + (12 if version_flags & _AUX_TYPE else 4)
    code = "Q" if version_flags >> 24 else "I"

    wide = b"saio\1" + window.peek(box.body + 1, at - box.body - 1)
    _move_list(window, box, at, code, wide, shift, changes)


def _move_list(window: Window, box: Box, at: int, code: str, wide: bytes, shift: Shift, changes: Changes) -> None:
    """Moves a counted list of offsets that stands at ``at``; ``wide`` is the box's head in its 64-bit form."""
    width = 4 if code == "I" else 8
    count = _count_of(window, box, at, width)
    if count == 0:
        return
    values = _numbers(window.source.read(at + 4, count * width), code)
    moved = _moved(window, box, values, shift, code)
    if moved.typecode == code:
        if moved != values:
            changes.replace(at + 4, at + 4 + count * width, _packed(moved), box)
        return
    promoted = make_box(wide[:4], wide[4:], struct.pack(">I", count), _packed(moved))
    changes.replace(box.start, box.stop, promoted, box.parent)


def _move_tfhd(window: Window, box: Box, shift: Shift, changes: Changes) -> None:
    if box.stop - box.body >= 16 and window.number(box.body) & _BASE_DATA_OFFSET:
        base = window.number(box.body + 8, 8)
        if (moved := shift(base)) != base:
            changes.replace(box.body + 8, box.body + 16, _field(window, box, box.body + 8, moved, 8), box)


def _move_tfra(window: Window, box: Box, shift: Shift, changes: Changes) -> None:
    if box.stop - box.body < 16:
        raise Malformed("bmff-box-size", path=window.source.name, box="tfra", offset=box.start, size=box.size)
    version = window.number(box.body, 1)
    lengths = window.number(box.body + 8)
    tail = sum((lengths >> bits & 3) + 1 for bits in (4, 2, 0))
    width = 8 if version else 4
    count = _count_of(window, box, box.body + 12, 2 * width + tail)
    row = struct.Struct(f">{'QQ' if version else 'II'}{tail}s")
    raw = window.source.read(box.body + 16, count * row.size)
    entries = [(time, shift(offset), rest) for time, offset, rest in row.iter_unpack(raw)]
    last = max((offset for _, offset, _ in entries), default=0)
    _field(window, box, box.start, last, 8)
    if version == 0 and last >= 1 << 32:
        wide = struct.Struct(f">QQ{tail}s")
        rows = b"".join(wide.pack(*entry) for entry in entries)
        head = b"\1" + window.peek(box.body + 1, 15)
        changes.replace(box.start, box.stop, make_box(b"tfra", head, rows), box.parent)
        return
    packed = b"".join(row.pack(*entry) for entry in entries)
    if packed != raw:
        changes.replace(box.body + 16, box.body + 16 + len(raw), packed, box)


def _move_mfro(window: Window, box: Box, _: Shift, changes: Changes) -> None:
    """Corrects the size of ``mfra`` that players find from the end of the file."""
    if box.parent is not None and (growth := changes.growth_of(box.parent)) and box.stop - box.body >= 8:
        size = box.parent.size + growth
        changes.replace(box.body + 4, box.body + 8, _field(window, box, box.body + 4, size, 4), box)


def _move_sidx(window: Window, box: Box, shift: Shift, changes: Changes) -> None:
    """Corrects the distance from the index to the first subsegment, where something between them grew."""
    width = 8 if window.number(box.body, 1) else 4
    at = box.body + 12 + width
    if box.stop - at < width:
        raise Malformed("bmff-box-size", path=window.source.name, box="sidx", offset=box.start, size=box.size)
    distance = window.number(at, width)
    moved = shift(box.stop + distance) - (shift(box.stop - 1) + 1)
    if moved != distance:
        changes.replace(at, at + width, _field(window, box, at, moved, width), box)


def _move_iloc(window: Window, box: Box, shift: Shift, changes: Changes) -> None:
    """Moves the items that lie at absolute offsets of this file (construction method 0)."""
    reader = _Fields(window, box)
    version, sizes = reader.take(1), reader.skip(3).take(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    for _ in range(reader.take(4 if version == 2 else 2)):
        window.source.element(4)
        reader.skip(4 if version == 2 else 2)
        method = reader.take(2) & 15 if version else 0
        is_here = reader.take(2) == 0 and method == 0
        base_at, base = reader.at, reader.take(base_size)
        based = base if is_here else 0
        if based:
            _move_field(window, box, base_at, base_size, shift, changes)
        for _ in range(reader.take(2)):
            window.source.element(4)
            reader.skip(index_size)
            at, offset = reader.at, reader.take(offset_size)
            reader.skip(length_size)
            if is_here and not based and offset:
                _move_field(window, box, at, offset_size, shift, changes)


def _move_field(window: Window, box: Box, at: int, width: int, shift: Shift, changes: Changes) -> None:
    value = window.number(at, width)
    moved = shift(value)
    if moved != value:
        changes.replace(at, at + width, _field(window, box, at, moved, width), box)


def _field(window: Window, box: Box, at: int, value: int, width: int) -> bytes:
    """Returns a number as a field of ``width`` bytes at ``at`` holds it.

    Raises:
        Malformed: It does not fit.
    """
    if not 0 <= value < 1 << 8 * width:
        raise Malformed("bmff-offset-range", path=window.source.name, box=box.name, offset=at)
    return value.to_bytes(width, "big")


class _Fields:
    """Reads consecutive numbers of a box."""

    def __init__(self, window: Window, box: Box) -> None:
        self._window = window
        self._box = box
        self.at = box.body

    def skip(self, length: int) -> _Fields:
        self.at += length
        return self

    def take(self, length: int) -> int:
        if self.at + length > self._box.stop:
            raise Malformed(
                "bmff-box-size",
                path=self._window.source.name,
                box=self._box.name,
                offset=self._box.start,
                size=self._box.size,
            )
        value = self._window.number(self.at, length) if length else 0
        self.at += length
        return value
