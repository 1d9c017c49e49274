"""What a binary layer says that can be a label, or tells of the layer."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Final

from yinji.containers.usd.crate import Crate, Field
from yinji.containers.usd.text import NAME, Value
from yinji.containers.usd.window import Window
from yinji.errors import Malformed
from yinji.labels.decode import looks_like_label

LAYER_DATA: Final = b"customLayerData"
DICTIONARIES: Final = frozenset((LAYER_DATA, b"customData", b"assetInfo"))
TOLD: Final = frozenset((b"documentation", b"comment"))
LIES: Final = (ValueError, OverflowError, struct.error, LookupError)
"""Whatever numbers that lie lead to."""


def damaged(window: Window) -> Malformed:
    """Returns the error of a layer whose tables are not put together as they should be."""
    return Malformed("usd-crate-damaged", path=window.source.name, layer=window.name)


def values(window: Window) -> list[Value]:
    """Returns the values of a crate file that are named as a label, read like one, or tell of the layer.

    The positions of labels are those of the table of tokens, as a text has no place of its own in a crate file; those
    of what tells of the layer are those of the table of fields.

    Raises:
        Malformed: A table is not put together as it should be.
        LimitExceeded: A table expands too far, or holds too much.
        UnsupportedFormat: A version newer than those known.
    """
    try:
        return list(_values(Crate(window)))
    except LIES:
        raise damaged(window) from None


def label_row(crate: Crate) -> int:
    """Returns the field that is the layer's ``customLayerData``, -1 without one."""
    return next((number for number in crate.metadata if crate.name(crate.fields[number]) == LAYER_DATA), -1)


def said(crate: Crate, value: Field, depth: int = 0) -> str | None:
    """Returns what a value says: a text, a dictionary as JSON; None of any other."""
    told = _told(crate, value, depth)
    return (
        told if told is None or isinstance(told, str) else json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    )


def _values(crate: Crate) -> Iterator[Value]:
    """Yields labels and what tells of the layer, then texts like labels that nothing of this leads to."""
    tokens, fields = crate.section(b"TOKENS"), crate.section(b"FIELDS")
    row, metadata = label_row(crate), frozenset(crate.metadata)
    shown = set()
    for number, field in enumerate(crate.fields):
        name = crate.name(field)
        if field.dictionary and name in DICTIONARIES:
            path: tuple[str, ...] = ("(", name.decode()) if number == row else ("(", "", name.decode())
            for item in crate.dictionary(field.dictionary):
                key, text = crate.key(item), said(crate, item.value, 1)
                if key.upper() == NAME or (text is not None and looks_like_label(text)):
                    shown.add(text or "")
                    yield Value(path, key, "null" if text is None else text, tokens.start, tokens.start, tokens.stop)
        elif field.text_kind and (name in TOLD or looks_like_label(crate.text(field))):
            text = crate.text(field)
            path = ("(",) if number in metadata and name in TOLD else ("(", "")
            shown.add(text)
            table = tokens if looks_like_label(text) else fields
            yield Value(path, name.decode("utf-8", "replace"), text, table.start, table.start, table.stop)
    for token in crate.tokens:
        text = token.decode("utf-8", "replace")
        if looks_like_label(text) and not any(text in other for other in shown):
            yield Value(("(", ""), "", text, tokens.start, tokens.start, tokens.stop)


def _told(crate: Crate, value: Field, depth: int) -> object:
    if value.dictionary:
        items = crate.dictionary(value.dictionary, depth)
        return {crate.key(item): _told(crate, item.value, depth + 1) for item in items}
    return crate.text(value) if value.text_kind else None
