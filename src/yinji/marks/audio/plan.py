"""What a label on sound is asked for, what was done, and the errors that its formats share."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from yinji.errors import Malformed, Truncated, UnsupportedFormat, UsageError
from yinji.marks.audio import speech
from yinji.marks.audio.rhythm import energies, find, level_beside, rhythm, seconds
from yinji.marks.base import MarkRequest

RHYTHM: Final = "短长 短短"
PLACES: Final = ("start", "end", "both")
TIMES: Final = ("start", "end", "intervals")
STYLES: Final = ("rhythm", "speech")
SPLICED: Final = "spliced"
REENCODED: Final = "full re-encode"
LOSSLESS: Final = "lossless re-encode"
UNCHANGED: Final = "unchanged"
_EDGE: Final = 1.2
"""Seconds by which a label may stand away from the beginning or end to be looked for."""
_SLACK: Final = 0.5
"""Seconds between the beginning or end and a label that counts as standing there."""
_CLOSEST: Final = 10.0
"""Seconds between labels below which nobody could listen."""
_LEFT: Final = 2.0
"""Seconds of content that must follow a label in the middle."""
_PAUSE: Final = 0.2
AROUND: Final = 1.5
"""Seconds by which a label in the middle may come sooner or later, to stand in a pause."""
_MOST: Final = 10_000
_DRIFT: Final = 0.1
"""Seconds by which whole frames may make each label longer than it would be."""
_MOST_DRIFT: Final = 3.0
Number = TypeVar("Number", int, float)


class Ask(NamedTuple):
    """What is asked for: labels in front, behind, every so many seconds (0 for none), and what they say.

    Attributes:
        words: What a spoken label says; "" for the rhythm.
        instead: What a spoken label says that does as well as the rhythm where it stands already; "" for none.
    """

    front: bool
    behind: bool
    every: float = 0.0
    words: str = ""
    instead: str = ""

    @classmethod
    def of(cls, request: MarkRequest) -> Ask:
        """Reads a request; a place says more than the times.

        Raises:
            UsageError: No such place, time or style, no clip for the words, or labels too close together.
        """
        times = {"": request.times, "both": ("start", "end")}.get(request.place, (request.place,))
        for time in times:
            if time not in TIMES:
                raise UsageError("no-such-place", place=time, places=", ".join((*TIMES, "both")))
        style = request.style or STYLES[0]
        if style not in STYLES:
            raise UsageError("no-such-style", style=style, styles=", ".join(STYLES))
        every = request.every if "intervals" in times else 0.0
        if "intervals" in times and every < _CLOSEST:
            raise UsageError("labels-too-close", every=every, least=_CLOSEST)
        said = "。".join(speech.sentences(request.words)) if style == "speech" else _clips(request.words)
        words, instead = (said, "") if style == "speech" else ("", said)
        return cls("start" in times, "end" in times, every, words, instead)

    @property
    def forms(self) -> tuple[str, ...]:
        """The labels that count: GB 45438-2025 5.3 a asks for words or the rhythm. Other rules want words."""
        return (self.words, self.instead) if self.instead else (self.words,)


def _clips(words: str) -> str:
    """The sentences of a label, or "" where nobody speaks them or nothing can hear them."""
    try:
        return "。".join(speech.sentences(words)) if find_spec("av") and find_spec("numpy") else ""
    except UsageError:
        return ""


class Listener(Protocol):
    """Decodes some seconds of the content."""

    def __call__(self, at: float | None, around: float = AROUND) -> Heard:
        """Returns what is heard at the start (0), at the end (None), or around another second, so many on each side."""
        ...


class Middle(NamedTuple):
    """A label in the middle: at which second of the content, and how loud (dBFS)."""

    at: float
    level: float


class Wish(NamedTuple):
    """Where labels go, and their level (RMS in dBFS); None where none goes."""

    front: float | None
    behind: float | None
    middle: tuple[Middle, ...] = ()
    words: str = ""

    @classmethod
    def of(cls, ask: Ask, listen: Listener, duration: float) -> Wish:
        """Decides by what is heard: how loud, whether a label stands there already, and where a pause is."""
        front = listen(0.0) if ask.front or ask.every else None
        behind = listen(None) if ask.behind or ask.every else None
        begins = front.begins_with(ask.forms) if front is not None else None
        ends = behind.ends_with(ask.forms) if behind is not None else None
        content = duration - (0.0 if ends is None else _length(ends))
        wish = cls(
            front.level if front is not None and ask.front and begins is None else None,
            behind.level if behind is not None and ask.behind and ends is None else None,
            tuple(_due(ask, listen, content, 0.0 if begins is None else _length(begins))),
            ask.words,
        )
        return wish._replace(words=begins or ends or ask.words) if wish.is_empty else wish

    @property
    def is_empty(self) -> bool:
        return self.front is None and self.behind is None and not self.middle

    def front_cue(self, rate: int, multiple: int = 1, gain: float = 0.0) -> array[float]:
        """The label in front; empty where none goes. ``gain`` (dB) is what the player will add."""
        return self._made(self.front, rate, multiple, gain)

    def behind_cue(self, rate: int, multiple: int = 1, gain: float = 0.0) -> array[float]:
        """The label behind; empty where none goes."""
        return self._made(self.behind, rate, multiple, gain, at_end=True)

    def middle_cues(self, rate: int, multiple: int = 1, gain: float = 0.0) -> list[array[float]]:
        """The labels in the middle, in order, with as much silence in front as behind."""
        pause = array("f", bytes(4 * round(_PAUSE * rate)))
        cues = []
        for _, level in self.middle:
            cue = pause + self._made(level, rate, 1, gain)
            cues.append(cue + array("f", bytes(4 * (-len(cue) % multiple))))
        return cues

    def _made(
        self, level: float | None, rate: int, multiple: int, gain: float, *, at_end: bool = False
    ) -> array[float]:
        if level is None:
            return array("f")
        if self.words:
            return speech.speech(self.words, rate, level - gain, multiple=multiple, at_end=at_end)
        return rhythm(rate, level - gain, multiple=multiple, at_end=at_end)


def _due(ask: Ask, listen: Listener, duration: float, shift: float) -> Iterator[Middle]:
    """Yields the labels in the middle that are not there yet.

    Args:
        ask: What is asked for.
        listen: Decodes.
        duration: Seconds of the content, with the labels that are in it.
        shift: Seconds by which a label in front has moved the content.
    """
    for number in range(1, _MOST if ask.every else 0):
        target = number * ask.every + shift
        if target + _LEFT > duration:
            return
        slack = AROUND + _PAUSE + min(_MOST_DRIFT, number * _DRIFT)
        heard = listen(target, slack + max(map(_length, ask.forms)))
        if not heard.samples:
            return
        said = heard.says(ask.forms, target - slack, target + slack)
        if said is not None:
            shift += _length(said) + _PAUSE
        else:
            near = heard.part(target - AROUND, target + AROUND)
            yield Middle(near.pause(), near.level)


class Heard(NamedTuple):
    """Some seconds of the content, from which on: 16 bits, channels interleaved."""

    samples: array[int]
    rate: int
    channels: int
    start: float = 0.0

    @property
    def level(self) -> float:
        return level_beside(self.samples, self.rate, self.channels)

    def begins_with(self, forms: Sequence[str]) -> str | None:
        """Which of some labels stands at the beginning: its words, or "" for the rhythm."""
        for words in forms:
            part = self.samples[: self._count(words)]
            if any(at < _SLACK for at in self._found(part, words)):
                return words
        return None

    def ends_with(self, forms: Sequence[str]) -> str | None:
        """Which of some labels stands at the end."""
        for words in forms:
            part = self.samples[-self._count(words) :]
            left = len(part) / self.channels / self.rate - _length(words) - _SLACK
            if any(at > left for at in self._found(part, words)):
                return words
        return None

    def part(self, start: float, stop: float) -> Heard:
        """What is heard between two seconds of the content."""
        first, last = (max(0, round((at - self.start) * self.rate)) * self.channels for at in (start, stop))
        samples = self.samples[first:last]
        return self if not samples else self._replace(samples=samples, start=max(start, self.start))

    def says(self, forms: Sequence[str], start: float, stop: float) -> str | None:
        """Which of some labels begins between two seconds of the content."""
        for words in forms:
            if any(start <= self.start + at <= stop for at in self._found(self.samples, words)):
                return words
        return None

    def pause(self) -> float:
        """The second of the content, of those heard, around which it is quietest."""
        size = max(1, round(_PAUSE * self.rate / 2)) * self.channels
        pairs = [a + b for a, b in pairwise(energies(self.samples, size))]
        at = pairs.index(min(pairs)) + 1 if pairs else 0
        return self.start + at * size / self.channels / self.rate

    def _count(self, words: str) -> int:
        return int((_length(words) + _EDGE) * self.rate) * self.channels

    def _found(self, part: Sequence[int], words: str) -> list[float]:
        one = part[:: self.channels]
        return [at for at, _ in speech.find(one, self.rate, words)] if words else find(one, self.rate)


def _length(words: str) -> float:
    return speech.seconds(words) if words else seconds()


@dataclass(slots=True)
class Done:
    """What was done.

    Attributes:
        method: ``spliced`` (every frame of the content is as it was), ``lossless re-encode``, ``full re-encode``.
        codec: Of the sound.
        seconds: Of the content, without the rhythms.
        wish: With the levels.
        front, behind: Seconds added in front of the content and behind it.
        middle: Seconds of the content at which a label stands, and of the label.
        notes: Slugs of what else changed, or could not be kept right.
    """

    method: str
    codec: str
    seconds: float
    wish: Wish = field(default_factory=lambda: Wish(None, None))
    front: float = 0.0
    behind: float = 0.0
    middle: list[tuple[float, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        words = self.wish.words
        facts: dict[str, Any] = {
            "method": self.method,
            "words": words,
            "form": "speech" if words else "rhythm",
            "codec": self.codec,
            "content_seconds": round(self.seconds, 3),
            "labels": self._labels(),
            "loudness": "gated RMS",
            "notes": self.notes,
            "already": self.wish.is_empty,
        }
        pace = speech.per_minute(words) if words else None
        return facts if pace is None else facts | {"per_minute": round(pace)}

    def _labels(self) -> list[dict[str, float]]:
        """Where each label stands in the result, in seconds, and its level in dBFS."""
        labels = []
        if self.wish.front is not None:
            labels.append((0.0, self.front, self.wish.front))
        now = self.front
        for (at, length), (_, level) in zip(self.middle, self.wish.middle, strict=False):
            labels.append((now + at, length, level))
            now += length
        if self.wish.behind is not None:
            labels.append((now + self.seconds, self.behind, self.wish.behind))
        return [
            {"from": round(start, 3), "seconds": round(length, 3), "level": round(level, 1)}
            for start, length, level in labels
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


def interleaved(mono: array[float], channels: int, bits: int = 16, sounding: tuple[int, ...] = (0, 1)) -> array[int]:
    """Returns integers with the sound in two channels, the first as a rule, and silence in the others."""
    values = integers(mono, bits)
    out = array("h" if bits == 16 else "i", bytes((2 if bits == 16 else 4) * channels * len(values)))
    plane = array(out.typecode, values)
    for channel in sounding[:channels]:
        out[channel::channels] = plane
    return out
