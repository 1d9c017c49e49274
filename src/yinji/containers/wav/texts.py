"""Words inside the chunks of a WAV file: INFO lists (Multimedia Programming Interface 1.0) and bext (EBU Tech 3285)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers import embedded
from yinji.containers.source import Source
from yinji.containers.wav.chunks import HEADER, Chunk
from yinji.errors import Malformed
from yinji.limits import MIB

INFO: Final = b"INFO"
_LIST_MAX: Final = 1 * MIB
_BROADCAST: Final = (("Description", 0, 256), ("Originator", 256, 288), ("OriginatorReference", 288, 320))
_HISTORY_AT: Final = 602


class Entry(NamedTuple):
    """One text.

    Attributes:
        key: Identifier of the sub-chunk, or name of the field.
        text: Its value, without the zeros behind it.
        start, stop: Its range: in an INFO list from the start of the list's chunk, in bext from the content.
    """

    key: str
    text: str
    start: int
    stop: int


def is_info(source: Source, chunk: Chunk) -> bool:
    """Whether a chunk is a list of type INFO."""
    return chunk.id == b"LIST" and chunk.size >= 4 and source.read(chunk.body, 4) == INFO


def info_entries(source: Source, chunk: Chunk) -> Iterator[Entry]:
    """Yields the texts of an INFO list.

    Raises:
        Malformed: A sub-chunk reaches beyond the list, or the list is larger than any such list.
    """
    if chunk.size > _LIST_MAX:
        raise Malformed("wav-info", path=source.name, offset=chunk.start)
    data = source.read(chunk.start, HEADER + chunk.size)
    at = HEADER + 4
    while at + HEADER <= len(data):
        source.element(1)
        body = at + HEADER
        end = body + int.from_bytes(data[at + 4 : body], "little")
        if end > len(data):
            if not any(data[at:]):
                return
            raise Malformed("wav-info", path=source.name, offset=chunk.start + at)
        stop = min(end + (end - body) % 2, len(data))
        yield Entry(data[at : at + 4].decode("latin-1"), embedded.decoded(data[body:end]).rstrip("\0"), at, stop)
        at = stop


def broadcast_texts(data: bytes) -> Iterator[Entry]:
    """Yields the texts of a bext chunk's content."""
    fields = (*_BROADCAST, ("CodingHistory", _HISTORY_AT, len(data)))
    for key, start, stop in fields:
        text = embedded.decoded(data[start:stop].partition(b"\0")[0]).strip()
        if text:
            yield Entry(key, text, start, min(stop, len(data)))
