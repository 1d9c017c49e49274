"""The list of items in a ``meta`` box and its table of keys: the label goes in or out, all others stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from yinji.containers.bmff.boxes import FREE, Box, make_box
from yinji.containers.bmff.changes import Changes
from yinji.containers.bmff.meta import KEY, Meta

_UTF8: Final = (1).to_bytes(4, "big")
_MDTA_HANDLER: Final = make_box(b"hdlr", bytes(8), b"mdta", bytes(13))
OWN_CHILDREN: Final = frozenset((b"hdlr", b"keys", b"ilst", *FREE))
"""What a ``meta`` box needs for its items; any other child is somebody's."""

_KEY_ENTRY: Final = make_box(b"mdta", KEY.encode())


def end_of(boxes: Sequence[Box], empty: int) -> int:
    """Returns where the next box goes: behind the last one, before terminators and slack that end a walk."""
    return boxes[-1].stop if boxes else empty


def label_box(json: str, keys_before: Sequence[bytes] = ()) -> bytes:
    """Returns a ``meta`` box that holds the label alone, under a key that others' keys stand before.

    Args:
        json: The bare label.
        keys_before: Entries of ``keys``, whole, that nothing in this box uses.
    """
    count = len(keys_before) + 1
    return make_box(
        b"meta",
        bytes(4),
        _MDTA_HANDLER,
        make_box(b"keys", bytes(4), count.to_bytes(4, "big"), *keys_before, _KEY_ENTRY),
        make_box(b"ilst", label_item(count, json)),
    )


def label_item(index: int, json: str) -> bytes:
    """Returns the item of a label under the key of this number."""
    return make_box(index.to_bytes(4, "big"), make_box(b"data", _UTF8, bytes(4), json.encode()))


def rewrite(meta: Meta, held: list[Box], json: str | None, changes: Changes) -> None:
    """Takes the label's items out of a list, with keys that nothing uses any more, and sets the label if there is one.

    All other keys and items keep their bytes; items only change number when a key before theirs goes.
    """
    kept = next((item for item in held if json is not None and _key_name(meta, item) == KEY), None)
    dropped = [item for item in held if item is not kept]
    if json is None and len(dropped) == len(meta.items) and {box.kind for box in meta.children} <= OWN_CHILDREN:
        changes.replace(meta.box.start, meta.box.stop, b"", meta.box.parent)
        return
    for item in dropped:
        changes.replace(item.start, item.stop, b"", item.parent)
    gone = unused_keys(meta, dropped)
    for index in gone:
        key = meta.keys[index - 1]
        changes.replace(key.start, key.stop, b"", meta.keys_box)
    for item in meta.items:
        index = int.from_bytes(item.kind, "big")
        moved = index - sum(lost < index for lost in gone)
        if item is not kept and item not in dropped and moved != index and meta.key_of(item):
            changes.replace(item.start + 4, item.start + 8, moved.to_bytes(4, "big"), None)
    count = len(meta.keys) - len(gone)
    if json is not None and kept is not None:
        index = int.from_bytes(kept.kind, "big")
        changes.replace(
            kept.start, kept.stop, label_item(index - sum(lost < index for lost in gone), json), kept.parent
        )
    elif json is not None and meta.keys_box is not None and meta.list_box is not None:
        index, count = _own_key(meta, gone, count, changes)
        stop = end_of(meta.items, meta.list_box.body)
        changes.replace(stop, stop, label_item(index, json), meta.list_box)
    if meta.keys_box is not None and count != len(meta.keys):
        at = meta.keys_box.body + 4
        changes.replace(at, at + 4, count.to_bytes(4, "big"), None)


def _own_key(meta: Meta, gone: list[int], count: int, changes: Changes) -> tuple[int, int]:
    """Returns the number of the label's key and the count of keys; appends the key where there is none."""
    for index, key in enumerate(meta.keys, 1):
        if key.name == KEY and key.namespace == b"mdta" and index not in gone:
            return index - sum(lost < index for lost in gone), count
    stop = meta.keys[-1].stop if meta.keys else meta.keys_box.body + 8 if meta.keys_box else 0
    changes.replace(stop, stop, _KEY_ENTRY, meta.keys_box)
    return count + 1, count + 1


def _key_name(meta: Meta, item: Box) -> str:
    key = meta.key_of(item)
    return key.name if key is not None and key.namespace == b"mdta" else ""


def unused_keys(meta: Meta, dropped: list[Box]) -> list[int]:
    """Returns the numbers of the keys that go with these items, since no other item uses them."""
    still = {item.kind for item in meta.items if item not in dropped}
    gone = {int.from_bytes(item.kind, "big") for item in dropped if item.kind not in still and meta.key_of(item)}
    return sorted(gone)
