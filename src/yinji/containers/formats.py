"""Telling formats apart by their first bytes: one row a format, no import of anything that reads it.

A row lists magics; a magic is written ``offset:bytes`` pairs that must all match. The longest match wins, then the
row whose endings include the file's, then the earlier row, so that every answer is reproducible.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from operator import itemgetter
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


class _Candidate(NamedTuple):
    """One magic of a row; ``weight`` is how many bytes it compares."""

    weight: int
    rank: int
    parts: Magic


class Table:
    """Rows, indexed so that a sniff compares only the few magics that can match, the longest first."""

    def __init__(self, rows: Iterable[Format]) -> None:
        self.rows: Final = tuple(rows)
        by_start: dict[bytes, list[_Candidate]] = {}
        by_type: dict[bytes, list[_Candidate]] = {}
        self._by_extension: dict[str, int] = {}
        looked_at: dict[bytes, set[tuple[int, int]]] = {}
        for rank, row in enumerate(self.rows):
            for magic in row.magics:
                offset, literal = magic[0]
                candidate = _Candidate(sum(len(part) for _, part in magic), rank, magic)
                if offset == 0:
                    by_start.setdefault(literal[:2], []).append(candidate)
                    looked_at.setdefault(literal[:2], set()).update((at, at + len(part)) for at, part in magic)
                elif offset == 4 and len(magic) == 1 and len(literal) <= _BRAND:
                    named = literal[: _BRAND if len(literal) >= _BRAND else 4]
                    by_type.setdefault(literal[:4], [])
                    by_type.setdefault(named, []).append(candidate)
                else:
                    raise ValueError(f"{row.name}: a magic begins at 0, or is one brand at 4")
            for extension in row.extensions:
                self._by_extension.setdefault(extension, rank)
        self._by_start: Final = {start: _longest_first(found) for start, found in by_start.items()}
        self._by_type: Final = {kind: _longest_first(found) for kind, found in by_type.items()}
        self._looked_at: Final = {
            start: itemgetter(*(slice(*part) for part in sorted(parts))) for start, parts in looked_at.items()
        }

    def key(self, head: bytes, extension: str) -> Hashable:
        """Returns all that :meth:`by_magic` looks at: equal keys have equal answers."""
        brand = head[4 : 4 + _BRAND]
        parts = self._looked_at.get(head[:2])
        return extension, brand if brand[:4] in self._by_type else b"", parts(head) if parts is not None else b""

    def by_magic(self, head: bytes, extension: str) -> Format | None:
        """Returns the row whose magic fits best, or None."""
        best: Format | None = None
        most = best_rank = 0
        for candidates in self._candidates(head):
            for weight, rank, parts in candidates:
                if weight < most:
                    break
                for offset, literal in parts:
                    if not head.startswith(literal, offset):
                        break
                else:
                    row = self.rows[rank]
                    if best is None or weight > most or self._is_nearer(row, rank, best, best_rank, extension):
                        best, most, best_rank = row, weight, rank
        return best

    def _candidates(self, head: bytes) -> list[tuple[_Candidate, ...]]:
        kind = head[4:8]
        starts = self._by_start.get(head[:2])
        found = [] if starts is None else [starts]
        if kind in self._by_type:
            found.insert(0, self._by_type[kind])
            brand = head[4 : 4 + _BRAND]
            if brand in self._by_type:
                found.insert(0, self._by_type[brand])
        return found

    @staticmethod
    def _is_nearer(row: Format, rank: int, best: Format, best_rank: int, extension: str) -> bool:
        """Whether a row that matches as long as the best one goes before it: by its endings, then by its place."""
        named, best_named = extension in row.extensions, extension in best.extensions
        return named > best_named or (named == best_named and rank < best_rank)

    def by_extension(self, extension: str) -> Format | None:
        """Returns the first row that knows the ending, or None."""
        rank = self._by_extension.get(extension)
        return None if rank is None else self.rows[rank]


def _longest_first(found: list[_Candidate]) -> tuple[_Candidate, ...]:
    return tuple(sorted(found, key=lambda candidate: (-candidate.weight, candidate.rank)))
