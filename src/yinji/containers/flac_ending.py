"""Whether a FLAC stream ends where its head says: by the number in the header of its last frame (RFC 9639, 9.1)."""

from __future__ import annotations

from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.limits import KIB

_REACH: Final = 64 * KIB
"""Bytes in front of the end that are looked through for a frame; one of CD quality has 16 KiB at most."""

_BLOCKS: Final = {1: 192, 2: 576, 3: 1152, 4: 2304, 5: 4608}
_HEADER_MAX: Final = 16
_CRC8: Final = [0]
for _step in (0x07, 0x0E, 0x1C, 0x38, 0x70, 0xE0, 0xC7, 0x89):  # of the bytes 1, 2, 4 … 128; the others are their sums
    _CRC8.extend([value ^ _step for value in _CRC8])


class _Frame(NamedTuple):
    """What the header of a frame says: its number, or that of its first sample, and how many samples it has."""

    number: int
    samples: int


def cut_at(source: Source, info: bytes, start: int, stop: int) -> int | None:
    """Returns how many samples there are where the last frames are missing; None where nothing shows that they are.

    Of streams that promise no number of samples, and where no header is found, nothing can be told; nor is it noticed
    that the last frame itself lacks a piece, which only its decoder could tell.

    Args:
        source: The file.
        info: The content of STREAMINFO, 34 bytes.
        start: Where the frames begin.
        stop: Where the file ends, without the tags behind the frames.
    """
    total, block = promised(info), int.from_bytes(info[2:4], "big")
    if not total or not block:
        return None
    longest = int.from_bytes(info[7:10], "big")
    at = max(start, stop - (min(longest + _HEADER_MAX, _REACH) if longest else _REACH))
    there = _samples(source.read_up_to(at, stop - at), source.read_up_to(start, 2), block)
    return there if there < total and (there or at == start) else None


def _samples(tail: bytes, mark: bytes, block: int) -> int:
    """Returns how many samples the stream has up to the end of the last frame that begins in its tail; 0 for none.

    Args:
        tail: The end of the stream.
        mark: The first two bytes of each of its frames: sync code and blocking strategy.
        block: Samples of all but the last frame, where their headers count frames.
    """
    at = len(tail)
    while (at := tail.rfind(b"\xff", 0, at)) >= 0:  # one byte is sought ten times as fast as two
        if tail.startswith(mark, at) and (frame := _frame(tail[at : at + _HEADER_MAX])) is not None:
            return (frame.number if mark[1] & 1 else frame.number * block) + frame.samples
    return 0


def reaches_end(info: bytes, mark: bytes, tail: bytes) -> bool:
    """Whether the last frame that begins in the tail of a stream is the last that STREAMINFO promises, if it does."""
    total = promised(info)
    return not total or _samples(tail, mark, int.from_bytes(info[2:4], "big")) >= total


def promised(info: bytes) -> int:
    """Returns how many samples of each channel STREAMINFO promises; 0 where their number was not known."""
    return int.from_bytes(info[13:18], "big") & 0xF_FFFF_FFFF


def _frame(head: bytes) -> _Frame | None:
    """Takes the header of a frame apart; None where its checksum says that none stands there."""
    if len(head) < 6 or head[3] & 1 or head[4] & 0xC0 == 0x80 or head[4] == 0xFF:
        return None
    size, rate = head[2] >> 4, head[2] & 15
    more = max(0, 7 - (~head[4] & 0xFF).bit_length())
    number = head[4] & (0x7F >> more)
    for byte in head[5 : 5 + more]:
        number = number << 6 | byte & 0x3F
    at = 5 + more
    wide = {6: 1, 7: 2}.get(size, 0)
    samples = int.from_bytes(head[at : at + wide], "big") + 1 if wide else _BLOCKS.get(size) or 1 << size
    end = at + wide + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if end >= len(head) or _crc8(head[:end]) != head[end]:
        return None
    return _Frame(number, samples)


def _crc8(data: bytes) -> int:
    """The CRC-8 of frame headers: polynomial 0x07, from 0."""
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc
