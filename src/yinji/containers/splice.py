"""What a write changes: byte ranges of the old file and what takes their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


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
        return sum(e.growth for e in self.edits)

    @property
    def moves_nothing(self) -> bool:
        """Whether every edit has the length of what it replaces."""
        return all(e.growth == 0 for e in self.edits)

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
