"""The undo record of an in-place change: what makes it possible to go back after a crash.

The record stands beside the file as ``.<name>.yinji-undo`` (see :func:`place`) and is on the disk before the first
byte of the file changes. It holds the change, the old size and the bytes that will be written over, and ends with a
checksum: a record that is not whole was cut short before the file was touched, and is dropped.

So it knows what will stand there as well as what stood there, and of a change that is complete nothing is taken back.
Three waits for the disk are enough, one behind the other:

1. the record, and 2. its name in the directory: before the file is touched, so that there is a way back;
3. the new bytes (``fdatasync``: the size goes with them, the times need not): before the record goes.

That the record is gone is not waited for. Should it be back after a power failure, it says of a complete change that
it is complete. A failure at any other moment leaves old bytes and new ones, nothing else: where others stand, another
program has written since, and the file is left as it is.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple, Self

from yinji.containers.splice import Edit, Foreseen, Splice
from yinji.errors import StorageError, UsageError

SUFFIX: Final = ".yinji-undo"
_MAGIC: Final = b"yinji-undo 3\n"
_HEADER: Final = struct.Struct(">QQQQ")
"""Old size, inode and device of the file, number of edits. The edits follow, then the old bytes of all ranges."""
_EDIT: Final = struct.Struct(">QQQ")
"""Start and stop in the old file, length of the new bytes that follow."""
_CRC: Final = struct.Struct(">I")
_READING: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_BUFFER: Final = 1 << 20
_PAGE: Final = 4096
_LONGEST_NAME: Final = 255


class Range(NamedTuple):
    """A stretch of the file that a change touches.

    Attributes:
        start: Where it begins.
        old, new: Bytes that it had, and that it will have.
    """

    start: int
    old: int
    new: int


class Record:
    """An open undo record. Use :func:`write` to make one; :meth:`close` leaves it on the disk, :meth:`finish` drops it.

    Attributes:
        place: Where it stands.
        size, new_size: Bytes of the file before and after the change.
        ranges: What the change touches, in the order of the file.
    """

    def __init__(self, place: Path, fd: int, splice: Splice, size: int) -> None:
        self.place = place
        self.size = size
        self.ranges = ranges(splice, size)
        self._fd = fd
        lengths = (each.old for each in self.ranges)
        self._starts = list(accumulate(lengths, initial=_front_size(splice)))
        self._foreseen = Foreseen(self._old, splice, size)
        self.new_size = self._foreseen.size

    @classmethod
    def opened(cls, path: Path, fd: int) -> Self | None:
        """Opens the record of a file.

        Returns:
            The record; None where it is not whole, so that nothing of the file had been changed.

        Raises:
            StorageError: The record is of another file of that name, or of another kind.
        """
        own = os.open(place(path), _READING)
        try:
            if not _is_whole(own):
                os.close(own)
                return None
            return cls._parsed(path, fd, own)
        except BaseException:
            with suppress(OSError):
                os.close(own)
            raise

    @classmethod
    def _parsed(cls, path: Path, fd: int, own: int) -> Self:
        info, at = os.fstat(fd), len(_MAGIC) + _HEADER.size
        front = os.pread(own, at, 0)
        size, inode, device, edits = _HEADER.unpack(front[len(_MAGIC) :])
        if not front.startswith(_MAGIC) or (inode, device) != (info.st_ino, info.st_dev):
            raise StorageError("journal-broken", path=path, journal=place(path))
        found = []
        for _ in range(edits):
            start, stop, length = _EDIT.unpack(os.pread(own, _EDIT.size, at))
            found.append(Edit(start, stop, os.pread(own, length, at + _EDIT.size)))
            at += _EDIT.size + length
        return cls(place(path), own, Splice(tuple(found)), size)

    def apply(self, fd: int) -> None:
        """Writes the new bytes; those that move come out of the record, which holds them where they stood."""
        for each in self.ranges:
            for at, data in self._pieces(each):
                pwrite_all(fd, data, at)
        if self.new_size != self.size:
            os.ftruncate(fd, self.new_size)

    def is_complete(self, fd: int) -> bool:
        """Whether the file holds all that the change was to write."""
        return os.fstat(fd).st_size == self.new_size and all(
            os.pread(fd, len(data), at) == data for each in self.ranges for at, data in self._pieces(each)
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
            for at in range(each.start, each.start + each.old, _BUFFER):
                pwrite_all(fd, self._old(min(_BUFFER, each.start + each.old - at), at), at)
        os.ftruncate(fd, self.size)

    def finish(self) -> None:
        """Drops the record of a change that is complete, or taken back, on the disk."""
        self.place.unlink()

    def close(self) -> None:
        os.close(self._fd)

    def _old(self, length: int, at: int) -> bytes:
        """Returns up to ``length`` old bytes from a position of a range, fewer where that ends."""
        for each, start in zip(self.ranges, self._starts, strict=False):
            inside = at - each.start
            if 0 <= inside < each.old:
                return os.pread(self._fd, min(length, each.old - inside), start + inside)
        return b""

    def _pieces(self, each: Range) -> Iterator[tuple[int, bytes]]:
        """Yields the new bytes of a range with their positions."""
        stop = each.start + each.new
        for at in range(each.start, stop, _BUFFER):
            yield at, self._foreseen.read(min(_BUFFER, stop - at), at)

    def _pages(self, each: Range, size: int) -> Iterator[tuple[int, int, bytes]]:
        """Yields the pages of a range with where each ends and what will stand there: empty behind the new end."""
        end = min(size, each.start + max(each.old, each.new))
        for at in range(each.start, end, _PAGE):
            stop = min(end, at + _PAGE)
            yield at, stop, self._foreseen.read(max(0, min(stop, each.start + each.new) - at), at)


def ranges(splice: Splice, size: int) -> list[Range]:
    """Returns what a change touches: from the first edit that changes the length on, all to the end of the file."""
    still = [Range(edit.start, len(edit.data), len(edit.data)) for edit in splice.edits[: splice.still]]
    if splice.moves_nothing:
        return still
    start = splice.edits[splice.still].start
    return [*still, Range(start, size - start, size + splice.growth - start)]


def _front_size(splice: Splice) -> int:
    """Returns the bytes of a record in front of the old bytes."""
    return len(_MAGIC) + _HEADER.size + sum(_EDIT.size + len(edit.data) for edit in splice.edits)


def place(path: Path) -> Path:
    """Returns where the undo record of a file stands: under its name, or a hash of that where it would be too long."""
    name = f".{path.name}{SUFFIX}"
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()}{SUFFIX}"
    return path.with_name(name)


def lock(fd: int, path: Path) -> None:
    """Takes the file for this process; the lock goes with the descriptor, also when the process dies.

    Raises:
        UsageError: Another process is changing the file.
    """
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError("in-place-busy", path=path) from None


def write(path: Path, fd: int, splice: Splice, size: int, *, durable: bool = True) -> Record:
    """Records a change and the old bytes that it writes over.

    Args:
        path: The file.
        fd: The file, open for reading.
        splice: The change.
        size: Bytes of the file now.
        durable: Wait until the record and its name are on the disk. Without that it helps against the death of the
            process, not against that of the machine.
    """
    info = os.fstat(fd)
    own = os.open(place(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        record = Record(place(path), own, splice, size)
        header = _HEADER.pack(size, info.st_ino, info.st_dev, len(splice.edits))
        edits = [_EDIT.pack(e.start, e.stop, len(e.data)) + e.data for e in splice.edits]
        crc = _append(own, b"".join((_MAGIC, header, *edits)), 0)
        for each in record.ranges:
            crc = _append_old(own, fd, each.start, each.old, crc)
        _append(own, _CRC.pack(crc), 0)
        if durable:
            sync_data(own)
            _sync_directory(path.parent)
    except BaseException:
        os.close(own)
        with suppress(OSError):
            place(path).unlink()
        raise
    return record


def roll_back(path: Path, fd: int, record: Record) -> None:
    """Writes the recorded bytes back and drops the record.

    Raises:
        StorageError: The old bytes could not be written; the record stays.
    """
    try:
        record.restore(fd)
        sync_data(fd)  # before the record goes
        record.finish()
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError("roll-back-failed", path=path, journal=record.place, reason=reason) from error


def recover(path: Path, fd: int) -> bool:
    """Does what the record beside a file asks for, and drops it.

    Args:
        path: The file.
        fd: The file, open for writing.

    Returns:
        Whether there was anything to go back to. A record that is not whole means that nothing had changed yet, and
        nothing is taken back of a change that is complete.

    Raises:
        StorageError: The record is of another file, another program has changed the same bytes since, or the old bytes
            could not be written. The record stays.
    """
    record = Record.opened(path, fd)
    if record is None:
        place(path).unlink()
        return False
    try:
        if record.is_complete(fd):
            sync_data(fd)  # the new bytes, before the record goes
            record.finish()
            return False
        if not record.explains(fd):
            raise StorageError("changed-since", path=path, journal=record.place)
        roll_back(path, fd, record)
        return True
    finally:
        record.close()


def sync_data(fd: int) -> None:
    """Waits until the bytes and the size of a file are on the disk."""
    getattr(os, "fdatasync", os.fsync)(fd)


def pwrite_all(fd: int, data: bytes, at: int) -> None:
    """Writes everything at a position."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written


def _is_mixed(now: bytes, old: bytes, new: bytes) -> bool:
    """Whether every byte is the old one, or the new one where the file will reach so far."""
    old = old[: len(now)].ljust(len(now), b"\0")
    new = new[: len(now)] + old[len(new) :]
    return now in (old, new) or all(byte in pair for byte, *pair in zip(now, old, new, strict=True))


def _append(out: int, data: bytes, crc: int) -> int:
    view = memoryview(data)
    while view:
        view = view[os.write(out, view) :]
    return zlib.crc32(data, crc)


def _append_old(out: int, fd: int, at: int, length: int, crc: int) -> int:
    while length:
        data = os.pread(fd, min(length, _BUFFER), at)
        if not data:
            raise OSError("the file became shorter while it was being read")
        crc = _append(out, data, crc)
        at, length = at + len(data), length - len(data)
    return crc


def _is_whole(fd: int) -> bool:
    """Whether a record was written to its end, by its checksum."""
    left = os.fstat(fd).st_size - _CRC.size
    if left < len(_MAGIC) + _HEADER.size:
        return False
    crc = at = 0
    while at < left:
        data = os.pread(fd, min(_BUFFER, left - at), at)
        if not data:
            return False
        crc = zlib.crc32(data, crc)
        at += len(data)
    return os.pread(fd, _CRC.size, at) == _CRC.pack(crc)


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
