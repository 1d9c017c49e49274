"""The label in AAC as ADTS (ISO/IEC 14496-3, 1.A.3.2): frames in front of, behind or between those of the content."""

from __future__ import annotations

import mmap
from array import array
from pathlib import Path
from typing import Final, NamedTuple

from yinji.errors import LimitExceeded
from yinji.marks.audio.codec import Sound, Unspliceable, cue, opened
from yinji.marks.audio.plan import SPLICED, Done, Wish, damaged

_KIND: Final = "AAC"
_RATES: Final = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_LOW_COMPLEXITY: Final = 1
_SAMPLES: Final = 1024
_MOST: Final = 10_000_000
_SEARCH: Final = 64 << 10


class _Stream(NamedTuple):
    """The frames: where each begins and all end, and the first header; a frame may hold several blocks of samples."""

    starts: array[int]
    stop: int
    number: int
    head: bytes

    @property
    def start(self) -> int:
        return self.starts[0]

    def near(self, second: float) -> int:
        """The number of the frame that is heard at a second."""
        return min(len(self.starts) - 1, round(second * self.rate * len(self.starts) / self.number / _SAMPLES))

    @property
    def rate(self) -> int:
        return _RATES[self.head[2] >> 2 & 15]

    @property
    def channels(self) -> int:
        number = (self.head[2] & 1) << 2 | self.head[3] >> 6
        return 8 if number == 7 else number

    @property
    def is_low_complexity(self) -> bool:
        return self.head[2] >> 6 == _LOW_COMPLEXITY


def mark(source: Path, output: Path, wish: Wish) -> Done:
    """Writes the file with the rhythm.

    Raises:
        Malformed, Truncated, LimitExceeded, UnsupportedFormat: It cannot be done.
        Unspliceable: It can, but not by joining frames: HE-AAC, whose decoder would change its rate at the joint.
    """
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        stream = _stream(data)
        with opened(source) as (container, audio):
            frame = next(container.decode(audio), None)
            heard = None if frame is None else (frame.sample_rate, len(frame.layout.channels))
        if not stream.is_low_complexity or heard != (stream.rate, stream.channels):
            raise Unspliceable
        bit_rate = (stream.stop - stream.start) * 8 * stream.rate // (stream.number * _SAMPLES)
        made = []
        cues = [wish.front_cue(stream.rate, _SAMPLES), *wish.middle_cues(stream.rate, _SAMPLES)]
        for samples in (*cues, wish.behind_cue(stream.rate, _SAMPLES)):
            sound = Sound(samples, stream.rate, stream.channels)
            packets = cue("aac", sound, bit_rate=max(bit_rate, 48_000 * stream.channels)).packets if samples else []
            made.append([_framed(packet, stream.head) for packet in packets])
        places = [stream.near(middle.at) for middle in wish.middle]
        with output.open("wb") as target:
            target.write(data[: stream.start] + b"".join(made[0]))
            at = stream.start
            for place, frames in zip(places, made[1:-1], strict=True):
                target.write(data[at : stream.starts[place]] + b"".join(frames))
                at = stream.starts[place]
            target.write(data[at : stream.stop])
            target.write(b"".join(made[-1]) + data[stream.stop :])
    done = Done(SPLICED, "aac", stream.number * _SAMPLES / stream.rate, wish)
    lengths = [len(frames) * _SAMPLES / stream.rate for frames in made]
    done.front, done.behind = lengths[0], lengths[-1]
    seconds = done.seconds / len(stream.starts)
    done.middle = [(place * seconds, length) for place, length in zip(places, lengths[1:-1], strict=True)]
    return done


def _framed(packet: bytes, head: bytes) -> bytes:
    """A frame with the header of the content, without a checksum, of a constant rate unknown."""
    length = len(packet) + 7
    return (
        bytes(
            (
                0xFF,
                head[1] | 1,
                head[2],
                head[3] & 0xFC & ~0x0C | length >> 11,
                length >> 3 & 0xFF,
                (length & 7) << 5 | 0x1F,
                0xFC,
            )
        )
        + packet
    )


def _length(head: bytes) -> int:
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or (head[2] >> 2 & 15) >= len(_RATES):
        return 0
    return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5


def _stream(data: mmap.mmap) -> _Stream:
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        size = data[at + 6 : at + 10]
        at += 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
    begin = at
    while not (
        (length := _length(data[at : at + 7])) >= 7
        and (_length(data[at + length : at + length + 7]) or at + length == len(data))
    ):
        at = data.find(b"\xff", at + 1, begin + _SEARCH)
        if at < 0:
            raise damaged(_KIND, "no frame")
    starts, head = array("Q"), data[at : at + 7]
    count = 0
    while (length := _length(data[at : at + 7])) >= 7 and at + length <= len(data):
        starts.append(at)
        count += data[at + 6] % 4 + 1
        at += length
        if count > _MOST:
            raise LimitExceeded("too-many-segments", limit=_MOST)
    if len(data) - at > _SEARCH:
        raise damaged(_KIND, f"no frame at {at}")
    return _Stream(starts, at, count, head)
