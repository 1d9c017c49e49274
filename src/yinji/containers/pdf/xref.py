"""Cross-reference sections of PDF (ISO 32000-1, 7.5.4 to 7.5.8): where each object is.

A classic table is never read whole: entries are 20 bytes, so the one that is asked for is fetched by position.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias

from yinji.containers.pdf.lexer import Dictionary, Tick
from yinji.errors import Malformed

MAX_OBJECT: Final = 8_388_607
"""The largest object number (annex C)."""

_SUBSECTION: Final = re.compile(
    rb"[\x00\t\n\x0c\r ]*(\d{1,10})[\x00\t\x0c ]+(\d{1,10})[\x00\t\x0c ]*(?:\r\n|\r|\n|(?=\d))"
)
_ENTRY: Final = re.compile(rb"[\t\n\r ]{0,2}(\d{10}) (\d{5}) ([nf])[\t\n\r ]{0,2}")
_TRAILER: Final = re.compile(rb"[\x00\t\n\x0c\r ]*trailer")
_ENTRY_BYTES: Final = 18
_LOOK: Final = 64
_BATCH: Final = 4096


class InUse(NamedTuple):
    """An object that stands in the file at ``offset`` (not yet shifted by junk in front of the header)."""

    offset: int
    generation: int


class Packed(NamedTuple):
    """An object inside the object stream ``stream``, at ``position``."""

    stream: int
    position: int


class Free(NamedTuple):
    """A number without an object."""


Entry: TypeAlias = InUse | Packed | Free


class _Run(NamedTuple):
    """Entries of consecutive numbers: ``total`` of them from ``first``, stored ``width`` bytes apart from ``at``."""

    first: int
    total: int
    at: int
    width: int


Look: TypeAlias = Callable[[int, int], bytes]
"""Returns at most so many bytes from a file position."""


class Rows(Protocol):
    """The entries of a section, however they are stored."""

    def find(self, number: int) -> Entry | None:
        """Returns the entry of an object, or None when this section does not know the number."""
        ...

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """Yields (number, entry) of all entries."""
        ...

    @property
    def limit(self) -> int:
        """One more than the largest number known here."""
        ...


@dataclass(frozen=True, slots=True)
class Section:
    """One cross-reference section and its trailer.

    Attributes:
        offset: File position of ``xref`` or of the stream object.
        trailer: The trailer, or the dictionary of the stream.
        text: The bytes that the positions in ``trailer`` refer to.
        base: File position of ``text``.
        number: Object number of a cross-reference stream, 0 for a table.
        rows: Its entries.
    """

    offset: int
    trailer: Dictionary
    text: bytes
    base: int
    number: int
    rows: Rows


class Table:
    """The entries of a classic table (7.5.4), fetched one by one."""

    def __init__(self, look: Look, runs: tuple[_Run, ...]) -> None:
        self._look = look
        self._runs = runs

    @classmethod
    def parse(cls, look: Look, at: int, size: int, tick: Tick, path: str) -> tuple[Table, int]:
        """Finds the subsections behind the word ``xref``.

        Returns:
            The table, and the position behind the word ``trailer``.

        Raises:
            Malformed: No subsections, or they do not end in a trailer.
        """
        runs: list[_Run] = []
        while True:
            tick(0)
            head = look(at, _LOOK)
            if trailer := _TRAILER.match(head):
                return cls(look, tuple(runs)), at + trailer.end()
            match = _SUBSECTION.match(head)
            if match is None:
                raise Malformed("pdf-xref", path=path, offset=at)
            first, count = int(match[1]), int(match[2])
            at += match.end()
            if count:
                run = _run(look, first, count, at, path)
                at = run.at + (count - 1) * run.width + _ENTRY_BYTES
                if at > size or first + count > MAX_OBJECT + 1:
                    raise Malformed("pdf-xref", path=path, offset=run.at)
                runs.append(run)

    def find(self, number: int) -> Entry | None:
        for run in self._runs:
            if run.first <= number < run.first + run.total:
                at = run.at + (number - run.first) * run.width
                return _table_entry(self._look(at, _ENTRY_BYTES), at)
        return None

    def entries(self) -> Iterator[tuple[int, Entry]]:
        for run in self._runs:
            for start in range(0, run.total, _BATCH):
                count = min(_BATCH, run.total - start)
                at = run.at + start * run.width
                data = self._look(at, count * run.width)
                for i in range(count):
                    entry = data[i * run.width : i * run.width + _ENTRY_BYTES]
                    yield run.first + start + i, _table_entry(entry, at + i * run.width)

    @property
    def limit(self) -> int:
        return max((run.first + run.total for run in self._runs), default=0)


def _run(look: Look, first: int, count: int, at: int, path: str) -> _Run:
    """Measures the entries at ``at``: some writers end them in one byte instead of two, or number them from 1."""
    head = look(at, _LOOK)
    one = _ENTRY.match(head)
    two = _ENTRY.match(head, one.end()) if one and count > 1 else one
    if one is None or two is None:
        raise Malformed("pdf-xref", path=path, offset=at)
    if first == 1 and one[1] == b"0000000000" and one[2] == b"65535" and one[3] == b"f":
        first = 0
    return _Run(first, count, at + one.start(1), max(two.start(1) - one.start(1), _ENTRY_BYTES))


def _table_entry(data: bytes, at: int) -> Entry:
    match = _ENTRY.fullmatch(data)
    if match is None:
        raise Malformed("pdf-xref", offset=at)
    return InUse(int(match[1]), int(match[2])) if match[3] == b"n" else Free()


class Stream:
    """The entries of a cross-reference stream (7.5.8), inflated."""

    def __init__(self, data: bytes, widths: tuple[int, int, int], index: Iterable[tuple[int, int]]) -> None:
        self._data = data
        self._widths = widths
        self._runs: list[_Run] = []
        width, at = sum(widths), 0
        for first, count in index:
            self._runs.append(_Run(first, count, at, width))
            at += count * width

    @classmethod
    def parse(cls, dictionary: Dictionary, data: bytes, path: str, offset: int) -> Stream:
        """Checks ``/W``, ``/Index`` and ``/Size`` against the data.

        Raises:
            Malformed: They do not fit one another.
        """
        broken = Malformed("pdf-xref", path=path, offset=offset)
        widths, index = dictionary.get("W"), dictionary.get("Index")
        if index is None:
            index = [0, dictionary.integer("Size") or 0]
        if not (isinstance(widths, list) and isinstance(index, list) and len(widths) == 3 and not len(index) & 1):
            raise broken
        sizes = [w for w in widths if isinstance(w, int) and 0 <= w <= 8]
        numbers = [n for n in index if isinstance(n, int) and 0 <= n <= MAX_OBJECT + 1]
        if len(sizes) != 3 or not sum(sizes) or len(numbers) != len(index):
            raise broken
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        if sum(count for _, count in pairs) * sum(sizes) > len(data):
            raise broken
        return cls(data, (sizes[0], sizes[1], sizes[2]), pairs)

    def find(self, number: int) -> Entry | None:
        for run in self._runs:
            if run.first <= number < run.first + run.total:
                return self._entry(run.at + (number - run.first) * run.width)
        return None

    def entries(self) -> Iterator[tuple[int, Entry]]:
        for run in self._runs:
            for i in range(run.total):
                yield run.first + i, self._entry(run.at + i * run.width)

    @property
    def limit(self) -> int:
        return max((run.first + run.total for run in self._runs), default=0)

    def _entry(self, at: int) -> Entry:
        w0, w1, w2 = self._widths
        kind = int.from_bytes(self._data[at : at + w0], "big") if w0 else 1
        second = int.from_bytes(self._data[at + w0 : at + w0 + w1], "big")
        third = int.from_bytes(self._data[at + w0 + w1 : at + w0 + w1 + w2], "big")
        if kind == 1:
            return InUse(second, third)
        return Packed(second, third) if kind == 2 else Free()


class Hybrid:
    """A table whose hidden objects are listed in a stream beside it (7.5.8.4)."""

    def __init__(self, table: Rows, stream: Rows) -> None:
        self._table = table
        self._stream = stream

    def find(self, number: int) -> Entry | None:
        entry = self._table.find(number)
        return (self._stream.find(number) or entry) if entry is None or isinstance(entry, Free) else entry

    def entries(self) -> Iterator[tuple[int, Entry]]:
        seen = dict(self._stream.entries())
        for number, entry in self._table.entries():
            if number not in seen or not isinstance(entry, Free):
                seen[number] = entry
        yield from seen.items()

    @property
    def limit(self) -> int:
        return max(self._table.limit, self._stream.limit)


class Rebuilt:
    """Entries found by searching a damaged file for its objects."""

    def __init__(self, found: Mapping[int, Entry]) -> None:
        self._found = found

    def find(self, number: int) -> Entry | None:
        return self._found.get(number)

    def entries(self) -> Iterator[tuple[int, Entry]]:
        yield from self._found.items()

    @property
    def limit(self) -> int:
        return max(self._found, default=0) + 1
