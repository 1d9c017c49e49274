"""Files by their SHA-256: whole or absent, never under a name that a person gave.

New bytes arrive in a scratch folder of their own, are hashed as they come and waited for (fsync); ``keep`` then renames
them into place and waits for the folder. A scratch folder is locked by the process that uses it, so that those of dead
processes can be told apart and swept.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol, runtime_checkable

from yinji.errors import LimitExceeded, StorageError
from yinji.limits import MIB

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK: Final = MIB
_STALE_SECONDS: Final = 60


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

    def seal(self) -> None:
        """Waits until all bytes are on disk; nothing more can be written."""
        ...


@runtime_checkable
class BlobStore(Protocol):
    """Where files live. Another store (S3 …) fulfils the same protocol, with a local cache behind ``path``."""

    def spool(self, limit: int) -> AbstractContextManager[Spool]:
        """Opens a writer of at most ``limit`` bytes; what was not kept when the block ends is gone."""
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


class DirectoryStore:
    """Files in a local folder, 256 shards."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scratch = folder / "scratch"
        with _storage(folder):
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def spool(self, limit: int) -> Iterator[Spool]:
        with self.scratch() as folder:
            spool = _DirectorySpool(self, folder / "upload", limit)
            try:
                yield spool
            finally:
                spool.close()

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        with _storage(self._scratch):
            folder = Path(tempfile.mkdtemp(prefix=f".yinji-tmp-{os.getpid()}-", dir=self._scratch))
            lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)

    def spooled(self, path: Path) -> Spooled:
        digest, size = hashlib.sha256(), 0
        with _storage(path), path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
            os.fsync(file.fileno())
        return _InScratch(self, path, digest.hexdigest(), size)

    def path(self, sha256: str) -> Path:
        place = self._place(sha256)
        if not place.is_file():
            raise StorageError("blob-missing", sha256=sha256)
        return place

    def keep(self, path: Path, sha256: str) -> None:
        place = self._place(sha256)
        with _storage(place):
            if not place.parent.is_dir():
                place.parent.mkdir(mode=0o700, exist_ok=True)
                _fsync_folder(self._folder)
            path.chmod(0o400)
            path.replace(place)
            _fsync_folder(place.parent)

    def remove(self, sha256: str) -> None:
        place = self._place(sha256)
        with _storage(place):
            place.unlink(missing_ok=True)

    def shards(self) -> Iterator[tuple[str, ...]]:
        for shard in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            yield tuple(sorted(entry.name for entry in shard.iterdir() if _DIGEST.fullmatch(entry.name)))

    def sweep(self) -> None:
        with _storage(self._scratch):
            for folder in self._scratch.iterdir():
                _remove_if_abandoned(folder)

    def writable(self) -> bool:
        return os.access(self._scratch, os.W_OK | os.X_OK)

    def _place(self, sha256: str) -> Path:
        if not _DIGEST.fullmatch(sha256):
            raise StorageError("blob-missing", sha256=sha256)
        return self._folder / sha256[:2] / sha256


class _InScratch:
    def __init__(self, store: DirectoryStore, path: Path, sha256: str, size: int) -> None:
        self._store = store
        self.path = path
        self.sha256 = sha256
        self.size = size

    def keep(self) -> None:
        self._store.keep(self.path, self.sha256)


class _DirectorySpool:
    def __init__(self, store: DirectoryStore, path: Path, limit: int) -> None:
        self._store = store
        self._limit = limit
        self._digest = hashlib.sha256()
        self.path = path
        self.size = 0
        with _storage(path):
            self._file = path.open("xb")

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        if self._file.closed:
            raise StorageError("spool-closed")
        if self.size + len(chunk) > self._limit:
            self.close()
            self.path.unlink(missing_ok=True)
            raise LimitExceeded("upload-too-large", limit=self._limit)
        with _storage(self.path):
            self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def seal(self) -> None:
        if self._file.closed:
            raise StorageError("spool-closed")
        with _storage(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def keep(self) -> None:
        self._store.keep(self.path, self.sha256)

    def close(self) -> None:
        self._file.close()


def opened(path: Path) -> BinaryIO:
    """Opens a file of the store for reading.

    Raises:
        StorageError: It is gone or cannot be read.
    """
    with _storage(path):
        return path.open("rb")


def _remove_if_abandoned(folder: Path) -> None:
    """Removes a scratch folder that no living process holds; a fresh one may not be locked yet."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return
        raise
    try:
        if time.time() - os.fstat(lock).st_mtime > _STALE_SECONDS:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(lock)


def _fsync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def _storage(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError("folder", path=path, reason=error.strerror or str(error)) from error
