"""Frames of FLAC (RFC 9639, 9): finding them, giving them other numbers, and making some."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from yinji.errors import LimitExceeded
from yinji.marks.audio.crc import crc8, crc16, shifted
from yinji.marks.audio.plan import damaged

_KIND: Final = "FLAC"
_MOST: Final = 10_000_000
_LONGEST_HEADER: Final = 16
_BLOCK: Final = 4096
_BLOCKS: Final = {1: 192, 2: 576, 3: 1152, 4: 2304, 5: 4608}


class Coding(NamedTuple):
    """How a stream is coded: its rate, channels, bits, samples a block, and whether blocks differ in length."""

    rate: int
    channels: int
    bits: int
    block: int
    variable: bool

    @classmethod
    def of(cls, info: bytes) -> Coding:
        """Reads a STREAMINFO block."""
        packed = int.from_bytes(info[10:18], "big")
        least, most = int.from_bytes(info[:2], "big"), int.from_bytes(info[2:4], "big")
        rate, channels, bits = packed >> 44, (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1
        if not rate or most < 16:
            raise damaged(_KIND, "STREAMINFO")
        return cls(rate, channels, bits, most if least == most else _BLOCK, least != most)

    @property
    def stride(self) -> int:
        """Bytes of a sample of all channels, as the MD5 counts them."""
        return self.channels * -(-self.bits // 8)


class Frame(NamedTuple):
    """A frame: where it stands, the length of its header, its number, and its samples."""

    start: int
    stop: int
    header: int
    number: int
    samples: int


class _Header(NamedTuple):
    length: int
    number: int
    samples: int


def _header(data: mmap.mmap, at: int) -> _Header | None:
    """Reads the header of a frame, or returns None where none stands."""
    head = data[at : at + _LONGEST_HEADER]
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xFE != 0xF8 or head[3] & 1:
        return None
    size, rate = head[2] >> 4, head[2] & 15
    lead = head[4]
    more = 0 if lead < 0x80 else f"{lead:08b}".index("0") - 1 if lead != 0xFF else 6
    if size == 0 or rate == 15 or lead & 0xC0 == 0x80 or len(head) < 5 + more:
        return None
    number = lead if not more else lead & (0x3F >> more)
    for byte in head[5 : 5 + more]:
        number = number << 6 | byte & 0x3F
    end = 5 + more
    wide = {6: 1, 7: 2}.get(size, 0)
    samples = int.from_bytes(head[end : end + wide], "big") + 1 if wide else _BLOCKS.get(size) or 1 << size
    end += wide + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if len(head) <= end or crc8(head[:end]) != head[end]:
        return None
    return _Header(end + 1, number, samples)


def frames(data: mmap.mmap, start: int, stop: int, coding: Coding) -> Iterator[Frame]:
    """Finds the frames by their marks, the checksums of their headers, and their numbers, which go on without a gap.

    Raises:
        Malformed: The numbers do not begin at 0, or the first frame is none.
        LimitExceeded: There are too many.
    """
    header = _header(data, start)
    if header is None or header.number:
        raise damaged(_KIND, "first frame")
    mark = data[start : start + 2]
    if (mark[1] & 1) != coding.variable:
        raise damaged(_KIND, "block lengths")
    at, count = start, 0
    while header is not None:
        wanted = header.number + (header.samples if coding.variable else 1)
        following, after = _next(data, at + header.length, stop, mark, wanted)
        yield Frame(at, after, header.length, header.number, header.samples)
        at, header = after, following
        count += 1
        if count > _MOST:
            raise LimitExceeded("too-many-segments", limit=_MOST)


def _next(data: mmap.mmap, at: int, stop: int, mark: bytes, wanted: int) -> tuple[_Header | None, int]:
    while (at := data.find(mark, at, stop)) >= 0:
        header = _header(data, at)
        if header is not None and header.number == wanted:
            return header, at
        at += 1
    return None, stop


def _coded(number: int) -> bytes:
    """A number as UTF-8 codes it, up to 36 bits."""
    if number < 0x80:
        return bytes((number,))
    more = next(n for n in range(1, 7) if number < 1 << (5 * n + 6) or n == 6)
    lead = (0xFF << (6 - more)) & 0xFF | number >> 6 * more
    return bytes((lead, *(0x80 | number >> 6 * n & 0x3F for n in reversed(range(more)))))


def renumbered(data: mmap.mmap, frame: Frame, number: int) -> tuple[bytes, bytes]:
    """Returns the header of a frame with another number, and its checksum: a damaged frame stays recognisably so."""
    old = data[frame.start : frame.start + frame.header]
    new = old[:4] + _coded(number) + old[4 + len(_coded(frame.number)) : -1]
    new += bytes((crc8(new),))
    checksum = int.from_bytes(data[frame.stop - 2 : frame.stop], "big")
    checksum ^= shifted(crc16(old) ^ crc16(new), frame.stop - 2 - frame.start - frame.header)
    return new, checksum.to_bytes(2, "big")


def encoded(planes: Sequence[Sequence[int]], coding: Coding, style: bytes, number: int) -> list[bytes]:
    """Makes frames of some channels, silence in the others, with the codes for rate and bits of another header.

    Args:
        planes: Samples by channel; there may be fewer channels than the stream has.
        coding: Of the stream.
        style: Header of a frame of the stream.
        number: Of the first frame.
    """
    made = []
    for start in range(0, len(planes[0]), coding.block):
        parts = [plane[start : start + coding.block] for plane in planes]
        made.append(_frame(parts, coding, style, number))
        number += len(parts[0]) if coding.variable else 1
    return made


def _frame(parts: Sequence[Sequence[int]], coding: Coding, style: bytes, number: int) -> bytes:
    count, rate = len(parts[0]), style[2] & 15
    head = style[:2] + bytes((0x70 | rate, (coding.channels - 1) << 4 | style[3] & 0x0E))
    head += _coded(number) + (count - 1).to_bytes(2, "big")
    wide = {12: 1, 13: 2, 14: 2}.get(rate, 0)
    head += style[-1 - wide : -1] if wide else b""
    head += bytes((crc8(head),))
    bits: list[str] = []
    for number, part in enumerate(parts):
        bits.append(bits[-1] if number and part == parts[number - 1] else _subframe(part, coding.bits))
    bits += [_subframe([0], coding.bits)] * (coding.channels - len(parts))
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    frame = head + int(text, 2).to_bytes(len(text) // 8, "big")
    return frame + crc16(frame).to_bytes(2, "big")


def _subframe(part: Sequence[int], bits: int) -> str:
    """One channel: constant, or predicted by the four samples before, the rest in Rice's code."""
    mask = (1 << bits) - 1
    if min(part) == max(part):
        return f"00000000{part[0] & mask:0{bits}b}"
    if len(part) < 16:
        return "00000010" + "".join(f"{value & mask:0{bits}b}" for value in part)
    first = "".join(f"{value & mask:0{bits}b}" for value in part[:4])
    rest = [
        a - 4 * b + 6 * c - 4 * d + e
        for a, b, c, d, e in zip(part[4:], part[3:], part[2:], part[1:], part, strict=False)
    ]
    folded = [value << 1 if value >= 0 else ~value << 1 | 1 for value in rest]
    k = min(30, max(0, (sum(folded) // len(folded)).bit_length() - 1))
    size = sum((value >> k) + 1 + k for value in folded)
    if size > bits * len(part) or max(folded) >= 1 << 31:
        return "00000010" + "".join(f"{value & mask:0{bits}b}" for value in part)
    low = (1 << k) - 1
    lows = f"0{k}b"
    rice = "".join("0" * (value >> k) + "1" + (format(value & low, lows) if k else "") for value in folded)
    return f"00011000{first}010000{k:05b}{rice}"
