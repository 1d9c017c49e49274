"""Binary layers of OpenUSD whose tables lie: each unpacked, changed here and there, and packed again."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable

from yinji.containers.source import Source
from yinji.containers.usd import integers, lz4
from yinji.containers.usd.crate import COUNT, SECTION, START, Crate, Section
from yinji.containers.usd.window import Window
from yinji.testing import LABEL

_TEXTS = (b"AIGC", b"aigc", b"customLayerData", b"customData", b"documentation", b"", b"   ", LABEL.to_json().encode())
_KINDS = (10, 11, 12, 31)
_OFTEN, _SELDOM = 0.3, 0.05


def lying(chance: random.Random, data: bytes) -> bytes:
    """Returns a copy of a packed layer with other numbers, texts and values in its tables, and other places of them.

    Raises:
        LookupError, ValueError, struct.error, YinjiError: Its tables cannot be read.
    """
    crate = Crate(Window(Source.open(data), "layer"))
    tokens, reps = list(crate.tokens), [field.rep for field in crate.fields]
    for _ in range(_times(chance)):
        tokens[chance.randrange(len(tokens))] = chance.choice((*_TEXTS, chance.choice(tokens)))
    for _ in range(_times(chance) if reps else 0):
        at = chance.randrange(len(reps))
        anew = chance.choice(_KINDS) << 48 | chance.choice((0, 1 << 62)) | chance.randrange(300)
        reps[at] = chance.choice((anew, chance.choice(reps), reps[at] ^ 1 << chance.randrange(64)))
    names, strings, sets = (
        _numbers(chance, each) for each in ([field.name for field in crate.fields], crate.strings, crate.sets())
    )
    columns = [_numbers(chance, crate.specs_in(column)) for column in range(3)]
    fields, specs = min(len(names), len(reps)), min(map(len, columns))
    texts = b"".join(token + b"\0" for token in tokens)
    tables = {
        b"TOKENS": (len(tokens), COUNT.pack(len(texts)) + _column(lz4.packed(texts))),
        b"STRINGS": (len(strings), struct.pack(f"<{len(strings)}I", *strings)),
        b"FIELDS": (
            fields,
            _column(integers.packed(names[:fields])) + _column(lz4.packed(struct.pack(f"<{fields}Q", *reps[:fields]))),
        ),
        b"FIELDSETS": (len(sets), _column(integers.packed(sets))),
        b"SPECS": (specs, b"".join(_column(integers.packed(column[:specs])) for column in columns)),
    }
    sections = list(crate.sections)
    if chance.random() < _SELDOM:
        sections.append(chance.choice((chance.choice(sections), Section(b"OTHER", 0, 0))))
        tables[b"OTHER"] = (chance.randrange(99), bytes(range(20)))
        chance.shuffle(sections)
    return _layer(chance, crate, sections, {name: COUNT.pack(count) + rest for name, (count, rest) in tables.items()})


def _layer(chance: random.Random, crate: Crate, sections: list[Section], tables: dict[bytes, bytes]) -> bytes:
    out = bytearray(crate.window.read(0, min(section.start for section in sections)))
    for _ in range(_times(chance) if len(out) > START else 0):
        out[chance.randrange(START, len(out))] = chance.choice((0, 1, 8, 255))
    rows = []
    for section in sections:
        table = tables.get(section.name) or crate.bytes_of(section)
        out += bytes(8 * (chance.random() < _SELDOM))
        at = chance.choice((0, 20, START, len(out) - 8)) if chance.random() < _SELDOM else len(out)
        rows.append(SECTION.pack(section.name, at, len(table)))
        out += table
    out[16:24] = COUNT.pack(len(out))
    return bytes(out + COUNT.pack(len(rows)) + b"".join(rows) + b"tail" * (chance.random() < _SELDOM))


def _times(chance: random.Random) -> int:
    return chance.randint(1, 3) if chance.random() < _OFTEN else 0


def _numbers(chance: random.Random, numbers: Iterable[int]) -> list[int]:
    found = list(numbers)
    for _ in range(_times(chance) if found else 0):
        at = chance.randrange(len(found))
        found[at] = chance.choice((0, 1, 0xFFFFFFFF, len(found), chance.choice(found), found[at] + 1 & 0xFFFFFFFF))
        if chance.random() < _OFTEN:
            found.insert(at, chance.choice(found))
    return found


def _column(data: bytes) -> bytes:
    return COUNT.pack(len(data)) + data
