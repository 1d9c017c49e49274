"""OpenDML indexes (OpenDML AVI 1.02, 3): which of their chunks stand among the media, and their absolute offsets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from yinji.containers.riff import Chunk, Form, children, chunks
from yinji.containers.splice import Edit
from yinji.containers.window import Window
from yinji.errors import Malformed

HEADERS: Final = b"hdrl"
_STREAM: Final = b"strl"
_INDEX: Final = b"indx"
_FIXED: Final = 24
_SUPER_ENTRY: Final = 16
_SUPER: Final = 0
_CHUNKS: Final = 1
_BASE: Final = 12
"""Where a standard index keeps the offset that its entries are counted from."""


class SuperEntry(NamedTuple):
    """One entry of a super index: where it stands, and where the standard index starts and stops that it points to."""

    at: int
    start: int
    stop: int


def super_entries(window: Window, form: Form) -> Iterator[SuperEntry]:
    """Yields the entries of the super indexes in a RIFF's header list.

    Raises:
        Malformed: An index does not fit its chunk.
    """
    for index in _indexes(window, form):
        data = window.source.read(index.body, index.size)
        kind, count = data[3], int.from_bytes(data[4:8], "little")
        if kind != _SUPER:
            continue
        if int.from_bytes(data[:2], "little") != 4 or _FIXED + count * _SUPER_ENTRY > len(data):
            raise Malformed("avi-index", path=window.source.name, offset=index.start)
        for n in range(count):
            at = _FIXED + n * _SUPER_ENTRY
            start = int.from_bytes(data[at : at + 8], "little")
            yield SuperEntry(index.body + at, start, start + int.from_bytes(data[at + 8 : at + 12], "little"))


def moved(window: Window, form: Form, shift: Callable[[int], int]) -> Iterator[Edit]:
    """Yields the edits that correct all absolute offsets.

    Args:
        window: The file.
        form: Its first RIFF.
        shift: Old to new position.

    Raises:
        Malformed: An entry leads to something else than an index.
    """
    source = window.source
    bases = []
    for index in _indexes(window, form):
        if source.read(index.body + 3, 1)[0] == _CHUNKS:
            bases.append(index.body + _BASE)
    for entry in super_entries(window, form):
        if not entry.start:
            continue
        if shift(entry.start) != entry.start:
            yield Edit(entry.at, entry.at + 8, shift(entry.start).to_bytes(8, "little"))
        if entry.stop > source.size or source.read(entry.start, 2) != b"ix":
            raise Malformed("avi-index", path=source.name, offset=entry.at)
        bases.append(entry.start + 8 + _BASE)
    for at in bases:
        base = int.from_bytes(source.read(at, 8), "little")
        if shift(base) != base:
            yield Edit(at, at + 8, shift(base).to_bytes(8, "little"))


def _indexes(window: Window, form: Form) -> Iterator[Chunk]:
    for chunk in chunks(window, form):
        if chunk.type == b"movi":
            return
        if chunk.type != HEADERS:
            continue
        for stream in children(window, chunk):
            if stream.type == _STREAM:
                inside = children(window, stream, 3)
                yield from (part for part in inside if part.id == _INDEX and part.size >= _FIXED)
