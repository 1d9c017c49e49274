"""Telling formats apart by their first bytes: one row a format, no import of anything that reads it.

A row lists magics; a magic is written ``offset:bytes`` pairs that must all match. The longest match wins, then the
row whose endings include the file's, then the earlier row, so that every answer is reproducible.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from yinji.containers.model import Kind

HEAD: Final = 64
"""Bytes of the file that magics may look at."""

_BRAND: Final = 8
"""Type and major brand of ISO base media files; so many rows share the type that they are told apart by both."""

Magic = tuple[tuple[int, bytes], ...]


class Format(NamedTuple):
    """One format, as sniffing knows it.

    Attributes:
        name: The ``format`` of a reading.
        extensions: File name endings, the usual one first.
        magics: Alternatives, each a tuple of (offset, bytes) that must all be there.
        home: ``module:Class`` of its container, or "" for a format that Yinji can only name.
        media_type: IANA media type (of formats without a container).
        kind: Content kind (of formats without a container).
        title: Name for people ("WebP image"), where it differs from ``name``.
    """

    name: str
    extensions: tuple[str, ...]
    magics: tuple[Magic, ...] = ()
    home: str = ""
    media_type: str = ""
    kind: Kind = Kind.OTHER
    title: str = ""


def at(offset: int, *alternatives: bytes) -> tuple[Magic, ...]:
    """Returns one magic for each of the alternatives at the same place."""
    return tuple(((offset, alternative),) for alternative in alternatives)


class Table:
    """Rows, indexed so that a sniff compares only the few magics that can match."""

    def __init__(self, rows: Iterable[Format]) -> None:
        self.rows: Final = tuple(rows)
        self._by_start: dict[bytes, list[tuple[int, Magic]]] = {}
        self._by_type: dict[bytes, list[tuple[int, Magic]]] = {}
        self._by_extension: dict[str, int] = {}
        for rank, row in enumerate(self.rows):
            for magic in row.magics:
                offset, literal = magic[0]
                if offset == 0:
                    self._by_start.setdefault(literal[:2], []).append((rank, magic))
                elif offset == 4:
                    named = literal[: _BRAND if len(literal) >= _BRAND else 4]
                    self._by_type.setdefault(named, []).append((rank, magic))
                else:
                    raise ValueError(f"{row.name}: the first part of a magic stands at 0 or 4")
            for extension in row.extensions:
                self._by_extension.setdefault(extension, rank)

    def by_magic(self, head: bytes, extension: str) -> Format | None:
        """Returns the row whose magic fits best, or None."""
        best: tuple[int, bool, int] | None = None
        starts = self._by_start.get(head[:2], ())
        types = (*self._by_type.get(head[4:8], ()), *self._by_type.get(head[4 : 4 + _BRAND], ()))
        for rank, magic in (*starts, *types):
            if all(head[o : o + len(literal)] == literal for o, literal in magic):
                weight = sum(len(literal) for _, literal in magic)
                candidate = (weight, extension in self.rows[rank].extensions, -rank)
                if best is None or candidate > best:
                    best = candidate
        return self.rows[-best[2]] if best is not None else None

    def by_extension(self, extension: str) -> Format | None:
        """Returns the first row that knows the ending, or None."""
        rank = self._by_extension.get(extension)
        return None if rank is None else self.rows[rank]
