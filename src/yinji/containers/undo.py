"""What an undo record says of an in-place change, and what follows from it; :mod:`yinji.containers.journal` keeps it.

A record holds the change, the old size and the bytes that will be written over, and ends with a checksum. So it knows
what will stand there as well as what stood there.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import accumulate
from typing import Final, NamedTuple, Protocol, Self

from yinji.containers.splice import Edit, Foreseen, Splice

_MAGIC: Final = b"yinji-undo 4\n"
_HEADER: Final = struct.Struct(">QQQQ")
"""Old size and inode of the file, when the record was made, number of edits. The edits follow, then all old bytes."""
_EDIT: Final = struct.Struct(">QQQ")
"""Start and stop in the old file, length of the new bytes that follow."""
CRC: Final = struct.Struct(">I")
_BUFFER: Final = 1 << 20
_PAGE: Final = 4096
_SIZE_MAX: Final = (1 << 63) - 1


class Kept(Protocol):
    """A record where it is kept.

    Attributes:
        where: The place, in words for people.
        size: Its bytes.
    """

    where: str
    size: int

    def read(self, length: int, at: int) -> bytes:
        """Returns up to ``length`` of its bytes from ``at``, fewer at the end."""
        ...

    def drop(self) -> None:
        """Takes it away, without waiting for the disk."""
        ...

    def close(self) -> None:
        """Lets go of it; it stays where it is."""
        ...


class Range(NamedTuple):
    """A stretch of the file that a change touches.

    Attributes:
        start: Where it begins.
        old, new: Bytes that it had, and that it will have.
    """

    start: int
    old: int
    new: int


class Header(NamedTuple):
    """What a record says of the file.

    Attributes:
        size: Its bytes before the change.
        inode: Its number in the file system.
        made: When the record was made, in nanoseconds: of two, the later one counts.
    """

    size: int
    inode: int
    made: int


class Record:
    """An undo record; :meth:`close` leaves it where it is, :meth:`finish` drops it.

    Args:
        kept: Where it is kept.
        splice: The change.
        ranges: What it touches, in the order of the file: see :func:`ranges`.
        header: What the record says of the file.

    Attributes:
        size, new_size: Bytes of the file before and after the change.
    """

    def __init__(self, kept: Kept, splice: Splice, ranges: list[Range], header: Header) -> None:
        self.kept = kept
        self.header = header
        self.ranges = ranges
        self.size = header.size
        self.new_size = header.size + ranges[-1].new - ranges[-1].old if ranges else header.size
        self._splice = splice

    @classmethod
    def parsed(cls, kept: Kept) -> Self:
        """Takes a record apart that is whole.

        Raises:
            ValueError: It is of another kind, or does not fit together.
        """
        at = len(_MAGIC) + _HEADER.size
        front, end = kept.read(at, 0), kept.size - CRC.size
        if not front.startswith(_MAGIC):
            raise ValueError("not a record of this kind")
        size, inode, made, edits = _HEADER.unpack(front[len(_MAGIC) :])
        found: list[Edit] = []
        for _ in range(edits):
            if at + _EDIT.size > end:
                raise ValueError("edits reach behind the end")
            start, stop, length = _EDIT.unpack(kept.read(_EDIT.size, at))
            at += _EDIT.size
            if length > end - at or not (found[-1].stop if found else 0) <= start <= stop <= size <= _SIZE_MAX:
                raise ValueError("an edit does not fit")
            found.append(Edit(start, stop, kept.read(length, at)))
            at += length
        splice = Splice(tuple(found))
        touched = ranges(splice, size)
        record = cls(kept, splice, touched, Header(size, inode, made))
        if at + sum(each.old for each in touched) != end or record.new_size > _SIZE_MAX:
            raise ValueError("old bytes are missing")
        return record

    def apply(self, fd: int, joined: Iterable[Edit]) -> None:
        """Writes the new bytes; those that move come out of the record, which holds them where they stood.

        Args:
            fd: The file.
            joined: The edits in front of all that moves; what stands between two of them may be written with them.
        """
        for edit in joined:
            pwrite_all(fd, edit.data, edit.start)
        for each in self.ranges[self._splice.still :]:
            for at, data in self._pieces(each):
                pwrite_all(fd, data, at)
        if self.new_size != self.size:
            os.ftruncate(fd, self.new_size)

    def is_complete(self, fd: int) -> bool:
        """Whether the file holds all that the change was to write."""
        return os.fstat(fd).st_size == self.new_size and all(
            os.pread(fd, len(data), at) == data for each in self.ranges for at, data in self._pieces(each)
        )

    def is_untouched(self, fd: int) -> bool:
        """Whether the file holds all that stood there before the change."""
        return os.fstat(fd).st_size == self.size and all(
            os.pread(fd, len(data), at) == data for each in self.ranges for at, data in self._old_pieces(each)
        )

    def explains(self, fd: int) -> bool:
        """Whether a change that was cut short can have left the file so: old bytes and new ones alone.

        Behind the old end zeros count too, which a disk shows where a size arrived before its bytes.
        """
        smaller, larger = sorted((self.size, self.new_size))
        size = os.fstat(fd).st_size
        return smaller <= size <= larger and all(
            _is_mixed(os.pread(fd, _PAGE, at)[: stop - at], self._old(_PAGE, at), new)
            for each in self.ranges
            for at, stop, new in self._pages(each, size)
        )

    def restore(self, fd: int) -> None:
        """Writes the old bytes back. Where it is cut short, the next try begins anew: the record stays until then."""
        for each in self.ranges:
            for at, data in self._old_pieces(each):
                pwrite_all(fd, data, at)
        os.ftruncate(fd, self.size)

    def finish(self) -> None:
        """Drops the record of a change that is complete, or taken back, on the disk."""
        self.kept.drop()

    def close(self) -> None:
        self.kept.close()

    @cached_property
    def _starts(self) -> list[int]:
        """Where the old bytes of each range begin in the record."""
        return list(accumulate((each.old for each in self.ranges), initial=_front_size(self._splice)))

    @cached_property
    def _foreseen(self) -> Foreseen:
        """The file as it will be, from what the record holds."""
        return Foreseen(self._old, self._splice, self.size)

    def _old(self, length: int, at: int) -> bytes:
        """Returns up to ``length`` old bytes from a position of a range, fewer where that ends."""
        for each, start in zip(self.ranges, self._starts, strict=False):
            inside = at - each.start
            if 0 <= inside < each.old:
                return self.kept.read(min(length, each.old - inside), start + inside)
        return b""

    def _pieces(self, each: Range) -> Iterator[tuple[int, bytes]]:
        """Yields the new bytes of a range with their positions."""
        edit = self._splice.edits[self.ranges.index(each)]
        if len(edit.data) == each.new:  # the range is an edit, as a label in room that is there
            yield each.start, edit.data
            return
        stop = each.start + each.new
        for at in range(each.start, stop, _BUFFER):
            yield at, self._foreseen.read(min(_BUFFER, stop - at), at)

    def _old_pieces(self, each: Range) -> Iterator[tuple[int, bytes]]:
        """Yields the old bytes of a range with their positions."""
        stop = each.start + each.old
        for at in range(each.start, stop, _BUFFER):
            yield at, self._old(min(_BUFFER, stop - at), at)

    def _pages(self, each: Range, size: int) -> Iterator[tuple[int, int, bytes]]:
        """Yields the pages of a range with where each ends and what will stand there: empty behind the new end."""
        end = min(size, each.start + max(each.old, each.new))
        for at in range(each.start, end, _PAGE):
            stop = min(end, at + _PAGE)
            yield at, stop, self._foreseen.read(max(0, min(stop, each.start + each.new) - at), at)


def ranges(splice: Splice, size: int) -> list[Range]:
    """Returns what a change touches: from the first edit that changes the length on, all to the end of the file."""
    count = splice.still
    still = [Range(edit.start, len(edit.data), len(edit.data)) for edit in splice.edits[:count]]
    if count == len(splice.edits):
        return still
    start = splice.edits[count].start
    return [*still, Range(start, size - start, size + splice.growth - start)]


def written(
    splice: Splice, touched: list[Range], header: Header, fetch: Callable[[int, int], bytes]
) -> Iterator[bytes]:
    """Yields the bytes of a record, old ones in pieces.

    Args:
        splice: The change.
        touched: What it touches: see :func:`ranges`.
        header: What the record says of the file.
        fetch: Returns old bytes: how many at most, and from where.

    Raises:
        OSError: The file became shorter.
    """
    edits = [_EDIT.pack(e.start, e.stop, len(e.data)) + e.data for e in splice.edits]
    front = b"".join((_MAGIC, _HEADER.pack(*header, len(edits)), *edits))
    yield front
    crc = zlib.crc32(front)
    for each in touched:
        at, stop = each.start, each.start + each.old
        while at < stop:
            data = fetch(min(stop - at, _BUFFER), at)
            if not data:
                raise OSError("the file became shorter while it was being read")
            yield data
            crc, at = zlib.crc32(data, crc), at + len(data)
    yield CRC.pack(crc)


def size_of(splice: Splice, touched: list[Range]) -> int:
    """Returns how many bytes the record of a change takes."""
    return _front_size(splice) + sum([each.old for each in touched]) + CRC.size


def is_whole(kept: Kept) -> bool:
    """Whether a record was written to its end, by its checksum."""
    left = kept.size - CRC.size
    if left < len(_MAGIC) + _HEADER.size:
        return False
    crc = at = 0
    while at < left:
        data = kept.read(min(_BUFFER, left - at), at)
        if not data:
            return False
        crc = zlib.crc32(data, crc)
        at += len(data)
    return kept.read(CRC.size, at) == CRC.pack(crc)


def pwrite_all(fd: int, data: bytes, at: int) -> None:
    """Writes everything at a position."""
    while data:
        written = os.pwrite(fd, data, at)
        data, at = data[written:], at + written


def _front_size(splice: Splice) -> int:
    """Returns the bytes of a record in front of the old bytes."""
    return len(_MAGIC) + _HEADER.size + sum([_EDIT.size + len(edit.data) for edit in splice.edits])


def _is_mixed(now: bytes, old: bytes, new: bytes) -> bool:
    """Whether every byte is the old one, or the new one where the file will reach so far."""
    old = old[: len(now)].ljust(len(now), b"\0")
    new = new[: len(now)] + old[len(new) :]
    return now in (old, new) or all(byte in pair for byte, *pair in zip(now, old, new, strict=True))
