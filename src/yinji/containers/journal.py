"""Keeping the undo record of an in-place change: what makes it possible to go back after a crash.

The record is on the disk before the first byte of the file changes. It is kept in an extended attribute of the file
itself, ``user.yinji.undo``, where the record is short, which it is where a label goes into room that is there, and the
file system stands on a block device of its own: those have attributes among the metadata that ``fsync`` covers, as
``tests/powercut.py`` shows on ext4 and XFS; of what is behind a network or an overlay nobody says so. Else it stands
beside the file as ``.<name>.yinji-undo`` (see :func:`place`). A record that is not whole was cut short before the file
was touched, and is dropped.

It knows what will stand there as well as what stood there, and of a change that is complete nothing is taken back.
Two waits for the disk are enough, one behind the other, and a third where the record has a name of its own:

1. the record (``fsync``: an attribute belongs to the file's metadata), beside the file also its name in the directory:
   before the file is touched, so that there is a way back;
2. the new bytes (``fdatasync``: the size goes with them, the times need not): before the record goes.

That the record is gone is not waited for. Should it be back after a power failure, it says of a complete change that
it is complete. A failure at any other moment leaves old bytes and new ones, nothing else: where others stand, another
program has written since, and the file is left as it is. Where two are back, the later one was made when the earlier
had done its work.

An attribute can come with a file from elsewhere (``tar``, ``rsync -X``, ``cp -a``). It names the inode that it was made
for, and brings no byte back into any other: else a file could change after whoever looked at it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import time_ns
from typing import Final

from yinji.containers.splice import Splice
from yinji.containers.undo import Header, Kept, Record, is_whole, ranges, size_of, written
from yinji.errors import StorageError, UsageError

SUFFIX: Final = ".yinji-undo"
ATTRIBUTE: Final = "user.yinji.undo"
_ATTRIBUTE_MAX: Final = 4096
"""Bytes of a record for which an attribute is tried: ext4 has a block for all of a file's, others more."""

_READING: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_LONGEST_NAME: Final = 255


class _Attribute:
    """A record in an attribute of the file.

    Args:
        path: The file, for people.
        fd: The file.
        data: The record.
    """

    def __init__(self, path: Path, fd: int, data: bytes) -> None:
        self.where = f"{path}[{ATTRIBUTE}]"
        self.size = len(data)
        self._fd = fd
        self._data = data

    def read(self, length: int, at: int) -> bytes:
        return self._data[at : at + length]

    def drop(self) -> None:
        os.removexattr(self._fd, ATTRIBUTE)

    def close(self) -> None:
        """There is nothing of its own to close."""


class _Beside:
    """A record in a file of its own.

    Args:
        place: Where it stands.
        fd: It.
    """

    def __init__(self, place: Path, fd: int) -> None:
        self.where = str(place)
        self._place = place
        self.size = os.fstat(fd).st_size
        self._fd = fd

    def read(self, length: int, at: int) -> bytes:
        return os.pread(self._fd, length, at)

    def drop(self) -> None:
        self._place.unlink()

    def close(self) -> None:
        os.close(self._fd)


def place(path: Path) -> Path:
    """Returns where a record beside a file stands: under its name, or a hash of that where it would be too long."""
    name = f".{path.name}{SUFFIX}"
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()}{SUFFIX}"
    return path.with_name(name)


def is_left(path: Path, fd: int | None = None) -> bool:
    """Whether a record was left for a file, which may be open already."""
    return _attribute(path if fd is None else fd) is not None or os.path.lexists(place(path))


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
        fd: The file, open for writing. It has no record: :func:`recover` comes first.
        splice: The change.
        size: Bytes of the file now.
        durable: Wait until the record is on the disk, with its name if it has one. Without that it helps against the
            death of the process, not against that of the machine.
    """
    info = os.fstat(fd)
    header, touched = Header(size, info.st_ino, time_ns()), ranges(splice, size)
    pieces, kept = partial(written, splice, touched, header, partial(os.pread, fd)), None
    if hasattr(os, "setxattr") and os.major(info.st_dev) and size_of(splice, touched) <= _ATTRIBUTE_MAX:
        kept = _in_attribute(path, fd, b"".join(pieces()), durable=durable)
    return Record(kept or _beside(path, pieces(), durable=durable), splice, touched, header)


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
        raise StorageError("roll-back-failed", path=path, journal=record.kept.where, reason=reason) from error


def recover(path: Path, fd: int) -> bool:
    """Does what the record of a file asks for, and drops it.

    Args:
        path: The file.
        fd: The file, open for writing and locked.

    Returns:
        Whether there was anything to go back to. A record that is not whole means that nothing had changed yet, and
        nothing is taken back of a change that is complete.

    Raises:
        StorageError: The record is of another file, another program has changed the same bytes since, or the old bytes
            could not be written. The record stays.
    """
    left = _left(path, fd)
    try:
        records = []
        for kept in left:
            if is_whole(kept):
                records.append(_parsed(path, kept))
            else:
                kept.drop()
        records.sort(key=lambda record: record.header.made)
        is_back = bool(records) and _settled(path, fd, records.pop())
        for earlier in records:
            earlier.finish()
        return is_back
    finally:
        for kept in left:
            kept.close()


def forget(path: Path, fd: int) -> bool:
    """Drops what was left for a file that is open and locked; returns whether there was anything."""
    left = _left(path, fd)
    for kept in left:
        kept.drop()
        kept.close()
    return bool(left)


def sync_data(fd: int) -> None:
    """Waits until the bytes and the size of a file are on the disk."""
    getattr(os, "fdatasync", os.fsync)(fd)


def _attribute(file: Path | int) -> bytes | None:
    """Returns the attribute of a file, if it has one."""
    if not hasattr(os, "getxattr"):
        return None
    try:
        if isinstance(file, int):
            return os.getxattr(file, ATTRIBUTE)
        return os.getxattr(file, ATTRIBUTE, follow_symlinks=False)
    except OSError:
        return None


def _in_attribute(path: Path, fd: int, data: bytes, *, durable: bool) -> Kept | None:
    """Writes a record into an attribute; None where it does not fit, or the file system has none."""
    try:
        os.setxattr(fd, ATTRIBUTE, data, os.XATTR_CREATE)
    except FileExistsError:
        raise UsageError("in-place-busy", path=path) from None
    except OSError:
        return None
    kept = _Attribute(path, fd, data)
    try:
        if durable:
            os.fsync(fd)
    except BaseException:
        with suppress(OSError):
            kept.drop()
        raise
    return kept


def _beside(path: Path, pieces: Iterator[bytes], *, durable: bool) -> Kept:
    where = place(path)
    own = os.open(where, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[os.write(own, view) :]
        if durable:
            sync_data(own)
            _sync_directory(path.parent)
        return _Beside(where, own)
    except BaseException:
        os.close(own)
        with suppress(OSError):
            where.unlink()
        raise


def _left(path: Path, fd: int) -> list[Kept]:
    """Returns what was left for a file."""
    left: list[Kept] = []
    if (data := _attribute(fd)) is not None:
        left.append(_Attribute(path, fd, data))
    beside = place(path)
    if os.path.lexists(beside):
        left.append(_Beside(beside, os.open(beside, _READING)))
    return left


def _parsed(path: Path, kept: Kept) -> Record:
    try:
        return Record.parsed(kept)
    except ValueError as error:
        raise StorageError("journal-broken", path=path, journal=kept.where) from error


def _settled(path: Path, fd: int, record: Record) -> bool:
    """Brings the old bytes back unless the change is complete, and drops the record; returns whether it had to."""
    is_own = record.header.inode == os.fstat(fd).st_ino
    if record.is_complete(fd) if is_own else _came_along(fd, record):
        sync_data(fd)  # the new bytes, before the record goes
        record.finish()
        return False
    if not is_own:
        raise StorageError("journal-broken", path=path, journal=record.kept.where)
    if not record.explains(fd):
        raise StorageError("changed-since", path=path, journal=record.kept.where)
    roll_back(path, fd, record)
    return True


def _came_along(fd: int, record: Record) -> bool:
    """Whether a record was copied with a file that needs no way back."""
    return isinstance(record.kept, _Attribute) and (record.is_complete(fd) or record.is_untouched(fd))


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
