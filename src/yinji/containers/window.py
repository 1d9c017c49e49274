"""Small reads of one source, for formats whose structures are many and short."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from yinji.containers.source import Source
from yinji.containers.splice import Edit
from yinji.limits import MIB

WINDOW: Final = 256
"""One small read usually shows a structure, its first children and the header that follows them."""

_NEAR: Final = 512
"""Edits this close become one, so that a rewrite of the label is one small write."""

_COALESCED_MAX: Final = 4 * MIB


class Window:
    """Small reads of one source, served from the last stretch that was fetched.

    Args:
        source: The file.
        reach: Bytes fetched at once.

    Attributes:
        at, data: The last stretch: where it stands, and its bytes. At first it is the head of the file.
    """

    def __init__(self, source: Source, reach: int = WINDOW) -> None:
        self.source = source
        self.reach = reach
        self.at = 0
        self.data = source.head

    def peek(self, at: int, length: int) -> bytes:
        """Returns exactly ``length`` bytes from ``at``.

        Raises:
            Truncated: The file ends before them.
        """
        offset = at - self.at
        if offset < 0 or offset + length > len(self.data):
            if length > self.reach or at + length > self.source.size:
                return self.source.read(at, length)
            self.at, self.data, offset = at, self.source.read_up_to(at, self.reach), 0
        return self.data[offset : offset + length]

    def fetch_ahead(self, at: int, length: int) -> None:
        """Fetches a longer stretch in one read, from which the next looks are served.

        Raises:
            LimitExceeded: It is longer than one allocation may be.
        """
        if not self.at <= at <= at + length <= self.at + len(self.data):
            self.at, self.data = at, self.source.read_up_to(at, length)

    def stretch(self, at: int, length: int) -> tuple[bytes, int]:
        """Returns bytes that hold ``length`` from ``at``, and where those begin in them: :meth:`peek` without a copy.

        Raises:
            Truncated: The file ends before them.
        """
        offset = at - self.at
        if offset < 0 or offset + length > len(self.data):
            self.peek(at, length)
            offset = at - self.at
            if offset < 0 or offset + length > len(self.data):
                return self.source.read(at, length), 0
        return self.data, offset

    def number(self, at: int, length: int = 4) -> int:
        """Returns the big-endian number of ``length`` bytes at ``at``."""
        return int.from_bytes(self.peek(at, length), "big")


def coalesced(source: Source, edits: Iterable[Edit]) -> list[Edit]:
    """Joins edits that stand close together, and runs of edits whose growths cancel out, so that nothing moves."""
    ordered = sorted(edits, key=position)
    balanced = sum(edit.growth for edit in ordered) == 0
    joined: list[Edit] = []
    for edit in ordered:
        last = joined[-1] if joined else None
        reach = _COALESCED_MAX if balanced and last is not None and last.growth else _NEAR
        if last is not None and edit.start - last.stop <= reach:
            between = source.read(last.stop, edit.start - last.stop)
            joined[-1] = Edit(last.start, edit.stop, last.data + between + edit.data)
        else:
            joined.append(edit)
    return joined


def position(edit: Edit) -> tuple[int, int]:
    """Returns where an edit stands; an insertion comes before a replacement that starts there."""
    return edit.start, edit.stop
