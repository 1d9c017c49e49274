"""How large pictures are, so that a page keeps their room free before they arrive. A header is read once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from yinji.platform.model import Item

if TYPE_CHECKING:
    from yinji.platform.blobs import BlobStore

_FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/bmp": "BMP"}
"""Formats whose header Pillow reads by itself; others would be opened by a native decoder, which no server does."""
_ORIENTATION: Final = 0x0112
_LYING: Final = frozenset((5, 6, 7, 8))
_MOST: Final = 10_000


class Size(NamedTuple):
    """Pixels, as displayed."""

    width: int
    height: int


class PictureSizes:
    """Tells sizes. Safe to share between threads."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._known: dict[str, Size | None] = {}
        self._guard = threading.Lock()

    def of(self, item: Item) -> Size | None:
        """Returns the size of an item's picture; None for what is no picture, or cannot be told cheaply."""
        format = _FORMATS.get(item.media_type)
        if format is None:
            return None
        if item.sha256 not in self._known:
            path = self._blobs.local(item.sha256)
            size = None if path is None else _read(path, format)
            with self._guard:
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known[item.sha256] = size
        return self._known.get(item.sha256)


def _read(path: Path, format: str) -> Size | None:
    from PIL import Image

    try:
        with Image.open(path, formats=(format,)) as picture:
            lying = format == "JPEG" and picture.getexif().get(_ORIENTATION) in _LYING
            width, height = reversed(picture.size) if lying else picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return Size(width, height)
