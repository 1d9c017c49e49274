"""Bounded, random-access bytes of one file: the only way in which readers touch input (design, rule 5)."""

from __future__ import annotations

import errno
import io
import os
import stat
import threading
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import BinaryIO, Final, NamedTuple, Protocol, Self, cast, runtime_checkable

from yinji.containers.readahead import Readahead
from yinji.errors import LimitExceeded, Malformed, NotRegularFile, StorageError, Truncated, UsageError
from yinji.limits import DEFAULT, Limits

HEAD_BYTES: Final = 4096
"""First read. 4 KB decide most formats and cost a quarter of 64 KB, whose fresh buffer page-faults."""

_NEAR_BYTES: Final = 512
"""What a short read fetches: structures stand side by side, and the call costs more than the bytes."""

_LOOK_MAX: Final = 1 << 17

_SECTOR: Final = 512
"""The sizes of disks are multiples of this, so that any other size is that of a regular file."""

_FILE_MAX: Final = 1 << 62
"""Some directories say that they end where no file can."""

_NO_ROOT: Final = frozenset("./\\")
"""In front of a dot that begins a name, or follows another: such an ending is :func:`os.path.splitext`'s to tell."""

_READING: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@runtime_checkable
class RangedReader(Protocol):
    """A remote object that can be read by ranges; the caller brings it, the library opens no connection itself."""

    @property
    def size(self) -> int: ...

    def read_range(self, start: int, length: int) -> bytes: ...


class Run(NamedTuple):
    """A row of media structures that stand one behind the other, with nothing between them.

    Attributes:
        start, stop: The row.
        last: Where its last structure starts.
        number: How many they are.
    """

    start: int
    last: int
    stop: int
    number: int


class _Head:
    """Reads the head of a source at the first look at it; from then on it is an attribute like any other."""

    def __get__(self, source: Source, owner: type[Source]) -> bytes:
        source.head = head = source._get(0, min(source.size, HEAD_BYTES)) if source.size > 0 else b""
        return head


class Source:
    """Bytes with a size, read by position within :class:`~yinji.limits.Limits`.

    Use :meth:`open`; close it or use it as a context manager. Positions are absolute; there is no cursor.

    Attributes:
        size: Bytes in all.
        head: The first 4 KiB (fewer in a smaller file), read when first asked for.
        name: File name or URL for messages and for the ending, or "".
        bytes_read, reads: What was asked of the backend so far; of a remote object, what was transferred.
    """

    head: bytes = _Head()  # type: ignore[assignment]  # until the first look

    # What most sources never change is kept once, for the class: a third of the time that an instance takes to make.
    _ahead: Readahead | None = None
    _asked = 0
    _near = b""
    _near_at = 0
    _elements = 0
    _inflated = 0
    _fd: int | None = None
    _path: str | Path | None = None
    _stop_at: float | None = None
    limits: Limits = DEFAULT
    bytes_read = 0
    reads = 0
    runs: dict[int, Run] | None = None
    """Long rows of media structures that a walk of the same bytes has gone through, by where they start."""
    walked: object = None
    """What a thorough reading leaves to the planner of the same container, which then need not walk the file again."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: int, name: str = "", limits: Limits = DEFAULT) -> None:
        self._fetch = fetch
        self.size = size
        self.name = name
        if limits is not DEFAULT:
            self.limits = limits

    @property
    def path(self) -> Path | None:
        """The file on disk, if it is one."""
        if isinstance(self._path, str):
            self._path = Path(self._path)
        return self._path

    @classmethod
    def open(
        cls,
        input: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | RangedReader | Source,
        *,
        name: str = "",
        limits: Limits = DEFAULT,
    ) -> Source:
        """Opens whatever the caller has.

        Args:
            input: A path, bytes, a seekable binary file object, or an object with ``size`` and ``read_range``.
            name: Name for messages and for the file ending, where the input has none of its own.
            limits: Bounds of this reading.

        Raises:
            NotRegularFile: A directory, FIFO, device or symbolic link.
            StorageError: The operating system refused.
            UsageError: Something else was handed in.
        """
        if isinstance(input, str):
            return cls._open_path(input, limits)
        if isinstance(input, os.PathLike):
            return cls._open_path(os.fspath(input), limits)
        if isinstance(input, Source):
            return input
        if isinstance(input, (bytes, bytearray, memoryview)):
            view = memoryview(input).cast("B")
            return cls(lambda n, at: bytes(view[at : at + n]), len(view), name=name, limits=limits)
        if isinstance(input, io.IOBase):  # asked first: whether it fulfils a protocol takes fifty times as long
            return cls._open_file_object(cast(BinaryIO, input), name, limits)
        if isinstance(input, RangedReader):
            return cls._open_remote(input, name, limits)
        if hasattr(input, "seek") and hasattr(input, "read"):
            return cls._open_file_object(input, name, limits)
        raise UsageError("input-type", type=type(input).__name__)

    @classmethod
    def _open_path(cls, path: str, limits: Limits) -> Source:
        try:
            fd = os.open(path, _READING)
        except OSError as error:
            raise _not_opened(Path(path), error) from error
        try:
            try:
                size = os.lseek(fd, 0, os.SEEK_END)  # a quarter of what a ``stat`` costs
            except OSError:
                size = 0  # of a pipe or a terminal, which have no end
            if not size % _SECTOR or size > _FILE_MAX:
                size = _size_of_file(fd, path)
            head = os.pread(fd, HEAD_BYTES, 0) if limits is DEFAULT else b""
        except IsADirectoryError:
            head = b""  # told to who asks for the head
        except BaseException:
            os.close(fd)
            raise
        source = cls(partial(os.pread, fd), size, path, limits)
        source._path, source._fd = path, fd
        if head and (len(head) == HEAD_BYTES or len(head) == size):  # every reading asks for it
            source.head = head
            source.reads, source.bytes_read = 1, len(head)
        return source

    @classmethod
    def _open_remote(cls, remote: RangedReader, name: str, limits: Limits) -> Source:
        ahead = Readahead(remote.read_range, remote.size)
        own = str(getattr(remote, "name", ""))
        source = cls(lambda n, at: ahead.read(at, n), remote.size, name or own, limits)
        source._ahead = ahead
        return source

    @classmethod
    def _open_file_object(cls, file: BinaryIO, name: str, limits: Limits) -> Source:
        lock = threading.Lock()
        try:
            size = file.seek(0, os.SEEK_END)
        except (OSError, ValueError) as error:
            raise UsageError("not-seekable", reason=str(error)) from error

        def fetch(n: int, at: int) -> bytes:
            with lock:
                file.seek(at)
                return file.read(n)

        own = getattr(file, "name", "")
        return cls(fetch, size, name=name or (own if isinstance(own, str) else ""), limits=limits)

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def renew(self) -> None:
        """Gives the next walk of the same bytes the bounds of a reading of its own: a plan follows a reading."""
        self._asked = self._elements = self._inflated = 0
        self._stop_at = monotonic() + self.limits.seconds

    def fileno(self) -> int | None:
        """The descriptor of a file on disk, for copies inside the kernel; None for every other source."""
        return self._fd

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def extension(self) -> str:
        """Lower-case ending of the name without the dot, or ""."""
        root, dot, ending = self.name.rpartition(".")
        if not dot or not root or root[-1] in _NO_ROOT or "/" in ending:
            return os.path.splitext(self.name)[1][1:].lower()
        return ending.lower()

    def read(self, at: int, length: int) -> bytes:
        """Returns exactly ``length`` bytes from position ``at``.

        Raises:
            Truncated: The file ends before ``at + length``.
            LimitExceeded: A bound of the limits is reached.
        """
        if length < 0 or at < 0 or at + length > self.size:
            raise Truncated("truncated", path=self.name, offset=at, needed=length, size=self.size)
        if at + length <= HEAD_BYTES and "head" in self.__dict__:
            return self.head[at : at + length]
        offset = at - self._near_at
        if offset < 0 or offset + length > len(self._near):
            if length > _NEAR_BYTES:
                return self._get(at, length)
            ahead = min(_NEAR_BYTES, self.size - at, self.limits.one_read)
            self._near, self._near_at, offset = self._get(at, max(length, ahead)), at, 0
        return self._near[offset : offset + length]

    def read_up_to(self, at: int, length: int) -> bytes:
        """Returns at most ``length`` bytes from ``at``, fewer at the end of the file, none behind it."""
        left = self.size - at
        return self.read(at, length if length <= left else left) if left > 0 and length > 0 else b""

    def look(self, at: int, length: int) -> bytes:
        """Returns at most ``length`` bytes from ``at``, as :meth:`read_up_to` does, straight from the backend.

        For a glance (:mod:`yinji.containers.base`), which asks for few stretches of its own choice: a quarter of what
        a call of :meth:`read` costs.

        Raises:
            StorageError: The operating system refused.
        """
        if self._ahead is not None or length > _LOOK_MAX:
            return self.read_up_to(at, length)
        try:
            data = self._fetch(length, at)
        except OSError as error:
            raise StorageError("cannot-read", path=self.name, reason=error.strerror or str(error)) from error
        self.reads += 1
        self.bytes_read += len(data)
        self._asked += len(data)
        self._near, self._near_at = data, at  # for a walk, where the glance gives up
        return data

    def looks(self, length: int) -> Callable[[int, int], bytes]:
        """Returns what fetches up to ``length`` bytes (length, position) like :meth:`look`, without counting them.

        For chains of thousands of structures, of which only the fronts are wanted; :meth:`looked` counts them.
        """
        return self._fetch if self._ahead is None and length <= _LOOK_MAX else lambda n, at: self.read_up_to(at, n)

    def looked(self, times: int, length: int) -> None:
        """Counts what was fetched through :meth:`looks`."""
        if self._ahead is None:
            self.reads += times
            self.bytes_read += times * length
            self._asked += times * length

    def payload(self, at: int, length: int) -> bytes:
        """Returns up to ``length`` media bytes, which the bounds of a reading do not count: for copying and hashing.

        Raises:
            StorageError: The operating system refused.
        """
        wanted = max(0, min(length, self.size - at))
        try:
            data = self._fetch(wanted, at) if self._ahead is None else self._ahead.pass_through(at, wanted)
        except OSError as error:
            raise StorageError("cannot-read", path=self.name, reason=error.strerror or str(error)) from error
        if self._ahead is not None:
            self._count_transfers(self._ahead)
        return data

    def inflate(self, data: bytes, at: int = 0) -> bytes:
        """Returns what a zlib stream expands to.

        Args:
            data: The whole stream.
            at: Where it stands in the file, for messages.

        Raises:
            Malformed: The stream is damaged or not whole.
            LimitExceeded: All that this reading inflated goes beyond ``limits.inflated``.
        """
        room = max(0, self.limits.inflated - self._inflated)
        engine = zlib.decompressobj()
        try:
            text = engine.decompress(data, room + 1)
        except zlib.error:
            raise Malformed("bad-compression", path=self.name, offset=at) from None
        self._inflated += len(text)
        if self._inflated > self.limits.inflated:
            raise LimitExceeded("inflates-too-far", path=self.name, offset=at, limit=self.limits.inflated)
        if not engine.eof:
            raise Malformed("bad-compression", path=self.name, offset=at)
        return text

    def element(self, depth: int = 0, count: int = 1) -> None:
        """Counts one more structure visited at ``depth``, or several.

        Raises:
            LimitExceeded: Too many, too deep, or out of time.
        """
        self._elements += count
        limits = self.limits
        if self._elements > limits.elements:
            raise LimitExceeded("too-many-elements", path=self.name, limit=limits.elements)
        if depth > limits.depth:
            raise LimitExceeded("too-deep", path=self.name, limit=limits.depth)
        if count > 1 or not self._elements & 0xFF:
            self._check_clock()

    def _check_clock(self) -> None:
        """The clock starts with the first check: a glance needs none."""
        now = monotonic()
        if self._stop_at is None:
            self._stop_at = now + self.limits.seconds
        if now > self._stop_at:
            raise LimitExceeded("too-slow", path=self.name, limit=self.limits.seconds)

    def _get(self, at: int, length: int) -> bytes:
        limits = self.limits
        if length > limits.one_read:
            raise LimitExceeded("too-large-read", path=self.name, needed=length, limit=limits.one_read)
        if self._asked + length > limits.total_bytes:
            raise LimitExceeded("too-many-bytes", path=self.name, limit=limits.total_bytes)
        self._check_clock()
        try:
            data = self._fetch(length, at)
        except IsADirectoryError:
            raise NotRegularFile("directory", path=Path(self.name)) from None
        except OSError as error:
            raise StorageError("cannot-read", path=self.name, reason=error.strerror or str(error)) from error
        if len(data) != length:
            raise Truncated("truncated", path=self.name, offset=at, needed=length, size=at + len(data))
        self._asked += length
        self.bytes_read += length
        self.reads += 1
        if self._ahead is not None:
            self._count_transfers(self._ahead)
        return data

    def _count_transfers(self, ahead: Readahead) -> None:
        self.bytes_read, self.reads = ahead.fetched, ahead.requests


def _size_of_file(fd: int, path: str) -> int:
    """Returns the size of an open file whose size may be none.

    Raises:
        NotRegularFile: It is none. A directory whose size looks like that of a file shows itself at the first read.
    """
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode):
        raise NotRegularFile("directory" if stat.S_ISDIR(info.st_mode) else "not-a-file", path=Path(path))
    return info.st_size


def _not_opened(path: Path, error: OSError) -> NotRegularFile | StorageError:
    """Says why the operating system did not open a file."""
    if error.errno in (errno.ELOOP, errno.EMLINK) and path.is_symlink():
        return NotRegularFile("symbolic-link", path=path, target=os.path.realpath(path))
    if error.errno == errno.EISDIR:
        return NotRegularFile("directory", path=path)
    if error.errno == errno.ENXIO:
        return NotRegularFile("not-a-file", path=path)
    code = "not-found" if error.errno == errno.ENOENT else "cannot-open"
    return StorageError(code, path=path, reason=error.strerror)
