"""Binary layers of OpenUSD (crate files, ``.usdc``, versions 0.1 to 0.13): the texts that can hold a label.

All texts of a crate file are in one table of tokens, packed with LZ4; fields refer to them by number. Read are the
tables of contents, tokens, strings and fields, and the dictionaries ``customLayerData`` and ``customData`` (OpenUSD,
``pxr/usd/sdf/crateFile.cpp``). Scene data are never looked at.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.containers.usd import lz4
from yinji.containers.usd.text import NAME, Value
from yinji.errors import LimitExceeded, Malformed, UnsupportedFormat
from yinji.labels.decode import looks_like_label
from yinji.limits import MIB

MARK: Final = b"PXR-USDC"
LAYER_DATA: Final = "customLayerData"
TOLD: Final = frozenset(("documentation", "comment"))

_NEWEST: Final = (0, 13)
_PACKED_SINCE: Final = (0, 4)
_DICTIONARIES: Final = frozenset((LAYER_DATA, "customData", "assetInfo"))
_STRING, _TOKEN, _ASSET, _DICTIONARY = 10, 11, 12, 31
_ARRAY, _INLINED = 1 << 63, 1 << 62
_PAYLOAD: Final = (1 << 48) - 1
_SECTION: Final = struct.Struct("<16sqq")
_COUNT: Final = struct.Struct("<Q")
_THREE: Final = struct.Struct("<QQQ")
_TABLE_MAX: Final = 4 * MIB
"""Bytes that a table may expand to: half a million fields, or as many texts as any real scene has."""

_MAX_DEPTH: Final = 16
_WIDTHS: Final = (0, 1, 2, 4)


class _Table(NamedTuple):
    """One section: where it stands, and its bytes."""

    start: int
    data: bytes


def values(data: bytes, source: Source, name: str) -> list[Value]:
    """Returns the values of a crate file that are named as a label, read like one, or tell of the layer.

    The positions are those of the table of tokens: a text of its own place a crate file does not have.

    Args:
        data: The whole layer.
        source: The file, whose bounds count.
        name: Of the layer, for messages.

    Raises:
        Malformed: A table is not put together as it should be.
        LimitExceeded: A table expands too far, or holds too much.
        UnsupportedFormat: A version newer than those known.
    """
    try:
        return list(_Crate(data, source, name).values())
    except (ValueError, OverflowError, struct.error, IndexError):  # whatever numbers that lie lead to
        raise Malformed("usd-crate-damaged", path=source.name, layer=name) from None


class _Crate:
    def __init__(self, data: bytes, source: Source, name: str) -> None:
        self._data, self._source, self._name = data, source, name
        version = (data[8], data[9])
        if version > _NEWEST:
            shown = f"{version[0]}.{version[1]}"
            raise UnsupportedFormat("usd-crate-version", path=source.name, layer=name, version=shown)
        self._is_packed = version >= _PACKED_SINCE
        sections = self._sections(int.from_bytes(data[16:24], "little"))
        tokens = self._table(sections, b"TOKENS")
        self._tokens = self._token_texts(tokens)
        strings = self._table(sections, b"STRINGS").data
        count = self._count(_COUNT.unpack_from(strings)[0], len(strings) // 4)
        self._strings = struct.unpack_from(f"<{count}I", strings, 8)
        self._fields = self._table(sections, b"FIELDS").data
        self._start, self._stop = tokens.start, tokens.start + len(tokens.data)

    def values(self) -> Iterator[Value]:
        """Yields labels and what tells of the layer, then texts like labels that nothing of this leads to."""
        shown = set()
        for name, rep in self._reps():
            kind = rep >> 48 & 0xFF
            if rep & _ARRAY:
                continue
            if kind == _DICTIONARY and name in _DICTIONARIES:
                for value in self._in_dictionary(name, self._dictionary(rep & _PAYLOAD, 0)):
                    shown.add(value.text)
                    yield value
            elif kind in (_STRING, _TOKEN) and rep & _INLINED:
                text = self._text(kind, rep & _PAYLOAD)
                if name in TOLD or looks_like_label(text):
                    shown.add(text)
                    yield self._value(("(",) if name in TOLD else ("(", ""), name, text)
        for text in self._tokens:
            if looks_like_label(text) and text not in shown and not any(text in other for other in shown):
                yield self._value(("(", ""), "", text)

    def _in_dictionary(self, name: str, entries: dict[str, object]) -> Iterator[Value]:
        path = ("(", LAYER_DATA) if name == LAYER_DATA else ("(", "", name)
        for key, value in entries.items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            if key.upper() == NAME or looks_like_label(text):
                yield self._value(path, key, text)

    def _value(self, path: tuple[str, ...], key: str, text: str) -> Value:
        return Value(path, key, text, self._start, self._start, self._stop)

    def _sections(self, at: int) -> dict[bytes, tuple[int, int]]:
        count = self._count(_COUNT.unpack_from(self._data, at)[0], 64)
        rows = (_SECTION.unpack_from(self._data, at + 8 + number * _SECTION.size) for number in range(count))
        return {name.rstrip(b"\0"): (start, size) for name, start, size in rows}

    def _table(self, sections: dict[bytes, tuple[int, int]], name: bytes) -> _Table:
        start, size = sections.get(name, (0, 0))
        if start <= 0 or size < 8 or start + size > len(self._data):
            raise lz4.Damaged(name)
        return _Table(start, self._data[start : start + size])

    def _token_texts(self, table: _Table) -> list[str]:
        if self._is_packed:
            count, size, length = _THREE.unpack_from(table.data)
            raw = lz4.expanded(table.data[24 : 24 + length], self._bounded(size))
        else:
            (count, size), raw = struct.unpack_from("<QQ", table.data), table.data[16:]
            raw = raw[:size]
        texts = raw.split(b"\0")[:-1]
        self._count(count, len(texts))
        return [text.decode("utf-8", "replace") for text in texts]

    def _reps(self) -> Iterator[tuple[str, int]]:
        """Yields name and value representation of every field."""
        data = self._fields
        if not self._is_packed:
            count = self._count(_COUNT.unpack_from(data)[0], len(data) // 16)
            rows = [struct.unpack_from("<4xIQ", data, 8 + 16 * number) for number in range(count)]
        else:
            count = self._count(_COUNT.unpack_from(data)[0], len(data) * 256)
            length = _COUNT.unpack_from(data, 8)[0]
            names = _integers(lz4.expanded(data[16 : 16 + length], self._bounded(4 + count * 5)), count)
            at = 16 + length
            length = _COUNT.unpack_from(data, at)[0]
            packed = lz4.expanded(data[at + 8 : at + 8 + length], self._bounded(count * 8))
            rows = list(zip(names, struct.unpack(f"<{count}Q", packed), strict=True))
        for number, rep in rows:
            yield self._tokens[number], rep

    def _dictionary(self, at: int, depth: int) -> dict[str, object]:
        """Returns a dictionary: a count, then for each entry its key, and how far on its value stands."""
        self._source.element(depth)
        if depth > _MAX_DEPTH:
            raise LimitExceeded("too-deep", path=self._source.name, limit=_MAX_DEPTH)
        found: dict[str, object] = {}
        count = self._count(_COUNT.unpack_from(self._data, at)[0], len(self._data) // 12)
        at += 8
        for _ in range(count):
            self._source.element(depth)
            key, distance = struct.unpack_from("<Iq", self._data, at)
            rep = _COUNT.unpack_from(self._data, at + 4 + distance)[0]
            found[self._tokens[self._strings[key]]] = self._said(rep, depth)
            at += 4 + distance + 8
        return found

    def _said(self, rep: int, depth: int) -> object:
        kind, payload = rep >> 48 & 0xFF, rep & _PAYLOAD
        if rep & _ARRAY:
            return None
        if kind == _DICTIONARY:
            return self._dictionary(payload, depth + 1)
        return self._text(kind, payload) if kind in (_STRING, _TOKEN, _ASSET) and rep & _INLINED else None

    def _text(self, kind: int, number: int) -> str:
        return self._tokens[self._strings[number] if kind == _STRING else number]

    def _count(self, count: int, most: int) -> int:
        if count > most:
            raise lz4.Damaged("a count that cannot be")
        return count

    def _bounded(self, size: int) -> int:
        limit = min(self._source.limits.inflated, _TABLE_MAX)
        if size > limit:
            raise LimitExceeded("inflates-too-far", path=self._source.name, offset=self._data.find(MARK), limit=limit)
        return size


def _integers(data: bytes, count: int) -> list[int]:
    """Undoes OpenUSD's coding of integers: the usual step, two bits for each step's width, then the steps."""
    usual = int.from_bytes(data[:4], "little", signed=True)
    at = 4 + (count * 2 + 7) // 8
    value, found = 0, []
    for number in range(count):
        width = _WIDTHS[data[4 + number // 4] >> number % 4 * 2 & 3]
        if at + width > len(data):
            raise lz4.Damaged("steps are missing")
        value += int.from_bytes(data[at : at + width], "little", signed=True) if width else usual
        at += width
        found.append(value & 0xFFFFFFFF)
    return found
