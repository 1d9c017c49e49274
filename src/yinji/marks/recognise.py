"""Tells whether a label of ours stands in pixels: their lightness is compared with the shape of its words.

The words' masks are known to the pixel, so that nothing has to be read. In a picture without the label the correlation
lies about 0; under the label it is close to 1, and one further JPEG compression leaves most of that. Words that differ
in one ideograph only (AI生成, AI合成) share most of their shape; so every part must agree, not the sum alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import compress
from operator import mul
from typing import TYPE_CHECKING, Final

from yinji.marks.colour import DARK_INK, LIGHT_INK, Tone
from yinji.marks.overlay import Overlay
from yinji.marks.spaces import Planes, Space, flattened

if TYPE_CHECKING:
    from PIL import Image

THERE: Final = 0.75
"""Correlation from which a label counts as there. The most seen by chance, over thousands of places, is under 0.5."""
EVERYWHERE: Final = 0.54
"""Correlation that each window of one em must reach. Blurred, compressed labels of 11 pixels keep 0.58 or more; where
another ideograph stands, it is at most 0.52."""
_SAMPLES: Final = 12_000
_DISTANT: Final = 24
"""Grey values by which words must differ from their ground to be there at all."""
_ENOUGH: Final = 40
_SMALLEST: Final = 4
_INKED: Final = 0.1


class Occupied(Exception):
    """A label of ours stands where another was to be put; never leaves the room.

    Attributes:
        words: What it says.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def refuse_to_cover(planes: Planes, space: Space, overlay: Overlay) -> None:
    """Makes sure that no label of ours is covered by another.

    Raises:
        Occupied: One stands under the overlay.
    """
    if overlay.others:
        grey = _lightness(planes, space, overlay.size)
        # Of a label that lies under this one in part, the part may fit several wordings; the overlay's own come first.
        for other in reversed(overlay.others):
            if _agreement(grey, other.ink, other.body, overlay.em):
                raise Occupied(other.words)


def tone_of(planes: Planes, space: Space, overlay: Overlay) -> Tone | None:
    """The tones of the overlay's label if it stands in these planes, else None."""
    grey = _lightness(planes, space, overlay.size)
    found = _agreement(grey, overlay.ink, overlay.body, overlay.em)
    if not found:
        return None
    return LIGHT_INK if found > 0 else DARK_INK


def _factor(size: tuple[int, int]) -> int:
    return max(1, math.isqrt(size[0] * size[1] // _SAMPLES))


def _lightness(planes: Planes, space: Space, size: tuple[int, int]) -> Image.Image:
    """The planes as grey, averaged down as far as the comparison needs them."""
    factor = _factor(size)
    small = -(-size[0] // factor), -(-size[1] // factor)
    reduced = [p.reduce(factor) if factor > 1 and p.size == size else p for p in planes]
    return flattened(reduced, space, small)[0].convert("L")


def _agreement(grey: Image.Image, ink: Image.Image, body: Image.Image, em: float) -> float:
    """How well lightness and ink agree over the ground of the label, negative for dark words; 0 where the label is not.

    Args:
        grey: What is there, as :func:`_lightness` averages it.
        ink: Mask of the words.
        body: Mask of their ground.
        em: Font size in pixels of the masks.
    """
    factor = _factor(ink.size)
    if factor > 1:
        ink, body = ink.reduce(factor), body.reduce(factor)
    found = _correlation(grey, ink, body, _DISTANT)
    if abs(found) < THERE:
        return 0.0
    sign = math.copysign(1, found)
    parts = (_correlation(grey.crop(w), ink.crop(w), body.crop(w), 0) for w in _windows(ink, em / factor))
    return found if all(sign * part >= EVERYWHERE for part in parts) else 0.0


def _windows(ink: Image.Image, em: float) -> Iterator[tuple[int, int, int, int]]:
    """Yields boxes of one em, half an em apart, that hold ink."""
    side = max(_SMALLEST, round(em))
    left, top, right, bottom = ink.getbbox() or (0, 0, 0, 0)
    for y in _starts(top, bottom, side):
        for x in _starts(left, right, side):
            window = x, y, x + side, y + side
            covered = sum(value * count for value, count in enumerate(ink.crop(window).histogram()))
            if covered >= _INKED * 255 * side**2:
                yield window


def _starts(low: int, high: int, side: int) -> list[int]:
    room = max(0, high - low - side)
    steps = math.ceil(2 * room / side)
    return [low + round(room * step / steps) for step in range(steps + 1)] if steps else [low]


def _correlation(grey: Image.Image, ink: Image.Image, body: Image.Image, distant: int) -> float:
    """Pearson's correlation of lightness and ink within the body; 0 where they differ by too little, or are too few."""
    within = body.point([0] * 250 + [1] * 6).tobytes()
    light = list(compress(grey.tobytes(), within))
    shape = list(compress(ink.tobytes(), within))
    if len(light) < (_ENOUGH if distant else 1):
        return 0.0
    if distant and abs(_mean(light, [v > 200 for v in shape]) - _mean(light, [v < 40 for v in shape])) < distant:
        return 0.0
    return _pearson(light, shape)


def _mean(values: Sequence[int], chosen: Sequence[bool]) -> float:
    some = list(compress(values, chosen))
    return sum(some) / len(some) if some else 0.0


def _pearson(one: Sequence[int], other: Sequence[int]) -> float:
    count, first, second = len(one), sum(one), sum(other)
    together = count * sum(map(mul, one, other)) - first * second
    spread = (count * sum(map(mul, one, one)) - first**2) * (count * sum(map(mul, other, other)) - second**2)
    return together / math.sqrt(spread) if spread > 0 else 0.0
