"""Files by their SHA-256: whole or absent, never under a name that a person gave.

New bytes arrive in the scratch folder of the process and are hashed as they come. ``stage`` links them into place and
waits for the disk (fsync), before the transaction, so that nobody else waits for it; ``keep``, inside it, looks whether
somebody removed them meanwhile, which is rare. A file gets its name before it is waited for, where the name is free: a
journalling file system then commits both at once. A power cut may leave such a name with a torn file, but no row that
refers to it; whoever brings those bytes again replaces it. A scratch folder is locked by the process that uses it, so
that those of dead processes can be told apart and swept.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

from yinji.containers.copying import write_all
from yinji.errors import LimitExceeded, StorageError
from yinji.limits import MIB
from yinji.platform.blobs.base import Spool, Spooled, storage

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK: Final = MIB
_MODE: Final = 0o400
"""Of kept files: nobody writes into them."""
_STALE_SECONDS: Final = 60
_NO_LINKS: Final = frozenset((errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP))


class DirectoryStore:
    """Files in a local folder, 256 shards."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scratch = folder / "scratch"
        self._own: _Locked | None = None
        self._guard = threading.Lock()
        with storage(folder):
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def spool(self, limit: int | None = None) -> Iterator[Spool]:
        spool = _DirectorySpool(self, self._new_name(), limit)
        try:
            yield spool
        finally:
            spool.close()
            with storage(spool.path):
                spool.path.unlink(missing_ok=True)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        folder = self._new_name()
        with storage(folder):
            folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def spooled(self, path: Path) -> Spooled:
        with storage(path), path.open("rb") as file:
            digest, size = _hashed(file.fileno())
        return _InScratch(self, path, digest.hexdigest(), size)

    def _new_name(self) -> Path:
        """Returns a name in this process's scratch folder that nothing else uses."""
        with self._guard:
            if self._own is None or not self._own.usable():
                self._own = _Locked(self._scratch)
            return self._own.folder / str(next(self._own.numbers))

    def path(self, sha256: str) -> Path:
        place = self.place(sha256)
        if not place.is_file():
            raise StorageError("blob-missing", sha256=sha256)
        return place

    def local(self, sha256: str) -> Path | None:
        return self.path(sha256)

    def chunks(self, sha256: str, start: int, stop: int) -> Iterator[bytes]:
        place = self.path(sha256)
        with storage(place), place.open("rb") as file:
            file.seek(start)
            while start < stop:
                piece = file.read(min(_CHUNK, stop - start))
                if not piece:
                    raise StorageError("blob-missing", sha256=sha256)
                yield piece
                start += len(piece)

    def place_in(self, path: Path, sha256: str) -> int:
        """Puts a file under its hash as well, waits until both are on disk and returns the inode there."""
        place = self.place(sha256)
        with storage(place):
            if not place.parent.is_dir():
                place.parent.mkdir(mode=0o700, exist_ok=True)
                _fsync(self._folder)
            try:
                place.hardlink_to(path)
            except FileExistsError:
                return self._replace(path, place)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                return self._replace(path, place)
            placed = _fsync(path)
            _fsync(place.parent)
        return placed

    def _replace(self, path: Path, place: Path) -> int:
        """Does so where the name may be a row's already: only whole files take its place."""
        second = path.with_name(f"{path.name}.kept")
        second.unlink(missing_ok=True)
        _link(path, second)
        placed = _fsync(second)
        second.replace(place)
        _fsync(place.parent)
        return placed

    def holds(self, inode: int | None, sha256: str) -> bool:
        """Tells whether the file under this hash is still the one that was put there."""
        try:
            return self.place(sha256).stat().st_ino == inode
        except FileNotFoundError:
            return False

    def remove(self, sha256: str) -> None:
        place = self.place(sha256)
        with storage(place):
            place.unlink(missing_ok=True)

    def shards(self) -> Iterator[tuple[str, ...]]:
        for shard in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            yield tuple(sorted(entry.name for entry in shard.iterdir() if DIGEST.fullmatch(entry.name)))

    def sweep(self) -> None:
        with storage(self._scratch):
            for folder in self._scratch.iterdir():
                _remove_if_abandoned(folder)

    def writable(self) -> bool:
        return os.access(self._scratch, os.W_OK | os.X_OK)

    def place(self, sha256: str) -> Path:
        """Returns where a file is, or would be.

        Raises:
            StorageError: Not a hash.
        """
        if not DIGEST.fullmatch(sha256):
            raise StorageError("blob-missing", sha256=sha256)
        return self._folder / sha256[:2] / sha256


class _Kept(ABC):
    """How both kinds of bytes get into the store."""

    path: Path

    def __init__(self, store: DirectoryStore) -> None:
        self._store = store
        self._placed: int | None = None

    @property
    @abstractmethod
    def sha256(self) -> str: ...

    def stage(self) -> None:
        self._placed = self._store.place_in(self.path, self.sha256)

    def keep(self) -> None:
        if not self._store.holds(self._placed, self.sha256):
            self.stage()


class _InScratch(_Kept):
    """A file that something else wrote."""

    def __init__(self, store: DirectoryStore, path: Path, sha256: str, size: int) -> None:
        super().__init__(store)
        self._sha256 = sha256
        self.path = path
        self.size = size

    def stage(self) -> None:
        with storage(self.path):
            self.path.chmod(_MODE)
        super().stage()

    @property
    def sha256(self) -> str:
        return self._sha256


class _DirectorySpool(_Kept):
    """A file on its way in. It has its final mode from the beginning; writing goes by the descriptor."""

    def __init__(self, store: DirectoryStore, path: Path, limit: int | None) -> None:
        super().__init__(store)
        self._limit = sys.maxsize if limit is None else limit
        self._digest = hashlib.sha256()
        self.path = path
        self.size = 0
        with storage(path):
            self._fd: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        fd = self._open()
        self._require_room(self.size + len(chunk))
        with storage(self.path):
            write_all(fd, chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def fill(self, write: Callable[[int], None]) -> None:
        fd = self._open()
        with storage(self.path):
            write(fd)
            self._digest, self.size = _hashed(fd)
        self._require_room(self.size)

    def seal(self) -> None:
        self._open()
        self.close()

    def close(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            with storage(self.path):
                os.close(fd)

    def _open(self) -> int:
        if self._fd is None:
            raise StorageError("spool-closed")
        return self._fd

    def _require_room(self, size: int) -> None:
        if size > self._limit:
            self.close()
            self.path.unlink(missing_ok=True)
            raise LimitExceeded("upload-too-large", limit=self._limit)


def _hashed(fd: int) -> tuple[Any, int]:
    """Returns the running SHA-256 of a whole file, and its size."""
    digest, size = hashlib.sha256(), 0
    while chunk := os.pread(fd, _CHUNK, size):
        digest.update(chunk)
        size += len(chunk)
    return digest, size


def _link(path: Path, second: Path) -> None:
    """Gives a file a second name; where the file system knows none, it gets a copy."""
    try:
        second.hardlink_to(path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(path, second)
        second.chmod(_MODE)


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


def _fsync(path: Path) -> int:
    """Waits until a file or folder is on disk; returns its inode."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
        return os.fstat(fd).st_ino
    finally:
        os.close(fd)


class _Locked:
    """A scratch folder that this process holds until the store is gone."""

    def __init__(self, parent: Path) -> None:
        with storage(parent):
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # a cache may be cleared by hand
            self.folder = Path(tempfile.mkdtemp(prefix=f".yinji-tmp-{os.getpid()}-", dir=parent))
            self._lock = os.open(self.folder, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.numbers = count()
        self._process = os.getpid()
        weakref.finalize(self, _let_go, self.folder, self._lock, self._process)

    def usable(self) -> bool:
        """Whether it is still there, and not that of the process we were forked from."""
        return self._process == os.getpid() and os.fstat(self._lock).st_nlink > 0


def _let_go(folder: Path, lock: int, process: int) -> None:
    if process == os.getpid():
        with suppress(OSError):
            folder.rmdir()
    os.close(lock)
