"""The rhythm is found where it is, and nowhere else."""

from __future__ import annotations

import math
import random
from array import array

import pytest

from yinji.marks.audio.rhythm import find, level_beside, rhythm, seconds

RATE = 16000


def tone(pitch: float, length: float, level: float = 0.3) -> list[float]:
    return [level * math.sin(2 * math.pi * pitch * n / RATE) for n in range(int(length * RATE))]


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 96000])
def test_it_is_found_at_every_rate(rate: int) -> None:
    sound = rhythm(rate, -20)
    assert len(sound) / rate == pytest.approx(seconds(), abs=0.001)
    assert find(sound, rate) == pytest.approx([0.1], abs=0.02)


def test_it_is_found_in_noise_and_behind_content() -> None:
    noise = random.Random(1)
    sound = array("f", (noise.gauss(0, 0.01) for _ in range(RATE))) + rhythm(RATE, -20, at_end=True)
    sound = array("f", (value + noise.gauss(0, 0.005) for value in sound))
    assert find(sound, RATE) == pytest.approx([1.4], abs=0.02)


def test_nothing_is_found_in_other_sounds() -> None:
    noise = random.Random(2)
    hiss = [noise.gauss(0, 0.2) for _ in range(4 * RATE)]
    music = [v for _ in range(24) for v in tone(220 * 2 ** (noise.randrange(25) / 12), 0.15)]
    beeps = (tone(800, 0.12) + [0.0] * (RATE // 8)) * 12
    distress = [v for dots in (1, 1, 1, 3, 3, 3, 1, 1, 1) for v in (*tone(800, 0.12 * dots), *[0.0] * 1920)]
    speech = [
        math.sin(2 * math.pi * (120 + 30 * math.sin(n / 5000)) * n / RATE) ** 9 * (0.5 + 0.5 * math.sin(n / 1800))
        for n in range(4 * RATE)
    ]
    for sound in (hiss, music, beeps, distress, speech, [0.0] * RATE, tone(800, 3), []):
        assert find(sound, RATE) == []


def test_other_marks_around_it_make_it_something_else() -> None:
    pause = [0.0] * int(0.12 * RATE)
    sound = [*tone(800, 0.12), *pause, *rhythm(RATE, -13)[1600:]]
    assert find(sound, RATE) == []


def test_level_ignores_pauses() -> None:
    loud = array("h", (round(8000 * math.sin(n / 4)) for n in range(RATE)))
    assert level_beside(loud + array("h", bytes(2 * RATE)), RATE, 1) == pytest.approx(level_beside(loud, RATE, 1))
    assert level_beside(array("h", bytes(RATE)), RATE, 1) == -23
