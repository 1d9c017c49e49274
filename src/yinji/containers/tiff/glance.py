"""The short way through a TIFF: its pages' directories in one pass each, without an object for every entry."""

from __future__ import annotations

from struct import Struct, calcsize, unpack_from
from typing import Final, Literal

from yinji.containers import exif
from yinji.containers.candidate import shows_sign
from yinji.containers.model import Block
from yinji.containers.packets import packet_block
from yinji.containers.source import Source
from yinji.containers.stretch import Stretch
from yinji.containers.tiff.directories import C2PA, IMAGE_DATA, POINTERS, SIZES, XMP
from yinji.containers.trailer import shows_nothing_behind
from yinji.limits import KIB

_REACH: Final = 4 * KIB
_PAGES_MAX: Final = 16
_VALUE_MAX: Final = 256 * KIB
_ORDERS: Final = {b"II*\0": "<", b"MM\0*": ">"}
_BYTE_ORDERS: Final[dict[str, Literal["little", "big"]]] = {"<": "little", ">": "big"}
_ENTRIES: Final = {order: Struct(order + "HHII") for order in "<>"}
_NUMBERS: Final = {3: "H", 4: "I"}
_PICTURES: Final = frozenset(tag for pair in IMAGE_DATA for tag in pair)


def glance(source: Source) -> list[Block] | None:
    """Settles files of pages alone, whose texts show no sign of a label and whose packet is the first page's."""
    order = _ORDERS[source.head[:4]]
    number = _BYTE_ORDERS[order]
    here = Stretch(source, _REACH)
    at = int.from_bytes(source.head[4:8], number)
    visited: set[int] = set()
    end = 0
    found: list[Block] = []
    while at:
        if at in visited or len(visited) == _PAGES_MAX:
            return None
        visited.add(at)
        offset = here.show(at, 2)
        length = 12 * int.from_bytes(here.data[offset : offset + 2], number)
        offset = here.show(at, length + 6) + 2
        table = here.data[offset : offset + length]
        following = int.from_bytes(here.data[offset + length : offset + length + 4], number)
        end = max(end, at + length + 6)
        pictures: dict[int, tuple[int, int, int]] = {}
        place = at + 10
        for tag, type, values, value in _ENTRIES[order].iter_unpack(table):
            size = SIZES.get(type, 0) * values
            start = value if size > 4 else place
            place += 12
            end = max(end, start + size)
            if tag in POINTERS or tag == C2PA:
                return None
            if tag in _PICTURES:
                pictures[tag] = type, values, start
            elif size > 4 and (tag == XMP or tag in exif.TAGS):
                if size > _VALUE_MAX or start + size > source.size:
                    return None
                raw = _bytes(here, start, size)
                if tag != XMP:
                    if shows_sign(raw):
                        return None
                elif len(visited) > 1:
                    return None
                else:
                    found.append(packet_block(raw, start, start + size))
            elif tag == XMP:
                return None
        if any(b"AIGC" in block.value for block in found if isinstance(block.value, bytes)):
            return found
        for offsets, lengths in IMAGE_DATA:
            if offsets in pictures and lengths in pictures:
                starts, sizes = _numbers(here, order, pictures[offsets]), _numbers(here, order, pictures[lengths])
                end = max(end, *(a + b for a, b in zip(starts, sizes, strict=False) if b), 0)
        at = following
    return found if visited and end <= source.size and shows_nothing_behind(source, end) else None


def _bytes(here: Stretch, at: int, length: int) -> bytes:
    offset = here.show(at, length)
    return here.data[offset : offset + length]


def _numbers(here: Stretch, order: str, entry: tuple[int, int, int]) -> tuple[int, ...]:
    """Returns the numbers of an entry: its type, how many, and where.

    Raises:
        LookupError: They are of another type than those of pictures.
    """
    type, values, start = entry
    if values * 4 > _VALUE_MAX:
        raise LookupError
    format = f"{order}{values}{_NUMBERS[type]}"
    length = calcsize(format)
    return unpack_from(format, here.data, here.show(start, length))
