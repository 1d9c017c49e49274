"""Boxes at the top of a file of the ISO base media family (ISO/IEC 14496-12, 4.2), as pictures use it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple


class TopBox(NamedTuple):
    """Type, and the positions of the first byte, of the payload, and behind it."""

    kind: bytes
    start: int
    body: int
    stop: int


def top_boxes(data: bytes) -> Iterator[TopBox]:
    """Yields the boxes, as far as they are whole."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = at + (16 if size == 1 else 8)
        size = int.from_bytes(data[at + 8 : at + 16], "big") if size == 1 else size
        stop = at + size if size else len(data)
        if stop < body or stop > len(data):
            return
        yield TopBox(kind, at, body, stop)
        at = stop


def boxed(kind: bytes, payload: bytes) -> bytes:
    """Returns a box."""
    if len(payload) + 8 < 1 << 32:
        return struct.pack(">I4s", len(payload) + 8, kind) + payload
    return struct.pack(">I4sQ", 1, kind, len(payload) + 16) + payload
