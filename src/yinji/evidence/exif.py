"""The few EXIF texts that generators write, read from a TIFF structure that a container has already cut out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

TAGS: Final = {
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x8298: "Copyright",
    0x9286: "UserComment",
    0x9C9C: "XPComment",
}
_EXIF_IFD: Final = 0x8769
_ENTRIES: Final = 1024
_SIZES: Final = {1: 1, 2: 1, 7: 1}
_IFDS: Final = 4


def texts(block: bytes) -> Iterator[tuple[str, str]]:
    """Yields (tag name, text) of IFD0, IFD1 and the Exif IFD; what does not parse is passed over.

    A broken EXIF block is the container's to report; here it only means that there is less to see.

    Args:
        block: A TIFF structure, with or without the ``Exif`` and two NUL bytes in front.
    """
    tiff = block[6:] if block[:6] == b"Exif\0\0" else block
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return
    waiting, seen = [_number(tiff, order, "I", 4)], set[int]()
    while waiting and len(seen) < _IFDS:
        at = waiting.pop(0)
        if at in seen or not 8 <= at <= len(tiff) - 2:
            continue
        seen.add(at)
        count = min(_number(tiff, order, "H", at), _ENTRIES)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind, length = _entry(tiff, order, entry)
            if tag == _EXIF_IFD:
                waiting.append(_number(tiff, order, "I", entry + 8))
            elif tag in TAGS and kind in _SIZES:
                yield TAGS[tag], _decoded(tag, _value(tiff, order, entry, length), order)
        waiting.append(_number(tiff, order, "I", at + 2 + 12 * count))


def _number(tiff: bytes, order: str, form: str, at: int) -> int:
    size = struct.calcsize(form)
    if not 0 <= at <= len(tiff) - size:
        return 0
    value: int = struct.unpack_from(order + form, tiff, at)[0]
    return value


def _entry(tiff: bytes, order: str, at: int) -> tuple[int, int, int]:
    if at > len(tiff) - 12:
        return 0, 0, 0
    tag, kind, length = struct.unpack_from(order + "HHI", tiff, at)
    return tag, kind, length


def _value(tiff: bytes, order: str, entry: int, length: int) -> bytes:
    if length <= 4:
        return tiff[entry + 8 : entry + 8 + length]
    at = _number(tiff, order, "I", entry + 8)
    return tiff[at : at + length]


def _decoded(tag: int, raw: bytes, order: str) -> str:
    """Decodes by the tag's own rule; UserComment names its character code in eight bytes (CIPA DC-008, 4.6.6)."""
    if TAGS[tag] == "XPComment":
        return raw.decode("utf-16-le", "replace").rstrip("\0")
    if TAGS[tag] != "UserComment":
        return raw.decode("utf-8", "replace").rstrip("\0")
    code, body = raw[:8], raw[8:]
    if code == b"UNICODE\0":
        return _utf16(body, order).strip("\0 ")
    if code in (b"ASCII\0\0\0", bytes(8)):
        return body.decode("utf-8", "replace").strip("\0 ")
    return raw.decode("utf-8", "replace").strip("\0 ")


def _utf16(body: bytes, order: str) -> str:
    """Reads UTF-16 in the order it shows; writers ignore the file's own byte order as often as they keep it."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", "replace")
    high, low = body[0:64:2].count(0), body[1:64:2].count(0)
    if high != low:
        return body.decode("utf-16-be" if high > low else "utf-16-le", "replace")
    return body.decode("utf-16-le" if order == "<" else "utf-16-be", "replace")
