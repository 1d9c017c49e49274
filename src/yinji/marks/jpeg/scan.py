"""The one scan of a sequential JPEG: which of its rows are coded again for a label, and how they come back into it.

Everything else in the file stays as it is coded. With restart markers the rows between two of them are decoded alone;
without, the rows lie somewhere among the bits, and what follows them moves by less than a byte.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from yinji.marks.jpeg.bits import place, replaced
from yinji.marks.jpeg.segments import SOS, Jpeg

_SEQUENTIAL: Final = (0xC0, 0xC1)
_RESTARTS: Final = 0xDD
_RESTART: Final = re.compile(rb"\xff[\xd0-\xd7]")
_MOST_ROWS: Final = 4
"""Between restart markers lie at most this many times the rows that are wanted; else the file is taken whole."""


class Part(NamedTuple):
    """What is read of a file for the sake of some of its rows.

    Attributes:
        data: A JPEG that holds them, without metadata.
        height: Its height in pixels.
        above: Coded rows of the file that it leaves out at the top.
        first, last: Which of its own coded rows are coded again; ``last`` is the last one.
        finish: Takes those rows coded again, and the numbers that come with them, and returns the scan of the file.
    """

    data: bytes
    height: int
    above: int
    first: int
    last: int
    finish: Callable[[bytes, tuple[int, ...]], bytes]


@dataclass(frozen=True, slots=True)
class Scan:
    """A JPEG whose coded data are one sequential scan.

    Attributes:
        jpeg: Taken apart.
        start, stop: Where the entropy-coded data stand in the file.
    """

    jpeg: Jpeg
    start: int
    stop: int

    @classmethod
    def of(cls, jpeg: Jpeg) -> Scan | None:
        """The scan of a file, if it has only one, of the usual kind."""
        head, end = jpeg.segments[-2:] if len(jpeg.segments) > 1 else (jpeg.segments[0],) * 2
        frame = next(s for s in jpeg.segments if s.marker in (*_SEQUENTIAL, 0xC2, 0xC9, 0xCA))
        payload = jpeg.payload(head)
        single = len(jpeg.components) == 1
        if (
            frame.marker not in _SEQUENTIAL
            or head.marker != SOS
            or sum(s.marker == SOS for s in jpeg.segments) != 1
            or payload[1 : 1 + 2 * len(jpeg.components) : 2] != bytes(p.identifier for p in jpeg.components)
            or (single and jpeg.unit != (8, 8))
            or head.stop >= end.start
            or jpeg.data[end.start - 1] == 0xFF
        ):
            return None
        return cls(jpeg, head.stop, end.start)

    @property
    def _interval(self) -> int:
        given = [self.jpeg.payload(s) for s in self.jpeg.segments if s.marker == _RESTARTS]
        return int.from_bytes(given[-1][:2], "big") if given else 0

    def part(self, first: int, last: int) -> Part | None:
        """What to read for the coded rows from ``first`` to ``last`` to be changed; None if it must be all."""
        wide, high = self.jpeg.unit
        across, down = -(-self.jpeg.width // wide), -(-self.jpeg.height // high)
        if not self._interval:
            # The row behind is coded again too: its first differences are from the last blocks of the rows changed.
            return Part(
                self._headed(self.jpeg.height) + self.jpeg.data[self.start : self.stop] + b"\xff\xd9",
                self.jpeg.height,
                0,
                first,
                min(down - 1, last + 1),
                self._joined,
            )
        return self._between(self._interval, across, down, first, last)

    def _headed(self, height: int) -> bytes:
        """Everything before the scan without metadata, and with another height."""
        out = bytearray(b"\xff\xd8")
        for segment in self.jpeg.segments[:-1]:
            if not segment.is_metadata:
                at = len(out)
                out += self.jpeg.data[segment.start : segment.stop]
                if segment.marker in _SEQUENTIAL:
                    struct.pack_into(">H", out, at + segment.payload - segment.start + 1, height)
        return bytes(out)

    def _joined(self, new: bytes, numbers: tuple[int, ...]) -> bytes:
        before, before_bits, behind, behind_bits, spare, new_spare = numbers
        scan = self.jpeg.data[self.start : self.stop]
        # What the decoder had left counts the end marker, which it may have taken already.
        at, end = (min(len(scan), len(scan) + 2 - left) for left in (before, behind))
        start, stop = place(scan, at, before_bits), place(scan, end, behind_bits)
        if behind_bits == spare and end == len(scan):
            stop = len(scan), 0
        return replaced(scan, start, stop, spare, new, new_spare)

    def _between(self, interval: int, across: int, down: int, first: int, last: int) -> Part | None:
        step = interval // math.gcd(interval, across)
        above, below = first // step * step, min(down, -(-(last + 1) // step) * step)
        if below - above > _MOST_ROWS * (last + 1 - first) + 1:
            return None
        scan = self.jpeg.data[self.start : self.stop]
        marks = [m.start() for m in _RESTART.finditer(scan)]
        count = -(-across * down // interval)
        if len(marks) != count - 1 or any(scan[at + 1] != 0xD0 + i % 8 for i, at in enumerate(marks)):
            return None
        begin, end = above * across // interval, -(-below * across // interval)
        start = marks[begin - 1] + 2 if begin else 0
        stop = marks[end - 1] if end < count else len(scan)
        height = min(self.jpeg.height, below * self.jpeg.unit[1]) - above * self.jpeg.unit[1]

        def finish(new: bytes, _numbers: tuple[int, ...]) -> bytes:
            return scan[:start] + _renumbered(new, begin) + scan[stop:]

        data = self._headed(height) + _renumbered(scan[start:stop], 0) + b"\xff\xd9"
        return Part(data, height, above, 0, below - above - 1, finish)


def _renumbered(scan: bytes, first: int) -> bytes:
    """Restart markers that count on from ``first``."""
    out = bytearray(scan)
    for number, found in enumerate(_RESTART.finditer(scan), first):
        out[found.start() + 1] = 0xD0 + number % 8
    return bytes(out)
