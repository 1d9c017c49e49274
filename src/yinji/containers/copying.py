"""Copying what a change leaves: shared extents or a copy inside the kernel where it can, else through one buffer."""

from __future__ import annotations

import errno
import os
from typing import Final

from yinji.containers.source import Source
from yinji.containers.splice import Splice

_BUFFER: Final = 1 << 20
_PAGE: Final = 4096
_UNSUPPORTED_COPY: Final = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.ESPIPE)


def copy(source: Source, splice: Splice, fd: int) -> None:
    """Writes the changed file at the position of an open descriptor.

    Raises:
        OSError: The operating system refused, or the input became shorter.
    """
    old = source.fileno()
    for piece in splice.pieces(source.size):
        if isinstance(piece, bytes):
            write_all(fd, piece)
        elif old is not None:
            _copy_range(old, fd, *piece)
        else:
            for at in range(*piece, _BUFFER):
                data = source.payload(at, min(_BUFFER, piece[1] - at))
                if len(data) != min(_BUFFER, piece[1] - at):
                    raise OSError(errno.EIO, "the input became shorter while it was being copied")
                write_all(fd, data)


def _copy_range(old: int, new: int, start: int, stop: int) -> None:
    """Copies in the kernel where it can: shared extents, then a kernel copy, then buffers.

    What comes to lie elsewhere within a page cannot be shared, and the kernel copies it page by page in two parts:
    buffers that end with a page of the new file take two thirds of the time.
    """
    at = start
    is_even = (os.lseek(new, 0, os.SEEK_CUR) - start) % _PAGE == 0
    for step in (_by_copy_file_range, _by_sendfile, _by_buffer) if is_even else (_by_buffer,):
        while at < stop:
            try:
                moved = step(old, new, at, stop - at)
            except OSError as error:
                if error.errno in _UNSUPPORTED_COPY and step is not _by_buffer:
                    break
                raise
            if moved == 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            at += moved


def _by_copy_file_range(old: int, new: int, at: int, length: int) -> int:
    if not hasattr(os, "copy_file_range"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    return os.copy_file_range(old, new, min(length, 1 << 30), offset_src=at)


def _by_sendfile(old: int, new: int, at: int, length: int) -> int:
    if not hasattr(os, "sendfile"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    return os.sendfile(new, old, at, min(length, 1 << 30))


def _by_buffer(old: int, new: int, at: int, length: int) -> int:
    """Fills one buffer again and again: memory that is new each time costs as much as the copy."""
    buffer = memoryview(bytearray(min(length, _BUFFER)))
    moved = 0
    while moved < length:
        most = _BUFFER - os.lseek(new, 0, os.SEEK_CUR) % _PAGE
        size = _read_into(buffer[: min(length - moved, most)], old, at + moved)
        if size == 0:
            break
        write_all(new, buffer[:size])
        moved += size
    return moved


def _read_into(buffer: memoryview, fd: int, at: int) -> int:
    if hasattr(os, "preadv"):
        return os.preadv(fd, [buffer], at)
    data = os.pread(fd, len(buffer), at)
    buffer[: len(data)] = data
    return len(data)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Writes everything at the descriptor's position; a full disk raises, it does not shorten."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
