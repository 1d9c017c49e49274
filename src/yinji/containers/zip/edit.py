"""Planning changes of a ZIP archive: only the parts that change are written anew.

Every other part keeps its place in the order and its compressed bytes. A part that is replaced leaves nothing behind
that a careless reader could take for a second one. A part that keeps its length is changed where it stands: the value
and its checksums, a few hundred bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Final, NamedTuple

from yinji.containers.base import Span
from yinji.containers.edits import smallest
from yinji.containers.splice import Edit, Splice
from yinji.containers.zip import crc as crc32
from yinji.containers.zip.directory import (
    DEFLATED,
    DESCRIPTOR,
    HAS_DESCRIPTOR,
    LOCAL,
    LOCAL_SIZE,
    STORED,
    UTF8,
    WIDE,
    WIDE_COUNT,
    ZIP64_FIELD,
    Archive,
    Entry,
    extra_fields,
)
from yinji.containers.zip.ending import CENTRAL, CENTRAL_SIZE, END, END64_SIZE, END_SIZE
from yinji.errors import Malformed, UnsupportedFormat

_NEW_STAMP: Final = 0x00210000
"""1980-01-01, the first moment that ZIP knows: a new part tells no time, so that equal writes give equal bytes."""
_LEVEL: Final = 9
_PADDING: Final = 0x1986
"""Extra field in which OpenUSD's own writer leaves room."""
_CRC_IN_LOCAL: Final = 14
_CRC_IN_CENTRAL: Final = 16
_SIZES_IN_CENTRAL: Final = 20
_OFFSET_IN_CENTRAL: Final = 42


class _Piece(NamedTuple):
    """A part as it is going to be written."""

    method: int
    crc: int
    size: int
    packed: int
    data: bytes

    @classmethod
    def of(cls, content: bytes, *, stored: bool) -> _Piece:
        crc = zlib.crc32(content)
        if stored:
            return cls(STORED, crc, len(content), len(content), content)
        engine = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        data = engine.compress(content) + engine.flush()
        return cls(DEFLATED, crc, len(content), len(data), data)


def plan(archive: Archive, changes: Mapping[bytes, bytes | Splice], *, stored: Collection[bytes]) -> Splice:
    """Returns the edits that give parts new contents and add those that are missing.

    Args:
        archive: What is changed.
        changes: Names and new contents; those that stay the same are left alone. Instead of a content, what changes in
            a part that is there uncompressed, by positions in it (:func:`yinji.containers.zip.crc.changed`).
        stored: Names of the parts to keep uncompressed, so that a later change of equal length stays small.

    Raises:
        Malformed: The archive cannot be edited safely.
        UnsupportedFormat: It would no longer fit its own offsets.
    """
    _refuse_second_end(archive)
    extents = extents_of(archive)
    replaced: dict[bytes, tuple[Entry, _Piece]] = {}
    added: dict[bytes, _Piece] = {}
    edits: list[Edit] = []
    in_place: dict[bytes, int] = {}
    for name, content in changes.items():
        entry = archive.find(name)
        if isinstance(content, Splice):
            entry = archive.require(name)
            start, _ = archive.data(entry)
            piece = _respliced(archive, entry, content)
            edits += (Edit(start + edit.start, start + edit.stop, edit.data) for edit in content.edits)
            if content.moves_nothing and not entry.flags & HAS_DESCRIPTOR:
                in_place[name] = piece.crc
                edits += _crc_edits(archive, entry, piece.crc)
            else:
                replaced[name] = entry, piece
                edits.append(Edit(entry.start, start, _local(entry, piece, archive)))
                edits.append(Edit(start + entry.packed, extents[name].stop, b""))
        elif entry is None:
            added[name] = _Piece.of(content, stored=name in stored)
        elif (old := archive.content(entry)) == content:
            continue
        elif _fits(entry, content):
            start, _ = archive.data(entry)
            edits += smallest(start, old, content)
            in_place[name] = zlib.crc32(content)
            edits += _crc_edits(archive, entry, in_place[name])
        else:
            piece = _Piece.of(content, stored=name in stored)
            replaced[name] = entry, piece
            edits.append(Edit(*extents[name], _local(entry, piece, archive) + piece.data))
    if replaced or added:
        kept = [edit for edit in edits if edit.start < archive.ending.start]
        edits = [*kept, _directory(archive, kept, replaced, added, in_place)]
    return Splice.of(edits)


def plan_first(archive: Archive, name: bytes, content: bytes, *, alignment: int) -> Splice:
    """Returns the edits that put a new text part in front of all others, uncompressed; those keep every byte.

    Args:
        archive: What is changed.
        name: Of the new part, which the archive must not have.
        content: Text, which spaces behind it do not change.
        alignment: The new part begins at a multiple of this, and all others move by a multiple of it.

    Raises:
        Malformed: The archive cannot be edited safely, or something stands in front of it.
        UnsupportedFormat: It would no longer fit its own offsets.
    """
    _refuse_second_end(archive)
    ending = archive.ending
    if min((span.start for span in extents_of(archive).values()), default=0) or ending.shift:
        raise Malformed("zip-directory", path=archive.source.name, offset=0)
    piece = _Piece.of(content + b" " * (-len(content) % alignment), stored=True)
    pad = -(LOCAL_SIZE + len(name) + 4) % alignment
    flags = 0 if name.isascii() else UTF8
    extra = struct.pack("<HH", _PADDING, pad) + bytes(pad)
    part = _local_header(name, flags, _NEW_STAMP, piece, extra) + piece.data
    old = [_moved(archive, entry, None, None, len(part)) for entry in archive.entries()]
    directory = b"".join((_new_record(archive, name, flags, piece, 0), *old))
    end = _end(archive, len(old) + 1, len(directory), ending.start + len(part))
    return Splice.of((Edit(0, 0, part), Edit(ending.start, ending.end + END_SIZE, directory + end)))


def _refuse_second_end(archive: Archive) -> None:
    """Refuses a file in which, once parts have moved, another end record could be taken for the real one."""
    behind = archive.ending.end + END_SIZE
    if END in archive.source.read_up_to(behind, archive.source.limits.one_read):
        raise Malformed("zip-directory", path=archive.source.name, offset=behind)


def extents_of(archive: Archive) -> dict[bytes, Span]:
    """Returns what each part takes of the file, from its local header to the end of its data descriptor.

    Raises:
        Malformed: Parts overlap, or contradict the directory.
    """
    spans: dict[bytes, Span] = {}
    ordered = sorted(archive.entries(), key=lambda entry: entry.start)
    for entry, following in pairwise([*ordered, None]):
        assert entry is not None
        archive.source.element()
        _, stop = archive.data(entry)
        limit = archive.ending.start if following is None else following.start
        if entry.flags & HAS_DESCRIPTOR:
            stop = _descriptor_end(archive, entry, stop, limit)
        if stop > limit:
            raise Malformed("zip-overlap", path=archive.source.name, name=entry.shown, offset=entry.start)
        spans[entry.name] = Span(entry.start, stop)
    return spans


def media(archive: Archive, metadata: Collection[bytes]) -> Iterator[Span]:
    """Yields name and packed bytes of all parts but those that hold metadata, in the order of the file.

    Raises:
        Malformed: A part contradicts the directory.
    """
    for entry in sorted(archive.entries(), key=lambda entry: entry.start):
        if entry.name not in metadata:
            archive.source.element()
            start, stop = archive.data(entry)
            named = entry.start + LOCAL_SIZE
            yield Span(named, named + len(entry.name))
            if stop > start:
                yield Span(start, stop)


def _fits(entry: Entry, content: bytes) -> bool:
    is_plain = entry.method == STORED and not entry.flags & HAS_DESCRIPTOR
    return is_plain and entry.packed == len(content)


def _crc_edits(archive: Archive, entry: Entry, value: int) -> Iterator[Edit]:
    for at in (entry.start + _CRC_IN_LOCAL, entry.at + _CRC_IN_CENTRAL):
        yield from smallest(at, archive.read(at, 4), struct.pack("<I", value))


def _respliced(archive: Archive, entry: Entry, splice: Splice) -> _Piece:
    start, stop = archive.data(entry)

    def read(at: int, length: int) -> bytes:
        return archive.read(start + at, length)

    size = stop - start + splice.growth
    return _Piece(STORED, crc32.changed(entry.crc, stop - start, splice, read), size, size, b"")


def _descriptor_end(archive: Archive, entry: Entry, at: int, limit: int) -> int:
    """Returns where the data descriptor ends, whichever of its four forms it has (APPNOTE 4.3.9)."""
    data = archive.source.read_up_to(at, min(24, max(0, limit - at)))
    for sign in (DESCRIPTOR, b""):
        for layout in ("<III", "<IQQ"):
            if max(entry.packed, entry.size) >= WIDE and layout == "<III":
                continue
            form = sign + struct.pack(layout, entry.crc, entry.packed, entry.size)
            if data.startswith(form):
                return at + len(form)
    raise Malformed("zip-mismatch", path=archive.source.name, name=entry.shown, offset=at)


def _local(entry: Entry, piece: _Piece, archive: Archive) -> bytes:
    start, _ = archive.data(entry)
    extra = archive.read(entry.start + LOCAL_SIZE + len(entry.name), start - entry.start - LOCAL_SIZE - len(entry.name))
    return _local_header(entry.name, entry.flags & ~HAS_DESCRIPTOR, entry.stamp, piece, _without_sizes(extra))


def _local_header(name: bytes, flags: int, stamp: int, piece: _Piece, extra: bytes = b"") -> bytes:
    version = 10 if piece.method == STORED else 20
    sizes = (piece.crc, piece.packed, piece.size)
    fixed = struct.pack("<4s3H4I2H", LOCAL, version, flags, piece.method, stamp, *sizes, len(name), len(extra))
    return fixed + name + extra


def _without_sizes(extra: bytes) -> bytes:
    """Returns extra fields without that of ZIP64, whose numbers no longer hold."""
    return b"".join(extra[start - 4 : stop] for kind, start, stop in extra_fields(extra) if kind != ZIP64_FIELD)


def _directory(
    archive: Archive,
    edits: list[Edit],
    replaced: Mapping[bytes, tuple[Entry, _Piece]],
    added: Mapping[bytes, _Piece],
    in_place: Mapping[bytes, int],
) -> Edit:
    """Returns the edit that writes the new parts where the old directory began, and a new directory behind them."""
    ending = archive.ending
    growth = _Growth(edits)
    at = ending.start + growth.before(ending.start)
    parts, records = [], []
    for name, piece in added.items():
        flags = 0 if name.isascii() else UTF8
        records.append(_new_record(archive, name, flags, piece, at - ending.shift))
        parts.append(_local_header(name, flags, _NEW_STAMP, piece) + piece.data)
        at += len(parts[-1])
    old = [
        _moved(archive, entry, replaced.get(entry.name), in_place.get(entry.name), growth.before(entry.start))
        for entry in archive.entries()
    ]
    directory = b"".join((*old, *records))
    end = _end(archive, len(old) + len(records), len(directory), at)
    return Edit(ending.start, ending.end + END_SIZE, b"".join((*parts, directory, end)))


class _Growth:
    """By how much the bytes in front of a position grow."""

    def __init__(self, edits: list[Edit]) -> None:
        self._edits = [(edit.start, edit.growth) for edit in edits if edit.growth]

    def before(self, at: int) -> int:
        return sum(growth for start, growth in self._edits if start < at)


def _moved(
    archive: Archive, entry: Entry, replaced: tuple[Entry, _Piece] | None, crc: int | None, growth: int
) -> bytes:
    """Returns the record of a part that was there, with its new place, sizes and checksum."""
    record = bytearray(archive.directory[entry.at - archive.ending.start :][: entry.length])
    offset = entry.start - archive.ending.shift + growth
    if replaced is not None:
        return _rewritten(archive, entry, record, replaced[1], offset)
    if crc is not None:
        struct.pack_into("<I", record, _CRC_IN_CENTRAL, crc)
    (told,) = struct.unpack_from("<I", record, _OFFSET_IN_CENTRAL)
    if told != WIDE:
        struct.pack_into("<I", record, _OFFSET_IN_CENTRAL, _narrow(archive, offset))
        return bytes(record)
    named = CENTRAL_SIZE + len(entry.name)
    sizes = record[_SIZES_IN_CENTRAL : _SIZES_IN_CENTRAL + 8]
    wide_before = sum(sizes[i : i + 4] == b"\xff" * 4 for i in (0, 4))
    for kind, start, _ in extra_fields(bytes(record[named:])):
        if kind == ZIP64_FIELD:
            struct.pack_into("<Q", record, named + start + 8 * wide_before, offset)
            break
    return bytes(record)


def _rewritten(archive: Archive, entry: Entry, record: bytearray, piece: _Piece, offset: int) -> bytes:
    named, extra, comment = struct.unpack_from("<3H", record, 28)
    behind = CENTRAL_SIZE + named
    fields = _without_sizes(bytes(record[behind : behind + extra]))
    fixed = record[:CENTRAL_SIZE]
    struct.pack_into("<HH", fixed, 8, entry.flags & ~HAS_DESCRIPTOR, piece.method)
    struct.pack_into("<3I", fixed, _CRC_IN_CENTRAL, piece.crc, piece.packed, piece.size)
    struct.pack_into("<H", fixed, 30, len(fields))
    struct.pack_into("<I", fixed, _OFFSET_IN_CENTRAL, _narrow(archive, offset))
    text = record[behind + extra : behind + extra + comment]
    return bytes(fixed + record[CENTRAL_SIZE:behind] + fields + text)


def _new_record(archive: Archive, name: bytes, flags: int, piece: _Piece, offset: int) -> bytes:
    version = 10 if piece.method == STORED else 20
    numbers = (version, version, flags, piece.method, _NEW_STAMP, piece.crc, piece.packed, piece.size)
    where = (len(name), 0, 0, 0, 0, 0, _narrow(archive, offset))
    return struct.pack("<4s4H4I5H2I", CENTRAL, *numbers, *where) + name


def _narrow(archive: Archive, offset: int) -> int:
    if offset >= WIDE:
        raise UnsupportedFormat("zip-too-large", path=archive.source.name)
    return offset


def _end(archive: Archive, count: int, size: int, at: int) -> bytes:
    """Returns the end records behind a directory of ``size`` bytes that begins at ``at`` in the new file.

    Raises:
        Malformed: Something stands between the directory and its end that nobody can tell how to move.
        UnsupportedFormat: More entries or bytes than the end record can count.
    """
    ending = archive.ending
    behind = ending.start + ending.size
    records = bytearray(archive.source.read(behind, ending.end + END_SIZE - behind))
    offset = at - ending.shift
    if ending.end64 >= 0:
        there = ending.end64 - behind
        is_plain = there == 0 and ending.end - behind == struct.unpack_from("<Q", records, 4)[0] + 12 + 20
        if not is_plain or len(records) < END64_SIZE:
            raise Malformed("zip-directory", path=archive.source.name, offset=behind)
        struct.pack_into("<4Q", records, 24, count, count, size, offset)
        struct.pack_into("<Q", records, ending.end - behind - 12, offset + size)
    elif behind != ending.end:
        raise Malformed("zip-directory", path=archive.source.name, offset=behind)
    last = len(records) - END_SIZE
    told = struct.unpack_from("<2H2I", records, last + 8)
    if ending.end64 < 0 and (count >= WIDE_COUNT or max(size, offset) >= WIDE):
        raise UnsupportedFormat("zip-too-large", path=archive.source.name)
    limits = (WIDE_COUNT, WIDE_COUNT, WIDE, WIDE)
    new = [
        limit if old == limit or value >= limit else value
        for old, value, limit in zip(told, (count, count, size, offset), limits, strict=True)
    ]
    struct.pack_into("<2H2I", records, last + 8, *new)
    return bytes(records)
