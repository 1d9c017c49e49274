"""A source as a file object, for decoders that read media payload."""

from __future__ import annotations

import io
import os
from typing import Any

from yinji.containers.source import Source


class SourceFile(io.RawIOBase):
    """A source as a readable, seekable binary file. Closing it closes nothing."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._source.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self._source.payload(self._at, len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
