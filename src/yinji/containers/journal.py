"""The undo record of an in-place change: what makes it possible to go back after a crash.

The record stands beside the file as ``.<name>.yinji-undo`` and is on the disk before the first byte of the file
changes. It holds the old size and the bytes that will be written over, and ends with a checksum: a record that is not
whole was cut short before the file was touched, and is dropped.
"""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Final

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
        ranges: (position, length) of the writes to come; what lies behind the end of the file is not recorded.
        size: Its size now.
    """
    record = place(path)
    info = os.fstat(fd)
    inside = [(at, max(0, min(length, size - at))) for at, length in ranges]
    out = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            crc = _append(out, _MAGIC + _HEADER.pack(size, info.st_ino, info.st_dev, len(inside)), 0)
            for at, length in inside:
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
        saved = _load(record, fd)
        if saved is not None:
            size, ranges = saved
            for at, data in ranges:
                pwrite_all(fd, data, at)
            os.ftruncate(fd, size)
            os.fsync(fd)
        finish(record)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError("roll-back-failed", path=path, journal=record, reason=reason) from error
    return saved is not None


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


def _load(record: Path, fd: int) -> tuple[int, list[tuple[int, bytes]]] | None:
    """Returns the old size and bytes, or None for a record that is not whole.

    Raises:
        StorageError: The record is whole but belongs to another file of that name.
    """
    data = record.read_bytes()
    body, tail = data[: -_CRC.size], data[-_CRC.size :]
    if not body.startswith(_MAGIC) or len(tail) < _CRC.size or zlib.crc32(body) != _CRC.unpack(tail)[0]:
        return None
    size, inode, device, count = _HEADER.unpack_from(body, len(_MAGIC))
    info = os.fstat(fd)
    if (inode, device) != (info.st_ino, info.st_dev):
        raise StorageError("journal-broken", path=record, journal=record)
    at = len(_MAGIC) + _HEADER.size
    ranges = []
    for _ in range(count):
        start, length = _RANGE.unpack_from(body, at)
        at += _RANGE.size
        ranges.append((start, body[at : at + length]))
        at += length
    return size, ranges


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
