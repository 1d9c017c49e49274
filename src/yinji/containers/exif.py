"""EXIF: a bounded walk through a TIFF structure to the few texts that say who or what made a picture.

Also the one edit Yinji makes in there: emptying a *second* copy of the GB 45438 label, so that exactly one remains.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from yinji.errors import Malformed

TAGS: Final = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0112: "Orientation",
    0x0131: "Software",
    0x0132: "DateTime",
    0x013B: "Artist",
    0x8298: "Copyright",
    0x9286: "UserComment",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9D: "XPAuthor",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
}
LABEL_TAGS: Final = ("UserComment", "ImageDescription", "XPComment")
"""Where labels were seen (image guide Annex B, and the wild)."""

_EXIF_IFD: Final = 0x8769
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SHORT: Final = 3
_MAX_ENTRIES: Final = 1024
_MAX_DIRECTORIES: Final = 8
_CHARSET: Final = 8
"""Bytes of the character code that starts a UserComment."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value.

    Attributes:
        name: Name of the tag.
        text: The value as text; numbers in decimal.
        start, stop: Range of the value in the TIFF structure.
        entry: Position of its 12-byte directory entry.
        type: TIFF field type.
        big_endian: Byte order of the structure.
    """

    name: str
    text: str
    start: int
    stop: int
    entry: int
    type: int
    big_endian: bool


def fields(tiff: bytes) -> tuple[Field, ...]:
    """Returns the known fields of IFD0, IFD1 and the EXIF directory, in file order of their entries.

    Args:
        tiff: The structure from its byte order mark on, behind the ``Exif`` signature.

    Raises:
        Malformed: Not a TIFF structure, or its first directory lies outside.
    """
    return tuple(_walk(tiff))


def emptied(tiff: bytes, field: Field) -> list[tuple[int, bytes]]:
    """Returns the (position, bytes) that turn a field's value into an empty one without moving anything.

    Only for writers that put the label in its proper place in the same step (R34).
    """
    count = _CHARSET if field.name == "UserComment" else 1  # one byte stands in the entry itself
    order = ">" if field.big_endian else "<"
    keep = tiff[field.start : field.start + _CHARSET] if field.name == "UserComment" else b""
    blank = keep.ljust(field.stop - field.start, b"\0")
    if field.name == "UserComment":
        return [(field.entry + 4, struct.pack(order + "I", count)), (field.start, blank)]
    return [(field.entry + 4, struct.pack(order + "II", count, 0)), (field.start, blank)]


def _walk(tiff: bytes) -> Iterator[Field]:
    big = _byte_order(tiff)
    order = ">" if big else "<"
    pending = [struct.unpack_from(order + "I", tiff, 4)[0]]
    seen: set[int] = set()
    while pending and len(seen) < _MAX_DIRECTORIES:
        at = pending.pop(0)
        if at in seen or at == 0:
            continue
        seen.add(at)
        yield from _directory(tiff, at, big, pending, first=len(seen) == 1)


def _byte_order(tiff: bytes) -> bool:
    if len(tiff) < 8 or tiff[:4] not in (b"II*\0", b"MM\0*"):
        raise Malformed("exif-broken", offset=0)
    return tiff[:2] == b"MM"


def _directory(tiff: bytes, at: int, big: bool, pending: list[int], *, first: bool) -> Iterator[Field]:
    order = ">" if big else "<"
    if at + 2 > len(tiff):
        if first:
            raise Malformed("exif-broken", offset=at)
        return
    count = struct.unpack_from(order + "H", tiff, at)[0]
    fits = (len(tiff) - at - 2) // 12
    entry_format = struct.Struct(order + "HHII")
    for index in range(min(count, fits, _MAX_ENTRIES)):
        entry = at + 2 + 12 * index
        tag, type, length, value = entry_format.unpack_from(tiff, entry)
        if tag == _EXIF_IFD:
            pending.insert(0, value)
        elif name := TAGS.get(tag):
            field = _field(tiff, name, type, length, entry, value, big)
            if field is not None:
                yield field
    end = at + 2 + 12 * count
    if count <= fits and end + 4 <= len(tiff):
        pending.append(struct.unpack_from(order + "I", tiff, end)[0])


def _field(tiff: bytes, name: str, type: int, count: int, entry: int, value: int, big: bool) -> Field | None:
    size = _SIZES.get(type, 0) * count
    start = value if size > 4 else entry + 8
    if not size or start + size > len(tiff):
        return None
    raw = tiff[start : start + size]
    return Field(name, _text(name, type, raw, big), start, start + size, entry, type, big)


def _text(name: str, type: int, raw: bytes, big: bool) -> str:
    if name == "UserComment":
        return _user_comment(raw, big)
    if name.startswith("XP"):
        return raw.decode("utf-16-le", "replace").rstrip("\0")
    if type == _SHORT:
        return str(int.from_bytes(raw[:2], "big" if big else "little"))
    return _decoded(raw)


def _user_comment(raw: bytes, big: bool) -> str:
    code, rest = raw[:_CHARSET], raw[_CHARSET:]
    if code == b"UNICODE\0":
        return _utf16(rest, big)
    if code == b"JIS\0\0\0\0\0":
        return rest.decode("iso2022_jp", "replace").rstrip("\0 ")
    if code in (b"ASCII\0\0\0", bytes(_CHARSET)):
        return _decoded(rest)
    return _decoded(raw)


def _utf16(raw: bytes, big: bool) -> str:
    """UNICODE comments follow a byte order mark, else the structure's order; some writers ignore both."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace").rstrip("\0 ")
    if raw[:1] == b"{" and raw[1:2] not in (b"\0", b""):
        return _decoded(raw)
    if raw[:1] == b"\0" or (big and raw[1:2] != b"\0"):
        return raw.decode("utf-16-be", "replace").rstrip("\0 ")
    return raw.decode("utf-16-le", "replace").rstrip("\0 ")


def _decoded(raw: bytes) -> str:
    """ASCII is what the standard allows; UTF-8 is what writers put there."""
    raw = raw.strip(b"\0 ")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")
