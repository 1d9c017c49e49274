"""The undo record of an in-place change: what makes it possible to go back after a crash.

The record stands beside the file as ``.<name>.yinji-undo`` and is on the disk before the first byte of the file
changes. It holds the old size and the bytes that will be written over, and ends with a checksum: a record that is not
whole was cut short before the file was touched, and is dropped.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from yinji.errors import StorageError, UsageError

SUFFIX: Final = ".yinji-undo"
_MAGIC: Final = b"yinji-undo 1\n"
_HEADER: Final = struct.Struct(">QQQI")
"""Old size, inode and device of the file, number of ranges."""
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


def write(path: Path, fd: int, ranges: list[tuple[int, int]], size: int) -> Path:
    """Records the old bytes of the ranges that will be written over, durably.

    Args:
        path: The file.
        fd: The file, open for reading.
        ranges: (position, length) of the old bytes that the change touches, all inside the file.
        size: Its size now.
    """
    record = place(path)
    info = os.fstat(fd)
    out = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            crc = _append(out, _MAGIC + _HEADER.pack(size, info.st_ino, info.st_dev, len(ranges)), 0)
            for at, length in ranges:
                crc = _append(out, _RANGE.pack(at, length), crc)
                crc = _append_old(out, fd, at, length, crc)
            _append(out, _CRC.pack(crc), 0)
            os.fsync(out)
        finally:
            os.close(out)
        _sync_directory(record.parent)
    except BaseException:
        with suppress(OSError):
            record.unlink()
        raise
    return record


def roll_back(path: Path, fd: int, record: Path) -> bool:
    """Writes the recorded bytes back and drops the record.

    Returns:
        Whether there was anything to go back to; a record that is not whole means that nothing had changed yet.

    Raises:
        StorageError: The old bytes could not be written; the record stays.
    """
    try:
        with record.open("rb") as file:
            whole = _is_whole(file)
            if whole:
                _restore(file, path, fd)
        finish(record)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError("roll-back-failed", path=path, journal=record, reason=reason) from error
    return whole


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
    """Drops the record: the change is complete."""
    record.unlink()
    _sync_directory(record.parent)


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


def _restore(file: BinaryIO, path: Path, fd: int) -> None:
    """Writes the recorded bytes back.

    Raises:
        StorageError: The record belongs to another file of that name.
    """
    file.seek(len(_MAGIC))
    size, inode, device, count = _HEADER.unpack(file.read(_HEADER.size))
    info = os.fstat(fd)
    if (inode, device) != (info.st_ino, info.st_dev):
        raise StorageError("journal-broken", path=path, journal=file.name)
    for _ in range(count):
        at, length = _RANGE.unpack(file.read(_RANGE.size))
        while length:
            data = file.read(min(_BUFFER, length))
            pwrite_all(fd, data, at)
            at, length = at + len(data), length - len(data)
    os.ftruncate(fd, size)
    os.fsync(fd)


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
