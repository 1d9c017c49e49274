"""The short way through HEIF and AVIF: the item tables in memory, and only the items of metadata that they name."""

from __future__ import annotations

from struct import Struct
from typing import Final

from yinji.containers import exif
from yinji.containers.bmff.boxes import META_CHILDREN
from yinji.containers.bmff.glance import boxes
from yinji.containers.heif.items import AHEAD, XMP_TYPE
from yinji.containers.heif.reading import exif_start
from yinji.containers.model import Block
from yinji.containers.stretch import Stretch

_INFO: Final = Struct(">B3xHH4s").unpack_from
"""Version, number, protection, type."""

_ENTRIES: Final = {
    b"\0\x44\0": Struct(">HHHII"),
    b"\0\x44\x40": Struct(">HHIHII"),
    b"\1\x44\0": Struct(">HIHII"),
    b"\1\x44\x40": Struct(">HIIHII"),
}
"""By version and widths, an item of one extent: number, where (its construction in version 1, reference), perhaps a
base, how many extents, offset, length."""

_REFERENCE: Final = Struct(">HH").unpack_from
_METADATA: Final = frozenset((b"mime", b"Exif", b"uri "))
_ITEM_MAX: Final = 1 << 20


def items(here: Stretch, at: int, stop: int) -> list[Block]:
    """Looks into a ``meta`` box of items, which lie in one piece each, at offsets of 32 bits into the file."""
    if stop - at > AHEAD:
        raise LookupError
    offset = here.show(at, stop - at)
    if here.data[offset + 4 : offset + 8] in META_CHILDREN:
        raise LookupError
    inside: dict[bytes, bytes] = {}
    for kind, body, end in boxes(here, at + 4, stop):
        inside.setdefault(kind, here.data[body - here.base : end - here.base])
    if b"ilst" in inside:
        raise LookupError
    named = _named(inside[b"iinf"])
    places = _places(inside[b"iloc"])
    size = here.source.size
    if any(not where and start + length > size for where, start, length in places.values()):
        raise LookupError
    targets = _targets(inside.get(b"iref", bytes(4)))
    primary = int.from_bytes(inside[b"pitm"][4:6], "big") if b"pitm" in inside else None
    if primary is not None and (len(inside[b"pitm"]) < 6 or inside[b"pitm"][0]):
        raise LookupError
    found: list[Block] = []
    for number, kind, texts in named:
        if number not in places:
            continue
        where, start, length = places[number]
        if where or kind == b"uri " or length > _ITEM_MAX:
            raise LookupError
        content = here.source.look(start, length)
        if kind == b"Exif":
            if not exif.is_plain(content[exif_start(content) :]):
                raise LookupError
        elif texts[1].lower() != XMP_TYPE or texts[2] or not content.strip(b"\0 \t\r\n"):
            raise LookupError
        else:
            described = targets.get(number)
            if described and primary is not None and primary not in described:
                raise LookupError
            found.append(Block("xmp", "", content, start, start + length))
    return sorted(found, key=lambda block: block.start)


def _named(iinf: bytes) -> list[tuple[int, bytes, list[str]]]:
    """Returns number, type and texts of the metadata items."""
    found = []
    at = 6
    if iinf[0]:
        raise LookupError
    while len(iinf) - at >= 8:
        length = int.from_bytes(iinf[at : at + 4], "big")
        if not 8 <= length <= len(iinf) - at:
            raise LookupError
        if iinf[at + 4 : at + 8] == b"infe":
            version, number, protection, kind = _INFO(iinf, at + 8)
            if version != 2 or length < 20:
                raise LookupError
            if kind in _METADATA:
                if protection:
                    raise LookupError
                texts = [part.decode("utf-8", "replace") for part in iinf[at + 20 : at + length].split(b"\0", 3)]
                found.append((number, kind, [*texts, "", "", ""]))
        at += length
    return found


def _places(iloc: bytes) -> dict[int, tuple[int, int, int]]:
    """Returns where items lie: 0 for the file itself, offset, length; LookupError where one lies in several pieces."""
    entry = _ENTRIES[iloc[:1] + iloc[4:6]]
    count = int.from_bytes(iloc[6:8], "big")
    if len(iloc) != 8 + count * entry.size:
        raise LookupError
    places = {}
    for number, where, *base, extents, start, length in entry.iter_unpack(iloc[8:]):
        if extents != 1:
            raise LookupError
        places[number] = where, start + sum(base), length
    if len(places) != count:
        raise LookupError
    return places


def _targets(iref: bytes) -> dict[int, list[int]]:
    """Returns which items others describe (``cdsc``)."""
    targets: dict[int, list[int]] = {}
    at = 4
    if iref[0]:
        raise LookupError
    while len(iref) - at >= 8:
        length = int.from_bytes(iref[at : at + 4], "big")
        number, count = _REFERENCE(iref, at + 8)
        if not 12 + 2 * count <= length <= len(iref) - at:
            raise LookupError
        if iref[at + 4 : at + 8] == b"cdsc":
            described = iref[at + 12 : at + 12 + 2 * count]
            targets.setdefault(number, []).extend(
                int.from_bytes(described[n : n + 2], "big") for n in range(0, 2 * count, 2)
            )
        at += length
    return targets
