"""OpenUSD's coding of integers (``integerCoding.cpp``): the usual step, two bits for each step's width, the steps.

The numbers are unsigned and of 32 bits; what comes out is packed with LZ4 as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from yinji.containers.usd import lz4

_WIDTHS: Final = (0, 1, 2, 4)
_MASK: Final = 0xFFFFFFFF
_SIGN: Final = 0x80000000


def coded_size(count: int) -> int:
    """Returns how many bytes so many numbers take at most, before LZ4."""
    return 4 + (count * 2 + 7) // 8 + count * 4


def unpacked(data: bytes, count: int) -> Iterator[int]:
    """Yields the numbers, each decoded when it is asked for.

    Args:
        data: As LZ4 packed them. Whoever calls has checked :func:`coded_size` against the bounds of the reading.
        count: How many they are.

    Raises:
        lz4.Damaged: There are fewer.
    """
    coded = lz4.expanded(data, coded_size(count)) if count else b""
    usual = int.from_bytes(coded[:4], "little", signed=True)
    at = 4 + (count * 2 + 7) // 8
    if count and at > len(coded):
        raise lz4.Damaged("widths are missing")
    value = 0
    for number in range(count):
        width = _WIDTHS[coded[4 + (number >> 2)] >> (number & 3) * 2 & 3]
        if width:
            if at + width > len(coded):
                raise lz4.Damaged("steps are missing")
            value += int.from_bytes(coded[at : at + width], "little", signed=True)
            at += width
        else:
            value += usual
        yield value & _MASK


def packed(numbers: Sequence[int]) -> bytes:
    """Returns the numbers in that coding, packed with LZ4."""
    steps, last = [], 0
    for number in numbers:
        steps.append((number - last + _SIGN & _MASK) - _SIGN)
        last = number
    usual = max(Counter(steps).items(), key=lambda each: (each[1], each[0]), default=(0, 0))[0]
    codes, widths = bytearray((len(steps) * 2 + 7) // 8), bytearray()
    for number, step in enumerate(steps):
        if step != usual:
            code = 1 if -0x80 <= step < 0x80 else 2 if -0x8000 <= step < 0x8000 else 3
            codes[number >> 2] |= code << (number & 3) * 2
            widths += step.to_bytes(_WIDTHS[code], "little", signed=True)
    return lz4.packed(usual.to_bytes(4, "little", signed=True) + codes + widths)
