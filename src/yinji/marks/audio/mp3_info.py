"""The frame of an MP3 that states its length (Xing, Info), and what LAME says in it (its "mp3 info tag")."""

from __future__ import annotations

import mmap
import struct
from itertools import accumulate
from typing import Final

from yinji.marks.audio.codec import Cue
from yinji.marks.audio.crc import crc16_reflected, joined
from yinji.marks.audio.mp3_frames import LAYER_III, Header, Stream, empty

_ENTRIES: Final = 100
_LAME: Final = 36
_DECODER_DELAY: Final = 529


def stated(stream: Stream) -> int:
    """Frames that the file says it has, or 0."""
    at = 4 + stream.first.side
    if stream.info[at : at + 4] not in (b"Xing", b"Info") or not stream.info[at + 7] & 1:
        return 0
    return int.from_bytes(stream.info[at + 8 : at + 12], "big")


def info(stream: Stream, data: mmap.mmap, front: Cue, between: list[tuple[int, list[bytes]]], behind: Cue) -> bytes:
    """Makes the frame that states the frames, the bytes, where each hundredth stands, and what to skip."""
    head = stream.first
    if head.layer != LAYER_III:
        return b""
    lame = _lame(stream.info, head)
    content = list(stream.sizes)
    for place, packets in reversed(between):
        content[place:place] = map(len, packets)
    sizes = [*map(len, front.packets), *content, *map(len, behind.packets)]
    at = 4 + head.side
    least = at + 4 + 4 + 4 + 4 + _ENTRIES + 4 + _LAME
    frame, own = empty(stream, data, least)
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


def _places(sizes: list[int], first: int) -> bytes:
    starts = list(accumulate(sizes, initial=first))
    return bytes(min(255, starts[n * len(sizes) // _ENTRIES] * 256 // starts[-1]) for n in range(_ENTRIES))


def _lame(info: bytes, head: Header) -> bytes:
    """What an encoder says behind the table: its name, delay and padding; empty where it says nothing."""
    at = 4 + head.side
    if info[at : at + 4] not in (b"Xing", b"Info"):
        return b""
    flags = int.from_bytes(info[at + 4 : at + 8], "big")
    at += 8 + 4 * (flags & 1) + 4 * (flags >> 1 & 1) + _ENTRIES * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
    found = info[at : at + _LAME]
    return found if len(found) == _LAME and found[:4].isalnum() and flags == 15 else b""


def _extended(
    lame: bytes, stream: Stream, front: Cue, behind: Cue, total: int, before: bytes, *, parted: bool
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


def _padding(behind: Cue, head: Header) -> int:
    used = behind.delay - _DECODER_DELAY + behind.samples
    return max(0, min(4095, len(behind.packets) * head.samples - used))
