"""What a write changes: byte ranges of the old file and what takes their place."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Bytes ``start`` to ``stop`` of the old file become ``data``; ``start == stop`` inserts."""

    start: int
    stop: int
    data: bytes

    @property
    def growth(self) -> int:
        return len(self.data) - (self.stop - self.start)


@dataclass(frozen=True, slots=True)
class Splice:
    """A plan: edits in file order that do not overlap. Everything between them is copied as it is."""

    edits: tuple[Edit, ...]

    @classmethod
    def of(cls, edits: Iterable[Edit]) -> Splice:
        """Sorts the edits and checks them.

        Raises:
            ValueError: Two edits overlap, or one is inside out. This is a bug of the planner, not of the file.
        """
        ordered = tuple(sorted((e for e in edits if e.data or e.stop > e.start), key=lambda e: (e.start, e.stop)))
        end = 0
        for edit in ordered:
            if edit.start < end or edit.stop < edit.start:
                raise ValueError(f"edits overlap at {edit.start}")
            end = edit.stop
        return cls(ordered)

    @property
    def growth(self) -> int:
        """Bytes by which the file grows (negative: shrinks)."""
        return sum([edit.growth for edit in self.edits])

    @property
    def still(self) -> int:
        """How many edits stand in front of the first that changes the length: they leave everything in its place."""
        return next((number for number, edit in enumerate(self.edits) if edit.growth), len(self.edits))

    @property
    def moves_nothing(self) -> bool:
        """Whether every edit has the length of what it replaces."""
        return self.still == len(self.edits)

    def moved(self, start: int, stop: int) -> int | None:
        """Returns where a stretch of the old file begins in the new one; None where an edit changes it."""
        shift = 0
        for edit in self.edits:
            if edit.stop <= start:
                shift += edit.growth
            elif edit.start < stop:
                return None
        return start + shift

    def applied(self, data: bytes) -> bytes:
        """Returns what the plan makes of a file that is held in memory."""
        return b"".join(data[p[0] : p[1]] if isinstance(p, tuple) else p for p in self.pieces(len(data)))

    def pieces(self, size: int) -> Iterator[tuple[int, int] | bytes]:
        """Yields the new file in order: ``(start, stop)`` of the old one, or new bytes."""
        at = 0
        for edit in self.edits:
            if edit.start > at:
                yield (at, edit.start)
            if edit.data:
                yield edit.data
            at = edit.stop
        if at < size:
            yield (at, size)


class Foreseen:
    """A file as a splice will leave it, read from the file as it is.

    Args:
        fetch: Returns old bytes: how many at most, and from where.
        splice: The change.
        size: Bytes of the file as it is.

    Attributes:
        size: Bytes that it will have.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], splice: Splice, size: int) -> None:
        self.size = size + splice.growth
        self._fetch = fetch
        self._pieces = list(splice.pieces(size))
        lengths = [len(piece) if isinstance(piece, bytes) else piece[1] - piece[0] for piece in self._pieces]
        self._starts = list(accumulate(lengths, initial=0))

    def read(self, length: int, at: int) -> bytes:
        """Returns up to ``length`` bytes from ``at``, fewer at the end."""
        found = []
        number = bisect_right(self._starts, at) - 1
        while length > 0 and number < len(self._pieces):
            piece, inside = self._pieces[number], at - self._starts[number]
            if isinstance(piece, bytes):
                data = piece[inside : inside + length]
            else:
                data = self._fetch(min(length, piece[1] - piece[0] - inside), piece[0] + inside)
                if not data:
                    break
            found.append(data)
            at, length = at + len(data), length - len(data)
            if at >= self._starts[number + 1]:
                number += 1
        return b"".join(found)
