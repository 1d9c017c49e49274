"""Noise that is the same every time; ``Image.effect_noise`` differs from run to run."""

from __future__ import annotations

import numpy
from PIL import Image


def noise(size: tuple[int, int], spread: float, seed: int = 0) -> Image.Image:
    """Returns grey noise of a normal distribution about 128.

    Args:
        size: Width and height in pixels.
        spread: Standard deviation in grey values.
        seed: Another seed, another picture.
    """
    values = numpy.random.default_rng(seed).normal(128, spread, (size[1], size[0]))
    return Image.fromarray(numpy.clip(values, 0, 255).astype(numpy.uint8))
