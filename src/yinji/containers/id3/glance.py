"""The short way through an ID3v2 tag: its frames in memory, of which only a TXXX may show a sign of a label."""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from yinji.containers.candidate import shows_sign
from yinji.containers.id3.tag import HEADER, PLAIN_MAX, USUAL, syncsafe, words_block
from yinji.containers.model import Block
from yinji.containers.mpeg_audio import frame_length
from yinji.containers.source import Source
from yinji.limits import KIB

_FRAME: Final = Struct(">4sIBB").unpack_from
_FRAMES_MAX: Final = 256
_AHEAD: Final = 1 * KIB
_PICTURES: Final = frozenset((b"APIC",))
_TAIL: Final = 512
_ID3V1: Final = 128
_FOOTERS: Final = 32
_SYNCSAFE: Final = 0x7F


class Glimpse(NamedTuple):
    """Where a tag stops, and the blocks in it that may hold a label."""

    stop: int
    blocks: list[Block]


def glance_tag(source: Source, data: bytes, base: int, at: int) -> Glimpse | None:
    """Settles a tag of version 2.3 or 2.4 without flags, whose frames have names and sizes as they should be.

    Args:
        source: The file.
        data: A stretch of it, in which the tag's header lies.
        base: Where the stretch stands.
        at: Where the tag begins.
    """
    front = data[at - base : at - base + HEADER]
    size = syncsafe(front[6:])
    stop = at + HEADER + size
    if front[:3] != b"ID3" or front[3] not in (3, 4) or front[4] == 0xFF or front[5] or size < 0 or stop > source.size:
        return None
    is_v4 = front[3] == 4
    blocks: list[Block] = []
    at += HEADER
    is_plain = stop - base <= len(data) and not shows_sign(data[at - base : stop - base])
    for _ in range(_FRAMES_MAX):
        if stop - at < HEADER:
            return Glimpse(stop, blocks)
        offset = at - base
        if offset + HEADER > len(data):
            data, base, offset = source.look(at, _AHEAD), at, 0
        if not data[offset]:
            return Glimpse(stop, blocks)
        name, length, _, flags = _FRAME(data, offset)
        if flags or name not in USUAL:
            return None
        if is_v4 and length > _SYNCSAFE:
            length = syncsafe(data[offset + 4 : offset + 8])
            if length < 0 or not _goes_on(source, data, base, at + HEADER + length, stop):
                return None
        end = at + HEADER + length
        if end > stop:
            return None
        if not is_plain and (length <= PLAIN_MAX or name not in _PICTURES):
            if offset + HEADER + length > len(data):
                data, base, offset = source.look(at, HEADER + min(length, 64 * KIB)), at, 0
            content = data[offset + HEADER : offset + HEADER + length]
            if len(content) < length:
                return None
            if shows_sign(content):
                if name != b"TXXX":
                    return None
                blocks.append(words_block("TXXX", content, at, end))
        at = end
    return None


def _goes_on(source: Source, data: bytes, base: int, at: int, stop: int) -> bool:
    """Whether a frame, padding or the end of the tag stands at ``at``: a size was read as its writer meant it."""
    if at >= stop:
        return at == stop
    offset = at - base
    following = data[offset : offset + 4] if offset + 4 <= len(data) else source.look(at, 4)
    return following[:1] == b"\0" or following in USUAL


def has_plain_audio(source: Source, at: int, data: bytes, base: int) -> bool:
    """Whether MPEG audio frames follow at once, and neither they nor the end of the file lead to further tags."""
    size = source.size
    tail = source.look(max(0, size - _TAIL), _TAIL)
    end = plain_end(tail)
    stop = size - len(tail) + end
    offset = at - base
    if offset + 64 > len(data):
        data, offset = source.look(at, 64), 0
    first = data[offset : offset + 64]
    length = frame_length(first[:4])
    if not end or not length or stop < at + length + 4:
        return False
    after = offset + length
    following = data[after : after + 4] if after + 4 <= len(data) else source.look(at + length, 4)
    if not frame_length(following):
        return False
    mark = max(first.find(b"Xing"), first.find(b"Info"))
    if mark < 0 or len(first) < mark + 16 or not first[mark + 7] & 2:
        return True
    field = mark + (12 if first[mark + 7] & 1 else 8)
    place = at + int.from_bytes(first[field : field + 4], "big")
    return place >= stop or source.look(place, 3) != b"ID3"


def plain_end(tail: bytes) -> int:
    """Returns where the audio ends in the last bytes of a file, in front of ID3v1; 0 where other tags stand there."""
    end = len(tail)
    if tail[-_ID3V1:].startswith(b"TAG") and end >= _ID3V1:
        end -= _ID3V1
    last = tail[max(0, end - _FOOTERS) : end]
    is_other = b"LYRICS" in last or b"APETAGEX" in last or b"3DI" in last or b"TAG" in tail[:end]
    return 0 if is_other else end
