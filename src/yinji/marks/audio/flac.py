"""The rhythm in FLAC (RFC 9639): frames are put in front or behind, and those of the content get new numbers.

The content's frames stay compressed as they are. Their numbers change, and with them the two checksums, which are
linear, so that the bytes between need not be read. A short last frame, which only the end of a stream may have, is
joined with the rhythm behind it. All of it is decoded once, since the MD5 of all samples stands in the file.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from array import array
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from yinji.marks.audio.codec import opened, raw
from yinji.marks.audio.flac_frames import Coding, Frame, encoded, frames, renumbered
from yinji.marks.audio.plan import SPLICED, Done, Wish, cut_short, damaged, integers, little

_KIND: Final = "FLAC"
_STREAM_INFO, _SEEK_TABLE, _CUE_SHEET = 0, 3, 5
_UNKNOWN: Final = bytes(16)


class _Block(NamedTuple):
    type: int
    head: int
    data: bytes


def mark(source: Path, output: Path, wish: Wish) -> Done:
    """Writes the file with the rhythm.

    Raises:
        Malformed, Truncated, UnsupportedFormat: It cannot be done.
    """
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start, blocks, audio = _metadata(data)
        coding = Coding.of(blocks[0].data)
        stop = _audio_stop(data, audio)
        found = list(frames(data, audio, stop, coding))
        if not found:
            raise cut_short(_KIND, len(data))
        decoded = _Decoded(source, coding)
        stated = blocks[0].data[18:34]
        if stated not in (_UNKNOWN, decoded.digest()):
            raise damaged(_KIND, "MD5")
        front = integers(wish.front_cue(coding.rate, coding.block), coding.bits)
        behind = integers(wish.behind_cue(coding.rate), coding.bits)
        with output.open("wb") as target:
            _Writer(data, coding, found, decoded).write(target, start, blocks, stop, front, behind)
    done = Done(SPLICED, "flac", decoded.count / coding.rate, wish)
    done.front, done.behind = len(front) / coding.rate, len(behind) / coding.rate
    return done


def _metadata(data: mmap.mmap) -> tuple[int, list[_Block], int]:
    """Returns where the stream begins, its metadata blocks, and where its frames begin."""
    start = 0
    while data[start : start + 3] == b"ID3":
        safe = data[start + 6 : start + 10]
        start += 10 + (safe[0] << 21 | safe[1] << 14 | safe[2] << 7 | safe[3])
    if data[start : start + 4] != b"fLaC":
        raise damaged(_KIND, "fLaC")
    blocks: list[_Block] = []
    at, last = start + 4, False
    while not last:
        head = data[at : at + 4]
        size = int.from_bytes(head[1:], "big")
        if len(head) < 4 or at + 4 + size > len(data):
            raise cut_short(_KIND, len(data))
        last = bool(head[0] & 0x80)
        blocks.append(_Block(head[0] & 0x7F, head[0], data[at + 4 : at + 4 + size]))
        at += 4 + size
    if blocks[0].type != _STREAM_INFO or len(blocks[0].data) != 34:
        raise damaged(_KIND, "STREAMINFO")
    return start, blocks, at


def _audio_stop(data: mmap.mmap, audio: int) -> int:
    """Returns where the frames end: in front of an ID3v1 tag, if there is one."""
    stop = len(data)
    return stop - 128 if stop - 128 > audio and data[stop - 128 : stop - 125] == b"TAG" else stop


class _Decoded:
    """The samples of a file: how many, their MD5, and the last frame."""

    def __init__(self, path: Path, coding: Coding) -> None:
        self._coding = coding
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.count = 0
        self.last = b""
        self._path = path
        for data in self._parts():
            self._md5.update(data)
            self.count += len(data) // coding.stride
            self.last = data

    def _parts(self) -> Iterator[bytes]:
        with opened(self._path) as (container, stream):
            for frame in container.decode(stream):
                if frame.format.name not in ("s16", "s32"):
                    raise damaged(_KIND, frame.format.name)
                yield packed(raw(frame), frame.format.bytes * 8, self._coding.bits)

    def digest(self) -> bytes:
        return self._md5.digest()

    def with_rhythms(self, front: bytes, behind: bytes) -> bytes:
        """Returns the MD5 of the samples with others in front and behind."""
        if not front:
            whole = self._md5.copy()
        else:
            whole = hashlib.md5(front, usedforsecurity=False)
            for data in self._parts():
                whole.update(data)
        whole.update(behind)
        return whole.digest()


def packed(data: bytes, width: int, bits: int) -> bytes:
    """Returns samples, little endian and left-justified in ``width`` bits, in as few bytes as ``bits`` need."""
    size = -(-bits // 8)
    if bits % 8:
        values = little(array("h" if width == 16 else "i", data))
        data = little(array(values.typecode, (value >> width - bits for value in values))).tobytes()
        skip = 0
    else:
        skip = width // 8 - size
    if size == width // 8:
        return data
    out = bytearray(len(data) // (width // 8) * size)
    for byte in range(size):
        out[byte::size] = data[byte + skip :: width // 8]
    return bytes(out)


class _Writer:
    """Puts the file together."""

    def __init__(self, data: mmap.mmap, coding: Coding, found: list[Frame], decoded: _Decoded) -> None:
        self._data = data
        self._coding = coding
        self._frames = found
        self._decoded = decoded

    def write(
        self, target: BinaryIO, start: int, blocks: list[_Block], stop: int, front: list[int], behind: list[int]
    ) -> None:
        coding, kept = self._coding, self._frames
        channels = coding.channels
        style = self._data[kept[0].start : kept[0].start + kept[0].header]
        head = encoded([front] * min(2, channels), coding, style, 0)
        shift = len(front) if coding.variable else len(head)
        joined: list[list[int]] = [behind] * min(2, channels)
        number = kept[-1].number + 1 + len(head)
        if coding.variable:
            number = kept[-1].number + kept[-1].samples + len(front)
        elif behind and kept[-1].samples != coding.block:
            joined = [
                [*_channel(self._decoded.last, coding, c), *(behind if c < 2 else [0] * len(behind))]
                for c in range(channels)
            ]
            kept, number = kept[:-1], kept[-1].number + len(head)
        tail = encoded(joined, coding, style, number)
        moved = [renumbered(self._data, frame, frame.number + shift) for frame in kept] if front else []
        places = self._places(kept, moved, sum(map(len, head)))
        sizes = [len(f) for f in (*head, *tail)]
        sizes += [f.stop - f.start + (len(m[0]) - f.header if m else 0) for f, m in zip_longest(kept, moved)]
        info = self._stream_info(blocks[0].data, sizes, front, behind)
        target.write(self._data[:start] + b"fLaC")
        for block in blocks:
            content = self._changed(block, info, places, len(front), len(behind))
            target.write(bytes((block.head,)) + len(content).to_bytes(3, "big") + content)
        target.write(b"".join(head))
        for number, frame in enumerate(kept):
            if moved:
                fresh, checksum = moved[number]
                target.write(fresh + self._data[frame.start + frame.header : frame.stop - 2] + checksum)
            else:
                target.write(self._data[frame.start : frame.stop])
        target.write(b"".join(tail) + self._data[stop:])

    def _places(self, kept: list[Frame], moved: list[tuple[bytes, bytes]], offset: int) -> dict[int, int]:
        """Where each frame of the content stands behind the first frame of the stream, by where it stood."""
        places, first = {}, self._frames[0].start
        for number, frame in enumerate(kept):
            places[frame.start - first] = offset
            offset += frame.stop - frame.start + (len(moved[number][0]) - frame.header if moved else 0)
        return places | {frame.start - first: offset for frame in self._frames[len(kept) :]}

    def _stream_info(self, old: bytes, sizes: list[int], front: list[int], behind: list[int]) -> bytes:
        coding = self._coding
        ends = [_little([cue] * min(2, coding.channels), coding) for cue in (front, behind)]
        count = self._decoded.count + len(front) + len(behind)
        least, most = struct.unpack_from(">HH", old)
        least = min(least, coding.block) if coding.variable else least
        low, high = int.from_bytes(old[4:7], "big"), int.from_bytes(old[7:10], "big")
        low = min(low, *sizes) if low else 0
        high = max(high, *sizes) if high else 0
        middle = int.from_bytes(old[10:18], "big") >> 36 << 36 | (count if count < 1 << 36 else 0)
        md5 = self._decoded.with_rhythms(*ends) if old[18:34] != _UNKNOWN else _UNKNOWN
        return (
            struct.pack(">HH", least, max(most, coding.block))
            + low.to_bytes(3, "big")
            + high.to_bytes(3, "big")
            + middle.to_bytes(8, "big")
            + md5
        )

    def _changed(self, block: _Block, info: bytes, places: dict[int, int], front: int, behind: int) -> bytes:
        if block.type == _STREAM_INFO:
            return info
        if block.type == _SEEK_TABLE:
            return b"".join(
                _point(block.data[at : at + 18], places, front) for at in range(0, len(block.data) - 17, 18)
            )
        if block.type == _CUE_SHEET:
            return _cue_sheet(block.data, front, behind)
        return block.data


def _point(point: bytes, places: dict[int, int], front: int) -> bytes:
    sample, offset, count = struct.unpack(">QQH", point)
    if sample == (1 << 64) - 1:
        return point
    if offset not in places:
        return b"\xff" * 8 + bytes(10)
    return struct.pack(">QQH", sample + front, places[offset], count)


def _cue_sheet(data: bytes, front: int, behind: int) -> bytes:
    """Moves the tracks; the result is no image of a CD any more, whose tracks begin at sectors."""
    out = bytearray(data)
    if len(out) < 396:
        return data
    out[136] &= 0x7F
    at = 396
    for number in range(out[395]):
        if at + 36 > len(out):
            return data
        is_last = number == out[395] - 1
        (offset,) = struct.unpack_from(">Q", out, at)
        struct.pack_into(">Q", out, at, offset + front + (behind if is_last else 0))
        if is_last and out[at + 8] == 170:
            out[at + 8] = 255
        at += 36 + 12 * out[at + 35]
    return bytes(out)


def _channel(data: bytes, coding: Coding, channel: int) -> list[int]:
    size = coding.stride // coding.channels
    first = range(channel * size, len(data), coding.stride)
    return [int.from_bytes(data[at : at + size], "little", signed=True) for at in first]


def _little(planes: list[list[int]], coding: Coding) -> bytes:
    """Returns samples as the MD5 counts them."""
    size = coding.stride // coding.channels
    out = bytearray(coding.stride * len(planes[0]))
    for channel, plane in enumerate(planes):
        raw_plane = b"".join(value.to_bytes(size, "little", signed=True) for value in plane)
        for byte in range(size):
            out[channel * size + byte :: coding.stride] = raw_plane[byte::size]
    return bytes(out)
