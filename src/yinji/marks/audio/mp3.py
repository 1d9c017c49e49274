"""The label in MP3 and MP2 (ISO/IEC 11172-3, 13818-3): frames in front of, behind or between those of the content.

The label is encoded at the content's rate and channels with the bit reservoir unused, so that no frame reaches over
the joint. Tags stay where they are. The frame that states the length (Xing, Info) is replaced by a right one.
"""

from __future__ import annotations

import mmap
from itertools import accumulate
from pathlib import Path
from typing import Final

from yinji.marks.audio.codec import Cue, Sound, Unspliceable, cue
from yinji.marks.audio.mp3_frames import KBPS, LAYER_II, LAYER_III, Header, Stream, empty, frames_of, header, side_at
from yinji.marks.audio.mp3_info import info, stated
from yinji.marks.audio.plan import SPLICED, Done, Wish

_ENCODERS: Final = {LAYER_III: "libmp3lame", LAYER_II: "mp2"}
_LEAST_KBPS: Final = 64


def mark(source: Path, output: Path, wish: Wish) -> Done:
    """Writes the file with the rhythm.

    Raises:
        Malformed, Truncated, LimitExceeded, UnsupportedFormat: It cannot be done.
        Unspliceable: It can, but not by joining frames.
    """
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        stream = frames_of(data)
        head = stream.first
        channels = 1 if head.is_mono else 2
        kbps = _bit_rate(stream)
        none = Cue([], [], 0, b"", 0)
        made = []
        cues = [wish.front_cue(head.rate), *wish.middle_cues(head.rate)]
        for samples in (*cues, wish.behind_cue(head.rate)):
            sound = Sound(samples, head.rate, channels)
            options = {"reservoir": "0"} if head.layer == LAYER_III else {}
            encoded = cue(_ENCODERS[head.layer], sound, bit_rate=kbps * 1000, options=options) if samples else none
            made.append(_plain(encoded, head))
        starts = [*accumulate(stream.sizes, initial=stream.body)]
        places = [min(len(stream.sizes) - 1, round(middle.at * head.rate / head.samples)) for middle in wish.middle]
        between = [
            (place, [*part.packets, *bridge(stream, data, starts, place)])
            for place, part in zip(places, made[1:-1], strict=True)
        ]
        front, behind = made[0], made[-1]
        with output.open("wb") as target:
            target.write(data[: stream.start])
            target.write(info(stream, data, front, between, behind))
            target.write(b"".join(front.packets))
            at = stream.body
            for place, packets in between:
                target.write(data[at : starts[place]] + b"".join(packets))
                at = starts[place]
            target.write(data[at : stream.stop])
            target.write(b"".join(behind.packets))
            target.write(data[stream.stop :])
    frame = head.samples / head.rate
    done = Done(SPLICED, "mp3" if head.layer == LAYER_III else "mp2", len(stream.sizes) * frame, wish)
    if stated(stream) > len(stream.sizes):
        done.notes.append("shorter-than-stated")
    done.front, done.behind = len(front.packets) * frame, len(behind.packets) * frame
    done.middle = [(place * frame, len(packets) * frame) for place, packets in between]
    return done


def bridge(stream: Stream, data: mmap.mmap, starts: list[int], place: int) -> list[bytes]:
    """A silent frame that ends with the bytes of the frames before which the frame at a place still needs.

    Layer III may keep up to 511 bytes of a frame in those before it (2.4.3.4, ``main_data_begin``). With this frame in
    front of it, it finds them where it looks for them.

    Raises:
        Unspliceable: They are not all there.
    """
    head = stream.first
    at = starts[place]
    if head.layer != LAYER_III:
        return []
    side = at + side_at(data, at)
    wanted = int.from_bytes(data[side : side + 2], "big") >> 7 if head.is_1 else data[side]
    if not wanted:
        return []
    kept, number = b"", place
    while len(kept) < wanted and number > 0:
        number -= 1
        first, last = starts[number], starts[number + 1]
        kept = data[first + side_at(data, first) + head.side : last] + kept
    frame, _ = empty(stream, data, 4 + head.side + wanted)
    if len(kept) < wanted:
        raise Unspliceable
    frame[-wanted:] = kept[-wanted:]
    return [bytes(frame)]


def _bit_rate(stream: Stream) -> int:
    """The content's average bit rate, as one that the format has; not so low that the tone would suffer."""
    head = stream.first
    average = sum(stream.sizes) * 8 * head.rate / (len(stream.sizes) * head.samples) / 1000
    least = min(_LEAST_KBPS, 160 if head.is_1 else 64)
    return min(
        (kbps for kbps in KBPS[head.is_1, head.layer][1:] if kbps >= least), key=lambda kbps: abs(kbps - average)
    )


def _plain(encoded: Cue, head: Header) -> Cue:
    """Checks that the frames are of the content's kind, and leaves out what is none."""
    for packet in encoded.packets:
        own = header(packet[:4])
        if own is None or own[:4] != head[:4] or own.length != len(packet):
            raise Unspliceable
    return encoded
