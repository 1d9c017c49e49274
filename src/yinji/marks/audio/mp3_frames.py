"""The frames of MP3 and MP2 (ISO/IEC 11172-3, 13818-3), and the tags around them."""

from __future__ import annotations

import mmap
import struct
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from yinji.errors import LimitExceeded
from yinji.marks.audio.codec import Unspliceable
from yinji.marks.audio.plan import cut_short, damaged, unable

_KIND: Final = "MP3"
_MOST: Final = 10_000_000
_SEARCH: Final = 64 << 10
_LAYER_I, LAYER_II, LAYER_III = 3, 2, 1
KBPS: Final = {
    (True, LAYER_II): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, LAYER_III): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, LAYER_II): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, LAYER_III): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HERTZ: Final = (44100, 48000, 32000)


class Header(NamedTuple):
    """A frame's header, as far as it is the same in all frames of a stream, and its length and bit rate."""

    is_1: bool
    layer: int
    rate: int
    is_mono: bool
    length: int
    kbps: int

    @property
    def samples(self) -> int:
        return 1152 if self.is_1 or self.layer == LAYER_II else 576

    @property
    def side(self) -> int:
        """Bytes of side information of layer III."""
        return (17 if self.is_mono else 32) if self.is_1 else (9 if self.is_mono else 17)


@lru_cache(4096)
def header(head: bytes) -> Header | None:
    """Reads a frame's header of four bytes; None where it is none of layer II or III."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, hertz, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer in (0, _LAYER_I) or bit_rate in (0, 15) or hertz == 3:
        return None
    is_1 = version == 3
    rate = _HERTZ[hertz] // (1 if is_1 else 4 if version == 0 else 2)
    kbps = KBPS[is_1, layer][bit_rate]
    length = (72 if layer == LAYER_III and not is_1 else 144) * kbps * 1000 // rate + padding
    return Header(is_1, layer, rate, head[3] >> 6 == 3, length, kbps)


class Stream(NamedTuple):
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
    first: Header
    info: bytes

    @property
    def body(self) -> int:
        """Where the content's own frames begin."""
        return self.stop - sum(self.sizes)


def frames_of(data: mmap.mmap) -> Stream:
    """Finds the frames of a file.

    Raises:
        Malformed, Truncated, LimitExceeded, UnsupportedFormat: It has none, or too many, or of different kinds.
    """
    start = _behind_tags(data)
    end = _front_of_tags(data, start)
    at = _first(data, start, end)
    first = header(data[at : at + 4])
    if first is None:
        raise damaged(_KIND, "no frame")
    begin = at
    info = data[at : at + first.length] if _states_length(data[at : at + first.length], first) else b""
    at += len(info)
    sizes: list[int] = []
    while at + 4 <= end and (head := header(data[at : at + 4])) is not None and at + head.length <= end:
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
    return Stream(begin, at, sizes, first, info)


def refuse(source: Path) -> None:
    """Refuses what is no stream of frames with a bit rate, before anybody tries to decode it.

    Raises:
        Malformed, UnsupportedFormat: It is none.
    """
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = _behind_tags(data)
        _first(data, start, _front_of_tags(data, start))


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
        head = header(data[at : at + 4])
        if head is not None:
            after = at + head.length
            following = header(data[after : after + 4])
            if (following is not None and following[:3] == head[:3]) or after == end:
                return at
        at = data.find(b"\xff", at + 1, min(end, start + _SEARCH))
    if data[start : start + 1] == b"\xff" and len(data) > start + 2 and data[start + 2] >> 4 == 0:
        raise unable(_KIND, "free format")
    if data[start : start + 1] == b"\xff" and data[start + 1] >> 1 & 3 == _LAYER_I:
        raise unable(_KIND, "layer I")
    raise damaged(_KIND, "no frame")


def _states_length(frame: bytes, head: Header) -> bool:
    if head.layer != LAYER_III:
        return False
    at = 4 + head.side
    return frame[at : at + 4] in (b"Xing", b"Info") or frame[36:40] == b"VBRI"


def empty(stream: Stream, data: mmap.mmap, least: int) -> tuple[bytearray, Header]:
    """A silent frame of the content's kind that is long enough."""
    head = bytearray(data[stream.body : stream.body + 4])
    head[1] |= 1
    for bits in range(1, 15):
        head[2] = bits << 4 | head[2] & 0x0C
        own = header(bytes(head))
        if own is not None and own.length >= least:
            return bytearray(head) + bytearray(own.length - 4), own
    raise Unspliceable


def side_at(data: mmap.mmap, at: int) -> int:
    """Bytes of a frame in front of its side information: its header, and a checksum if it has one."""
    return 4 if data[at + 1] & 1 else 6
