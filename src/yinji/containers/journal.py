"""The undo record of an in-place change: what makes it possible to go back after a crash.

The record stands beside the file as ``.<name>.yinji-undo`` and is on the disk before the first byte of the file
changes. It holds the old size and the bytes that will be written over, and ends with a checksum: a record that is not
whole was cut short before the file was touched, and is dropped.

It also holds the size and the checksum of what will stand there: of a change that is complete nothing is taken back.
So three waits for the disk are enough, one behind the other:

1. the record, and 2. its name in the directory: before the file is touched, so that there is a way back;
3. the new bytes (``fdatasync``: the size goes with them, the times need not): before the record goes.

That the record is gone is not waited for. Should it be back after a power failure, it says of a complete change that
it is complete. A failure at any other moment finds the old bytes in the record.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from yinji.errors import StorageError, UsageError

SUFFIX: Final = ".yinji-undo"
_MAGIC: Final = b"yinji-undo 2\n"
_HEADER: Final = struct.Struct(">QQQQII")
"""Old size, inode and device of the file, its size when the change is complete, the checksum of what stands in the
ranges then, number of ranges."""
_RANGE: Final = struct.Struct(">QQ")
_CRC: Final = struct.Struct(">I")
_BUFFER: Final = 1 << 20


def place(path: Path) -> Path:
    """Returns where the undo record of a file stands."""
    return path.with_name(f".{path.name}{SUFFIX}")


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


def write(path: Path, fd: int, ranges: list[tuple[int, int]], size: int, new_size: int, new: Iterable[bytes]) -> Path:
    """Records the old bytes of the ranges that will be written over, durably.

    Args:
        path: The file.
        fd: The file, open for reading.
        ranges: (position, length) of the old bytes that the change touches, all inside the file, in its order; where
            the size changes, the last reaches to the end.
        size: Its size now.
        new_size: Its size when the change is complete.
        new: What stands in the ranges then, one behind the other.
    """
    record = place(path)
    info = os.fstat(fd)
    wanted = 0
    for data in new:
        wanted = zlib.crc32(data, wanted)
    out = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            header = _HEADER.pack(size, info.st_ino, info.st_dev, new_size, wanted, len(ranges))
            crc = _append(out, _MAGIC + header, 0)
            for at, length in ranges:
                crc = _append(out, _RANGE.pack(at, length), crc)
                crc = _append_old(out, fd, at, length, crc)
            _append(out, _CRC.pack(crc), 0)
            sync_data(out)
        finally:
            os.close(out)
        _sync_directory(record.parent)
    except BaseException:
        with suppress(OSError):
            record.unlink()
        raise
    return record


def is_complete(fd: int, record: Path) -> bool:
    """Whether the file holds all that the change was to write."""
    with record.open("rb") as file:
        return _is_complete(file, fd)


def roll_back(path: Path, fd: int, record: Path, *, even_complete: bool = False) -> bool:
    """Writes the recorded bytes back and drops the record.

    Args:
        path: The file.
        fd: The file, open for writing.
        record: Its record.
        even_complete: Go back from a complete change too.

    Returns:
        Whether there was anything to go back to. A record that is not whole means that nothing had changed yet, and
        nothing is taken back of a change that is complete.

    Raises:
        StorageError: The old bytes could not be written; the record stays.
    """
    try:
        with record.open("rb") as file:
            is_due = _is_whole(file)
            if is_due:
                _require_own(file, path, fd)
                is_due = even_complete or not _is_complete(file, fd)
                if is_due:
                    _restore(file, fd)
                sync_data(fd)  # before the record goes, whichever bytes they are
        finish(record)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError("roll-back-failed", path=path, journal=record, reason=reason) from error
    return is_due


@contextmanager
def last_range(record: Path, length: int) -> Iterator[Callable[[int, int], Iterator[bytes]]]:
    """Gives a function that yields old bytes, from and to positions counted from the start of the last range."""
    with record.open("rb") as file:
        first = os.fstat(file.fileno()).st_size - _CRC.size - length

        def old(start: int, stop: int) -> Iterator[bytes]:
            for at in range(start, stop, _BUFFER):
                yield os.pread(file.fileno(), min(_BUFFER, stop - at), first + at)

        yield old


def finish(record: Path) -> None:
    """Drops the record of a change that is complete, or taken back, on the disk."""
    record.unlink()


def sync_data(fd: int) -> None:
    """Waits until the bytes and the size of a file are on the disk."""
    getattr(os, "fdatasync", os.fsync)(fd)


def pwrite_all(fd: int, data: bytes, at: int) -> None:
    """Writes everything at a position."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written


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


def _is_whole(file: BinaryIO) -> bool:
    """Whether the record was written to its end, by its checksum."""
    left = os.fstat(file.fileno()).st_size - _CRC.size
    if left < len(_MAGIC) + _HEADER.size:
        return False
    crc = 0
    while left:
        data = file.read(min(_BUFFER, left))
        crc = zlib.crc32(data, crc)
        left -= len(data)
    return file.read(_CRC.size) == _CRC.pack(crc)


def _header(file: BinaryIO) -> tuple[int, int, int, int, int, int]:
    file.seek(len(_MAGIC))
    return _HEADER.unpack(file.read(_HEADER.size))


def _require_own(file: BinaryIO, path: Path, fd: int) -> None:
    """Raises :class:`StorageError` where the record is of another file of that name, or of another kind."""
    file.seek(0)
    magic, info = file.read(len(_MAGIC)), os.fstat(fd)
    if magic != _MAGIC or _header(file)[1:3] != (info.st_ino, info.st_dev):
        raise StorageError("journal-broken", path=path, journal=file.name)


def _is_complete(file: BinaryIO, fd: int) -> bool:
    size, _, _, new_size, wanted, count = _header(file)
    if os.fstat(fd).st_size != new_size:
        return False
    crc = 0
    for number in range(count):
        at, length = _RANGE.unpack(file.read(_RANGE.size))
        file.seek(length, os.SEEK_CUR)
        stop = new_size if number == count - 1 and new_size != size else at + length
        for start in range(at, stop, _BUFFER):
            crc = zlib.crc32(os.pread(fd, min(_BUFFER, stop - start), start), crc)
    return crc == wanted


def _restore(file: BinaryIO, fd: int) -> None:
    """Writes the recorded bytes back. Where it is cut short, the next try begins anew: the record stays until then."""
    size, *_, count = _header(file)
    for _ in range(count):
        at, length = _RANGE.unpack(file.read(_RANGE.size))
        while length:
            data = file.read(min(_BUFFER, length))
            pwrite_all(fd, data, at)
            at, length = at + len(data), length - len(data)
    os.ftruncate(fd, size)


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
