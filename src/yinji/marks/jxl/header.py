"""The head of a JPEG XL codestream: size, bits, channels, what the colours mean (ISO/IEC 18181-1, annexes A to E)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_ALPHA: Final = 0
_GREY: Final = 1
_D65, _SRGB_PRIMARIES, _SRGB_TRANSFER = 1, 1, 13
_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIZE: Final = ((1, 9), (1, 13), (1, 18), (1, 30))
_ENUM: Final = ((0, 0), (1, 0), (2, 4), (18, 6))


@dataclass(frozen=True, slots=True)
class Head:
    """What the head says.

    Attributes:
        width, height: As stored.
        orientation: As in EXIF.
        moves: Whether it is an animation.
        bits: Of a sample; 0 for floating point.
        alphas: How many channels of opacity.
        others: How many further channels of another kind.
        associated: Whether colours are multiplied by their opacity.
        lossy: Whether the colours are coded as people see them (XYB), which loses some.
        usual: Whether the colours are sRGB.
    """

    width: int
    height: int
    orientation: int = 1
    moves: bool = False
    bits: int = 8
    alphas: int = 0
    others: int = 0
    associated: bool = False
    lossy: bool = True
    usual: bool = True


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "little"), 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the head is cut off")
        value = self._value & (1 << count) - 1
        self._value >>= count
        self._left -= count
        return value

    def choice(self, options: tuple[tuple[int, int], ...]) -> int:
        """A number that is an offset plus some bits, by one of four ways."""
        offset, count = options[self.take(2)]
        return offset + self.take(count)


def read_head(codestream: bytes) -> Head:
    """Reads the head of a codestream.

    Raises:
        ValueError: It is cut off, or no codestream.
    """
    if codestream[:2] != b"\xff\x0a":
        raise ValueError("no codestream")
    bits = _Bits(codestream[2:1024])
    width, height = _size(bits)
    if bits.take(1):
        return Head(width, height)
    orientation, moves = 1, False
    if bits.take(1):
        orientation = 1 + bits.take(3)
        if bits.take(1):
            _size(bits)
        if bits.take(1):
            _preview(bits)
        moves = bool(bits.take(1))
        if moves:
            _animation(bits)
    depth = _depth(bits)
    bits.take(1)
    alphas = others = 0
    associated = False
    for _ in range(bits.choice(((0, 0), (1, 0), (2, 4), (1, 12)))):
        kind, joined = _channel(bits)
        alphas, others = alphas + (kind == _ALPHA), others + (kind != _ALPHA)
        associated |= joined
    lossy = bool(bits.take(1))
    return Head(width, height, orientation, moves, depth, alphas, others, associated, lossy, _is_srgb(bits))


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)
    height = 8 * (1 + bits.take(5)) if small else bits.choice(_SIZE)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio - 1]
        return height * across // down, height
    return (8 * (1 + bits.take(5)) if small else bits.choice(_SIZE)), height


def _preview(bits: _Bits) -> None:
    small = bits.take(1)
    lengths = ((16, 0), (32, 0), (1, 5), (33, 9)) if small else ((1, 6), (65, 8), (321, 10), (1345, 12))
    bits.choice(lengths)
    if not bits.take(3):
        bits.choice(lengths)


def _animation(bits: _Bits) -> None:
    bits.choice(((100, 0), (1000, 0), (1, 10), (1, 30)))
    bits.choice(((1, 0), (1001, 0), (1, 8), (1, 10)))
    bits.choice(((0, 0), (0, 3), (0, 16), (0, 32)))
    bits.take(1)


def _depth(bits: _Bits) -> int:
    if bits.take(1):
        bits.choice(((32, 0), (16, 0), (24, 0), (1, 6)))
        bits.take(4)
        return 0
    return bits.choice(((8, 0), (10, 0), (12, 0), (1, 6)))


def _channel(bits: _Bits) -> tuple[int, bool]:
    """What kind of channel follows, and whether the colours are multiplied by it."""
    if bits.take(1):
        return _ALPHA, False
    kind = bits.choice(_ENUM)
    _depth(bits)
    bits.choice(((0, 0), (3, 0), (4, 0), (1, 3)))
    for _ in range(bits.choice(((0, 0), (0, 4), (16, 5), (48, 10)))):
        bits.take(8)
    if kind == _ALPHA:
        return kind, bool(bits.take(1))
    if kind == 2:  # a spot colour: four numbers
        bits.take(64)
    elif kind == 5:  # one colour of a mosaic
        bits.choice(((1, 0), (0, 2), (3, 4), (19, 8)))
    return kind, False


def _is_srgb(bits: _Bits) -> bool:
    if bits.take(1):
        return True
    if bits.take(1):
        return False  # an ICC profile
    space = bits.choice(_ENUM)
    if space > _GREY or bits.choice(_ENUM) != _D65:
        return False
    if space != _GREY and bits.choice(_ENUM) != _SRGB_PRIMARIES:
        return False
    return not bits.take(1) and bits.choice(_ENUM) == _SRGB_TRANSFER
