"""Binary layers of OpenUSD (crate files, ``.usdc``): their tables, as far as metadata of the layer need them.

A crate file has a start of 88 bytes, the values that are too large for a table, six tables ("sections"), and a table
of contents at the end. All texts are in one table of tokens; a field is a name and a value, a field set a row of
fields, a spec a path with its field set. The layer's metadata are the field set of the spec whose path is the first.
From version 0.4 on tables are packed with LZ4 (OpenUSD, ``pxr/usd/sdf/crateFile.cpp``). Values of the scene are never
looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Final, NamedTuple

from yinji.containers.usd import integers, lz4
from yinji.containers.usd.window import Window
from yinji.errors import LimitExceeded, UnsupportedFormat
from yinji.limits import MIB

MARK: Final = b"PXR-USDC"
START: Final = 88
CONTENTS_AT: Final = 16
"""Where the place of the table of contents stands."""
SECTION: Final = struct.Struct("<16sqq")
COUNT: Final = struct.Struct("<Q")
SET_END: Final = 0xFFFFFFFF
SIGN: Final = 0x80000000
PACKED_SINCE: Final = (0, 4)
_NEWEST: Final = (0, 14)
_UNPADDED_SINCE: Final = (0, 1)
_TABLE_MAX: Final = 4 * MIB
"""Bytes that texts or values may expand to: half a million fields, or as many texts as any real scene has."""
_SECTIONS_MAX: Final = 64
_TAIL_MAX: Final = 1 * MIB
"""Tables of this size together are read at once."""

STRING, TOKEN, ASSET, DICTIONARY = 10, 11, 12, 31
TEXTS: Final = (STRING, TOKEN, ASSET)
INLINED: Final = 1 << 62
_ARRAY: Final = 1 << 63
_PAYLOAD: Final = (1 << 48) - 1
MAX_DEPTH: Final = 16


class Section(NamedTuple):
    """A table: its name, and where in the layer it stands."""

    name: bytes
    start: int
    size: int

    @property
    def stop(self) -> int:
        return self.start + self.size


class Field(NamedTuple):
    """A row of the table of fields: the token that is its name, and how its value is represented.

    A representation has the kind of the value in its seventh byte, and below it the value itself or its place.
    """

    name: int
    rep: int

    @property
    def text_kind(self) -> int:
        """The kind of a text that stands in a table; 0 of any other value."""
        kind = self.rep >> 48 & 0xFF
        return kind if kind in TEXTS and self.rep & INLINED and not self.rep & _ARRAY else 0

    @property
    def dictionary(self) -> int:
        """Where in the layer the dictionary stands that it is; 0 of an empty one, and of any other value."""
        return self.place if self.is_dictionary else 0

    @property
    def is_dictionary(self) -> bool:
        return self.rep >> 48 & 0xFF == DICTIONARY and not self.rep & _ARRAY

    @property
    def payload(self) -> int:
        return self.rep & _PAYLOAD

    @property
    def place(self) -> int:
        """Where in the layer the value stands; 0 where there is nothing but what the table holds."""
        return 0 if self.rep & INLINED else self.payload


class Item(NamedTuple):
    """An entry of a dictionary: the string that is its key, how its value is represented, and where it ends."""

    key: int
    value: Field
    stop: int


class Crate:
    """The tables of one layer, each read when it is asked for.

    Whatever numbers that lie lead to is for whoever calls to catch: ``ValueError``, ``OverflowError``,
    ``struct.error``, ``LookupError``.

    Attributes:
        window: The layer.
        version: Major and minor.
        is_packed: Whether the tables are packed.
        contents: Where the table of contents stands.
        sections: The tables in its order.

    Raises:
        UnsupportedFormat: A version newer than those known.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        start = window.read(0, min(window.size, START))
        self.version = (start[8], start[9])
        if self.version > _NEWEST:
            shown = f"{self.version[0]}.{self.version[1]}"
            raise UnsupportedFormat("usd-crate-version", path=window.source.name, layer=window.name, version=shown)
        self.is_packed = self.version >= PACKED_SINCE
        self.contents = COUNT.unpack_from(start, CONTENTS_AT)[0]
        count = within(COUNT.unpack(window.read(self.contents, 8))[0], _SECTIONS_MAX)
        rows = SECTION.iter_unpack(window.read(self.contents + 8, count * SECTION.size))
        self.sections = [Section(name.rstrip(b"\0"), start, size) for name, start, size in rows]
        front = min((section.start for section in self.sections), default=0)
        tail = self.contents - front
        self._dictionaries: dict[int, list[Item]] = {}
        self._tail_at = front
        self._tail = window.read(front, tail) if front > 0 and 0 < tail <= _TAIL_MAX else b""

    def section(self, name: bytes) -> Section:
        """Returns the first table of a name.

        Raises:
            lz4.Damaged: There is none, or it does not stand in the layer.
        """
        found = next((section for section in self.sections if section.name == name), None)
        if found is None or found.start <= 0 or found.size < 8 or found.stop > self.window.size:
            raise lz4.Damaged(name)
        return found

    def bytes_of(self, section: Section) -> bytes:
        """Returns a table as it stands in the layer."""
        at = section.start - self._tail_at
        if 0 <= at <= at + section.size <= len(self._tail):
            return self._tail[at : at + section.size]
        return self.window.read(section.start, section.size)

    @cached_property
    def tokens(self) -> list[bytes]:
        """All texts."""
        table = self.bytes_of(self.section(b"TOKENS"))
        if self.is_packed:
            count, size, length = struct.unpack_from("<QQQ", table)
            raw = lz4.expanded(table[24 : 24 + length], self._bounded(size, _TABLE_MAX))
        else:
            count, size = struct.unpack_from("<QQ", table)
            raw = table[16 : 16 + size]
        texts = raw.split(b"\0")[:-1]
        return texts[: within(count, len(texts))]

    @cached_property
    def strings(self) -> list[int]:
        """The tokens that are strings."""
        table = self.bytes_of(self.section(b"STRINGS"))
        count = within(COUNT.unpack_from(table)[0], (len(table) - 8) // 4)
        return list(struct.unpack_from(f"<{count}I", table, 8))

    @cached_property
    def fields(self) -> list[Field]:
        table = self.bytes_of(self.section(b"FIELDS"))
        count = COUNT.unpack_from(table)[0]
        if not self.is_packed:
            within(count, len(table) // 16)
            return [Field(*struct.unpack_from("<4xIQ", table, 8 + 16 * number)) for number in range(count)]
        names, values = self._packed(table, 8, 2)
        raw = lz4.expanded(values, self._bounded(count * 8, _TABLE_MAX)) if count else b""
        reps = struct.unpack(f"<{count}Q", raw)
        return [Field(name, rep) for name, rep in zip(self._integers(names, count), reps, strict=True)]

    @cached_property
    def specs(self) -> tuple[bytes, bytes, bytes]:
        """Paths, field sets and types of the specs, still packed."""
        paths, sets, types = self._packed(self.bytes_of(self.section(b"SPECS")), 8, 3)
        return paths, sets, types

    def sets(self) -> Iterator[int]:
        """Yields the fields of all field sets, each set with :data:`SET_END` behind it."""
        table = self.bytes_of(self.section(b"FIELDSETS"))
        count = COUNT.unpack_from(table)[0]
        if self.is_packed:
            return self._integers(self._packed(table, 8, 1)[0], count)
        return iter(struct.unpack_from(f"<{within(count, len(table) // 4)}I", table, 8))

    def specs_in(self, column: int) -> Iterator[int]:
        """Yields of each spec its path (0), where its field set begins (1), or its type (2)."""
        table = self.bytes_of(self.section(b"SPECS"))
        count = COUNT.unpack_from(table)[0]
        if self.is_packed:
            return self._integers(self.specs[column], count)
        layout = "<4x3I" if self.version < _UNPADDED_SINCE else "<3I"
        size = struct.calcsize(layout)
        within(count, (len(table) - 8) // size)
        return (row[column] for row in struct.iter_unpack(layout, table[8 : 8 + count * size]))

    @cached_property
    def root(self) -> int:
        """The number of the spec that holds the layer's metadata.

        Raises:
            lz4.Damaged: There is none.
        """
        table = self.bytes_of(self.section(b"PATHS"))
        if self.is_packed:
            count = COUNT.unpack_from(table, 8)[0]
            path = next(self._integers(self._packed(table, 16, 1)[0], count), SET_END)
        else:
            (path,) = struct.unpack_from("<I", table, 12 if self.version < _UNPADDED_SINCE else 8)
        for number, each in enumerate(self.specs_in(0)):
            if each == path:
                return number
        raise lz4.Damaged("no metadata of the layer")

    def path_tokens(self) -> Iterator[int]:
        """Yields the texts that paths are made of; of a packed layer only."""
        table = self.bytes_of(self.section(b"PATHS"))
        texts = self._integers(self._packed(table, 16, 2)[1], COUNT.unpack_from(table, 8)[0])
        return (min(number, SIGN * 2 - number) for number in texts)  # negative ones name properties

    @cached_property
    def metadata(self) -> list[int]:
        """The fields that are the layer's metadata."""
        start = next(islice(self.specs_in(1), self.root, None), SET_END)
        found: list[int] = []
        for number in islice(self.sets(), start, None):
            if number == SET_END:
                return found
            found.append(within(number, len(self.fields) - 1))
        raise lz4.Damaged("a field set without end")

    def name(self, field: Field) -> bytes:
        return self.tokens[field.name]

    def text(self, value: Field) -> str:
        """Returns what a field of :attr:`Field.text_kind` says."""
        return self.tokens[self.token(value)].decode("utf-8", "replace")

    def token(self, value: Field) -> int:
        """Returns the token of a field of :attr:`Field.text_kind`."""
        return self.strings[value.payload] if value.text_kind == STRING else value.payload

    def key(self, item: Item) -> str:
        return self.tokens[self.strings[item.key]].decode("utf-8", "replace")

    def dictionary(self, at: int, depth: int = 0) -> list[Item]:
        """Returns the entries of a dictionary: a count, then of each its key, and how far on its value stands.

        Raises:
            LimitExceeded: Too many, or dictionaries within each other too deep.
        """
        source = self.window.source
        if depth > MAX_DEPTH:
            raise LimitExceeded("too-deep", path=source.name, limit=MAX_DEPTH)
        if at not in self._dictionaries:
            self._dictionaries[at] = list(self._items(at, depth))
        return self._dictionaries[at]

    def _items(self, at: int, depth: int) -> Iterator[Item]:
        source = self.window.source
        source.element(depth)
        count = within(COUNT.unpack(self.window.read(at, 8))[0], self.window.size // 12)
        at += 8
        for _ in range(count):
            source.element(depth)
            key, distance = struct.unpack("<Iq", self.window.read(at, 12))
            at += 4 + distance + 8
            rep = COUNT.unpack(self.window.read(at - 8, 8))[0]
            yield Item(key, Field(0, rep), at)

    def _packed(self, table: bytes, at: int, count: int) -> list[bytes]:
        """Returns so many packed columns from a place in a table on, each with its length in front."""
        found = []
        for _ in range(count):
            length = COUNT.unpack_from(table, at)[0]
            within(length, len(table) - at - 8)
            found.append(table[at + 8 : at + 8 + length])
            at += 8 + length
        return found

    def _integers(self, data: bytes, count: int) -> Iterator[int]:
        self._bounded(integers.coded_size(count), self.window.source.limits.inflated)
        return integers.unpacked(data, count)

    def _bounded(self, size: int, most: int) -> int:
        source, limit = self.window.source, min(self.window.source.limits.inflated, most)
        if size > limit:
            raise LimitExceeded("inflates-too-far", path=source.name, offset=self.window.start, limit=limit)
        return size


def within(count: int, most: int) -> int:
    """Returns a count that can be.

    Raises:
        lz4.Damaged: It cannot.
    """
    if count > most:
        raise lz4.Damaged("a count that cannot be")
    return count
