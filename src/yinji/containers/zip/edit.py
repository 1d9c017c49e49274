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
from typing import Final

from yinji.containers.base import Span
from yinji.containers.edits import smallest
from yinji.containers.splice import Edit, Splice
from yinji.containers.zip import crc as crc32
from yinji.containers.zip.directory import (
    DESCRIPTOR,
    HAS_DESCRIPTOR,
    LOCAL_SIZE,
    STORED,
    UTF8,
    WIDE,
    Archive,
    Entry,
)
from yinji.containers.zip.ending import END, END_SIZE
from yinji.containers.zip.records import (
    CRC_IN_CENTRAL,
    NEW_STAMP,
    Piece,
    directory_of,
    end_of,
    local_header,
    local_of,
    moved,
    new_record,
)
from yinji.errors import Malformed

_PADDING: Final = 0x1986
"""Extra field in which OpenUSD's own writer leaves room."""
_CRC_IN_LOCAL: Final = 14


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
    replaced: dict[bytes, tuple[Entry, Piece]] = {}
    added: dict[bytes, Piece] = {}
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
                edits.append(Edit(entry.start, start, local_of(entry, piece, archive)))
                edits.append(Edit(start + entry.packed, extents[name].stop, b""))
        elif entry is None:
            added[name] = Piece.of(content, stored=name in stored)
        elif (old := archive.content(entry)) == content:
            continue
        elif _fits(entry, content):
            start, _ = archive.data(entry)
            edits += smallest(start, old, content)
            in_place[name] = zlib.crc32(content)
            edits += _crc_edits(archive, entry, in_place[name])
        else:
            piece = Piece.of(content, stored=name in stored)
            replaced[name] = entry, piece
            edits.append(Edit(*extents[name], local_of(entry, piece, archive) + piece.data))
    if replaced or added:
        kept = [edit for edit in edits if edit.start < archive.ending.start]
        edits = [*kept, directory_of(archive, kept, replaced, added, in_place)]
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
    piece = Piece.of(content + b" " * (-len(content) % alignment), stored=True)
    pad = -(LOCAL_SIZE + len(name) + 4) % alignment
    flags = 0 if name.isascii() else UTF8
    extra = struct.pack("<HH", _PADDING, pad) + bytes(pad)
    part = local_header(name, flags, NEW_STAMP, piece, extra) + piece.data
    old = [moved(archive, entry, None, None, len(part)) for entry in archive.entries()]
    directory = b"".join((new_record(archive, name, flags, piece, 0), *old))
    end = end_of(archive, len(old) + 1, len(directory), ending.start + len(part))
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
    for at in (entry.start + _CRC_IN_LOCAL, entry.at + CRC_IN_CENTRAL):
        yield from smallest(at, archive.read(at, 4), struct.pack("<I", value))


def _respliced(archive: Archive, entry: Entry, splice: Splice) -> Piece:
    start, stop = archive.data(entry)

    def read(at: int, length: int) -> bytes:
        return archive.read(start + at, length)

    size = stop - start + splice.growth
    return Piece(STORED, crc32.changed(entry.crc, stop - start, splice, read), size, size, b"")


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
