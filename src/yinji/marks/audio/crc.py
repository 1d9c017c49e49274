"""CRC-16 with the polynomial 0x8005, as FLAC and LAME use it: computed, and joined without reading the bytes again."""

from __future__ import annotations

from functools import cache
from typing import Final

_POLYNOMIAL: Final = 0x18005
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _of_byte(value: int) -> int:
    value <<= 8
    for _ in range(8):
        value = value << 1 ^ (_POLYNOMIAL if value & 0x8000 else 0)
    return value & 0xFFFF


_TABLE: Final = tuple(_of_byte(byte) for byte in range(256))


def crc16(data: bytes) -> int:
    """Returns the CRC, most significant bit first, from zero (FLAC frames)."""
    table = _TABLE
    value = 0
    for byte in data:
        value = (value << 8 & 0xFFFF) ^ table[value >> 8 ^ byte]
    return value


def crc8(data: bytes) -> int:
    """Returns the CRC-8 with the polynomial 0x07 (headers of FLAC frames)."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value << 1 ^ (0x107 if value & 0x80 else 0)
    return value


def shifted(value: int, count: int) -> int:
    """Returns the CRC as it is after ``count`` zero bytes: CRCs are linear, so parts can be joined by exclusive or."""
    bit = 0
    while count:
        if count & 1:
            value = _times(value, _power(bit))
        count >>= 1
        bit += 1
    return value


@cache
def _power(bit: int) -> int:
    """The remainder of x to the power of 8 * 2 ** bit."""
    value = 0x100
    for _ in range(bit):
        value = _times(value, value)
    return value


def _times(a: int, b: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x10000:
            a ^= _POLYNOMIAL
        b >>= 1
    return product


def crc16_reflected(data: bytes) -> int:
    """Returns the CRC, least significant bit first, from zero (LAME tags)."""
    return reflected(crc16(data.translate(_REVERSED)))


def reflected(value: int) -> int:
    """Turns 16 bits round."""
    return _REVERSED[value & 0xFF] << 8 | _REVERSED[value >> 8]


def joined(first: int, second: int, length: int) -> int:
    """Returns the reflected CRC of two stretches, of which the second has so many bytes."""
    return reflected(shifted(reflected(first), length)) ^ second
