"""What a binary layer holds beside its metadata, told alike before and after a label is written.

Values and unknown tables are stretches of the file. Tables that a write packs anew are told by what they say: every
spec with its fields, labels and the layer's own data left out, and nothing by the number of a text.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from yinji.containers.base import Span
from yinji.containers.usd.crate import CONTENTS_AT, SET_END, Crate, Field
from yinji.containers.usd.crate_labels import Row, region_of, without_labels
from yinji.containers.usd.crate_values import LAYER_DATA, LIES, damaged
from yinji.containers.usd.text import NAME
from yinji.containers.usd.window import Window
from yinji.labels.decode import looks_like_label

_PACKED_ANEW: Final = frozenset((b"TOKENS", b"STRINGS", b"FIELDS", b"FIELDSETS", b"SPECS"))
_OWN: Final = frozenset((b"", NAME.encode(), LAYER_DATA))


def media(window: Window) -> Iterator[Span | bytes]:
    """Yields the stretches of the file that no write changes, then what the other tables say.

    Raises:
        Malformed, LimitExceeded: The layer cannot be read.
        UnsupportedFormat: A version newer than those known.
    """
    try:
        crate = Crate(window)
        told = b"".join(_told(crate))
        stop = region_of(crate)[0]
    except LIES:
        raise damaged(window) from None
    at = window.start
    yield Span(at, at + min(CONTENTS_AT, stop))
    yield Span(at + min(CONTENTS_AT + 8, stop), at + stop)
    for section in crate.sections:
        if section.name not in _PACKED_ANEW and 0 <= section.start <= section.stop <= window.size:
            yield Span(at + section.start, at + section.stop)
    yield told


def _told(crate: Crate) -> Iterator[bytes]:
    texts = [_text(token) for token in crate.tokens]
    yield b"\0".join(filter(None, texts))
    yield b"\0".join(filter(None, (texts[number] for number in crate.strings)))
    silent = set()
    for number, field in enumerate(crate.fields):
        name = crate.name(field)
        if name == LAYER_DATA or (field.text_kind and not texts[crate.token(field)]):
            silent.add(number)
        if name != LAYER_DATA:
            yield b"\0%s\0%s" % (texts[field.name], _value(crate, field, texts))
    sets = list(crate.sets())
    numbers: dict[int, int] = {}
    paths, starts, types = (list(crate.specs_in(column)) for column in range(3))
    for path, start, type in zip(paths, starts, types, strict=True):
        if path == paths[crate.root]:
            yield struct.pack("<3I", path, SET_END, type)
            yield from (number.to_bytes(4, "little") for number in crate.metadata if number not in silent)
        elif start in numbers:
            yield struct.pack("<3I", path, numbers[start], type)
        else:
            numbers[start] = len(numbers)
            stop = sets.index(SET_END, start)
            yield struct.pack(f"<{3 + stop - start}I", path, numbers[start], type, *sets[start:stop])


def _value(crate: Crate, value: Field | Row, texts: list[bytes], depth: int = 0) -> bytes:
    if isinstance(value, Field) and value.dictionary:
        value = without_labels(crate, value, range(0), depth)
    if isinstance(value, Row):
        items = (texts[crate.strings[key]] + _value(crate, item, texts, depth + 1) for key, item in value.items)
        return b"{%s}" % b",".join(items)
    if value.text_kind:
        return b"%d:%s" % (value.text_kind, texts[crate.token(value)])
    return b"{}" if value.is_dictionary else value.rep.to_bytes(8, "little")


def _text(token: bytes) -> bytes:
    """Returns a text of the scene; nothing of one that a write adds, replaces or takes away."""
    is_own = token in _OWN or not token.strip(b" ") or looks_like_label(token.decode("utf-8", "replace"))
    return b"" if is_own else token
