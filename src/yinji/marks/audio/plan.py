"""What a label on sound is asked for, what was done, and the errors that its formats share."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

from yinji.errors import Malformed, Truncated, UnsupportedFormat
from yinji.marks.audio.rhythm import find, level_beside, rhythm, seconds

PLACES: Final = ("start", "end", "both")
SPLICED: Final = "spliced"
REENCODED: Final = "full re-encode"
LOSSLESS: Final = "lossless re-encode"
UNCHANGED: Final = "unchanged"
_EDGE: Final = 3.0
"""Seconds at either end in which a rhythm is looked for."""
_SLACK: Final = 0.5
Number = TypeVar("Number", int, float)
"""Seconds between the beginning or end and a rhythm that counts as standing there."""


class Wish(NamedTuple):
    """Where a rhythm goes, as the RMS of its tone in dBFS; None where none goes."""

    front: float | None
    behind: float | None

    @classmethod
    def of(cls, place: str, listen: Callable[[bool], Heard]) -> Wish:
        """Decides by what is heard at the ends (``True`` for the last): how loud, and whether a rhythm stands there."""
        front = listen(False) if place != "end" else None
        behind = listen(True) if place != "start" else None
        return cls(
            None if front is None or front.begins_with_rhythm else front.level,
            None if behind is None or behind.ends_with_rhythm else behind.level,
        )

    @property
    def is_empty(self) -> bool:
        return self.front is None and self.behind is None

    def front_cue(self, rate: int, multiple: int = 1, gain: float = 0.0) -> array[float]:
        """The rhythm in front; empty where none goes. ``gain`` (dB) is what the player will add."""
        if self.front is None:
            return array("f")
        return rhythm(rate, self.front - gain, multiple=multiple)

    def behind_cue(self, rate: int, multiple: int = 1, gain: float = 0.0) -> array[float]:
        """The rhythm behind; empty where none goes."""
        if self.behind is None:
            return array("f")
        return rhythm(rate, self.behind - gain, at_end=True, multiple=multiple)


class Heard(NamedTuple):
    """Some seconds of the content: 16 bits, channels interleaved."""

    samples: array[int]
    rate: int
    channels: int

    @property
    def level(self) -> float:
        return level_beside(self.samples, self.rate, self.channels)

    @property
    def begins_with_rhythm(self) -> bool:
        part = self.samples[: int(_EDGE * self.rate) * self.channels]
        return any(at < _SLACK for at in find(part[:: self.channels], self.rate))

    @property
    def ends_with_rhythm(self) -> bool:
        part = self.samples[-int(_EDGE * self.rate) * self.channels :]
        left = len(part) / self.channels / self.rate - seconds() - _SLACK
        return any(at > left for at in find(part[:: self.channels], self.rate))


@dataclass(slots=True)
class Done:
    """What was done.

    Attributes:
        method: ``spliced`` (every frame of the content is as it was), ``lossless re-encode``, ``full re-encode``.
        codec: Of the sound.
        seconds: Of the content, without the rhythms.
        wish: With the levels.
        front, behind: Seconds added in front of the content and behind it.
        notes: Slugs of what else changed, or could not be kept right.
    """

    method: str
    codec: str
    seconds: float
    wish: Wish = field(default_factory=lambda: Wish(None, None))
    front: float = 0.0
    behind: float = 0.0
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "codec": self.codec,
            "content_seconds": round(self.seconds, 3),
            "rhythms": self._rhythms(),
            "notes": self.notes,
            "already": self.wish.is_empty,
        }

    def _rhythms(self) -> list[dict[str, float]]:
        """Where each rhythm stands in the result, in seconds, and its level in dBFS."""
        rhythms = []
        if self.wish.front is not None:
            rhythms.append((0.0, self.front, self.wish.front))
        if self.wish.behind is not None:
            rhythms.append((self.front + self.seconds, self.behind, self.wish.behind))
        return [
            {"from": round(start, 3), "seconds": round(length, 3), "level": round(level, 1)}
            for start, length, level in rhythms
        ]


def damaged(kind: str, reason: str) -> Malformed:
    """The error for content that cannot be understood."""
    return Malformed("mark-not-decodable", kind=kind, reason=reason)


def cut_short(kind: str, size: int) -> Truncated:
    """The error for content that ends too early."""
    return Truncated("mark-truncated", kind=kind, size=size)


def unable(kind: str, variant: str) -> UnsupportedFormat:
    """The error for a variant that no label can be put on."""
    return UnsupportedFormat("mark-audio-variant", kind=kind, variant=variant)


def little(samples: array[Number]) -> array[Number]:
    """Turns numbers read in little endian order into the machine's own, or back."""
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def integers(samples: array[float], bits: int) -> list[int]:
    """Rounds samples to signed integers of so many bits."""
    full = (1 << (bits - 1)) - 1
    return [round(sample * full) for sample in samples]


def interleaved(mono: array[float], channels: int, bits: int = 16) -> array[int]:
    """Returns integers with the sound in the first two channels and silence in the others."""
    values = integers(mono, bits)
    out = array("h" if bits == 16 else "i", bytes((2 if bits == 16 else 4) * channels * len(values)))
    plane = array(out.typecode, values)
    for channel in range(min(channels, 2)):
        out[channel::channels] = plane
    return out
