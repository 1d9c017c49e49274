"""A small binary layer, built by the code itself: a sphere, as in the examples of text layers."""

from __future__ import annotations

import struct
from typing import Final

from yinji.containers.usd import integers, lz4
from yinji.containers.usd.crate import CONTENTS_AT, COUNT, INLINED, MARK, SECTION, SET_END, START, TOKEN

_VERSION: Final = bytes((0, 8, 0))
_FLOAT_AS_DOUBLE, _NAMES, _SPECIFIER = 9, 41, 42
_TOKENS: Final = (
    *(b";-)", b"primChildren", b"Ball", b"specifier", b"typeName"),
    *(b"Sphere", b"properties", b"radius", b"default", b"double"),
)
_ROOT, _PRIM, _ATTRIBUTE = 7, 6, 1
_CHILD_ONLY, _LEAF = 0xFFFFFFFF, 0xFFFFFFFE
_PROPERTY: Final = 1 << 32
"""A name counted backwards from here is that of a property."""


def sphere() -> bytes:
    """Returns the layer ``def Sphere "Ball" { double radius = 2 }``."""
    values = b"".join(COUNT.pack(1) + struct.pack("<I", _TOKENS.index(name)) for name in (b"Ball", b"radius"))
    radius = INLINED | _FLOAT_AS_DOUBLE << 48 | int.from_bytes(struct.pack("<f", 2.0), "little")
    fields = (
        (b"primChildren", _NAMES << 48 | START),
        (b"specifier", INLINED | _SPECIFIER << 48),
        (b"typeName", INLINED | TOKEN << 48 | _TOKENS.index(b"Sphere")),
        (b"properties", _NAMES << 48 | START + 12),
        (b"typeName", INLINED | TOKEN << 48 | _TOKENS.index(b"double")),
        (b"default", radius),
    )
    sets = (0, SET_END, 1, 2, 3, SET_END, 4, 5, SET_END)
    elements = (0, _TOKENS.index(b"Ball"), _PROPERTY - _TOKENS.index(b"radius"))
    texts = b"".join(token + b"\0" for token in _TOKENS)
    tables = {
        b"TOKENS": COUNT.pack(len(_TOKENS)) + COUNT.pack(len(texts)) + _columns(lz4.packed(texts)),
        b"STRINGS": COUNT.pack(0),
        b"FIELDS": COUNT.pack(len(fields))
        + _columns(
            integers.packed([_TOKENS.index(name) for name, _ in fields]),
            lz4.packed(b"".join(COUNT.pack(rep) for _, rep in fields)),
        ),
        b"FIELDSETS": COUNT.pack(len(sets)) + _columns(integers.packed(sets)),
        b"PATHS": COUNT.pack(3)
        + COUNT.pack(3)
        + _columns(*map(integers.packed, ((0, 1, 2), elements, (_CHILD_ONLY, _CHILD_ONLY, _LEAF)))),
        b"SPECS": COUNT.pack(3) + _columns(*map(integers.packed, ((0, 1, 2), (0, 2, 6), (_ROOT, _PRIM, _ATTRIBUTE)))),
    }
    rows, at = [], START + len(values)
    for name, table in tables.items():
        rows.append(SECTION.pack(name, at, len(table)))
        at += len(table)
    start = (MARK + _VERSION).ljust(CONTENTS_AT, b"\0") + COUNT.pack(at)
    return b"".join((start.ljust(START, b"\0"), values, *tables.values(), COUNT.pack(len(rows)), *rows))


def _columns(*columns: bytes) -> bytes:
    return b"".join(COUNT.pack(len(column)) + column for column in columns)
