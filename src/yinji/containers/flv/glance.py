"""The short way through FLV: the script tags in front of the first frame, and the last tag of the file."""

from __future__ import annotations

from struct import Struct
from typing import Final

from yinji.containers.candidate import may_hold_label, shows_sign
from yinji.containers.embedded import decoded
from yinji.containers.flv.tags import HEADER, MEDIA, META, NAME, SCRIPT, SIGNATURE, TRAILER
from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.containers.stretch import Stretch
from yinji.limits import KIB

WHOLE: Final = 16 * KIB
"""Files up to this size are walked to their end even by a quick reading."""

TAIL: Final = 16 * KIB
_OPENING: Final = b"\2" + len(META).to_bytes(2, "big") + META.encode() + b"\x08"
_SCRIPT_MAX: Final = 256 * KIB
_PROPERTIES_MAX: Final = 256
_TAGS_MAX: Final = 1024
_LENGTH: Final = Struct(">H").unpack_from
_WORD: Final = Struct(">I").unpack_from
_FIXED: Final = {0: 9, 1: 2, 5: 1, 6: 1, 0x0B: 11}
_END: Final = b"\0\0\x09"


def glance(source: Source) -> list[Block] | None:
    """Settles files whose one script tag is ``onMetaData`` with plain properties."""
    head, size = source.head, source.size
    at = int.from_bytes(head[5:9], "big") + TRAILER
    if not head.startswith(SIGNATURE) or at != HEADER + 2 or size <= WHOLE or head[at] != SCRIPT:
        return None
    here = Stretch(source, HEADER)
    length = int.from_bytes(head[at + 1 : at + 4], "big")
    stop = at + HEADER + length + TRAILER
    if head[at + 8 : at + HEADER] != b"\0\0\0" or stop > size or length > _SCRIPT_MAX:
        return None
    offset = here.show(at, HEADER + length)
    found = _said(here.data[offset + HEADER : offset + HEADER + length], at + HEADER)
    offset = here.show(stop, HEADER)
    data = here.data
    frame = int.from_bytes(data[offset + 1 : offset + 4], "big")
    is_frame = data[offset] in MEDIA and data[offset + 8 : offset + HEADER] == b"\0\0\0"
    if found is None or not is_frame or stop + HEADER + frame + TRAILER > size:
        return None
    return found if any(map(may_hold_label, found)) or looks_complete(source) else None


def _said(data: bytes, base: int) -> list[Block] | None:
    """Returns the texts of ``onMetaData`` that may be a label; None of what has more than plain properties."""
    if not data.startswith(_OPENING):
        return None
    at = len(_OPENING) + 4
    size = len(data)
    found: list[Block] = []
    is_plain = not shows_sign(data[at:])
    for _ in range(_PROPERTIES_MAX):
        if at == size or data.startswith(_END, at):
            return found if at + len(_END) == size else None
        value = at + 2 + _LENGTH(data, at)[0]
        kind = data[value]
        if kind == 2:
            stop = value + 3 + _LENGTH(data, value + 1)[0]
            if not is_plain and shows_sign(data[at:stop]):
                key = data[at + 2 : value].decode("utf-8", "replace")
                text = decoded(data[value + 3 : stop]).rstrip("\0")
                found.append(Block("flv-script", key, text, base + at, base + stop))
        elif kind in _FIXED:
            stop = value + _FIXED[kind]
            if not is_plain and data[at + 2 : value].upper() == NAME.encode():
                return None
        elif kind == 0x0A:  # a strict array of nothing but nulls or numbers
            count = int.from_bytes(data[value + 1 : value + 5], "big")
            items = data[value + 5 : value + 5 + count]
            if len(items) != count or items.count(5) != count:
                items = data[value + 5 : value + 5 + 9 * count]
                if len(items) != 9 * count or items[::9].count(0) != count:
                    return None
            stop = value + 5 + len(items)
        else:
            return None
        if stop > size:
            return None
        at = stop
    return None


def looks_complete(source: Source) -> bool:
    """Whether a long file ends with whole tags of media alone, as far as they stand in its last 16 KiB."""
    if source.size <= WHOLE:
        return False
    tail = source.look(source.size - TAIL, TAIL)
    base = source.size - len(tail)
    at = len(tail) - TRAILER
    for _ in range(_TAGS_MAX):
        length = _WORD(tail, at)[0]
        front = at - length
        if length < HEADER or base + front < HEADER:
            return False
        if front >= 0:
            word = _WORD(tail, front)[0]
        elif at == len(tail) - TRAILER:
            word = int.from_bytes(source.read(base + front, 4), "big")
        else:
            return True
        if word >> 24 not in MEDIA or word & 0xFFFFFF != length - HEADER:
            return False
        at = front - TRAILER
        if at < 0:
            return True
    return False
