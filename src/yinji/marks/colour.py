"""Contrast as WCAG 2.2 measures it, and the choice of a label's tones by what lies beneath."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

AA: Final = 4.5
"""Contrast that WCAG 2.2 (1.4.3) asks of text."""
_TARGET: Final = 5.6
_STEPS: Final = tuple(a / 100 for a in range(40, 101, 4))

Pixel = tuple[int, int, int]


class Tone(NamedTuple):
    """Grey values of a label.

    Attributes:
        ink: Of the words.
        body: Of the translucent ground they stand on.
        edge: Of the hairline around it.
        edge_alpha: How strong the hairline is.
    """

    ink: int
    body: int
    edge: int
    edge_alpha: float


LIGHT_INK: Final = Tone(255, 16, 255, 0.2)
DARK_INK: Final = Tone(22, 255, 70, 0.16)


def _linear(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


_LINEAR: Final = tuple(_linear(v) for v in range(256))


def luminance(pixel: Pixel) -> float:
    """Relative luminance of an sRGB pixel, 0 to 1."""
    return 0.2126 * _LINEAR[pixel[0]] + 0.7152 * _LINEAR[pixel[1]] + 0.0722 * _LINEAR[pixel[2]]


def contrast(one: float, other: float) -> float:
    """WCAG contrast of two luminances, 1 to 21."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measured(ink: Sequence[Pixel], around: Sequence[Pixel]) -> float:
    """Contrast of the words against what touches them: the median ink against the worst twentieth of the ground."""
    if not ink or not around:
        return 1.0
    words = quantile([luminance(p) for p in ink], 0.5)
    ground = [luminance(p) for p in around]
    return min(contrast(words, quantile(ground, 0.05)), contrast(words, quantile(ground, 0.95)))


STYLES: Final = {
    "black": (Tone(255, 0, 255, 0.2), 1.0),
    "white": (Tone(0, 255, 0, 0.2), 1.0),
    "black-50": (Tone(255, 0, 255, 0.2), 0.5),
    "white-50": (Tone(0, 255, 0, 0.2), 0.5),
}
"""The four variants of the EU's marks (Code of Practice, Annex I): the ground's colour, whole or half transparent. How
opaque a ground becomes is a matter of legibility all the same."""


def toned(style: str, beneath: Iterable[Pixel], kept: Tone | None = None) -> tuple[Tone, float]:
    """Returns the tones of a style and how opaque its ground is at least; those that :func:`choose` takes for ""."""
    return STYLES[style] if style else choose(beneath, kept)


def choose(beneath: Iterable[Pixel], kept: Tone | None = None) -> tuple[Tone, float]:
    """Chooses the tones that need the least cover to be legible, light ink where both do.

    Args:
        beneath: What lies under the label.
        kept: Tones to keep, such as those of a label that goes on.

    Returns:
        The tones and how opaque the ground must be, 0 to 1.
    """
    pixels = list(beneath)
    if kept is not None:
        return kept, _cover(kept, pixels)
    options = [(_cover(tone, pixels), tone) for tone in (LIGHT_INK, DARK_INK)]
    options[1] = (options[1][0] + 0.02, options[1][1])
    cover, tone = min(options, key=lambda o: o[0])
    return tone, min(1.0, round(cover, 2))


def _cover(tone: Tone, pixels: Sequence[Pixel]) -> float:
    ink = _LINEAR[tone.ink]
    for alpha in _STEPS:
        grounds = (luminance(_over(p, tone.body, alpha)) for p in pixels)
        if all(contrast(ink, ground) >= _TARGET for ground in grounds):
            return alpha
    return 1.0


def _over(pixel: Pixel, grey: int, alpha: float) -> Pixel:
    red, green, blue = (round(v + (grey - v) * alpha) for v in pixel)
    return red, green, blue
