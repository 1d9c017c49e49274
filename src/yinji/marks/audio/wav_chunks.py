"""The chunks of WAV, RF64 and BW64."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final, NamedTuple

from yinji.errors import LimitExceeded
from yinji.marks.audio.plan import cut_short, damaged, unable

_KIND: Final = "WAV"
_MOST_CHUNKS: Final = 10_000
_MOST_SMALL: Final = 16 << 20
_OPEN: Final = (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
_OPEN_32: Final = frozenset((0xFFFFFFFF, 0xFFFFFFFE, 0x80000000, 0x7FFFFFFF, 0x7FFFF000))


class Chunk(NamedTuple):
    """A chunk: its name, where it begins and ends, and whether its size is left open."""

    id: bytes
    start: int
    size: int
    stop: int
    is_open: bool = False

    @property
    def body(self) -> int:
        return self.start + 8

    @property
    def end(self) -> int:
        return self.body + self.size


def chunks_of(source: BinaryIO, size: int, *, is_long: bool) -> list[Chunk]:
    """Finds the chunks of a file.

    Args:
        source: The file.
        size: Its bytes.
        is_long: It has sizes of 64 bits (EBU Tech 3306).

    Raises:
        Truncated, LimitExceeded: It ends before one does, or has too many.
    """
    chunks: list[Chunk] = []
    at, long = 12, 0
    while at + 8 <= size:
        source.seek(at)
        id, length = struct.unpack("<4sI", source.read(8))
        if not id.strip(b"\0"):
            break
        if is_long and id == b"ds64":
            long = int.from_bytes(source.read(16)[8:], "little")
        is_open = False
        if id == b"data":
            if is_long and length == 0xFFFFFFFF and long not in _OPEN:
                length = long
            elif (at + 8 + length > size and length in _OPEN_32) or (length == 0 and at + 8 < size):
                length, is_open = size - at - 8, True
        stop = at + 8 + length
        if stop > size:
            raise cut_short(_KIND, size)
        if length % 2 and stop < size:
            stop += 1
        chunks.append(Chunk(id, at, length, stop, is_open))
        if len(chunks) > _MOST_CHUNKS:
            raise LimitExceeded("too-many-segments", limit=_MOST_CHUNKS)
        at = stop
    return chunks


def only(chunks: list[Chunk], id: bytes) -> Chunk:
    """The one chunk of a name.

    Raises:
        Malformed, UnsupportedFormat: There is none, or more than one.
    """
    found = [chunk for chunk in chunks if chunk.id == id]
    if not found:
        raise damaged(_KIND, id.decode())
    if len(found) > 1:
        raise unable(_KIND, f"{len(found)} x {id.decode()}")
    return found[0]


def content_of(source: BinaryIO, chunk: Chunk) -> bytes:
    """Reads what a small chunk holds.

    Raises:
        LimitExceeded: It is large.
    """
    if chunk.size > _MOST_SMALL:
        raise LimitExceeded("too-many-bytes", limit=_MOST_SMALL)
    source.seek(chunk.body)
    return source.read(chunk.size)
