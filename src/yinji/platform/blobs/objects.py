"""Files in an object store (S3 and what speaks like it), with a bounded cache on the local disk.

New bytes are spooled locally, sent before the transaction that refers to them begins (``stage``) and looked for once
more inside it (``keep``), when nothing can collect them any more. What is fetched is held to its hash before it counts.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from yinji.errors import MissingExtra, StorageError
from yinji.limits import MIB
from yinji.platform.blobs.base import Spool, Spooled, storage
from yinji.platform.blobs.directory import DIGEST, DirectoryStore
from yinji.platform.errors import Unavailable

try:
    import obstore
    from obstore.exceptions import BaseError
    from obstore.store import S3Store
except ImportError as error:
    raise MissingExtra("missing-extra", extra="s3", names="obstore") from error

if TYPE_CHECKING:
    from yinji.platform.settings import Settings

_LOG: Final = logging.getLogger("yinji.blobs")
_PIECE: Final = MIB
_ANSWER_SECONDS: Final = 5
"""How long the bucket may take to say that it is there: whoever asks whether the site is well asks often."""
_FRESH_SECONDS: Final = 600
"""A cached file that was asked for so lately is not given up: somebody may be about to open it."""


class ObjectStore:
    """Files in a bucket, under ``prefix/ab/abcd…``."""

    def __init__(
        self, store: Any, prefix: str, cache: DirectoryStore, folder: Path, cache_bytes: int, quick: Any = None
    ) -> None:
        self._store = store
        self._quick = quick or store
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._cache = cache
        self._folder = folder
        self._cache_bytes = cache_bytes

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Opens the bucket that ``YINJI_BLOBS`` names; keys come from where AWS's own tools look for them.

        Raises:
            StorageError: The local cache or the bucket cannot be used.
        """
        place = urlsplit(settings.blobs)
        config: dict[str, Any] = {"virtual_hosted_style_request": settings.s3_virtual_host}
        if settings.s3_endpoint:
            config["endpoint"] = settings.s3_endpoint
        if settings.s3_region:
            config["region"] = settings.s3_region
        store, quick = (
            _connected(place.netloc, seconds, retries, config) for seconds, retries in ((60, 4), (_ANSWER_SECONDS, 0))
        )
        folder = settings.data_dir / "cache"
        opened = cls(store, place.path, DirectoryStore(folder), folder, settings.blob_cache_bytes, quick)
        opened._ask()
        return opened

    def spool(self, limit: int | None = None) -> AbstractContextManager[Spool]:
        return self._spool(limit)

    @contextmanager
    def _spool(self, limit: int | None) -> Iterator[Spool]:
        with self._cache.spool(limit) as spool:
            yield _Sent(self, spool)

    def scratch(self) -> AbstractContextManager[Path]:
        return self._cache.scratch()

    def spooled(self, path: Path) -> Spooled:
        return _Sent(self, self._cache.spooled(path))

    def path(self, sha256: str) -> Path:
        return self.local(sha256) or self._fetched(sha256)

    def local(self, sha256: str) -> Path | None:
        place = self._cache.place(sha256)
        try:
            os.utime(place)  # asked for: the last to be given up
        except OSError:
            return None
        return place

    def chunks(self, sha256: str, start: int, stop: int) -> Iterator[bytes]:
        if self.local(sha256) is not None:
            yield from self._cache.chunks(sha256, start, stop)
            return
        while start < stop:
            until = min(start + _PIECE, stop)
            with _reached(sha256):
                piece = bytes(obstore.get_range(self._store, self._key(sha256), start=start, end=until))
            if len(piece) != until - start:
                raise StorageError("blob-missing", sha256=sha256)
            yield piece
            start = until

    def remove(self, sha256: str) -> None:
        self._cache.remove(sha256)
        with _reached():
            try:
                obstore.delete(self._store, self._key(sha256))
            except FileNotFoundError:
                return

    def shards(self) -> Iterator[tuple[str, ...]]:
        for number in range(256):
            with _reached():
                pages = obstore.list(self._store, prefix=f"{self._prefix}{number:02x}/")
                found = [entry["path"].rpartition("/")[2] for page in pages for entry in page]
            if digests := tuple(sorted(name for name in found if DIGEST.fullmatch(name))):
                yield digests

    def sweep(self) -> None:
        self._cache.sweep()
        self._evict()

    def writable(self) -> bool:
        try:
            self._ask()
        except StorageError:
            return False
        return self._cache.writable()

    def _ask(self) -> None:
        """Passes if the bucket is there and answers."""
        with _reached():
            next(iter(obstore.list(self._quick, prefix=f"{self._prefix}00/", chunk_size=1)), None)

    def send(self, path: Path, sha256: str) -> None:
        """Puts a local file into the bucket; large ones in parts, which count only when all are there."""
        with _reached(), storage(path):
            obstore.put(self._store, self._key(sha256), path)

    def keep(self, spooled: Spooled) -> None:
        """Makes sure that what was sent is still there, and keeps a copy in the cache."""
        if not self._is_kept(spooled.sha256, spooled.size):
            self.send(spooled.path, spooled.sha256)
        spooled.keep()

    def _is_kept(self, sha256: str, size: int = -1) -> bool:
        with _reached():
            try:
                found = obstore.head(self._store, self._key(sha256))
            except FileNotFoundError:
                return False
        return int(found["size"]) == size

    def _fetched(self, sha256: str) -> Path:
        with self._cache.scratch() as folder:
            place = folder / "fetched"
            with storage(place), _reached(sha256), place.open("xb") as file:
                for piece in obstore.get(self._store, self._key(sha256)).stream(min_chunk_size=_PIECE):
                    file.write(piece)
            fetched = self._cache.spooled(place)
            if fetched.sha256 != sha256:
                raise StorageError("blob-altered", sha256=sha256)
            fetched.keep()
        return self._cache.path(sha256)

    def _evict(self) -> None:
        """Gives up what was not asked for the longest, down to the bound."""
        cached = []
        for entry in self._folder.glob("[0-9a-f][0-9a-f]/*"):
            with suppress(FileNotFoundError):  # another process may give it up just now
                cached.append((entry.stat(), entry))
        over = sum(status.st_size for status, _ in cached) - self._cache_bytes
        for status, entry in sorted(cached, key=lambda pair: pair[0].st_mtime):
            if over <= 0 or status.st_mtime > time.time() - _FRESH_SECONDS:
                return
            entry.unlink(missing_ok=True)
            over -= status.st_size

    def _key(self, sha256: str) -> str:
        if not DIGEST.fullmatch(sha256):
            raise StorageError("blob-missing", sha256=sha256)
        return f"{self._prefix}{sha256[:2]}/{sha256}"


class _Sent:
    """Local bytes that are kept by sending them."""

    def __init__(self, store: ObjectStore, local: Any) -> None:
        self._store = store
        self._local = local

    @property
    def path(self) -> Path:
        return Path(self._local.path)

    @property
    def sha256(self) -> str:
        return str(self._local.sha256)

    @property
    def size(self) -> int:
        return int(self._local.size)

    def write(self, chunk: bytes) -> None:
        self._local.write(chunk)

    def fill(self, write: Callable[[int], None]) -> None:
        self._local.fill(write)

    def seal(self) -> None:
        self._local.seal()

    def stage(self) -> None:
        self._store.send(self.path, self.sha256)
        self._local.stage()

    def keep(self) -> None:
        self._store.keep(self._local)


def _connected(bucket: str, seconds: int, retries: int, config: dict[str, Any]) -> Any:
    with _reached():
        return S3Store(
            bucket,
            client_options={"timeout": f"{seconds}s", "connect_timeout": "5s", "allow_http": True},
            retry_config={"max_retries": retries, "retry_timeout": timedelta(seconds=seconds)},
            **config,
        )


@contextmanager
def _reached(sha256: str = "") -> Iterator[None]:
    """Turns what the object store refuses into an error of ours."""
    try:
        yield
    except FileNotFoundError as error:
        if not sha256:
            raise Unavailable("object-store", reason="no such bucket") from error
        raise StorageError("blob-missing", sha256=sha256) from error
    except BaseError as error:
        reason = str(error).splitlines()[0][:200]
        _LOG.error("object store: %s", reason)  # it names the bucket: for operators, not for readers
        raise Unavailable("object-store", reason=reason) from error
