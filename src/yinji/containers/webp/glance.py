"""The short way through a WebP: its few chunk headers, and a packet at its end."""

from __future__ import annotations

from struct import Struct
from typing import Final

from yinji.containers import exif
from yinji.containers.model import Block
from yinji.containers.packets import packet_block
from yinji.containers.source import Source
from yinji.containers.trailer import shows_nothing_behind
from yinji.containers.webp.chunks import (
    BODY,
    C2PA,
    EXIF,
    EXTENDED,
    FIRST,
    FLAGS,
    HAS_XMP,
    IMAGE,
    IS_ANIMATED,
    XMP,
)
from yinji.limits import KIB

_HEADER: Final = Struct("<4sI").unpack_from
_CHUNKS_MAX: Final = 64
_AHEAD: Final = 4 * KIB
_METADATA_MAX: Final = 256 * KIB


def glance(source: Source) -> list[Block] | None:
    """Settles stills of the chunks that the format defines, padded as it asks for."""
    data, base, at, size = source.head, 0, BODY, source.size
    announced = data[FLAGS] if data.startswith(EXTENDED, BODY) else 0
    limit = int.from_bytes(data[4:8], "little") + 8
    if data[:4] != b"RIFF" or data[8:BODY] != b"WEBP" or data[BODY : BODY + 4] not in FIRST or announced & IS_ANIMATED:
        return None
    if not BODY + 8 < limit <= size:
        return None
    blocks: list[Block] = []
    for _ in range(_CHUNKS_MAX):
        if at + 8 > limit:
            return blocks if shows_nothing_behind(source, limit) else None
        offset = at - base
        if offset + 8 > len(data):
            data, base, offset = source.look(at, min(_AHEAD, limit - at)), at, 0
        kind, length = _HEADER(data, offset)
        end = at + 8 + length
        if end > limit:
            return None
        stop = end + (length & 1)
        if length & 1 and end < limit and (data[end - base] if end - base < len(data) else source.look(end, 1)[0]):
            return None
        if kind in (XMP, EXIF):
            if offset + 8 + length > len(data):
                if length > _METADATA_MAX:
                    return None
                data, base, offset = source.look(at, 8 + length), at, 0
            value = data[offset + 8 : offset + 8 + length]
            if kind == XMP:
                if not announced & HAS_XMP:
                    return None
                blocks.append(packet_block(value, at, min(stop, limit)))
                if b"AIGC" in value:
                    return blocks
            elif not exif.is_plain(value.removeprefix(b"Exif\0\0")):
                return None
        elif kind == C2PA:
            blocks.append(Block("c2pa", "C2PA", b"", at, min(stop, limit)))
        elif kind not in IMAGE and kind != EXTENDED:
            return None
        at = stop
    return None
