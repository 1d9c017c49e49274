"""Messages between this process and one that works for it: a list of byte strings.

Each is preceded by its length (32 bit, little-endian), and all by their number. Needs nothing but the standard library.
"""

from __future__ import annotations

import struct
from typing import IO


def receive(stream: IO[bytes]) -> list[bytes]:
    """Reads one message; an empty list at the end of the stream."""
    head = stream.read(4)
    if len(head) < 4:
        return []
    parts = []
    for _ in range(struct.unpack("<I", head)[0]):
        (length,) = struct.unpack("<I", stream.read(4))
        parts.append(stream.read(length))
    return parts


def send(stream: IO[bytes], parts: list[bytes]) -> None:
    """Writes one message."""
    stream.write(struct.pack("<I", len(parts)))
    for part in parts:
        stream.write(struct.pack("<I", len(part)))
        stream.write(part)
    stream.flush()
