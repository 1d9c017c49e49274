"""The short way through a PNG: chunk headers, and the texts that stand among them as they nearly always do."""

from __future__ import annotations

import zlib
from struct import Struct
from typing import Final

from yinji.containers import exif
from yinji.containers.candidate import shows_sign
from yinji.containers.model import Block
from yinji.containers.png.chunks import IMAGE, KEYWORD_MAX, SIGNATURE, WIPED_MIN
from yinji.containers.source import Source
from yinji.containers.trailer import shows_nothing_behind
from yinji.limits import KIB

_HEADER: Final = Struct(">I4s").unpack_from
_PACKET: Final = b"XML:com.adobe.xmp\0\0\0\0\0"
_PACKET_AT: Final = 8 + len(_PACKET)
_CHUNKS_MAX: Final = 4096
_TEXT_MAX: Final = 256 * KIB


def glance(source: Source) -> list[Block] | None:
    """Settles files whose texts are plain: neither compressed, nor behind the image with a sign of a label."""
    data, base, at, size = source.head, 0, 8, source.size
    if not data.startswith(SIGNATURE) or data[12:16] != b"IHDR":
        return None
    blocks: list[Block] = []
    is_settled = is_late = False
    for _ in range(_CHUNKS_MAX):
        offset = at - base
        if offset + 8 > len(data):
            data, base, offset = source.look(at, 8), at, 0
        length, kind = _HEADER(data, offset)
        stop = at + 12 + length
        if stop > size:
            return None
        if kind == b"IDAT":
            if is_settled:
                return blocks
            is_late = True
        elif kind == b"IEND":
            return blocks if shows_nothing_behind(source, stop) else None
        elif kind == b"caBX":
            blocks.append(Block("c2pa", "caBX", b"", at, stop))
        elif kind not in IMAGE:
            end = offset + 12 + length
            if end > len(data):
                if length > _TEXT_MAX:
                    return None
                data, base, offset, end = source.look(at, 12 + length), at, 0, 12 + length
            if kind == b"iTXt" and data.startswith(_PACKET, offset + 8):
                if is_late or zlib.crc32(data[offset + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
                    return None
                value = data[offset + _PACKET_AT : end - 4]
                blocks.append(Block("xmp", "", value, at, stop))
                is_settled = is_settled or b"AIGC" in value
            elif not _says_nothing(kind, data[offset + 8 : end - 4]):
                return None
        at = stop
    return None


def _says_nothing(kind: bytes, data: bytes) -> bool:
    """Whether a chunk is sound, stored as it is, and shows no sign of a label."""
    if kind == b"tEXt":
        is_blank = len(data) > WIPED_MIN and not data.strip(b"\0 ")
        is_sound = data.find(b"\0", 0, KEYWORD_MAX) >= 0 and not data.startswith(b"Raw profile")
        return is_sound and not is_blank and not shows_sign(data)
    return kind == b"eXIf" and exif.is_plain(data.removeprefix(b"Exif\0\0"))
