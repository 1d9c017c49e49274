"""Changes inside a top-level master that was read as a whole: sizes of the masters around them, and its checksum."""

from __future__ import annotations

from typing import Final

from yinji.containers.matroska import ebml
from yinji.containers.matroska.ebml import Element
from yinji.containers.source import Source

_CHECKSUM: Final = 6
"""Bytes of a CRC-32 element, always the first of its master."""


class Rewrite:
    """New data for one top-level element. What is not replaced keeps its bytes.

    Args:
        source: The file.
        master: The top-level element.
        data: Its data.
    """

    def __init__(self, source: Source, master: Element, data: bytes) -> None:
        self._master, self._data = master, data
        self._changes: dict[tuple[int, int], bytes] = {}
        self._growth: dict[Element, int] = {}
        self._around: dict[Element, Element | None] = {}

    def replace(self, old: Element, new: bytes, parents: tuple[Element, ...] = ()) -> None:
        """Puts other bytes in an element's place.

        Args:
            old: The element.
            new: What takes its place; b"" takes it away.
            parents: The masters between the top-level one and it, outermost first.
        """
        self._changes[old.start, old.stop] = new
        parent = parents[-1] if parents else None
        for outer, inner in zip((None, *parents), parents, strict=False):
            self._around[inner] = outer
            self._growth.setdefault(inner, 0)
        if parent is not None:
            self._growth[parent] += len(new) - old.length

    def append(self, new: bytes) -> None:
        """Puts an element behind the last one."""
        at = self._master.stop
        self._changes[at, at] = self._changes.get((at, at), b"") + new

    def result(self) -> bytes:
        """Returns the new data, its checksum brought up to date if it has one."""
        changes, growth = dict(self._changes), dict(self._growth)
        for master in sorted(growth, key=lambda each: -each.start):  # inner ones stand behind outer ones
            field = ebml.size_field(master.size + growth[master], master.width)
            changes[master.body - master.width, master.body] = field
            if self._has_checksum(master):  # of an inner master: CRC-32 elements are optional
                changes[master.body, master.body + _CHECKSUM] = ebml.void(_CHECKSUM)
            outer = self._around[master]
            if outer is not None:
                growth[outer] += growth[master] + len(field) - master.width
        data = self._assembled(changes)
        return ebml.with_checksum(data[_CHECKSUM:]) if self._has_checksum(self._master) else data

    def _assembled(self, changes: dict[tuple[int, int], bytes]) -> bytes:
        base, at = self._master.body, 0
        pieces = []
        for (start, stop), new in sorted(changes.items()):
            pieces += [self._data[at : start - base], new]
            at = stop - base
        return b"".join((*pieces, self._data[at:]))

    def _has_checksum(self, master: Element) -> bool:
        found = ebml.header(self._data, master.body - self._master.body)
        return found is not None and found.id == ebml.CRC32 and found.size == 4 and master.size >= _CHECKSUM
