"""The rhythm label of sound: short long, short short, which is Morse A I (GB 45438-2025 5.3 c).

The standard names neither pitch nor speed. A dot lasts 120 ms here, a dash three dots (ITU-R M.1677), at 800 Hz,
which every codec and every loudspeaker carries. It is about as loud as the sound it stands beside.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from itertools import pairwise
from operator import mul
from typing import Final, NamedTuple

DOT: Final = 0.12
"""Seconds."""
PITCH: Final = 800.0
"""Hertz."""
MARKS: Final = (1, 3, 1, 1)
"""Lengths of the tones in dots."""
GAPS: Final = (1, 3, 1)
"""Silence between them in dots; the longer one parts the letters."""
LOWEST_RATE: Final = 4000
LOUDEST: Final = -14.0
QUIETEST: Final = -32.0
USUAL: Final = -23.0
"""Level beside silence, in dBFS (the programme level of EBU R 128)."""
NEAR: Final = 10.0
"""Seconds of the content whose loudness decides."""

_RAMP: Final = 0.005
_LEAD: Final = 0.1
_TAIL: Final = 0.4
_FULL: Final = 32768.0
_BLOCK: Final = 0.1
_FLOOR: Final = 1e-6
_GATE: Final = 0.1
_HAS_NUMPY: Final = find_spec("numpy") is not None
"""WAV is labelled without it, some times slower."""


def rhythm(rate: int, level: float, *, at_end: bool = False, multiple: int = 1) -> array[float]:
    """Makes the rhythm with the silence around it: the longer one lies between it and the content.

    Args:
        rate: Samples a second.
        level: RMS of the tone in dBFS.
        at_end: It will stand behind the content.
        multiple: Its length in samples is filled up with silence to a multiple of this.

    Returns:
        One channel, -1 to 1.
    """
    lead, tail = (_TAIL, _LEAD) if at_end else (_LEAD, _TAIL)
    samples = _silence(lead * rate)
    peak = math.sqrt(2) * 10 ** (level / 20)
    for dots, gap in zip(MARKS, (*GAPS, 0), strict=True):
        samples += tone(round(dots * DOT * rate), rate, peak)
        samples += _silence(gap * DOT * rate)
    samples += _silence(tail * rate)
    samples += _silence(-len(samples) % multiple)
    return samples


def seconds() -> float:
    """Seconds of the rhythm with the silence around it."""
    return _LEAD + (sum(MARKS) + sum(GAPS)) * DOT + _TAIL


def sounding() -> float:
    """Seconds from the beginning of the first tone to the end of the last."""
    return (sum(MARKS) + sum(GAPS)) * DOT


def _silence(length: float) -> array[float]:
    return array("f", bytes(4 * round(length)))


def tone(length: int, rate: int, peak: float) -> array[float]:
    """Returns so many samples of the tone, faded in and out."""
    return array("f", map(peak.__mul__, _unit(length, rate)))


@lru_cache(64)
def _unit(length: int, rate: int) -> array[float]:
    """The tone at full scale."""
    ramp = max(1, round(_RAMP * rate))
    step = 2 * math.pi * PITCH / rate
    return array("f", (math.sin(step * n) * min(1.0, n / ramp, (length - 1 - n) / ramp) for n in range(length)))


def level_beside(samples: array[int], rate: int, channels: int) -> float:
    """Returns the level of the rhythm in dBFS, from the gated loudness of the content next to it.

    As in ITU-R BS.1770, blocks that are silent, or 10 dB below the rest, do not count; there is no frequency weighting.
    The label stands in two channels at most, and is as loud there as the content in all of them.
    It is rounded to half a decibel, which nobody hears, so that a label once encoded serves other content too.

    Args:
        samples: 16 bits, channels interleaved.
        rate: Samples a second.
        channels: How many.
    """
    level = level_of(samples, rate, channels)
    level += 10 * math.log10(max(channels, 2) / 2)
    return USUAL if level == -math.inf else min(LOUDEST, max(QUIETEST, round(2 * level) / 2))


def level_of(samples: array[int], rate: int, channels: int) -> float:
    """Returns the gated RMS of sound in dBFS, minus infinity for silence; arguments as for :func:`level_beside`."""
    size = max(1, int(_BLOCK * rate)) * channels
    powers = [energy / size / _FULL**2 for energy in energies(samples, size)]
    rest = samples[len(samples) // size * size :]
    if len(rest) > size // 2:
        powers.append(sum(map(mul, rest, rest)) / len(rest) / _FULL**2)
    powers = [power for power in powers if power > _FLOOR]
    if not powers:
        return -math.inf
    gate = _GATE * sum(powers) / len(powers)
    loud = [power for power in powers if power >= gate]
    return 10 * math.log10(sum(loud) / len(loud))


def energies(samples: array[int], size: int) -> list[float]:
    """Returns the sum of squares of each whole block of so many samples, by numpy where there is one."""
    if _HAS_NUMPY:
        import numpy as np

        whole = np.asarray(samples)[: len(samples) // size * size].reshape(-1, size).astype(np.float32)
        sums: list[float] = np.einsum("ij,ij->i", whole, whole, dtype=np.float64).tolist()
        return sums
    blocks = (samples[at : at + size] for at in range(0, len(samples) - size + 1, size))
    return [float(sum(map(mul, block, block))) for block in blocks]


class _Mark(NamedTuple):
    """A run of frames in which the tone is on."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start


def find(samples: Sequence[float], rate: int) -> list[float]:
    """Finds this rhythm, at its own pitch and speed.

    Args:
        samples: One channel.
        rate: Samples a second.

    Returns:
        Where its first tone begins, in seconds.
    """
    hop = max(1, rate // 100)
    on = _is_on_fast(samples, rate, hop) if _HAS_NUMPY else _is_on(samples, rate, hop)
    marks = [m for m in _marks(on) if m.length > 1]
    found = []
    for number in range(len(marks) - 3):
        group = marks[number : number + 4]
        before = group[0].start - (marks[number - 1].stop if number else -100)
        after = (marks[number + 4].start if number + 4 < len(marks) else len(on) + 100) - group[3].stop
        if min(before, after) >= 2 * _DOT_HOPS and _fits(group):
            found.append(group[0].start * hop / rate)
    return found


_DOT_HOPS: Final = DOT * 100
_SLACK: Final = 3.5
_PURE: Final = 0.6
_DROP_OUT: Final = 2
_FLOOR_SHARE: Final = 0.02


def _is_on(samples: Sequence[float], rate: int, hop: int) -> list[bool]:
    """Whether the tone holds most of the energy, for each hundredth of a second."""
    window = 2 * hop
    step = 2 * math.pi * PITCH / rate
    wave = [math.cos(step * n) for n in range(window)], [math.sin(step * n) for n in range(window)]
    shares, tones = [], []
    for start in range(0, len(samples) - window + 1, hop):
        part = samples[start : start + window]
        energy = sum(map(mul, part, part))
        tone = sum(sum(map(mul, part, w)) ** 2 for w in wave) * 2 / window
        shares.append(tone / energy if energy else 0.0)
        tones.append(tone)
    floor = _FLOOR_SHARE * max(tones, default=0.0)
    return [share > _PURE and tone > floor for share, tone in zip(shares, tones, strict=True)]


def _is_on_fast(samples: Sequence[float], rate: int, hop: int) -> Sequence[bool]:
    """The same by numpy: each window is two blocks, whose sums add up."""
    import numpy as np

    blocks = len(samples) // hop
    if blocks < 2:
        return []
    sound = np.asarray(samples[: blocks * hop], np.float32).reshape(blocks, hop)
    step = 2 * np.pi * PITCH / rate
    wave = np.exp(-1j * step * np.arange(hop)).astype(np.complex64)
    sums = (sound @ wave.real + 1j * (sound @ wave.imag)) * np.exp(-1j * step * hop * np.arange(blocks))
    tone = np.abs(sums[1:] + sums[:-1]) ** 2 / hop
    energy = np.square(sound).sum(1, dtype=np.float64)
    shares = tone / np.maximum(energy[1:] + energy[:-1], 1e-9)
    on: list[bool] = ((shares > _PURE) & (tone > _FLOOR_SHARE * tone.max(initial=0.0))).tolist()
    return on


def _marks(on: Sequence[bool]) -> Iterator[_Mark]:
    """Yields the runs; a drop-out of a codec, far shorter than a dot, parts none."""
    start, stop = -1, -1
    for number in (number for number, state in enumerate(on) if state):
        if start >= 0 and number - stop > _DROP_OUT:
            yield _Mark(start, stop)
            start = number
        start, stop = (number if start < 0 else start), number + 1
    if start >= 0:
        yield _Mark(start, stop)


def _fits(group: Sequence[_Mark]) -> bool:
    gaps = [b.start - a.stop for a, b in pairwise(group)]
    lengths = [mark.length for mark in group]
    wanted = [n * _DOT_HOPS for n in (*MARKS, *GAPS)]
    return all(abs(have - want) <= _SLACK for have, want in zip((*lengths, *gaps), wanted, strict=True))
