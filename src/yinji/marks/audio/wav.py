"""The rhythm in WAV, RF64 and BW64: samples go in front of or behind those in ``data``; all else is copied.

Numbers that count samples from the beginning move along: ``cue``, ``smpl``, ``PEAK``, ``fact``, and the time reference
of ``bext`` (EBU Tech 3285), which goes back by the length of the rhythm so that the content keeps its time.
"""

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, Final, NamedTuple

from yinji.errors import LimitExceeded
from yinji.marks.audio.plan import (
    AROUND,
    SPLICED,
    UNCHANGED,
    Ask,
    Done,
    Heard,
    Wish,
    cut_short,
    damaged,
    integers,
    interleaved,
    little,
    unable,
)
from yinji.marks.audio.rhythm import LOWEST_RATE, NEAR

_KIND: Final = "WAV"
_FORMS: Final = (b"RIFF", b"RF64", b"BW64")
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_MOST_CHUNKS: Final = 10_000
_MOST_SMALL: Final = 16 << 20
_BLOCK: Final = 1 << 20
_OPEN: Final = (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
_OPEN_32: Final = frozenset((0xFFFFFFFF, 0xFFFFFFFE, 0x80000000, 0x7FFFFFFF, 0x7FFFF000))
_BEXT_TIME: Final = 338


class _Chunk(NamedTuple):
    id: bytes
    start: int
    size: int
    stop: int
    is_open: bool = False

    @property
    def body(self) -> int:
        return self.start + 8

    @property
    def end(self) -> int:
        return self.body + self.size


class _Format(NamedTuple):
    """How samples are written: the tag, their channels, rate, and bits."""

    tag: int
    channels: int
    rate: int
    bits: int

    @property
    def width(self) -> int:
        return self.bits // 8

    @property
    def stride(self) -> int:
        return self.width * self.channels


def mark(source: BinaryIO, output: BinaryIO, ask: Ask) -> Done:
    """Writes the file with the labels.

    Raises:
        Malformed, Truncated, LimitExceeded, UnsupportedFormat: It cannot be done.
    """
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    head = source.read(12)
    if head[:4] not in _FORMS or head[8:12] != b"WAVE":
        raise damaged(_KIND, "RIFF")
    chunks = _chunks(source, size, is_long=head[:4] != b"RIFF")
    data = _only(chunks, b"data")
    form = _format(_content(source, _only(chunks, b"fmt ")))
    if data.size < form.stride:
        raise damaged(_KIND, "no samples")
    lasts = data.size // form.stride / form.rate
    wish = Wish.of(ask, partial(_heard, source, data, form), lasts)
    front, behind, middle = (wish.front_cue(form.rate), wish.behind_cue(form.rate), wish.middle_cues(form.rate))
    done = Done(UNCHANGED if wish.is_empty else SPLICED, _codec(form), lasts, wish)
    done.front, done.behind = len(front) / form.rate, len(behind) / form.rate
    done.middle = [(at, len(cue) / form.rate) for (at, _), cue in zip(wish.middle, middle, strict=True)]
    between = tuple(
        (round(at * form.rate), _packed(cue, form)) for (at, _), cue in zip(wish.middle, middle, strict=True)
    )
    ends = _packed(front, form), _packed(behind, form)
    _write(source, output, _Change(chunks, data, form, *ends, size, done, between))
    return done


def _chunks(source: BinaryIO, size: int, *, is_long: bool) -> list[_Chunk]:
    chunks: list[_Chunk] = []
    at, long = 12, 0
    while at + 8 <= size:
        source.seek(at)
        id, length = struct.unpack("<4sI", source.read(8))
        if not id.strip(b"\0"):
            break
        if is_long and id == b"ds64":
            long = int.from_bytes(source.read(16)[8:], "little")
        is_open = False
        if id == b"data":
            if is_long and length == 0xFFFFFFFF and long not in _OPEN:
                length = long
            elif (at + 8 + length > size and length in _OPEN_32) or (length == 0 and at + 8 < size):
                length, is_open = size - at - 8, True
        stop = at + 8 + length
        if stop > size:
            raise cut_short(_KIND, size)
        if length % 2 and stop < size:
            stop += 1
        chunks.append(_Chunk(id, at, length, stop, is_open))
        if len(chunks) > _MOST_CHUNKS:
            raise LimitExceeded("too-many-segments", limit=_MOST_CHUNKS)
        at = stop
    return chunks


def _only(chunks: list[_Chunk], id: bytes) -> _Chunk:
    found = [chunk for chunk in chunks if chunk.id == id]
    if not found:
        raise damaged(_KIND, id.decode())
    if len(found) > 1:
        raise unable(_KIND, f"{len(found)} x {id.decode()}")
    return found[0]


def _content(source: BinaryIO, chunk: _Chunk) -> bytes:
    if chunk.size > _MOST_SMALL:
        raise LimitExceeded("too-many-bytes", limit=_MOST_SMALL)
    source.seek(chunk.body)
    return source.read(chunk.size)


def _format(body: bytes) -> _Format:
    if len(body) < 16:
        raise damaged(_KIND, "fmt")
    tag, channels, rate, _, stride, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        (tag,) = struct.unpack_from("<H", body, 24)
    form = _Format(tag, channels, rate, bits)
    known = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64)}.get(tag, ())
    if bits not in known:
        raise unable(_KIND, f"format {tag}, {bits} bits")
    if not channels or form.stride != stride:
        raise damaged(_KIND, "fmt")
    if rate < LOWEST_RATE:
        raise unable(_KIND, f"{rate} Hz")
    return form


def _codec(form: _Format) -> str:
    return f"{'pcm float' if form.tag == _FLOAT else 'pcm'} {form.bits}"


def _heard(source: BinaryIO, data: _Chunk, form: _Format, at: float | None, around: float = AROUND) -> Heard:
    """Returns what stands at the start (0), at the end (None), or around another second, so many on each side."""
    whole = data.size // form.stride
    near = min(whole, int((2 * around if at else NEAR) * form.rate))
    first = whole - near if at is None else max(0, round((at - around) * form.rate)) if at else 0
    source.seek(data.body + first * form.stride)
    return Heard(_sixteen(source.read(near * form.stride), form), form.rate, form.channels, first / form.rate)


def _sixteen(data: bytes, form: _Format) -> array[int]:
    """Returns samples of any kind as 16 bits."""
    if form.tag == _FLOAT:
        values = array("f" if form.bits == 32 else "d", data)
        little(values)
        return array("h", (int(max(-1.0, min(1.0, v)) * 32767) if v == v else 0 for v in values))
    if form.bits == 8:
        return array("h", ((value - 128) << 8 for value in data))
    if form.bits == 16:
        return little(array("h", data))
    top = bytearray(len(data) // form.width * 2)
    top[0::2] = data[form.width - 2 :: form.width]
    top[1::2] = data[form.width - 1 :: form.width]
    return little(array("h", bytes(top)))


def _packed(cue: array[float], form: _Format) -> bytes:
    """Returns one channel as samples of the file, in the first two channels."""
    if form.tag == _FLOAT:
        out = array("f" if form.bits == 32 else "d", bytes(form.stride * len(cue)))
        plane = array(out.typecode, cue)
        for channel in range(min(2, form.channels)):
            out[channel :: form.channels] = plane
        return little(out).tobytes()
    if form.bits == 8:
        bytes_out = bytearray(b"\x80" * (len(cue) * form.channels))
        for channel in range(min(2, form.channels)):
            bytes_out[channel :: form.channels] = bytes(value + 128 for value in integers(cue, 8))
        return bytes(bytes_out)
    values = little(interleaved(cue, form.channels, form.bits)).tobytes()
    if form.bits != 24:
        return values
    packed = bytearray(len(values) // 4 * 3)
    for byte in range(3):
        packed[byte::3] = values[byte::4]
    return bytes(packed)


class _Change(NamedTuple):
    """What changes, and where."""

    chunks: list[_Chunk]
    data: _Chunk
    form: _Format
    front: bytes
    behind: bytes
    size: int
    done: Done
    middle: tuple[tuple[int, bytes], ...] = ()

    @property
    def growth(self) -> int:
        return len(self.front) + len(self.behind) + sum(len(cue) for _, cue in self.middle)

    @property
    def shift(self) -> int:
        """Samples in front of the content."""
        return len(self.front) // self.form.stride

    def moved(self, sample: int) -> int:
        """By how many samples a sample of the content moves."""
        return self.shift + sum(len(cue) for at, cue in self.middle if at <= sample) // self.form.stride


def _write(source: BinaryIO, output: BinaryIO, change: _Change) -> None:
    source.seek(0)
    head = source.read(12)
    data = change.data
    padding = 0 if data.is_open else (data.size + change.growth) % 2 - (data.stop - data.end)
    declared = int.from_bytes(head[4:8], "little")
    if head[:4] == b"RIFF" and declared not in (0, 0xFFFFFFFF) and declared + 8 <= change.size + 1:
        declared += change.growth + padding
        if declared >= 0xFFFFFFFF:
            raise LimitExceeded("mark-wav-too-large", size=declared)
    output.write(head[:4] + declared.to_bytes(4, "little") + head[8:])
    at = 12
    for chunk in change.chunks:
        if chunk.id == b"data":
            _write_data(source, output, change)
        elif chunk.id in _SHIFTED:
            content = bytearray(_content(source, chunk))
            _SHIFTED[chunk.id](content, change, padding)
            source.seek(chunk.start)
            output.write(source.read(8) + content + bytes(chunk.stop - chunk.end))
        else:
            _copy(source, chunk.start, chunk.stop, output)
        at = chunk.stop
    _copy(source, at, change.size, output)


def _write_data(source: BinaryIO, output: BinaryIO, change: _Change) -> None:
    data = change.data
    source.seek(data.start)
    id, length = struct.unpack("<4sI", source.read(8))
    if not data.is_open and length != 0xFFFFFFFF:
        length += change.growth
        if length >= 0xFFFFFFFF:
            raise LimitExceeded("mark-wav-too-large", size=length)
    output.write(id + length.to_bytes(4, "little") + change.front)
    stride = change.form.stride
    whole, at = data.size // stride * stride, 0
    for sample, cue in change.middle:
        _copy(source, data.body + at, data.body + sample * stride, output)
        output.write(cue)
        at = sample * stride
    _copy(source, data.body + at, data.body + whole, output)
    output.write(change.behind)
    _copy(source, data.body + whole, data.end, output)
    if not data.is_open:
        output.write(bytes((data.size + change.growth) % 2))


def _copy(source: BinaryIO, start: int, stop: int, output: BinaryIO) -> None:
    source.seek(start)
    while start < stop and (block := source.read(min(_BLOCK, stop - start))):
        output.write(block)
        start += len(block)


def _add(content: bytearray, at: int, format: str, amount: int) -> None:
    """Adds to a number within its range; one that says "unknown" stays."""
    size = struct.calcsize(format)
    if at + size > len(content):
        return
    (value,) = struct.unpack_from(format, content, at)
    most = (1 << (8 * size)) - 1
    if value != most:
        struct.pack_into(format, content, at, max(0, min(most, value + amount)))


def _move(content: bytearray, at: int, change: _Change) -> None:
    """Moves a position of the content, in samples, to where it now is."""
    _add(content, at, "<I", change.moved(int.from_bytes(content[at : at + 4], "little")))


def _fact(content: bytearray, change: _Change, padding: int) -> None:
    _add(content, 0, "<I", change.growth // change.form.stride)


def _points(content: bytearray, change: _Change, padding: int) -> None:
    for at in range(4, len(content) - 23, 24):
        _move(content, at + 4, change)
        _move(content, at + 20, change)


def _loops(content: bytearray, change: _Change, padding: int) -> None:
    for at in range(36, len(content) - 23, 24):
        _move(content, at + 8, change)
        _move(content, at + 12, change)


def _peaks(content: bytearray, change: _Change, padding: int) -> None:
    for at in range(12, len(content), 8):
        _move(content, at, change)


def _time(content: bytearray, change: _Change, padding: int) -> None:
    if len(content) < _BEXT_TIME + 8 or not change.shift:
        return
    before = int.from_bytes(content[_BEXT_TIME : _BEXT_TIME + 8], "little")
    _add(content, _BEXT_TIME, "<Q", -change.shift)
    change.done.notes.append("bext-time-moved" if before >= change.shift else "bext-time-at-zero")


def _sizes(content: bytearray, change: _Change, padding: int) -> None:
    for at, amount in (
        (0, change.growth + padding),
        (8, change.growth),
        (16, change.growth // change.form.stride),
    ):
        if int.from_bytes(content[at : at + 8], "little"):
            _add(content, at, "<Q", amount)


_SHIFTED: Final[dict[bytes, Callable[[bytearray, _Change, int], None]]] = {
    b"fact": _fact,
    b"cue ": _points,
    b"smpl": _loops,
    b"PEAK": _peaks,
    b"bext": _time,
    b"ds64": _sizes,
}
