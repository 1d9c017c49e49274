"""Planning the label into a binary layer, as OpenUSD itself saves one: values stay, the tables behind them are anew.

The label is a string in the dictionary ``customLayerData`` of the layer. Dictionaries that change are written anew
behind all values, in a region that tells its own size, so that the next write replaces it instead of adding another.
The tables that change follow, all others as they are, then the table of contents, to which the start points. The last
two texts are the label, and spaces that nothing refers to. They stand as they are at the end of the packed table: a
propagator's half fits without moving anything, and what OpenUSD reads is the label alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.containers.edits import smallest
from yinji.containers.splice import Edit, Splice
from yinji.containers.usd import integers, lz4
from yinji.containers.usd.crate import (
    CONTENTS_AT,
    COUNT,
    DICTIONARY,
    INLINED,
    PACKED_SINCE,
    SECTION,
    SET_END,
    START,
    STRING,
    Crate,
    Field,
)
from yinji.containers.usd.crate_labels import ENTRY, REGION, REGION_END, Labels, Row, region_of
from yinji.containers.usd.crate_values import LAYER_DATA, LIES, damaged
from yinji.containers.usd.text import NAME, RESERVE
from yinji.containers.usd.window import Window
from yinji.errors import UnsupportedFormat

_ROOT_TYPE: Final = 7
"""Type of the spec that holds the layer's metadata (``SdfSpecTypePseudoRoot``)."""


def spliced(window: Window, label: str | None, *, step: int = 1) -> Splice:
    """Returns what leaves exactly this label in a layer, or none in a layer that is not the one to hold it.

    Args:
        window: The layer.
        label: The bare label, or None.
        step: What the change of length is a multiple of.

    Raises:
        UnsupportedFormat: A version whose tables cannot be moved, or a label among the values of the scene.
        Malformed: Tables contradict each other.
        LimitExceeded: The layer is too large.
    """
    try:
        labels = Labels(Crate(window))
        if labels.are(label):
            return Splice(())
        _check(labels, window)
        return Splice.of(_Draft(labels, label).edits(step))
    except LIES:
        raise damaged(window) from None


def _check(labels: Labels, window: Window) -> None:
    """Refuses a layer in which a label cannot be written without a change of anything else."""
    crate = labels.crate
    if crate.version < PACKED_SINCE:
        version = f"{crate.version[0]}.{crate.version[1]}"
        raise UnsupportedFormat("usd-crate-old", path=window.source.name, layer=window.name, version=version)
    base = region_of(crate)[1]
    names = {section.name for section in crate.sections}
    if len(names) < len(crate.sections) or min(base, *(section.start for section in crate.sections)) < START:
        raise lz4.Damaged("sections contradict each other")
    if any(each.place >= base for each in crate.fields):
        raise lz4.Damaged("values behind the tables")
    if labels.holder >= 0 and not crate.fields[labels.holder].is_dictionary:
        raise lz4.Damaged("the layer's data are no dictionary")
    if list(crate.specs_in(2))[crate.root] != _ROOT_TYPE:
        raise lz4.Damaged("the first path is not that of the layer")
    if not labels.are_removable:
        raise UnsupportedFormat("usd-crate-second", path=window.source.name, layer=window.name)


class _Draft:
    """The tables as they are going to be."""

    def __init__(self, labels: Labels, label: str | None) -> None:
        crate = self._crate = labels.crate
        self._labels, self._label = labels, label
        self._tokens, self._strings, self._fields = list(crate.tokens), list(crate.strings), list(crate.fields)
        self._room = RESERVE
        for number in labels.tokens:
            self._tokens[number] = b""
        held = labels.held if label is not None else -1
        self._free(held)
        if label is not None:
            held = self._hold(held, label)
        self._start, base = region_of(crate)
        self._region = self._dictionaries(held, range(self._start, base))
        if not self._region:
            self._start = base

    def _free(self, held: int) -> None:
        """Takes the last two texts away, where they are the label and the spaces behind it."""
        crate = self._crate
        label, spaces = len(crate.tokens) - 2, len(crate.tokens) - 1
        if held < 0 or self._label is None or crate.strings[held] != label or crate.tokens[spaces].strip(b" "):
            return
        if spaces not in self._labels.used and spaces not in crate.strings:
            room = len(crate.tokens[label]) + len(crate.tokens[spaces]) - len(self._label.encode())
            self._room = room if room >= 0 else RESERVE
            del self._tokens[label:]

    def _hold(self, held: int, label: str) -> int:
        """Puts the label behind all texts; returns the string that it is."""
        self._key = self._string(NAME.encode())
        self._name = self._token(LAYER_DATA)
        if held < 0:
            held = len(self._strings)
            self._strings.append(0)
        old = self._strings[held]
        is_new = held >= len(self._crate.strings)
        self._strings = [
            len(self._tokens) if number == held or (token == old and not is_new) else token
            for number, token in enumerate(self._strings)
        ]
        self._tokens.append(label.encode())
        return held

    def _token(self, text: bytes) -> int:
        if text not in self._tokens:
            self._tokens.append(text)
        return self._tokens.index(text)

    def _string(self, text: bytes) -> int:
        token = self._token(text)
        if token not in self._strings:
            self._strings.append(token)
        return self._strings.index(token)

    def _dictionaries(self, held: int, moving: range) -> bytes:
        """Returns the region of the dictionaries that change, to which fields point then; nothing if none does."""
        labels, holder = self._labels, self._labels.holder
        rows = labels.rows
        if self._label is not None and holder >= 0:
            row = rows[holder]
            row.changes = labels.held < 0 or row.labels != 1 or row.is_changed_within
        is_new = self._label is not None and holder < 0
        if not is_new and not any(row.changes for row in rows.values()):
            return b""
        is_kept = holder >= 0 and not rows[holder].changes
        rows = labels.rows_with(moving)
        if self._label is not None:
            if holder < 0:
                holder = len(self._fields)
                self._fields.append(Field(self._name, 0))
            row = rows.setdefault(holder, Row())
            row.items.append((self._key, Field(0, INLINED | STRING << 48 | held)))
            row.changes = not is_kept or self._fields[holder].dictionary in moving
        region = bytearray()
        for number, row in rows.items():
            if row.changes:
                place = _put(region, row, moving.start)
                self._fields[number] = Field(self._fields[number].name, DICTIONARY << 48 | place)
        return bytes(region) + REGION_END.pack(len(region), REGION)

    def edits(self, step: int) -> Iterator[Edit]:
        """Yields the new place of the table of contents, and everything behind the values.

        Args:
            step: What the change of length is a multiple of.
        """
        window = self._crate.window
        tables = self._tables()
        front, rest = lz4.matched(b"".join(token + b"\0" for token in self._tokens[: self._plain]))
        for room in range(self._room, self._room + 2 * step + 1):
            tables[b"TOKENS"] = self._token_table(front, rest, room)
            tail, contents = self._tail(tables)
            if (self._start + len(tail) - window.size) % step == 0:
                break
        yield from smallest(CONTENTS_AT, window.read(CONTENTS_AT, 8), COUNT.pack(contents))
        old = window.size - self._start
        if old > window.source.limits.one_read:
            yield Edit(self._start, window.size, tail)
        else:
            yield from smallest(self._start, window.read(self._start, old), tail)

    @property
    def _plain(self) -> int:
        """How many texts are packed: all but the label."""
        return len(self._tokens) - (self._label is not None)

    def _token_table(self, front: bytes, rest: bytes, room: int) -> bytes:
        plain = b"".join(token + b"\0" for token in (*self._tokens[self._plain :], b" " * room))
        size = sum(len(token) + 1 for token in self._tokens) + room + 1
        packed = lz4.ended(front, rest + plain)
        return COUNT.pack(len(self._tokens) + 1) + COUNT.pack(size) + _with_length(packed)

    def _tables(self) -> dict[bytes, bytes]:
        """Returns the tables that change, but for the tokens."""
        crate, tables = self._crate, dict[bytes, bytes]()
        if self._strings != crate.strings:
            tables[b"STRINGS"] = COUNT.pack(len(self._strings)) + b"".join(
                n.to_bytes(4, "little") for n in self._strings
            )
        if self._fields != crate.fields:
            names = integers.packed([each.name for each in self._fields])
            reps = lz4.packed(b"".join(COUNT.pack(each.rep) for each in self._fields))
            tables[b"FIELDS"] = COUNT.pack(len(self._fields)) + _with_length(names) + _with_length(reps)
        metadata = [number for number in crate.metadata if number not in self._labels.dropped]
        metadata += range(len(crate.fields), len(self._fields))
        if metadata != crate.metadata:
            sets = list(crate.sets())
            paths, _, types = crate.specs
            starts = list(crate.specs_in(1))
            starts[crate.root] = len(sets)
            sets += (*metadata, SET_END)
            tables[b"FIELDSETS"] = COUNT.pack(len(sets)) + _with_length(integers.packed(sets))
            columns = (paths, integers.packed(starts), types)
            tables[b"SPECS"] = COUNT.pack(len(starts)) + b"".join(map(_with_length, columns))
        return tables

    def _tail(self, tables: dict[bytes, bytes]) -> tuple[bytes, int]:
        """Returns everything behind the values, and where in the layer the table of contents stands."""
        crate = self._crate
        pieces, rows, at = [self._region], list[bytes](), self._start + len(self._region)
        for section in crate.sections:
            table = tables[section.name] if section.name in tables else crate.bytes_of(section)
            rows.append(SECTION.pack(section.name, at, len(table)))
            pieces.append(table)
            at += len(table)
        return b"".join((*pieces, COUNT.pack(len(rows)), *rows)), at


def _put(region: bytearray, row: Row, start: int) -> int:
    """Appends a dictionary to a region that begins at ``start``; returns where it stands."""
    reps = [(key, DICTIONARY << 48 | _put(region, v, start) if isinstance(v, Row) else v.rep) for key, v in row.items]
    place = start + len(region)
    region += COUNT.pack(len(reps))
    for key, rep in reps:
        region += ENTRY.pack(key, 8, rep)
    return place


def _with_length(data: bytes) -> bytes:
    return COUNT.pack(len(data)) + data
