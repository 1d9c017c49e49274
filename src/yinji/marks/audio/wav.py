"""The rhythm in WAV, RF64 and BW64: samples go in front of or behind those in ``data``; all else is copied.

Numbers that count samples from the beginning move along (:mod:`yinji.marks.audio.wav_points`).
"""

from __future__ import annotations

import os
import struct
from functools import partial
from typing import BinaryIO, Final

from yinji.errors import LimitExceeded
from yinji.marks.audio.plan import AROUND, SPLICED, UNCHANGED, Ask, Done, Heard, Wish, damaged
from yinji.marks.audio.rhythm import NEAR
from yinji.marks.audio.wav_chunks import Chunk, chunks_of, content_of, only
from yinji.marks.audio.wav_points import SHIFTED, Change
from yinji.marks.audio.wav_samples import Format, codec_of, format_of, packed, sixteen

_KIND: Final = "WAV"
_FORMS: Final = (b"RIFF", b"RF64", b"BW64")
_BLOCK: Final = 1 << 20


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
    chunks = chunks_of(source, size, is_long=head[:4] != b"RIFF")
    data = only(chunks, b"data")
    form = format_of(content_of(source, only(chunks, b"fmt ")))
    if data.size < form.stride:
        raise damaged(_KIND, "no samples")
    lasts = data.size // form.stride / form.rate
    wish = Wish.of(ask, partial(_heard, source, data, form), lasts)
    front, behind, middle = (wish.front_cue(form.rate), wish.behind_cue(form.rate), wish.middle_cues(form.rate))
    done = Done(UNCHANGED if wish.is_empty else SPLICED, codec_of(form), lasts, wish)
    done.front, done.behind = len(front) / form.rate, len(behind) / form.rate
    done.middle = [(at, len(cue) / form.rate) for (at, _), cue in zip(wish.middle, middle, strict=True)]
    between = tuple(
        (round(at * form.rate), packed(cue, form)) for (at, _), cue in zip(wish.middle, middle, strict=True)
    )
    ends = packed(front, form), packed(behind, form)
    _write(source, output, Change(chunks, data, form, *ends, size, done, between))
    return done


def _heard(source: BinaryIO, data: Chunk, form: Format, at: float | None, around: float = AROUND) -> Heard:
    """Returns what stands at the start (0), at the end (None), or around another second, so many on each side."""
    whole = data.size // form.stride
    near = min(whole, int((2 * around if at else NEAR) * form.rate))
    first = whole - near if at is None else max(0, round((at - around) * form.rate)) if at else 0
    source.seek(data.body + first * form.stride)
    return Heard(sixteen(source.read(near * form.stride), form), form.rate, form.channels, first / form.rate)


def _write(source: BinaryIO, output: BinaryIO, change: Change) -> None:
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
        elif chunk.id in SHIFTED:
            content = bytearray(content_of(source, chunk))
            SHIFTED[chunk.id](content, change, padding)
            source.seek(chunk.start)
            output.write(source.read(8) + content + bytes(chunk.stop - chunk.end))
        else:
            _copy(source, chunk.start, chunk.stop, output)
        at = chunk.stop
    _copy(source, at, change.size, output)


def _write_data(source: BinaryIO, output: BinaryIO, change: Change) -> None:
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
