"""Changes inside nested boxes, and what they do to the sizes of the boxes around them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from yinji.containers.bmff.boxes import Box, make_box
from yinji.containers.splice import Edit
from yinji.containers.window import Window, position
from yinji.errors import LimitExceeded

_HEADER: Final = 8


class Changes:
    """Edits, each booked to the box whose payload it changes."""

    def __init__(self) -> None:
        self._edits: dict[tuple[int, int], bytes] = {}
        self._growth: dict[Box, int] = {}

    def replace(self, start: int, stop: int, data: bytes, inside: Box | None) -> None:
        """Puts ``data`` in place of a range in the payload of ``inside`` (None: the top of the file)."""
        key = (start, stop)
        is_insertion = start == stop
        self._edits[key] = self._edits.get(key, b"") + data if is_insertion else data
        growth = len(data) - (stop - start)
        box = inside
        while box is not None:
            self._growth[box] = self._growth.get(box, 0) + growth
            box = box.parent

    def copy(self) -> Changes:
        twin = Changes()
        twin._edits, twin._growth = dict(self._edits), dict(self._growth)
        return twin

    def resize_free(self, box: Box, size: int) -> None:
        """Makes a free box larger or smaller at its front; what it holds further back stays as it is."""
        if size == 0:
            self.replace(box.start, box.stop, b"", box.parent)
            return
        header = size.to_bytes(4, "big") + b"free"
        stop = box.body + max(0, box.size - size)
        room = stop - box.start + size - box.size - _HEADER
        self.replace(box.start, stop, header + bytes(room), box.parent)

    def growth_of(self, box: Box) -> int:
        return self._growth.get(box, 0)

    def edits(self, window: Window) -> list[Edit]:
        """Returns the edits with the new sizes of all boxes around them.

        Raises:
            LimitExceeded: A box outgrows its 32-bit size.
        """
        sizes = [size for box, growth in self._growth.items() if growth for size in _resized(window, box, growth)]
        edits = [Edit(start, stop, data) for (start, stop), data in self._edits.items()]
        edits += [size for size in sizes if not self._is_replaced(size)]
        return sorted(edits, key=position)

    def _is_replaced(self, size: Edit) -> bool:
        return any(start <= size.start and size.stop <= stop for start, stop in self._edits)


def _resized(window: Window, box: Box, growth: int) -> Iterable[Edit]:
    written = window.number(box.start)
    if written == 0:
        return
    size = box.size + growth
    if written == 1:
        yield Edit(box.start + 8, box.start + 16, size.to_bytes(8, "big"))
    elif size >= 1 << 32:
        raise LimitExceeded("bmff-box-too-large", path=window.source.name, box=box.name, size=size)
    else:
        yield Edit(box.start, box.start + 4, size.to_bytes(4, "big"))


def free_box(size: int) -> bytes:
    """Returns an empty free box of ``size`` bytes, 8 or more."""
    return make_box(b"free", bytes(size - _HEADER))


def fits_free(room: int) -> bool:
    """Whether a free box can have this size, or vanish."""
    return room == 0 or room >= _HEADER


class Shift:
    """Where the bytes of the old file come to lie."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        self._steps: list[tuple[int, int]] = []
        moved = 0
        for edit in sorted(edits, key=position):
            if edit.growth:
                moved += edit.growth
                self._steps.append((edit.stop, moved))
        self._starts = [start for start, _ in self._steps]

    def __call__(self, at: int) -> int:
        """Returns the new position of the byte at ``at``."""
        passed = bisect_right(self._starts, at)
        return at + (self._steps[passed - 1][1] if passed else 0)

    def uniform(self, low: int, high: int) -> int | None:
        """Returns by how much everything from ``low`` to ``high`` moves, or None when not all by the same."""
        if any(low < start <= high for start, _ in self._steps):
            return None
        return self(low) - low

    @property
    def first(self) -> int | None:
        """Where the first byte stands that moves, or None when nothing moves."""
        return self._steps[0][0] if self._steps else None

    def same_as(self, other: Shift) -> bool:
        """Whether both move every byte alike."""
        return self._steps == other._steps
