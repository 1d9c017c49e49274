"""LZ4 blocks (lz4_Block_format.md) and the chunks in which OpenUSD keeps them, expanded within bounds."""

from __future__ import annotations

from typing import Final

_SHORTEST: Final = 4
_LONG: Final = 15
_FAR: Final = 0xFFFF
_LAST_MATCH: Final = 12
"""A match begins at least so many bytes before the end, and the last five bytes are literals."""
_LAST_LITERALS: Final = 5
_STEP: Final = 32


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


def packed(data: bytes) -> bytes:
    """Returns what expands to ``data``, in one chunk."""
    front, rest = matched(data)
    return ended(front, rest)


def ended(front: bytes, plain: bytes) -> bytes:
    """Returns one chunk of what :func:`matched` packed, and behind it bytes as they are."""
    return bytes(1) + front + _sequence(plain)


def matched(data: bytes) -> tuple[bytes, bytes]:
    """Packs as far as there are matches, each the nearest place where the same four bytes stood.

    Returns:
        What is packed, and the bytes behind the last match.
    """
    out = bytearray()
    seen: dict[bytes, int] = {}
    at = done = 0
    end, last = len(data) - _LAST_LITERALS, len(data) - _LAST_MATCH
    while at < last:
        key = data[at : at + _SHORTEST]
        before = seen.get(key, -1)
        seen[key] = at
        if before < 0 or at - before > _FAR:
            at += 1 + (at - done >> 6)  # the longer nothing matches, the larger the steps
            continue
        stop, distance = at + _SHORTEST, at - before
        while stop + _STEP <= end and data[stop : stop + _STEP] == data[stop - distance : stop - distance + _STEP]:
            stop += _STEP
        while stop < end and data[stop] == data[stop - distance]:
            stop += 1
        out += _sequence(data[done:at], distance, stop - at - _SHORTEST)
        at = done = stop
    return bytes(out), data[done:]


def _sequence(plain: bytes, distance: int = 0, length: int = 0) -> bytes:
    token = min(len(plain), _LONG) << 4 | min(length, _LONG)
    front = bytes((token,)) + _extended(len(plain)) + plain
    return front + distance.to_bytes(2, "little") + _extended(length) if distance else front


def _extended(length: int) -> bytes:
    return b"" if length < _LONG else b"\xff" * ((length - _LONG) // 255) + bytes(((length - _LONG) % 255,))


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
