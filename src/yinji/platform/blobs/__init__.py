"""Files by their SHA-256: in a local folder, or in an object store with a local cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yinji.platform.blobs.base import BLOBS_LOCK, BlobStore, Spool, Spooled, opened, source_of
from yinji.platform.blobs.directory import DirectoryStore

if TYPE_CHECKING:
    from yinji.platform.settings import Settings

__all__ = ("BLOBS_LOCK", "BlobStore", "DirectoryStore", "Spool", "Spooled", "open_store", "opened", "source_of")


def open_store(settings: Settings) -> BlobStore:
    """Opens the place for files that the operator chose (``YINJI_BLOBS``).

    Raises:
        StorageError: It cannot be used.
        MissingExtra: The object store's client is not installed.
    """
    if not settings.blobs:
        return DirectoryStore(settings.data_dir / "blobs")
    from yinji.platform.blobs.objects import ObjectStore

    return ObjectStore.open(settings)
