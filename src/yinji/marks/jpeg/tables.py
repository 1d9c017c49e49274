"""Huffman tables of a JPEG: which symbols have a code in them (ITU-T T.81, F.1.2 and B.2.4.2)."""

from __future__ import annotations

from typing import Final

from yinji.marks.jpeg.library import Component, Decompress, Huffman

_DHT: Final = 0xC4
_SOS: Final = 0xDA
_ALL_DC: Final = frozenset(range(12))
_ALL_AC: Final = frozenset((0x00, 0xF0, *(run << 4 | size for run in range(16) for size in range(1, 11))))
"""All symbols that baseline coding of 8-bit samples needs."""

Tables = dict[tuple[int, int], frozenset[int]]
"""The symbols of Huffman tables, by class (0 DC, 1 AC) and number."""


def own(info: Decompress, components: list[Component]) -> Tables:
    """The tables that a file uses."""
    found: Tables = {}
    for part in components:
        for kind, tables, number in (
            (0, info.dc_huff_tbl_ptrs, part.dc_tbl_no),
            (1, info.ac_huff_tbl_ptrs, part.ac_tbl_no),
        ):
            table = Huffman.from_address(tables[number])
            found[kind, number] = frozenset(table.symbols[: sum(table.bits[1:])])
    return found


def are_complete(tables: Tables) -> bool:
    """Whether anything can be coded."""
    return all(symbols >= (_ALL_AC if kind else _ALL_DC) for (kind, _), symbols in tables.items())


def suffice(tables: Tables, needed: Tables) -> bool:
    """Whether all symbols that are needed have a code."""
    return all(symbols <= tables.get(key, frozenset()) for key, symbols in needed.items())


def written(data: bytes) -> Tables:
    """The tables in the headers of a JPEG that the library wrote."""
    found: Tables = {}
    for marker, at, stop in segments(data):
        while marker == _DHT and at < stop:
            count = sum(data[at + 1 : at + 17])
            found[data[at] >> 4, data[at] & 15] = frozenset(data[at + 17 : at + 17 + count])
            at += 17 + count
    return found


def segments(data: bytes) -> list[tuple[int, int, int]]:
    """Marker, start and end of the payload of each segment up to the first scan."""
    found, at, marker = [], 2, 0
    while marker != _SOS:
        marker, stop = data[at + 1], at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((marker, at + 4, stop))
        at = stop
    return found
