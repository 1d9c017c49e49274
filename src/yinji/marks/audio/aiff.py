"""The label in AIFF and AIFF-C: samples go in front of, behind or between those in ``SSND``; all else is copied.

Markers (``MARK``) count samples from the beginning, and move along.
"""

from __future__ import annotations

import mmap
import struct
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from yinji.errors import LimitExceeded
from yinji.marks.audio.plan import SPLICED, Done, Wish, cut_short, damaged, integers, unable

_KIND: Final = "AIFF"
_FORMS: Final = (b"AIFF", b"AIFC")
_INTEGERS: Final = frozenset((b"NONE", b"twos", b"in24", b"in32"))
_LITTLE: Final = b"sowt"
_FLOATS: Final = {b"fl32": ">f", b"FL32": ">f", b"fl64": ">d", b"FL64": ">d"}
_MOST_CHUNKS: Final = 10_000
_SOUND_HEAD: Final = 8


class _Chunk(NamedTuple):
    id: bytes
    start: int
    size: int
    stop: int

    @property
    def body(self) -> int:
        return self.start + 8


class _Format(NamedTuple):
    """How samples are written: channels, frames, bits, rate, and compression (none, reversed, or floating point)."""

    channels: int
    frames: int
    bits: int
    rate: int
    kind: bytes

    @property
    def width(self) -> int:
        return int(self.kind[2:]) // 8 if self.kind in _FLOATS else -(-self.bits // 8)

    @property
    def stride(self) -> int:
        return self.width * self.channels


def mark(source: Path, output: Path, wish: Wish) -> Done:
    """Writes the file with the label.

    Raises:
        Malformed, Truncated, LimitExceeded, UnsupportedFormat: It cannot be done.
    """
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        chunks = _chunks(data)
        form = _format(data, chunks)
        sound = _only(chunks, b"SSND")
        skipped = _SOUND_HEAD + int.from_bytes(data[sound.body : sound.body + 4], "big")
        if sound.size < skipped + form.frames * form.stride or not form.frames:
            raise damaged(_KIND, "SSND")
        cues = [(0, wish.front_cue(form.rate))]
        cues += [
            (round(at * form.rate), cue) for (at, _), cue in zip(wish.middle, wish.middle_cues(form.rate), strict=True)
        ]
        cues.append((form.frames, wish.behind_cue(form.rate)))
        added = [(at, _packed(cue, form)) for at, cue in cues if cue]
        growth = sum(len(part) for _, part in added)
        with output.open("wb") as target:
            _write(target, data, chunks, form, added, growth, skipped)
    lengths = [len(cue) / form.rate for _, cue in cues]
    done = Done(SPLICED, f"pcm {form.bits}", form.frames / form.rate, wish)
    done.front, done.behind = lengths[0], lengths[-1]
    done.middle = [(at, length) for (at, _), length in zip(wish.middle, lengths[1:-1], strict=True)]
    return done


def _chunks(data: mmap.mmap) -> list[_Chunk]:
    if data[:4] != b"FORM" or data[8:12] not in _FORMS:
        raise damaged(_KIND, "FORM")
    chunks: list[_Chunk] = []
    at, end = 12, len(data)
    while at + 8 <= end:
        id, size = struct.unpack(">4sI", data[at : at + 8])
        if at + 8 + size > end:
            raise cut_short(_KIND, end)
        chunks.append(_Chunk(id, at, size, min(end, at + 8 + size + size % 2)))
        if len(chunks) > _MOST_CHUNKS:
            raise LimitExceeded("too-many-segments", limit=_MOST_CHUNKS)
        at = chunks[-1].stop
    return chunks


def _only(chunks: list[_Chunk], id: bytes) -> _Chunk:
    found = [chunk for chunk in chunks if chunk.id == id]
    if len(found) != 1 or found[0].size < _SOUND_HEAD:
        raise damaged(_KIND, id.decode())
    return found[0]


def _format(data: mmap.mmap, chunks: list[_Chunk]) -> _Format:
    chunk = _only(chunks, b"COMM")
    body = data[chunk.body : chunk.body + chunk.size]
    if len(body) < 18:
        raise damaged(_KIND, "COMM")
    channels, frames, bits = struct.unpack_from(">HIH", body)
    exponent, mantissa = struct.unpack_from(">HQ", body, 8)
    rate = round(mantissa * 2.0 ** (min(exponent & 0x7FFF, 16446) - 16446))
    kind = body[18:22] if data[8:12] == b"AIFC" else b"NONE"
    if kind not in _INTEGERS and kind != _LITTLE and kind not in _FLOATS:
        raise unable(_KIND, kind.decode("latin-1"))
    if not channels or not 1 <= bits <= 64 or not rate or (kind not in _FLOATS and bits > 32):
        raise damaged(_KIND, "COMM")
    return _Format(channels, frames, bits, rate, kind)


def _packed(cue: array[float], form: _Format) -> bytes:
    """Returns one channel as samples of the file, in the first two channels, silence in the others."""
    if form.kind in _FLOATS:
        one = [struct.pack(_FLOATS[form.kind], value) for value in cue]
    else:
        shift = 8 * form.width - form.bits
        order = "little" if form.kind == _LITTLE else "big"
        one = [(value << shift).to_bytes(form.width, order, signed=True) for value in integers(cue, form.bits)]  # type: ignore[arg-type]
    plane = b"".join(one)
    out = bytearray(form.stride * len(one))
    for channel in range(min(2, form.channels)):
        for byte in range(form.width):
            out[channel * form.width + byte :: form.stride] = plane[byte :: form.width]
    return bytes(out)


def _write(
    target: BinaryIO,
    data: mmap.mmap,
    chunks: Sequence[_Chunk],
    form: _Format,
    added: Sequence[tuple[int, bytes]],
    growth: int,
    skipped: int,
) -> None:
    sound = _only([*chunks], b"SSND")
    padding = (sound.size + growth) % 2 - (sound.stop - sound.body - sound.size)
    total = int.from_bytes(data[4:8], "big") + growth + padding
    if total >= 1 << 32:
        raise LimitExceeded("mark-wav-too-large", size=total)
    target.write(data[:4] + total.to_bytes(4, "big") + data[8:12])
    end = 12
    for chunk in chunks:
        end = chunk.stop
        if chunk.id == b"SSND":
            first = sound.body + skipped
            target.write(b"SSND" + (sound.size + growth).to_bytes(4, "big") + data[sound.body : first])
            at = first
            for frame, part in added:
                target.write(data[at : first + frame * form.stride] + part)
                at = first + frame * form.stride
            target.write(data[at : sound.body + sound.size] + bytes((sound.size + growth) % 2))
        elif chunk.id == b"COMM":
            frames = form.frames + growth // form.stride
            target.write(data[chunk.start : chunk.body + 2] + frames.to_bytes(4, "big"))
            target.write(data[chunk.body + 6 : chunk.stop])
        elif chunk.id == b"MARK":
            body = _markers(bytearray(data[chunk.body : chunk.body + chunk.size]), added, form)
            target.write(data[chunk.start : chunk.body] + body + data[chunk.body + chunk.size : chunk.stop])
        else:
            target.write(data[chunk.start : chunk.stop])
    target.write(data[end:])


def _markers(body: bytearray, added: Sequence[tuple[int, bytes]], form: _Format) -> bytes:
    at = 2
    for _ in range(int.from_bytes(body[:2], "big")):
        if at + 7 > len(body):
            break
        position = int.from_bytes(body[at + 2 : at + 6], "big")
        moved = (
            position
            + sum(len(part) for frame, part in added if frame <= position < form.frames or frame == 0) // form.stride
        )
        body[at + 2 : at + 6] = min(moved, 0xFFFFFFFF).to_bytes(4, "big")
        name = 1 + body[at + 6]
        at += 6 + name + name % 2
    return bytes(body)
