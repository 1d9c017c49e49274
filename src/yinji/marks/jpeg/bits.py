"""Entropy-coded bits of a JPEG (ITU-T T.81, F.1.2.3): finding a place among them, and putting others in place of some.

Needs nothing but the standard library.
"""

from __future__ import annotations

from typing import Final

_CHUNK: Final = 1 << 20

Place = tuple[int, int]
"""A byte of a scan, and how many of its bits lie before the place."""


def place(scan: bytes, at: int, bits: int) -> Place:
    """Returns the place that lies some bits before a byte, over zeros stuffed behind 0xFF."""
    while bits > 0:
        at -= 1
        if at and scan[at] == 0 and scan[at - 1] == 0xFF:
            at -= 1
        bits -= 8
    return at, -bits


def plain(scan: bytes) -> bytes:
    """Entropy-coded bytes without the zeros stuffed behind 0xFF."""
    return scan.replace(b"\xff\0", b"\xff")


def replaced(scan: bytes, start: Place, stop: Place, spare: int, new: bytes, new_spare: int) -> bytes:
    """Returns a scan without restart markers that has other bits from ``start`` to ``stop``.

    Args:
        scan: Entropy-coded bytes, up to the marker that follows.
        start: The first bit that goes.
        stop: Behind the last bit that goes.
        spare: How many bits at the very end of ``scan`` are padding.
        new: Entropy-coded bytes whose bits come in their place.
        new_spare: How many bits at their end are padding.
    """
    at, length = start
    value = scan[at] >> 8 - length if length else 0
    out = [scan[:at]]

    def append(data: bytes) -> None:
        nonlocal value, length
        value = value << 8 * len(data) | int.from_bytes(data, "big")
        length += 8 * len(data)

    def flush() -> None:
        nonlocal value, length
        kept = length % 8
        out.append((value >> kept).to_bytes(length // 8, "big").replace(b"\xff", b"\xff\0"))
        value, length = value & (1 << kept) - 1, kept

    append(plain(new))
    value, length = value >> new_spare, length - new_spare
    at, bit = stop
    if at < len(scan):
        value = value << 8 - bit | scan[at] & 0xFF >> bit
        length += 8 - bit
        at += 2 if scan[at] == 0xFF else 1
        while at < len(scan):
            flush()
            end = min(at + _CHUNK, len(scan))
            while scan[end - 1] == 0xFF and end < len(scan):
                end += 1
            append(plain(scan[at:end]))
            at = end
        value, length = value >> spare, length - spare
    padding = -length % 8
    value, length = value << padding | (1 << padding) - 1, length + padding
    flush()
    return b"".join(out)
