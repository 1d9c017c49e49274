"""Planning the change that leaves exactly one label in an ASF file.

The header may grow: packets are found by their distance from its end, and indexes count packets, so that only the
sizes of the header and of the file are patched. Padding takes the difference where there is any.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.containers import xmp
from yinji.containers.asf.objects import (
    DATA,
    DESCRIPTION,
    EXTENDED,
    EXTENSION,
    FILE,
    FRAME,
    LIBRARY,
    METADATA,
    PADDING,
    XMP,
    Field,
    Item,
    children,
    described,
    entry,
    fields,
    make,
    top_level,
)
from yinji.containers.edits import smallest
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.window import Window, coalesced
from yinji.errors import Malformed, UnsupportedFormat
from yinji.labels.decode import looks_like_label

KEY: Final = "AIGC"
RESERVE: Final = 2048
"""Bytes of the padding behind the label; its text takes two for each character."""

_FIRST: Final = FRAME + 6
_EXTENDED_FIRST: Final = FRAME + 22
_VALUE_MAX: Final = 0xFFFF
_EMPTY: Final = bytes(2)


def plan(source: Source, json: str) -> Splice:
    """Returns the edits.

    Raises:
        UnsupportedFormat: The value is longer than an entry may be.
        Malformed, Truncated: The file cannot be edited safely.
    """
    if len(json.encode("utf-16-le")) + 2 > _VALUE_MAX:
        raise UnsupportedFormat("asf-too-long", path=source.name, format="ASF", limit=_VALUE_MAX)
    window = Window(source, 1024)
    tops = list(top_level(window))
    if not any(item.id == DATA for item in tops):
        raise Malformed("asf-no-data", path=source.name)
    header = tops[0]
    objects = list(children(window, header.start + _FIRST, header.stop))
    target = next((item for item in objects if item.id == EXTENDED), None)
    edits: list[Edit] = []
    added = 0
    for item in objects:
        if item is target:
            continue
        if item.id == EXTENSION:
            for child in children(window, item.start + _EXTENDED_FIRST, item.stop, 2):
                edits += _cleared(source, child)
        else:
            more = list(_cleared(source, item))
            added += sum(edit.data.count(PADDING) for edit in more)
            edits += more
    for item in tops[1:]:
        edits += _cleared_packet(source, item)
    placed, count = _placed(source, header, objects, target, json)
    edits += placed
    edits += _header_edits(source, header, objects, sum(edit.growth for edit in edits), added + count)
    return Splice.of(coalesced(source, edits))


def _placed(
    source: Source, header: Item, objects: list[Item], target: Item | None, json: str
) -> tuple[list[Edit], int]:
    """Returns the edits that put the label in its place, and how many objects they add."""
    old = source.read(target.start, target.size) if target is not None else b""
    new = make(EXTENDED, _with_label(source, target, old[FRAME:], json))
    start, stop = (target.start, target.stop) if target is not None else (header.stop, header.stop)
    growth = len(new) - len(old)
    if target is not None and not growth:
        return list(smallest(start, old, new)), 0
    following = next((item for item in objects if item.start == stop and item.id == PADDING), None)
    if following is not None and following.size - growth >= FRAME:
        return [Edit(start, following.stop, new + _padding(following.size - growth))], 0
    added = 1 if target is not None else 2
    spare = next((item for item in objects if item.id == PADDING and item.size >= growth + 2 * RESERVE), None)
    edits = [Edit(start, stop, new + _padding(RESERVE))]
    if spare is not None:
        edits.append(Edit(spare.start, spare.stop, _padding(spare.size - growth - RESERVE)))
    return edits, added


def _padding(length: int) -> bytes:
    return make(PADDING, bytes(length - FRAME))


def _with_label(source: Source, item: Item | None, content: bytes, json: str) -> bytes:
    """Returns the content of the extended description with one label in it, every other entry byte for byte."""
    new = [entry(KEY, json)]
    if item is None:
        return (1).to_bytes(2, "little") + new[0]
    entries: list[bytes] = []
    stop = 2
    for field in fields(source, item, content):
        if _is_label(field):
            entries += new
            new = []
        else:
            entries.append(content[field.start : field.stop])
        stop = field.stop
    entries += new
    if len(entries) > _VALUE_MAX:
        raise Malformed("asf-object", path=source.name, offset=item.start)
    return len(entries).to_bytes(2, "little") + b"".join(entries) + content[stop:]


def _is_label(field: Field) -> bool:
    return field.name.upper() == KEY or looks_like_label(field.text)


def _cleared(source: Source, item: Item) -> Iterator[Edit]:
    """Yields the edit that takes further copies of a label out of an object; padding behind it keeps the length."""
    if item.id in XMP:
        yield from _cleared_packet(source, item)
    if item.id not in (EXTENDED, METADATA, LIBRARY, DESCRIPTION):
        return
    content = source.read(item.body, item.stop - item.body)
    read = described if item.id == DESCRIPTION else fields
    held = list(read(source, item, content))
    labels = [field for field in held if _is_label(field)]
    if not labels:
        return
    new = content
    for field in reversed(labels):
        new = new[: field.start] + new[field.stop :]
    if item.id == DESCRIPTION:
        gone = {field.name for field in labels}
        names = ("Title", "Author", "Copyright", "Description", "Rating")
        sizes = [_EMPTY if n in gone else content[2 * i : 2 * i + 2] for i, n in enumerate(names)]
        new = b"".join(sizes) + new[10:]
    else:
        new = (len(held) - len(labels)).to_bytes(2, "little") + new[2:]
    freed = len(content) - len(new)
    if freed < FRAME:
        raise Malformed("audio-label-place", path=source.name, offset=item.start)
    yield Edit(item.start, item.stop, make(item.id, new) + _padding(freed))


def _cleared_packet(source: Source, item: Item) -> Iterator[Edit]:
    if item.id not in XMP:
        return
    packet = source.read(item.body, item.stop - item.body)
    if xmp.labels(packet):
        cleared = xmp.without_other_labels(packet)
        if len(cleared) > len(packet):
            raise Malformed("audio-label-place", path=source.name, offset=item.start)
        yield Edit(item.body, item.stop, cleared.ljust(len(packet)))


def _header_edits(source: Source, header: Item, objects: list[Item], growth: int, added: int) -> Iterator[Edit]:
    """Yields the new size and count of the header, and the file's size in its properties."""
    front = source.read(header.start + 16, 12)
    size = int.from_bytes(front[:8], "little") + growth
    count = int.from_bytes(front[8:], "little") + added
    new = size.to_bytes(8, "little") + (count & 0xFFFFFFFF).to_bytes(4, "little")
    yield from smallest(header.start + 16, front, new)
    properties = next((item for item in objects if item.id == FILE), None)
    if properties is None or properties.size < FRAME + 80:
        raise Malformed("asf-object", path=source.name, offset=header.start)
    at = properties.body + 16
    old = source.read(at, 8)
    declared = int.from_bytes(old, "little")
    if declared and growth:
        yield from smallest(at, old, (declared + growth & (1 << 64) - 1).to_bytes(8, "little"))
