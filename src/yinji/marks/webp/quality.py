"""Estimates the quality of a lossy WebP from the quantiser in its frame header (RFC 6386, 9.3 and 9.6)."""

from __future__ import annotations

from typing import Final

_FALLBACK: Final = 90
_SEGMENTS: Final = 4


class _Bits:
    """The boolean decoder (RFC 6386, 7.3), for headers: every probability is one half unless given."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 2
        self._value = int.from_bytes(data[:2].ljust(2, b"\0"), "big")
        self._range = 255
        self._count = 0

    def bit(self) -> int:
        split = 1 + ((self._range - 1) * 128 >> 8)
        big = split << 8
        if self._value >= big:
            self._range -= split
            self._value -= big
            found = 1
        else:
            self._range, found = split, 0
        while self._range < 128:
            self._value <<= 1
            self._range <<= 1
            self._count += 1
            if self._count == 8:
                self._count = 0
                self._value |= self._data[self._at] if self._at < len(self._data) else 0
                self._at += 1
        return found

    def number(self, bits: int) -> int:
        value = 0
        for _ in range(bits):
            value = value << 1 | self.bit()
        return value

    def signed(self, bits: int) -> int:
        value = self.number(bits)
        return -value if self.bit() else value

    def optional(self, bits: int) -> int:
        return self.signed(bits) if self.bit() else 0


def quality_of(vp8: bytes) -> int:
    """Returns the quality from 0 to 100 by which libwebp would choose the quantiser of a ``VP8 `` chunk."""
    index = _quantiser(vp8[10:])
    if index is None:
        return _FALLBACK
    # libwebp: quantiser = 127 x (1 - c), c the cube root of a line with a bend at quality 75.
    line = (1 - index / 127) ** 3
    quality = 150 * line if line < 0.5 else 50 * (line + 1)
    return min(100, max(1, round(quality)))


def _quantiser(data: bytes) -> int | None:
    """The quantiser index of most of the picture, 0 to 127: the least of its segments', so that none loses more."""
    if len(data) < 16:
        return None
    bits = _Bits(data)
    bits.number(2)  # colour space, clamping
    absolute, updates = 0, [0] * _SEGMENTS
    segmented = bits.bit()
    if segmented:
        with_map, with_values = bits.bit(), bits.bit()
        if with_values:
            absolute = bits.bit()
            updates = [bits.optional(7) for _ in range(_SEGMENTS)]
            for _ in range(_SEGMENTS):
                bits.optional(6)
        if with_map:
            for _ in range(3):
                if bits.bit():
                    bits.number(8)
    bits.number(10)  # filter: kind, level, sharpness
    if bits.bit() and bits.bit():
        for _ in range(8):
            bits.optional(6)
    bits.number(2)  # partitions
    base = bits.number(7)
    if not segmented:
        return base
    return min(127, max(0, min(updates) if absolute else base + min(updates)))
