"""The label in MP3 and MP2 (ISO/IEC 11172-3, 13818-3): frames in front of, behind or between those of the content.

The label is encoded at the content's rate and channels with the bit reservoir unused, so that no frame reaches over
the joint. Tags stay where they are. The frame that states the length (Xing, Info) is replaced by a right one.
"""

from __future__ import annotations

import mmap
import struct
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

from yinji.errors import LimitExceeded
from yinji.marks.audio.codec import Cue, Sound, Unspliceable, cue
from yinji.marks.audio.crc import crc16_reflected, joined
from yinji.marks.audio.plan import SPLICED, Done, Wish, cut_short, damaged, unable

_KIND: Final = "MP3"
_MOST: Final = 10_000_000
_SEARCH: Final = 64 << 10
_LAYER_I, _LAYER_II, _LAYER_III = 3, 2, 1
_KBPS: Final = {
    (True, _LAYER_II): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, _LAYER_III): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, _LAYER_II): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_III): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HERTZ: Final = (44100, 48000, 32000)
_ENCODERS: Final = {_LAYER_III: "libmp3lame", _LAYER_II: "mp2"}
_LEAST_KBPS: Final = 64
_ENTRIES: Final = 100
_LAME: Final = 36
_DECODER_DELAY: Final = 529


class _Header(NamedTuple):
    """A frame's header, as far as it is the same in all frames of a stream, and its length and bit rate."""

    is_1: bool
    layer: int
    rate: int
    is_mono: bool
    length: int
    kbps: int

    @property
    def samples(self) -> int:
        return 1152 if self.is_1 or self.layer == _LAYER_II else 576

    @property
    def side(self) -> int:
        """Bytes of side information of layer III."""
        return (17 if self.is_mono else 32) if self.is_1 else (9 if self.is_mono else 17)


@lru_cache(4096)
def _header(head: bytes) -> _Header | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, hertz, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer in (0, _LAYER_I) or bit_rate in (0, 15) or hertz == 3:
        return None
    is_1 = version == 3
    rate = _HERTZ[hertz] // (1 if is_1 else 4 if version == 0 else 2)
    kbps = _KBPS[is_1, layer][bit_rate]
    length = (72 if layer == _LAYER_III and not is_1 else 144) * kbps * 1000 // rate + padding
    return _Header(is_1, layer, rate, head[3] >> 6 == 3, length, kbps)


class _Stream(NamedTuple):
    """The frames of a file.

    Attributes:
        start, stop: Where they begin and end.
        sizes: Of each, without the one that states the length.
        first: Header of the first.
        info: The frame that states the length; empty where there is none.
    """

    start: int
    stop: int
    sizes: list[int]
    first: _Header
    info: bytes

    @property
    def body(self) -> int:
        """Where the content's own frames begin."""
        return self.stop - sum(self.sizes)


def mark(source: Path, output: Path, wish: Wish) -> Done:
    """Writes the file with the rhythm.

    Raises:
        Malformed, Truncated, LimitExceeded, UnsupportedFormat: It cannot be done.
        Unspliceable: It can, but not by joining frames.
    """
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        stream = _stream(data)
        head = stream.first
        channels = 1 if head.is_mono else 2
        kbps = _bit_rate(stream)
        none = Cue([], [], 0, b"", 0)
        made = []
        cues = [wish.front_cue(head.rate), *wish.middle_cues(head.rate)]
        for samples in (*cues, wish.behind_cue(head.rate)):
            sound = Sound(samples, head.rate, channels)
            options = {"reservoir": "0"} if head.layer == _LAYER_III else {}
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
            target.write(_info(stream, data, front, between, behind))
            target.write(b"".join(front.packets))
            at = stream.body
            for place, packets in between:
                target.write(data[at : starts[place]] + b"".join(packets))
                at = starts[place]
            target.write(data[at : stream.stop])
            target.write(b"".join(behind.packets))
            target.write(data[stream.stop :])
    frame = head.samples / head.rate
    done = Done(SPLICED, "mp3" if head.layer == _LAYER_III else "mp2", len(stream.sizes) * frame, wish)
    if _stated(stream) > len(stream.sizes):
        done.notes.append("shorter-than-stated")
    done.front, done.behind = len(front.packets) * frame, len(behind.packets) * frame
    done.middle = [(place * frame, len(packets) * frame) for place, packets in between]
    return done


def bridge(stream: _Stream, data: mmap.mmap, starts: list[int], place: int) -> list[bytes]:
    """A silent frame that ends with the bytes of the frames before which the frame at a place still needs.

    Layer III may keep up to 511 bytes of a frame in those before it (2.4.3.4, ``main_data_begin``). With this frame in
    front of it, it finds them where it looks for them.

    Raises:
        Unspliceable: They are not all there.
    """
    head = stream.first
    at = starts[place]
    if head.layer != _LAYER_III:
        return []
    side = at + _side(data, at)
    wanted = int.from_bytes(data[side : side + 2], "big") >> 7 if head.is_1 else data[side]
    if not wanted:
        return []
    kept, number = b"", place
    while len(kept) < wanted and number > 0:
        number -= 1
        first, last = starts[number], starts[number + 1]
        kept = data[first + _side(data, first) + head.side : last] + kept
    frame, _ = _empty(stream, data, 4 + head.side + wanted)
    if len(kept) < wanted:
        raise Unspliceable
    frame[-wanted:] = kept[-wanted:]
    return [bytes(frame)]


def _side(data: mmap.mmap, at: int) -> int:
    """Bytes of a frame in front of its side information: its header, and a checksum if it has one."""
    return 4 if data[at + 1] & 1 else 6


def _bit_rate(stream: _Stream) -> int:
    """The content's average bit rate, as one that the format has; not so low that the tone would suffer."""
    head = stream.first
    average = sum(stream.sizes) * 8 * head.rate / (len(stream.sizes) * head.samples) / 1000
    least = min(_LEAST_KBPS, 160 if head.is_1 else 64)
    return min(
        (kbps for kbps in _KBPS[head.is_1, head.layer][1:] if kbps >= least), key=lambda kbps: abs(kbps - average)
    )


def _plain(encoded: Cue, head: _Header) -> Cue:
    """Checks that the frames are of the content's kind, and leaves out what is none."""
    for packet in encoded.packets:
        own = _header(packet[:4])
        if own is None or own[:4] != head[:4] or own.length != len(packet):
            raise Unspliceable
    return encoded


def _stream(data: mmap.mmap) -> _Stream:
    start = _behind_tags(data)
    end = _front_of_tags(data, start)
    at = _first(data, start, end)
    first = _header(data[at : at + 4])
    if first is None:
        raise damaged(_KIND, "no frame")
    begin = at
    info = data[at : at + first.length] if _states_length(data[at : at + first.length], first) else b""
    at += len(info)
    sizes: list[int] = []
    while at + 4 <= end and (head := _header(data[at : at + 4])) is not None and at + head.length <= end:
        if head.rate != first.rate or head.layer != first.layer or head.is_mono != first.is_mono:
            raise unable(_KIND, "changing rate or channels")
        sizes.append(head.length)
        at += head.length
        if len(sizes) > _MOST:
            raise LimitExceeded("too-many-segments", limit=_MOST)
    if not sizes:
        raise cut_short(_KIND, len(data))
    if end - at > _SEARCH:
        raise damaged(_KIND, f"no frame at {at}")
    return _Stream(begin, at, sizes, first, info)


def _behind_tags(data: mmap.mmap) -> int:
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        size = data[at + 6 : at + 10]
        footer = 10 if data[at + 5] & 0x10 else 0
        at += 10 + footer + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
    return at


def _front_of_tags(data: mmap.mmap, start: int) -> int:
    """Goes back over ID3v1, Lyrics3, APE and appended ID3v2 tags."""
    stop = len(data)
    while stop > start:
        last = data[max(start, stop - 128) : stop]
        if last.startswith(b"TAG") and len(last) == 128:
            stop -= 128
        elif last.endswith(b"LYRICS200") and last[-15:-9].isdigit():
            stop -= 15 + int(last[-15:-9])
        elif last[-32:].startswith(b"APETAGEX"):
            size, _, flags = struct.unpack("<III", last[-20:-8])
            stop -= size + (32 if flags & 1 << 31 else 0)
        elif last[-10:].startswith(b"3DI"):
            size = last[-4:]
            stop -= 20 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
        else:
            return stop
    raise damaged(_KIND, "tags")


def _first(data: mmap.mmap, start: int, end: int) -> int:
    """Finds the first of two frames in a row."""
    at = data.find(b"\xff", start, min(end, start + _SEARCH))
    while at >= 0:
        head = _header(data[at : at + 4])
        if head is not None:
            after = at + head.length
            following = _header(data[after : after + 4])
            if (following is not None and following[:3] == head[:3]) or after == end:
                return at
        at = data.find(b"\xff", at + 1, min(end, start + _SEARCH))
    if data[start : start + 1] == b"\xff" and len(data) > start + 2 and data[start + 2] >> 4 == 0:
        raise unable(_KIND, "free format")
    if data[start : start + 1] == b"\xff" and data[start + 1] >> 1 & 3 == _LAYER_I:
        raise unable(_KIND, "layer I")
    raise damaged(_KIND, "no frame")


def _states_length(frame: bytes, head: _Header) -> bool:
    if head.layer != _LAYER_III:
        return False
    at = 4 + head.side
    return frame[at : at + 4] in (b"Xing", b"Info") or frame[36:40] == b"VBRI"


def _stated(stream: _Stream) -> int:
    """Frames that the file says it has, or 0."""
    at = 4 + stream.first.side
    if stream.info[at : at + 4] not in (b"Xing", b"Info") or not stream.info[at + 7] & 1:
        return 0
    return int.from_bytes(stream.info[at + 8 : at + 12], "big")


def _info(stream: _Stream, data: mmap.mmap, front: Cue, between: list[tuple[int, list[bytes]]], behind: Cue) -> bytes:
    """Makes the frame that states the frames, the bytes, where each hundredth stands, and what to skip."""
    head = stream.first
    if head.layer != _LAYER_III:
        return b""
    lame = _lame(stream.info, head)
    content = list(stream.sizes)
    for place, packets in reversed(between):
        content[place:place] = map(len, packets)
    sizes = [*map(len, front.packets), *content, *map(len, behind.packets)]
    at = 4 + head.side
    least = at + 4 + 4 + 4 + 4 + _ENTRIES + 4 + _LAME
    frame, own = _empty(stream, data, least)
    total = own.length + sum(sizes)
    is_steady = max(sizes) - min(sizes) <= 1 and stream.info[at : at + 4] != b"Xing"
    frame[at : at + 16] = (b"Info" if is_steady else b"Xing") + struct.pack(">III", 15, len(sizes), total)
    frame[at + 16 : at + 16 + _ENTRIES] = _places(sizes, own.length)
    quality = stream.info[at + 16 + _ENTRIES : at + 20 + _ENTRIES] if lame else bytes(4)
    frame[at + 116 : at + 120] = quality
    if lame:
        frame[at + 120 : at + 120 + _LAME] = _extended(
            lame, stream, front, behind, total, bytes(frame[: at + 120]), parted=bool(between)
        )
    return bytes(frame)


def _empty(stream: _Stream, data: mmap.mmap, least: int) -> tuple[bytearray, _Header]:
    """A silent frame of the content's kind that is long enough."""
    head = bytearray(data[stream.body : stream.body + 4])
    head[1] |= 1
    for bits in range(1, 15):
        head[2] = bits << 4 | head[2] & 0x0C
        own = _header(bytes(head))
        if own is not None and own.length >= least:
            return bytearray(head) + bytearray(own.length - 4), own
    raise Unspliceable


def _places(sizes: list[int], first: int) -> bytes:
    starts = list(accumulate(sizes, initial=first))
    return bytes(min(255, starts[n * len(sizes) // _ENTRIES] * 256 // starts[-1]) for n in range(_ENTRIES))


def _lame(info: bytes, head: _Header) -> bytes:
    """What an encoder says behind the table: its name, delay and padding; empty where it says nothing."""
    at = 4 + head.side
    if info[at : at + 4] not in (b"Xing", b"Info"):
        return b""
    flags = int.from_bytes(info[at + 4 : at + 8], "big")
    at += 8 + 4 * (flags & 1) + 4 * (flags >> 1 & 1) + _ENTRIES * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
    found = info[at : at + _LAME]
    return found if len(found) == _LAME and found[:4].isalnum() and flags == 15 else b""


def _extended(
    lame: bytes, stream: _Stream, front: Cue, behind: Cue, total: int, before: bytes, *, parted: bool
) -> bytes:
    out = bytearray(lame)
    gaps = int.from_bytes(lame[21:24], "big")
    delay, padding = gaps >> 12, gaps & 0xFFF
    if front.packets:
        delay = max(0, front.delay - _DECODER_DELAY)
    if behind.packets:
        padding = _padding(behind, stream.first)
    out[21:24] = (delay << 12 | padding).to_bytes(3, "big")
    out[28:32] = total.to_bytes(4, "big")
    music = int.from_bytes(lame[32:34], "big")
    heads, tails = b"".join(front.packets), b"".join(behind.packets)
    if parted:
        music = 0
    elif music:
        music = joined(crc16_reflected(heads), music, sum(stream.sizes))
        music = joined(music, crc16_reflected(tails), len(tails))
    out[32:34] = music.to_bytes(2, "big")
    out[34:36] = crc16_reflected(before + bytes(out[:34])).to_bytes(2, "big")
    return bytes(out)


def _padding(behind: Cue, head: _Header) -> int:
    used = behind.delay - _DECODER_DELAY + behind.samples
    return max(0, min(4095, len(behind.packets) * head.samples - used))
