"""Where the JSON stands in a glTF file: the whole of it (``.gltf``), or one chunk of a binary file (GLB)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.base import Span
from yinji.containers.source import Source
from yinji.containers.splice import Edit
from yinji.errors import LimitExceeded, Malformed, Truncated

MAGIC: Final = b"glTF"
JSON: Final = 0x4E4F534A
_BOM: Final = b"\xef\xbb\xbf"
_HEADER: Final = struct.Struct("<4s4I")
_CHUNK: Final = struct.Struct("<II")


class Layout(NamedTuple):
    """Attributes:
    start, stop: Range of the JSON text.
    length_at, total_at: Where the lengths of the text and of the file are written; -1 in text files.
    total: Length of the file by its header.
    rest: Ranges of the other chunks' payloads.
    """

    start: int
    stop: int
    length_at: int
    total_at: int
    total: int
    rest: tuple[Span, ...]

    def text(self, source: Source) -> bytes:
        """Returns the JSON text.

        Raises:
            LimitExceeded: It is longer than one allocation may be.
        """
        size, limit = self.stop - self.start, source.limits.one_read
        if size > limit:
            raise LimitExceeded("too-large-read", path=source.name, needed=size, limit=limit)
        return source.read(self.start, size)

    def lengths(self, growth: int) -> Iterator[Edit]:
        """Yields the edits of the lengths in the header."""
        if self.length_at < 0 or not growth:
            return
        for at, value in ((self.length_at, self.stop - self.start), (self.total_at, self.total)):
            yield Edit(at, at + 4, (value + growth).to_bytes(4, "little"))


def of_text(source: Source) -> Layout:
    """Returns the layout of a ``.gltf`` file."""
    start = len(_BOM) if source.head.startswith(_BOM) else 0
    return Layout(start, source.size, -1, -1, source.size, ())


def of_binary(source: Source) -> Layout:
    """Returns the layout of a GLB file of version 2, or of version 1 (KHR_binary_glTF).

    Raises:
        Malformed, Truncated, LimitExceeded: The header or a chunk contradicts the file.
    """
    if source.size < _HEADER.size:
        raise Truncated("truncated", path=source.name, offset=0, needed=_HEADER.size, size=source.size)
    magic, version, total, length, kind = _HEADER.unpack(source.read(0, _HEADER.size))
    if magic != MAGIC or version not in (1, 2):
        raise Malformed("glb-version", path=source.name, version=version)
    start = _HEADER.size
    if total > source.size:
        raise Truncated("truncated", path=source.name, offset=source.size, needed=total - source.size, size=source.size)
    if kind != (JSON if version == 2 else 0) or start + length > total:
        raise Malformed("glb-chunk", path=source.name, offset=12)
    stop = start + length
    rest = (Span(stop, total),) if version == 1 else tuple(_chunks(source, stop, total))
    return Layout(start, stop, 12, 8, total, rest)


def _chunks(source: Source, at: int, total: int) -> Iterator[Span]:
    while at < total:
        source.element(1)
        if total - at < _CHUNK.size:
            raise Malformed("glb-chunk", path=source.name, offset=at)
        length, _ = _CHUNK.unpack(source.read(at, _CHUNK.size))
        at += _CHUNK.size
        if at + length > total:
            raise Malformed("glb-chunk", path=source.name, offset=at - _CHUNK.size)
        yield Span(at, at + length)
        at += length
