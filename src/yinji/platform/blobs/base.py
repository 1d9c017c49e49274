"""What every place for files owes the platform."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol, runtime_checkable

from yinji.containers.source import Source
from yinji.errors import StorageError

_FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))

BLOBS_LOCK: Final = "blobs"
"""Held by whoever keeps or removes a file, until the rows that refer to it are committed."""


class Spooled(Protocol):
    """Bytes that are on disk but not yet kept.

    Attributes:
        path: Where they are for now.
        sha256: Of all of them, hex.
        size: How many.
    """

    @property
    def path(self) -> Path: ...
    @property
    def sha256(self) -> str: ...
    @property
    def size(self) -> int: ...

    def stage(self) -> None:
        """Brings them to where they will be kept, and waits for the disk. Slow: call it before the transaction."""
        ...

    def keep(self) -> None:
        """Makes them durable under their hash. Call it in the transaction that refers to them."""
        ...


class Spool(Spooled, Protocol):
    """Bytes on their way in."""

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes.

        Raises:
            LimitExceeded: More than the limit; nothing is kept.
            StorageError: The disk refused.
        """
        ...

    def fill(self, write: Callable[[int], None]) -> None:
        """Has the whole file written to its descriptor by ``write``, instead of piece by piece, and hashes it.

        Raises:
            LimitExceeded, StorageError: As :meth:`write`.
        """
        ...

    def seal(self) -> None:
        """Ends the file: all of it can be read at ``path``, and nothing more can be written."""
        ...


@runtime_checkable
class BlobStore(Protocol):
    """Where files live. Another store (S3 …) fulfils the same protocol, with a local cache behind ``path``."""

    def spool(self, limit: int | None = None) -> AbstractContextManager[Spool]:
        """Opens a writer, of at most ``limit`` bytes; what was not kept when the block ends is gone."""
        ...

    def scratch(self) -> AbstractContextManager[Path]:
        """Opens a folder on the store's own disk for a file that something else writes."""
        ...

    def spooled(self, path: Path) -> Spooled:
        """Takes up a file from a scratch folder."""
        ...

    def path(self, sha256: str) -> Path:
        """Returns where a kept file can be read; nobody may write there.

        Raises:
            StorageError: It is not there.
        """
        ...

    def local(self, sha256: str) -> Path | None:
        """Returns the same where it is on this machine already, else None."""
        ...

    def chunks(self, sha256: str, start: int, stop: int) -> Iterator[bytes]:
        """Yields the bytes of a kept file from ``start`` up to ``stop``, without fetching the rest of it.

        Raises:
            StorageError: It is not there, or what came is not all of it.
        """
        ...

    def remove(self, sha256: str) -> None:
        """Forgets a file. Call it in a transaction that holds the ``blobs`` lock and has seen no reference."""
        ...

    def shards(self) -> Iterator[tuple[str, ...]]:
        """Yields the hashes of all kept files, some at a time."""
        ...

    def sweep(self) -> None:
        """Removes the scratch folders of processes that are gone."""
        ...

    def writable(self) -> bool: ...


def opened(path: Path) -> BinaryIO:
    """Opens a file of the store for reading.

    Raises:
        StorageError: It is gone or cannot be read.
    """
    with storage(path):
        return path.open("rb")


def source_of(path: Path, name: str) -> Source:
    """Opens a file of the store for reading by position, under the name that people know it by.

    Raises:
        StorageError: It is gone or cannot be read.
    """
    source = Source.open(path)
    source.name = name
    return source


@contextmanager
def storage(path: Path) -> Iterator[None]:
    """Turns what the operating system refuses into an error of ours."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError("disk-full", path=path, reason=error.strerror) from error
        raise StorageError("folder", path=path, reason=error.strerror or str(error)) from error
