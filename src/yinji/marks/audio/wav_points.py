"""What in WAV counts samples: ``cue``, ``smpl``, ``PEAK``, ``fact``, ``bext`` and ``ds64``.

Each moves with what is put in front of it. The time reference of ``bext`` (EBU Tech 3285) goes back by the length of
the label in front, so that the content keeps its time.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from yinji.marks.audio.plan import Done
from yinji.marks.audio.wav_chunks import Chunk
from yinji.marks.audio.wav_samples import Format

_BEXT_TIME: Final = 338


class Change(NamedTuple):
    """What changes, and where."""

    chunks: list[Chunk]
    data: Chunk
    form: Format
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


def _add(content: bytearray, at: int, format: str, amount: int) -> None:
    """Adds to a number within its range; one that says "unknown" stays."""
    size = struct.calcsize(format)
    if at + size > len(content):
        return
    (value,) = struct.unpack_from(format, content, at)
    most = (1 << (8 * size)) - 1
    if value != most:
        struct.pack_into(format, content, at, max(0, min(most, value + amount)))


def _move(content: bytearray, at: int, change: Change) -> None:
    """Moves a position of the content, in samples, to where it now is."""
    _add(content, at, "<I", change.moved(int.from_bytes(content[at : at + 4], "little")))


def _fact(content: bytearray, change: Change, padding: int) -> None:
    _add(content, 0, "<I", change.growth // change.form.stride)


def _points(content: bytearray, change: Change, padding: int) -> None:
    for at in range(4, len(content) - 23, 24):
        _move(content, at + 4, change)
        _move(content, at + 20, change)


def _loops(content: bytearray, change: Change, padding: int) -> None:
    for at in range(36, len(content) - 23, 24):
        _move(content, at + 8, change)
        _move(content, at + 12, change)


def _peaks(content: bytearray, change: Change, padding: int) -> None:
    for at in range(12, len(content), 8):
        _move(content, at, change)


def _time(content: bytearray, change: Change, padding: int) -> None:
    if len(content) < _BEXT_TIME + 8 or not change.shift:
        return
    before = int.from_bytes(content[_BEXT_TIME : _BEXT_TIME + 8], "little")
    _add(content, _BEXT_TIME, "<Q", -change.shift)
    change.done.notes.append("bext-time-moved" if before >= change.shift else "bext-time-at-zero")


def _sizes(content: bytearray, change: Change, padding: int) -> None:
    for at, amount in (
        (0, change.growth + padding),
        (8, change.growth),
        (16, change.growth // change.form.stride),
    ):
        if int.from_bytes(content[at : at + 8], "little"):
            _add(content, at, "<Q", amount)


SHIFTED: Final[dict[bytes, Callable[[bytearray, Change, int], None]]] = {
    b"fact": _fact,
    b"cue ": _points,
    b"smpl": _loops,
    b"PEAK": _peaks,
    b"bext": _time,
    b"ds64": _sizes,
}
