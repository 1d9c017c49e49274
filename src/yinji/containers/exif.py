"""EXIF: a bounded walk through a TIFF structure to the few texts that say who or what made a picture.

Also the one edit Yinji makes in there: emptying a *second* copy of the GB 45438 label, so that exactly one remains.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from yinji.containers.candidate import shows_sign
from yinji.containers.tiff.directories import (
    EXIF_IFD,
    Entry,
    Layout,
    Memory,
    View,
    directory,
    number,
    open_view,
)
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

_LABEL_NUMBERS: Final = frozenset(tag for tag, name in TAGS.items() if name in LABEL_TAGS)

MAX_TEXT: Final = 1 << 20
"""Bytes of one value that are looked at."""

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
        big_tiff: Whether its offsets have eight bytes.
    """

    name: str
    text: str
    start: int
    stop: int
    entry: int
    type: int
    big_endian: bool
    big_tiff: bool = False


def fields(tiff: bytes) -> tuple[Field, ...]:
    """Returns the known fields of IFD0, IFD1 and the EXIF directory, in file order of their entries.

    Args:
        tiff: The structure from its byte order mark on, behind the ``Exif`` signature.

    Raises:
        Malformed: Not a TIFF structure, or its first directory lies outside.
    """
    return tuple(_walk(tiff, frozenset(TAGS)))


def label_fields(tiff: bytes) -> tuple[Field, ...]:
    """Returns those of :func:`fields` that may hold a label (:data:`LABEL_TAGS`): what reading one needs.

    Raises:
        Malformed: As :func:`fields`.
    """
    if not shows_sign(tiff):
        _check_start(tiff)
        return ()
    return tuple(_walk(tiff, _LABEL_NUMBERS))


def is_plain(tiff: bytes) -> bool:
    """Whether a structure is sound as far as :func:`fields` asks for it, and shows no sign of a label."""
    if shows_sign(tiff):
        return False
    _check_start(tiff)
    return True


def emptied(tiff: bytes, field: Field) -> list[tuple[int, bytes]]:
    """Returns the (position, bytes) that turn a field's value into an empty one without moving anything.

    Only for writers that put the label in its proper place in the same step (R34).

    Args:
        tiff: The structure; of a whole file, whatever holds the first bytes of the value at ``field.start``.
        field: The field.
    """
    rest = tiff[field.start : field.start + _CHARSET] if field.name == "UserComment" else b"\0"
    return emptied_field(field, rest)


def emptied_field(field: Field, rest: bytes) -> list[tuple[int, bytes]]:
    """As :func:`emptied`, with the bytes that stay: the character code of a UserComment, else one NUL."""
    layout = Layout(">" if field.big_endian else "<", field.big_tiff)
    head = struct.pack(layout.order + ("Q" if layout.big else "I"), len(rest))
    inline = field.entry + layout.entry - layout.width
    length = field.stop - field.start
    if len(rest) <= layout.width:
        if field.start == inline:
            return [(field.entry + 4, head + rest.ljust(layout.width, b"\0"))]
        return [(field.entry + 4, head + rest.ljust(layout.width, b"\0")), (field.start, bytes(length))]
    return [(field.entry + 4, head), (field.start, rest.ljust(length, b"\0"))]


def _check_start(tiff: bytes) -> None:
    """Refuses what :func:`_walk` refuses."""
    opened = open_view(Memory(tiff))
    if opened is None or opened[0].big or (opened[1] and opened[1] + 2 > len(tiff)):
        raise Malformed("exif-broken", offset=0)


def _walk(tiff: bytes, wanted: frozenset[int]) -> Iterator[Field]:
    view = Memory(tiff)
    opened = open_view(view)
    if opened is None or opened[0].big:
        raise Malformed("exif-broken", offset=0)
    layout, first = opened
    only = wanted | {EXIF_IFD}
    pending = [first]
    seen: set[int] = set()
    while pending and len(seen) < _MAX_DIRECTORIES:
        at = pending.pop(0)
        if at in seen or at == 0:
            continue
        seen.add(at)
        if at + 2 > len(tiff):
            if len(seen) == 1:
                raise Malformed("exif-broken", offset=at)
            continue
        found = directory(view, layout, at, "page", only)
        last = at + 2 + _MAX_ENTRIES * layout.entry
        entries = [entry for entry in found.entries if entry.at < last]
        pending[:0] = [number(view.read(entry.at + 8, 4), layout) for entry in entries if entry.tag == EXIF_IFD]
        for entry in entries:
            if entry.tag in wanted and (field := field_of(view, layout, entry)) is not None:
                yield field
        pending.append(found.following)


def field_of(view: View, layout: Layout, entry: Entry) -> Field | None:
    """Returns what one entry says, or None when it is none of :data:`TAGS` or lies outside the structure."""
    name = TAGS.get(entry.tag)
    if name is None or entry.start == entry.stop or entry.stop > view.size:
        return None
    big = layout.order == ">"
    raw = view.read(entry.start, min(entry.stop - entry.start, MAX_TEXT))
    text = _text(name, entry.type, raw, big)
    return Field(name, text, entry.start, entry.stop, entry.at, entry.type, big, layout.big)


def packed(order: str, values: list[tuple[int, int, int, bytes]]) -> bytes:
    """Returns a small structure that holds the given (tag, type, count, bytes): the texts of a large one, apart."""
    at = 8 + 2 + 12 * len(values) + 4
    table, data = struct.pack(order + "H", len(values)), b""
    for tag, type, count, raw in sorted(values):
        place = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack(order + "I", at + len(data))
        data += raw if len(raw) > 4 else b""
        table += struct.pack(order + "HHI", tag, type, count) + place
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "I", 8) + table + bytes(4) + data


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
