"""Metadata boxes: ``meta`` with ``keys`` and ``ilst`` (mdta), iTunes lists (mdir) and QuickTime user data texts."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from yinji.containers.bmff.boxes import FREE, Box, children, full_fields
from yinji.containers.candidate import shows_sign
from yinji.containers.model import Block
from yinji.containers.window import Window
from yinji.errors import Malformed, Truncated
from yinji.labels.problem import Problem, Severity
from yinji.limits import KIB

KEY: Final = "AIGC"
"""The key of TC260-PG-20257A 6.1.1 and TC260-PG-202510A App. E."""

TELLING: Final = frozenset(("aigc", "free"))
"""Keys of labels, and what blanking in place makes of them."""

PLAIN_MAX: Final = 4 * KIB
"""Bytes of an item that are searched for signs."""

_ITUNES: Final = "com.apple.iTunes"
_UTF8_TYPES: Final = frozenset((1, 4))
_UTF16_TYPES: Final = frozenset((2, 5))
_RESERVED_TYPE: Final = 0
_RESERVED_MAX: Final = 64 * KIB
_GAP_MIN: Final = 40
COPYRIGHT_SIGN: Final = 0xA9
_LANGUAGE_CODES: Final = 0x400
"""QuickTime language codes below this are Macintosh scripts; from here on they are packed ISO 639-2, in Unicode."""


class Key(NamedTuple):
    """One entry of a ``keys`` box."""

    namespace: bytes
    name: str
    start: int
    stop: int


class Value(NamedTuple):
    """The content of a ``data`` box: text, or None where it is of another type."""

    text: str | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Meta:
    """One ``meta`` box.

    Attributes:
        box: The box.
        where: The path to it, for messages ("moov/udta/meta").
        handler: Handler type of its ``hdlr``, or b"".
        keys_box, keys: The ``keys`` box and its entries.
        list_box, items: The ``ilst`` box and its children.
        children: All children.
        is_full: Whether it is a FullBox; readers look for nothing else in ``udta``.
    """

    box: Box
    where: str
    handler: bytes
    keys_box: Box | None
    keys: tuple[Key, ...]
    list_box: Box | None
    items: tuple[Box, ...]
    children: tuple[Box, ...]
    is_full: bool

    def key_of(self, item: Box) -> Key | None:
        """Returns the key that an item belongs to, or None in a list without keys."""
        index = int.from_bytes(item.kind, "big")
        return self.keys[index - 1] if 0 < index <= len(self.keys) else None


def parse_meta(window: Window, box: Box, where: str) -> Meta:
    """Reads the structure of a ``meta`` box, not its values.

    Raises:
        Malformed: Counts or sizes do not fit their boxes.
    """
    fields = full_fields(window, box)
    inside = tuple(children(window, box, skip=fields))
    handler, keys_box, list_box = b"", None, None
    for child in inside:
        if child.kind == b"hdlr" and child.stop - child.body >= 12:
            handler = window.peek(child.body + 8, 4)
        elif child.kind == b"keys" and keys_box is None:
            keys_box = child
        elif child.kind == b"ilst" and list_box is None:
            list_box = child
    keys = tuple(_keys(window, keys_box)) if keys_box else ()
    items = tuple(children(window, list_box)) if list_box else ()
    return Meta(box, where, handler, keys_box, keys, list_box, items, inside, is_full=fields == 4)


def _keys(window: Window, box: Box) -> Iterator[Key]:
    source = window.source
    room = box.stop - box.body - 8
    count = window.number(box.body + 4) if room >= 0 else 0
    if room < 0 or count > room // 8:
        raise Malformed("bmff-count", path=source.name, box="keys", offset=box.start, count=count)
    at = box.body + 8
    for _ in range(count):
        source.element(5)
        if box.stop - at < 8:
            raise Malformed("bmff-count", path=source.name, box="keys", offset=box.start, count=count)
        size, namespace = struct.unpack(">I4s", window.peek(at, 8))
        if not 8 <= size <= box.stop - at:
            raise Malformed("bmff-box-size", path=source.name, box="keys", offset=at, size=size)
        name = window.peek(at + 8, size - 8).decode("utf-8", "replace").rstrip("\0")
        yield Key(namespace, name, at, at + size)
        at += size


def meta_blocks(window: Window, meta: Meta, *, thorough: bool = True) -> Iterator[Block]:
    """Yields what the ``ilst`` of a ``meta`` box says, texts only; unless ``thorough``, what may be a label.

    An item that is damaged inside and shows nothing of a label is passed over: another one may be the label.
    """
    for item in meta.items:
        if item.kind in FREE:
            yield from _gap(item)
            continue
        if not thorough and _says_nothing(window, meta, item):
            continue
        try:
            block = _item_block(window, meta, item)
        except (Malformed, Truncated):
            if not _says_nothing(window, meta, item):
                raise
            continue
        if block is not None:
            yield block
    yield from _lone_keys(meta)


def _gap(item: Box) -> Iterator[Block]:
    """Yields what blanking a whole value in place leaves: free room among the values, where no writer reserves any."""
    if item.size >= _GAP_MIN:
        problem = Problem("bmff-gap", Severity.WARNING, "R62", {"offset": item.start, "length": item.size})
        yield Block("free", "", b"", item.start, item.stop, (problem,))


def _lone_keys(meta: Meta) -> Iterator[Block]:
    """Yields keys of a label that have no value any more."""
    there = {int.from_bytes(item.kind, "big") for item in meta.items}
    for index, key in enumerate(meta.keys, 1):
        if key.name.casefold() == KEY.casefold() and index not in there:
            problem = Problem("bmff-key-alone", Severity.WARNING, "R62", {"key": key.name})
            yield Block("mdta", key.name, "", key.start, key.stop, (problem,))


def _says_nothing(window: Window, meta: Meta, item: Box) -> bool:
    """Whether an item shows nothing of a label; the key of one stands apart from its value."""
    key = meta.key_of(item)
    if key is not None and (b"free" in key.namespace or key.name.lower() in TELLING):
        return False
    return item.size <= PLAIN_MAX and not shows_sign(window.peek(item.body, item.stop - item.body))


def _item_block(window: Window, meta: Meta, item: Box) -> Block | None:
    if item.kind == b"----":
        return _freeform(window, meta, item)
    key = meta.key_of(item)
    carrier, name = ("mdta", key.name) if key else ("ilst", _item_name(item))
    data = item if item.kind == b"data" else _child(window, item, b"data")
    if data is None:
        return None
    value = _value(window, data, wanted=name.casefold() == KEY.casefold())
    if value.text is None:
        return None
    problems = (*value.problems, *_place(meta, carrier, name), *_blanked(key, value.text))
    return Block(carrier, name, value.text, item.start, item.stop, problems)


def _item_name(item: Box) -> str:
    printable = all(0x20 <= byte < 0x7F or byte == COPYRIGHT_SIGN for byte in item.kind)
    return item.kind.decode("latin-1") if printable and item.kind != b"data" else ""


def _freeform(window: Window, meta: Meta, item: Box) -> Block | None:
    parts = {child.kind: child for child in children(window, item)}
    data, mean, name = parts.get(b"data"), parts.get(b"mean"), parts.get(b"name")
    if data is None or name is None:
        return None
    owner, key = (_full_text(window, part) if part else "" for part in (mean, name))
    value = _value(window, data, wanted=key.casefold() == KEY.casefold())
    if value.text is None:
        return None
    carrier = "itunes-freeform" if owner == _ITUNES else "ilst"
    return Block(carrier, key, value.text, item.start, item.stop, value.problems)


def _full_text(window: Window, box: Box) -> str:
    """Returns the text of a FullBox that holds only text (``mean``, ``name``)."""
    return window.peek(box.body + 4, max(0, box.stop - box.body - 4)).decode("utf-8", "replace")


def _child(window: Window, parent: Box, kind: bytes) -> Box | None:
    return next(children(window, parent, only=frozenset((kind,))), None)


def _value(window: Window, data: Box, *, wanted: bool) -> Value:
    length = data.stop - data.body - 8
    if length < 0:
        raise Malformed("bmff-box-size", path=window.source.name, box="data", offset=data.start, size=data.size)
    kind = window.number(data.body) & 0xFFFFFF
    if kind == _RESERVED_TYPE and (wanted or length <= _RESERVED_MAX):
        raw = window.peek(data.body + 8, length)
        text = _as_text(raw)
        problem = (Problem("bmff-value-type", Severity.WARNING, "R50", {"type": kind}),) if wanted else ()
        return Value(text, problem)
    if kind in _UTF16_TYPES:
        return _decoded(window.peek(data.body + 8, length), "utf-16-be")
    if kind in _UTF8_TYPES or wanted:
        value = _decoded(window.peek(data.body + 8, length), "utf-8")
        if kind in _UTF8_TYPES:
            return value
        return Value(value.text, (*value.problems, Problem("bmff-value-type", Severity.WARNING, "R50", {"type": kind})))
    return Value(None, ())


def _decoded(raw: bytes, encoding: str) -> Value:
    try:
        return Value(raw.decode(encoding).removeprefix("\ufeff"), ())
    except UnicodeDecodeError:
        problem = Problem("bmff-value-encoding", Severity.ERROR, "R50", {"encoding": encoding.upper()})
        return Value(raw.decode(encoding, "replace"), (problem,))


def _as_text(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _place(meta: Meta, carrier: str, key: str) -> tuple[Problem, ...]:
    """Names a ``meta`` box other than the guide's, where the carrier is the right one."""
    if carrier != "mdta" or key.casefold() != KEY.casefold() or meta.where == "moov/udta/meta":
        return ()
    return (Problem("bmff-place", Severity.WARNING, "R51", {"place": meta.where}),)


def _blanked(key: Key | None, text: str) -> tuple[Problem, ...]:
    """Names the holes that blanking in place leaves: a renamed key, a value of spaces, sizes unchanged."""
    if key is None:
        return ()
    problems = []
    was_renamed = "free" in (key.name, key.namespace.decode("latin-1"))
    if was_renamed:
        problems.append(Problem("bmff-key-blanked", Severity.WARNING, "R62", {"key": key.name}))
    if (was_renamed or key.name.casefold() == KEY.casefold()) and not text.strip("\0 "):
        problems.append(Problem("bmff-value-blank", Severity.WARNING, "R62", {"length": len(text)}))
    return tuple(problems)


def user_data_text(window: Window, box: Box) -> Block | None:
    """Reads a QuickTime user data text (``©swr`` …): size and language, 16 bits each, then the text."""
    if box.kind[0] != COPYRIGHT_SIGN or not 4 <= box.stop - box.body <= _RESERVED_MAX:
        return None
    size, language = struct.unpack(">HH", window.peek(box.body, 4))
    if size == 0 or size > box.stop - box.body - 4:
        data = _child(window, box, b"data") if box.stop - box.body >= 16 and language else None
        value = _value(window, data, wanted=False).text if data else None
    else:
        raw = window.peek(box.body + 4, size)
        is_unicode = language >= _LANGUAGE_CODES or language == 0
        value = (_unicode(raw) if is_unicode else None) or raw.decode("mac-roman")
    return Block("udta", box.name, value.rstrip("\0"), box.start, box.stop) if value else None


def _unicode(raw: bytes) -> str | None:
    if raw[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return raw.decode("utf-16", "replace")
    return _as_text(raw)
