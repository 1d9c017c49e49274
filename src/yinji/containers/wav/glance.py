"""The short way through WAV and AIFF: their few chunk headers, and the words in the small chunks among them."""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from yinji.containers.candidate import may_hold_label, shows_sign
from yinji.containers.embedded import decoded
from yinji.containers.id3.glance import glance_tag
from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.containers.wav.chunks import FILLERS, FIRST, HEADER, LABEL
from yinji.limits import KIB

_CHUNKS_MAX: Final = 64
_SMALL: Final = 64 * KIB
_AHEAD: Final = 4 * KIB
_ID3: Final = (b"id3 ", b"ID3 ")


class Kind(NamedTuple):
    """What tells WAV and AIFF apart.

    Attributes:
        front: How the file begins, and what may stand behind its size.
        header: Identifier and size of a chunk.
        media: The chunk of the samples.
        silent: Chunks that hold numbers alone.
        texts: Chunks of words, which show a sign where they are a label.
    """

    front: tuple[bytes, tuple[bytes, ...]]
    header: Struct
    media: bytes
    silent: frozenset[bytes]
    texts: frozenset[bytes]


def glance(source: Source, kind: Kind) -> list[Block] | None:
    """Settles forms whose sizes are written and right, and whose chunks are of the usual kinds."""
    data, base, at, size = source.head, 0, FIRST, source.size
    unpack, media, silent = kind.header.unpack_from, kind.media, kind.silent
    if not data.startswith(kind.front[0]) or not data.startswith(kind.front[1], HEADER):
        return None
    limit = unpack(data, 0)[1] + HEADER
    if not size - HEADER < limit <= size:
        return None
    found: list[Block] = []
    has_media = False
    for _ in range(_CHUNKS_MAX):
        if at + HEADER > limit:
            return found if has_media and at + HEADER > size else None  # else something stands there
        offset = at - base
        if offset + HEADER > len(data):
            data, base, offset = source.look(at, _AHEAD), at, 0
        id, length = unpack(data, offset)
        end = at + HEADER + length
        stop = end + (length & 1)
        if end > limit or stop > size:
            return None
        if length & 1 and (data[end - base] if end - base < len(data) else source.look(end, 1)[0]):
            return None
        if id == media:
            if not length:
                return None
            has_media = True
        elif id not in silent:
            if length > _SMALL:
                return None
            last = offset + HEADER + length
            if last > len(data):
                data, base, offset, last = source.look(at, HEADER + length), at, 0, HEADER + length
            blocks = _inside(source, kind, id, data, base, at, stop, data[offset + HEADER : last])
            if blocks is None:
                return None
            found += blocks
            if has_media and any(map(may_hold_label, found)):
                return found
        at = stop
    return None


def _inside(
    source: Source, kind: Kind, id: bytes, data: bytes, base: int, at: int, stop: int, content: bytes
) -> list[Block] | None:
    """Returns the blocks of one chunk that may hold a label; None of one that is not understood at a glance."""
    if id == LABEL and kind.media == b"data":
        return [Block("riff-chunk", "AIGC", decoded(content).rstrip("\0"), at, stop)]
    if id in _ID3:
        tag = glance_tag(source, data, base, at + HEADER)
        return None if tag is None or tag.stop > at + HEADER + len(content) else tag.blocks
    if id == b"LIST":
        return [] if content.startswith(b"INFO") and _is_whole(content) and not shows_sign(content) else None
    if id in kind.texts:
        return None if shows_sign(content) else []
    return [] if id in FILLERS and b"{" not in content else None


def _is_whole(content: bytes) -> bool:
    """Whether the entries of an INFO list fill it."""
    at, size = 4, len(content)
    while at + HEADER <= size:
        length = int.from_bytes(content[at + 4 : at + HEADER], "little")
        if at + HEADER + length > size:
            return False
        at += HEADER + length + (length & 1)
    return True
