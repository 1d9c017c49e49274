"""The sound of the demo: a few plucked strings, by the way of Karplus and Strong (1983)."""

from __future__ import annotations

import array
import io
import random
import sys
import wave
from typing import Final

RATE: Final = 22050
_BEAT: Final = 0.42
"""Seconds."""

_NOTES: Final = (
    (0, 196.0), (1, 220.0), (2, 293.66), (4, 329.63), (5, 293.66), (6, 220.0), (8, 246.94), (9, 293.66), (10, 392.0),
    (12, 329.63), (13, 293.66), (14, 246.94), (16, 220.0), (17, 196.0), (18, 146.83),
)  # fmt: skip
"""Beat and hertz: five notes of the gong mode on G."""

_SECONDS: Final = 10


def strings() -> bytes:
    """Returns a WAV file of 10 s, 16 bit, mono."""
    sum_of = [0.0] * (_SECONDS * RATE)
    chance = random.Random(5)  # noqa: S311
    for beat, hertz in _NOTES:
        start = round(beat * _BEAT * RATE)
        for at, value in enumerate(_plucked(chance, hertz, min(3 * RATE, len(sum_of) - start)), start):
            sum_of[at] += value
    loudest = max(map(abs, sum_of))
    samples = array.array("h", (round(value / loudest * 24000) for value in sum_of))
    if sys.byteorder == "big":
        samples.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, RATE, len(samples), "NONE", ""))
        out.writeframes(samples.tobytes())
    return file.getvalue()


def _plucked(chance: random.Random, hertz: float, length: int) -> list[float]:
    """Returns one string: noise that goes round a delay line and loses its edges on every turn."""
    line = [chance.uniform(-1, 1) for _ in range(round(RATE / hertz))]
    period, out = len(line), []
    for at in range(length):
        here = at % period
        out.append(line[here])
        line[here] = 0.498 * (line[here] + line[(at + 1) % period])
    return out
