"""Files by their SHA-256: whole or absent, never under a name that a person gave.

New bytes arrive in a scratch folder of their own, are hashed as they come and waited for (fsync). ``stage`` links them
into place and waits for the folder, before the transaction, so that nobody else waits for it; ``keep``, inside it,
looks whether somebody removed them meanwhile, which is rare. A scratch folder is locked by the process that uses it, so
that those of dead processes can be told apart and swept.
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
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from yinji.errors import LimitExceeded, StorageError
from yinji.limits import MIB
from yinji.platform.blobs.base import Spool, Spooled, storage

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK: Final = MIB
_STALE_SECONDS: Final = 60
_NO_LINKS: Final = frozenset((errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP))


class DirectoryStore:
    """Files in a local folder, 256 shards."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scratch = folder / "scratch"
        with storage(folder):
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
        with storage(self._scratch):
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
        with storage(path), path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
            os.fsync(file.fileno())
        return _InScratch(self, path, digest.hexdigest(), size)

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
        """Puts a file that was waited for under its hash as well, waits for the folder and returns the inode there."""
        place = self.place(sha256)
        with storage(place):
            if not place.parent.is_dir():
                place.parent.mkdir(mode=0o700, exist_ok=True)
                _fsync_folder(self._folder)
            path.chmod(0o400)
            second = path.with_name(f"{path.name}.kept")
            second.unlink(missing_ok=True)
            _link(path, second)
            placed = second.stat().st_ino
            second.replace(place)
            _fsync_folder(place.parent)
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
    def __init__(self, store: DirectoryStore, path: Path, sha256: str, size: int) -> None:
        super().__init__(store)
        self._sha256 = sha256
        self.path = path
        self.size = size

    @property
    def sha256(self) -> str:
        return self._sha256


class _DirectorySpool(_Kept):
    def __init__(self, store: DirectoryStore, path: Path, limit: int) -> None:
        super().__init__(store)
        self._limit = limit
        self._digest = hashlib.sha256()
        self.path = path
        self.size = 0
        with storage(path):
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
        with storage(self.path):
            self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def seal(self) -> None:
        if self._file.closed:
            raise StorageError("spool-closed")
        with storage(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def close(self) -> None:
        self._file.close()


def _link(path: Path, second: Path) -> None:
    """Gives a file a second name; where the file system knows none, it gets a copy."""
    try:
        second.hardlink_to(path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(path, second)
        second.chmod(0o400)
        with second.open("rb") as file:
            os.fsync(file.fileno())


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
