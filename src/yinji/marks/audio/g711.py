"""The companding of telephony (ITU-T G.711): A-law and mu-law samples of 8 bits, as 16 bits and back."""

from __future__ import annotations

from array import array
from bisect import bisect
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import Final

_BIAS: Final = 0x84


class Law:
    """One of the two laws.

    Args:
        values: The 16-bit sample that each byte stands for.
    """

    def __init__(self, values: Iterable[int]) -> None:
        self._values = tuple(values)
        order = sorted(range(256), key=self._values.__getitem__)
        self._borders = [(self._values[a] + self._values[b]) / 2 for a, b in pairwise(order)]
        self._order = bytes(order)

    def expanded(self, data: bytes) -> array[int]:
        """Returns bytes as samples of 16 bits."""
        return array("h", map(self._values.__getitem__, data))

    def compressed(self, samples: Iterable[int]) -> bytes:
        """Returns samples of 16 bits as the bytes nearest to them."""
        return bytes(self._order[bisect(self._borders, value)] for value in samples)


@cache
def a_law() -> Law:
    """The law of Europe and China."""
    return Law(map(_of_a, range(256)))


@cache
def mu_law() -> Law:
    """The law of North America and Japan."""
    return Law(map(_of_mu, range(256)))


def _of_a(byte: int) -> int:
    byte ^= 0x55
    segment = byte >> 4 & 7
    value = (byte & 15) << 4 | 8
    if segment:
        value = value + 0x100 << segment - 1
    return value if byte & 0x80 else -value


def _of_mu(byte: int) -> int:
    byte ^= 0xFF
    value = (((byte & 15) << 3) + _BIAS << (byte >> 4 & 7)) - _BIAS
    return -value if byte & 0x80 else value
