"""The checksum of a part after a change, without reading what stays.

CRC-32 is linear: of ``a + b`` it is that of ``a``, carried over as many zero bytes as ``b`` has, xor that of ``b``. A
part that was damaged before has a wrong checksum afterwards too, so that a change never hides damage.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

from yinji.containers.splice import Splice

_POLYNOMIAL: Final = 0xEDB88320
_ONE: Final = 1 << 31
"""The polynomial 1: the highest power is in the lowest bit."""
_ORDER: Final = (1 << 32) - 1
"""After so many steps every remainder comes back: the polynomial is primitive."""


def changed(crc: int, size: int, splice: Splice, read: Callable[[int, int], bytes]) -> int:
    """Returns the checksum of a changed part.

    Args:
        crc: Of the part as it is.
        size: Its bytes.
        splice: The change, by positions in the part; only its last edit may change the length.
        read: Returns bytes of the part as it is, by position and length.
    """
    size += splice.growth
    for edit in reversed(splice.edits):
        old, new = read(edit.start, edit.stop - edit.start), edit.data
        if edit.growth:
            rest = read(edit.stop, size - splice.growth - edit.stop)
            old, new = old + rest, new + rest
            crc = carried(crc ^ zlib.crc32(old), len(new) - len(old)) ^ zlib.crc32(new)
        else:
            crc ^= carried(zlib.crc32(old) ^ zlib.crc32(new), size - edit.stop)
    return crc


def carried(crc: int, length: int) -> int:
    """Returns what becomes of a checksum over so many zero bytes more, or fewer."""
    steps = 8 * length % _ORDER
    power = _ONE >> 1
    while steps:
        if steps & 1:
            crc = _times(crc, power)
        power = _times(power, power)
        steps >>= 1
    return crc


def _times(one: int, other: int) -> int:
    """Returns the product of two polynomials, modulo the one of CRC-32."""
    product = 0
    while one:
        if one & _ONE:
            product ^= other
        one = one << 1 & _ORDER
        other = other >> 1 ^ (_POLYNOMIAL if other & 1 else 0)
    return product
