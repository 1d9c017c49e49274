"""Finds again the labels that Yinji put on sound: the rhythm at its own pitch and speed, the clips by correlation.

All of the sound is decoded, in stretches that overlap by more than a label, so that the memory needed stays the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from yinji.errors import LimitExceeded, UsageError
from yinji.marks.audio import rhythm, speech
from yinji.marks.audio.codec import decoded, opened
from yinji.marks.audio.plan import damaged

_RATE: Final = 16_000
_STRETCH: Final = 60
_EDGE: Final = 1.0
"""Seconds of silence, priming or padding that may lie between the label and the end of the file."""
_SAME: Final = 0.5
"""Seconds within which two finds are one label, heard in two stretches."""
_MOST_SECONDS: Final = 24 * 3600


class Sounding(NamedTuple):
    """A label that was heard: when its sound begins, for how long, how loud (RMS in dBFS), and what it says."""

    start: float
    seconds: float
    level: float
    words: str


def recognise(path: Path, words: str, style: str) -> dict[str, Any] | None:
    """Looks for labels in a file and tells where they are; None where there is none.

    Args:
        path: The file.
        words: What a spoken label would say.
        style: ``rhythm``, ``speech``, or "" for both.

    Raises:
        Malformed: Nothing can be decoded.
        LimitExceeded: It lasts too long.
    """
    said = _said(words) if style != "rhythm" else ""
    found: list[Sounding] = []
    duration = 0.0
    for start, samples, lasts in _stretches(path, 2 + max(rhythm.seconds(), speech.seconds(said) if said else 0)):
        duration = lasts
        for label in (*_rhythms(samples, style), *_speeches(samples, said)):
            at = start + label.start
            if not any(abs(at - other.start) < _SAME for other in found):
                found.append(label._replace(start=at))
    if not duration:
        raise damaged("audio", "no sound")
    return _facts(sorted(found), duration) if found else None


def _said(words: str) -> str:
    try:
        return "。".join(speech.sentences(words))
    except UsageError:
        return ""


def _stretches(path: Path, overlap: float) -> Iterator[tuple[float, array[int], float]]:
    """Yields where a stretch begins, its samples (one channel), and how long the content is as far as it is known."""
    import av

    size, kept = _STRETCH * _RATE, int(overlap * _RATE)
    heard, count, start = array("h"), 0, 0
    with opened(path) as (source, stream):
        resampler = av.AudioResampler("s16", "mono", _RATE)
        for part in decoded(source, stream, resampler):
            heard.frombytes(part)
            count += len(part) // 2
            if count > _MOST_SECONDS * _RATE:
                raise LimitExceeded("audio-too-much")
            if len(heard) >= size:
                yield start / _RATE, heard, count / _RATE
                del heard[:-kept]
                start = count - kept
    if heard:
        yield start / _RATE, heard, count / _RATE


def _rhythms(samples: array[int], style: str) -> Iterator[Sounding]:
    if style == "speech":
        return
    length = rhythm.sounding()
    for at in rhythm.find(samples, _RATE):
        yield Sounding(at, length, _level(samples, at, length), "")


def _speeches(samples: array[int], words: str) -> Iterator[Sounding]:
    if not words:
        return
    length = speech.sounding(words)
    for at, _ in speech.find(samples, _RATE, words):
        yield Sounding(at, length, _level(samples, at, length), words)


def _level(samples: array[int], at: float, length: float) -> float:
    return round(rhythm.level_of(samples[round(at * _RATE) : round((at + length) * _RATE)], _RATE, 1), 1)


def _facts(found: list[Sounding], duration: float) -> dict[str, Any]:
    """What is told of the labels; the one at the start speaks for all, or else that at the end."""
    places = [_place(label, duration) for label in found]
    best = next((places.index(place) for place in ("start", "end") if place in places), 0)
    chosen = found[best]
    facts: dict[str, Any] = {
        "words": chosen.words,
        "place": places[best],
        "form": "speech" if chosen.words else "rhythm",
        "from_second": round(chosen.start, 2),
        "seconds": round(chosen.seconds, 2),
        "duration": round(duration, 3),
        "labels": [
            {
                "from": round(label.start, 2),
                "seconds": round(label.seconds, 2),
                "level": label.level,
                "place": place,
                "form": "speech" if label.words else "rhythm",
            }
            for label, place in zip(found, places, strict=True)
        ],
    }
    pace = speech.per_minute(chosen.words) if chosen.words else None
    return facts if pace is None else facts | {"per_minute": round(pace)}


def _place(label: Sounding, duration: float) -> str:
    if label.start < _EDGE:
        return "start"
    return "end" if label.start + label.seconds > duration - _EDGE else "middle"
