"""The records of a ZIP archive as they are going to be: local headers, the directory, and its end."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple

from yinji.containers.splice import Edit
from yinji.containers.zip.directory import (
    DEFLATED,
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
from yinji.containers.zip.ending import CENTRAL, CENTRAL_SIZE, END64_SIZE, END_SIZE
from yinji.errors import Malformed, UnsupportedFormat

NEW_STAMP: Final = 0x00210000
"""1980-01-01, the first moment that ZIP knows: a new part tells no time, so that equal writes give equal bytes."""
CRC_IN_CENTRAL: Final = 16
_LEVEL: Final = 9
_SIZES_IN_CENTRAL: Final = 20
_OFFSET_IN_CENTRAL: Final = 42


class Piece(NamedTuple):
    """A part as it is going to be written."""

    method: int
    crc: int
    size: int
    packed: int
    data: bytes

    @classmethod
    def of(cls, content: bytes, *, stored: bool) -> Piece:
        crc = zlib.crc32(content)
        if stored:
            return cls(STORED, crc, len(content), len(content), content)
        engine = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        data = engine.compress(content) + engine.flush()
        return cls(DEFLATED, crc, len(content), len(data), data)


def local_of(entry: Entry, piece: Piece, archive: Archive) -> bytes:
    """Returns the local header of a part that was there, with its extra fields but for sizes."""
    start, _ = archive.data(entry)
    extra = archive.read(entry.start + LOCAL_SIZE + len(entry.name), start - entry.start - LOCAL_SIZE - len(entry.name))
    return local_header(entry.name, entry.flags & ~HAS_DESCRIPTOR, entry.stamp, piece, _without_sizes(extra))


def local_header(name: bytes, flags: int, stamp: int, piece: Piece, extra: bytes = b"") -> bytes:
    """Returns the local header of a part."""
    version = 10 if piece.method == STORED else 20
    sizes = (piece.crc, piece.packed, piece.size)
    fixed = struct.pack("<4s3H4I2H", LOCAL, version, flags, piece.method, stamp, *sizes, len(name), len(extra))
    return fixed + name + extra


def _without_sizes(extra: bytes) -> bytes:
    """Returns extra fields without that of ZIP64, whose numbers no longer hold."""
    return b"".join(extra[start - 4 : stop] for kind, start, stop in extra_fields(extra) if kind != ZIP64_FIELD)


def directory_of(
    archive: Archive,
    edits: list[Edit],
    replaced: Mapping[bytes, tuple[Entry, Piece]],
    added: Mapping[bytes, Piece],
    in_place: Mapping[bytes, int],
) -> Edit:
    """Returns the edit that writes the new parts where the old directory began, and a new directory behind them."""
    ending = archive.ending
    growth = _Growth(edits)
    at = ending.start + growth.before(ending.start)
    parts, records = [], []
    for name, piece in added.items():
        flags = 0 if name.isascii() else UTF8
        records.append(new_record(archive, name, flags, piece, at - ending.shift))
        parts.append(local_header(name, flags, NEW_STAMP, piece) + piece.data)
        at += len(parts[-1])
    old = [
        moved(archive, entry, replaced.get(entry.name), in_place.get(entry.name), growth.before(entry.start))
        for entry in archive.entries()
    ]
    directory = b"".join((*old, *records))
    end = end_of(archive, len(old) + len(records), len(directory), at)
    return Edit(ending.start, ending.end + END_SIZE, b"".join((*parts, directory, end)))


class _Growth:
    """By how much the bytes in front of a position grow."""

    def __init__(self, edits: list[Edit]) -> None:
        self._edits = [(edit.start, edit.growth) for edit in edits if edit.growth]

    def before(self, at: int) -> int:
        return sum(growth for start, growth in self._edits if start < at)


def moved(archive: Archive, entry: Entry, replaced: tuple[Entry, Piece] | None, crc: int | None, growth: int) -> bytes:
    """Returns the record of a part that was there, with its new place, sizes and checksum."""
    record = bytearray(archive.directory[entry.at - archive.ending.start :][: entry.length])
    offset = entry.start - archive.ending.shift + growth
    if replaced is not None:
        return _rewritten(archive, entry, record, replaced[1], offset)
    if crc is not None:
        struct.pack_into("<I", record, CRC_IN_CENTRAL, crc)
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


def _rewritten(archive: Archive, entry: Entry, record: bytearray, piece: Piece, offset: int) -> bytes:
    named, extra, comment = struct.unpack_from("<3H", record, 28)
    behind = CENTRAL_SIZE + named
    fields = _without_sizes(bytes(record[behind : behind + extra]))
    fixed = record[:CENTRAL_SIZE]
    struct.pack_into("<HH", fixed, 8, entry.flags & ~HAS_DESCRIPTOR, piece.method)
    struct.pack_into("<3I", fixed, CRC_IN_CENTRAL, piece.crc, piece.packed, piece.size)
    struct.pack_into("<H", fixed, 30, len(fields))
    struct.pack_into("<I", fixed, _OFFSET_IN_CENTRAL, _narrow(archive, offset))
    text = record[behind + extra : behind + extra + comment]
    return bytes(fixed + record[CENTRAL_SIZE:behind] + fields + text)


def new_record(archive: Archive, name: bytes, flags: int, piece: Piece, offset: int) -> bytes:
    """Returns the record of a part that is added."""
    version = 10 if piece.method == STORED else 20
    numbers = (version, version, flags, piece.method, NEW_STAMP, piece.crc, piece.packed, piece.size)
    where = (len(name), 0, 0, 0, 0, 0, _narrow(archive, offset))
    return struct.pack("<4s4H4I5H2I", CENTRAL, *numbers, *where) + name


def _narrow(archive: Archive, offset: int) -> int:
    if offset >= WIDE:
        raise UnsupportedFormat("zip-too-large", path=archive.source.name)
    return offset


def end_of(archive: Archive, count: int, size: int, at: int) -> bytes:
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
