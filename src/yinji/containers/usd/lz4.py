"""LZ4 blocks (lz4_Block_format.md) and the chunks in which OpenUSD keeps them, expanded within bounds."""

from __future__ import annotations

from typing import Final

_SHORTEST: Final = 4
_LONG: Final = 15


class Damaged(ValueError):
    """The bytes are no such block, or expand to another size."""


def expanded(data: bytes, size: int) -> bytes:
    """Returns what OpenUSD's ``TfFastCompression`` packed.

    Args:
        data: A number of chunks (0: one block follows as it is), then each chunk's length in four bytes and its block.
        size: Bytes that come out, at most. Whoever calls has checked it against the bounds of the reading.

    Raises:
        Damaged: It is none of that, or expands further.
    """
    if not data:
        raise Damaged("nothing there")
    count, at = data[0], 1
    if not count:
        return block(data[1:], size)
    out = bytearray()
    for _ in range(count):
        length = int.from_bytes(data[at : at + 4], "little")
        at += 4 + length
        if at > len(data):
            raise Damaged("a chunk reaches too far")
        out += block(data[at - length : at], size - len(out))
    return bytes(out)


def block(data: bytes, size: int) -> bytes:
    """Returns what one LZ4 block expands to: ``size`` bytes at most.

    Raises:
        Damaged: A length or a distance does not fit.
    """
    out = bytearray()
    at, end = 0, len(data)
    while at < end:
        token = data[at]
        length, at = _length(data, at + 1, token >> 4)
        if at + length > end or len(out) + length > size:
            raise Damaged("literals reach too far")
        out += data[at : at + length]
        at += length
        if at == end:
            break
        distance = int.from_bytes(data[at : at + 2], "little")
        length, at = _length(data, at + 2, token & _LONG)
        length += _SHORTEST
        if not 0 < distance <= len(out) or len(out) + length > size:
            raise Damaged("a match reaches too far")
        start = len(out) - distance
        while length > 0:  # a match may overlap what it makes
            piece = out[start : start + length]
            out += piece
            length -= len(piece)
    return bytes(out)


def _length(data: bytes, at: int, length: int) -> tuple[int, int]:
    """Returns a length with the bytes that extend it, and where they end."""
    if length == _LONG:
        while True:
            if at >= len(data):
                raise Damaged("a length without end")
            length, at = length + data[at], at + 1
            if data[at - 1] != 0xFF:
                break
    return length, at
