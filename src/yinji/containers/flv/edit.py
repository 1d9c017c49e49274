"""Planning the change that leaves exactly one label in an FLV file, as a property of ``onMetaData``.

AMF0 knows no filler, and spaces behind the value would change it. So a property ``padding`` follows the label: an array
of nulls, which players skip and other programs do not show. The next writer takes from it what the label needs, and
nothing moves. A first write makes the script tag longer: ``keyframes.filepositions`` and all other positions in it are
corrected.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from yinji.containers import xmp
from yinji.containers.bmff.changes import Shift
from yinji.containers.edits import differences
from yinji.containers.flv.amf import ECMA_ARRAY, END, NUMBER, OBJECTS, TEXTS, Property, make_key, make_string
from yinji.containers.flv.tags import (
    FRAMES,
    HEADER,
    META,
    NAME,
    PACKET,
    PADDING_FRONT,
    SCRIPT,
    TRAILER,
    Script,
    Walk,
    is_padding,
    nested,
    padding,
    script,
)
from yinji.containers.model import Reading
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.trailer import labels_behind
from yinji.errors import LimitExceeded, Malformed

RESERVE: Final = 512
"""Bytes of filler behind a new label."""

_LARGEST: Final = 0xFFFFFF
_SIZES: Final = frozenset(("filesize",))
_POSITIONS: Final = frozenset(("lastkeyframelocation",))


def plan(source: Source, json: str, reading: Reading) -> Splice:
    """Returns the edits that leave exactly this label.

    Raises:
        Malformed, Truncated: The file cannot be edited safely.
        LimitExceeded: The script tag outgrows its size.
    """
    walk = Walk(source)
    tags = list(walk.tags())
    if all(tag.type == SCRIPT for tag in tags):
        raise Malformed("flv-tag", path=source.name, offset=walk.end)  # where sound and pictures are is unknown
    scripts = [script(source, tag) for tag in tags if tag.type == SCRIPT]
    held = {(item.start, item.stop) for item in reading.found}
    made = make_key(NAME) + make_string(json.encode())
    target = next((said for said in scripts if said.is_meta), None)
    # Spaces, which no tag begins with: were bytes to move up, or to become zeros, they could make a tag with others.
    edits = [Edit(item.start, item.stop, b" " * (item.stop - item.start)) for item in labels_behind(source, walk.end)]
    kept: Property | None = None
    if target is None:
        edits.append(Edit(walk.start, walk.start, _new_tag(source, made)))
    else:
        kept, own = _label_edits(source, target, made)
        edits += own
    for said in scripts:
        edits += _clearing(source, said, held, kept if said is target else None)
    shift = Shift(edits)
    for said in scripts:
        edits += _positions(source, said, shift, sum(edit.growth for edit in edits))
        edits += _size_edits(source, said, edits)
    return Splice.of(small for edit in edits for small in differences(source, edit))


def _label_edits(source: Source, said: Script, made: bytes) -> tuple[Property | None, list[Edit]]:
    """Returns the property that held the label, and the edits that set it, with filler behind it."""
    amf, base = said.amf, said.tag.body
    items = list(amf.properties(said.value))
    number = next((n for n, item in enumerate(items) if item.key == NAME), None)
    if number is None:
        end = amf.end(said.value)
        if amf.data[end : end + 3] != END and items and items[-1].type in OBJECTS:
            raise Malformed("flv-amf", path=source.name, offset=base + end)  # which object lacks its end is unknown
        closing = b"" if amf.data[end : end + 3] == END else END
        new = made + padding(RESERVE)
        return None, [Edit(base + end, base + end, new + closing), *_count(said, 2)]
    kept = items[number]
    stop, more = kept.stop, 1
    if number + 1 < len(items) and is_padding(amf, items[number + 1]):
        stop, more = items[number + 1].stop, 0
    rest = stop - kept.start - len(made)
    if rest and rest < PADDING_FRONT:
        rest = RESERVE
    more = more if rest else more - 1
    return kept, [Edit(base + kept.start, base + stop, made + padding(rest)), *_count(said, more)]


def _count(said: Script, more: int) -> Iterator[Edit]:
    """Yields the edit of an ECMA array's count of properties."""
    at = said.tag.body + said.value + 1
    if more and said.amf.data[said.value] == ECMA_ARRAY:
        old = int.from_bytes(said.amf.data[said.value + 1 : said.value + 5], "big")
        yield Edit(at, at + 4, max(0, min(old + more, 0xFFFFFFFF)).to_bytes(4, "big"))


def _clearing(source: Source, said: Script, held: set[tuple[int, int]], kept: Property | None) -> Iterator[Edit]:
    """Yields the edits that put filler in the place of labels, and take them out of a packet, at the same length."""
    if said.value < 0 or said.amf.data[said.value] not in OBJECTS:
        return
    base = said.tag.body
    for item, _ in nested(said):
        start, stop = base + item.start, base + item.stop
        if item == kept or not (item.key.upper() == NAME or (start, stop) in held):
            continue
        if said.name == PACKET and item.type in TEXTS:
            packet = said.amf.text(item.value)
            new = xmp.without_other_labels(packet)
            if len(new) > len(packet):
                raise Malformed("flv-label-place", path=source.name, offset=start)
            yield Edit(stop - len(packet), stop, new.ljust(len(packet)))
        else:
            length = stop - start
            yield Edit(start, stop, padding(length if length >= PADDING_FRONT else PADDING_FRONT))


def _positions(source: Source, said: Script, shift: Shift, growth: int) -> Iterator[Edit]:
    """Yields the corrections of all positions, and of the size of the file, that a script tag gives."""
    if not growth or said.value < 0 or said.amf.data[said.value] not in OBJECTS:
        return
    amf, base = said.amf, said.tag.body
    for item, _ in nested(said):
        if item.key == FRAMES:
            for at in amf.numbers(item.value):
                yield from _number(base + at, amf.number(at), shift)
        elif item.key in _POSITIONS and item.type == NUMBER:
            yield from _number(base + item.value, amf.number(item.value), shift)
        elif item.key in _SIZES and item.type == NUMBER and amf.number(item.value) == source.size:
            at = base + item.value + 1
            yield Edit(at, at + 8, struct.pack(">d", float(source.size + growth)))


def _number(at: int, old: float, shift: Shift) -> Iterator[Edit]:
    if 0 < old < float(1 << 53) and old == int(old) and shift(int(old)) != int(old):
        yield Edit(at + 1, at + 9, struct.pack(">d", float(shift(int(old)))))


def _size_edits(source: Source, said: Script, edits: list[Edit]) -> Iterator[Edit]:
    """Yields the new size of a script tag, in front of it and behind it."""
    tag = said.tag
    growth = sum(edit.growth for edit in edits if tag.body <= edit.start and edit.stop <= tag.stop - TRAILER)
    if not growth:
        return
    size = tag.size + growth
    if size > _LARGEST:
        raise LimitExceeded("flv-too-large", path=source.name, size=size, limit=_LARGEST)
    yield Edit(tag.start + 1, tag.start + 4, size.to_bytes(3, "big"))
    yield Edit(tag.stop - TRAILER, tag.stop, (HEADER + size).to_bytes(4, "big"))


def _new_tag(source: Source, made: bytes) -> bytes:
    array = bytes((ECMA_ARRAY,)) + (2).to_bytes(4, "big") + made + padding(RESERVE) + END
    data = make_string(META.encode()) + array
    if len(data) > _LARGEST:
        raise LimitExceeded("flv-too-large", path=source.name, size=len(data), limit=_LARGEST)
    header = bytes((SCRIPT,)) + len(data).to_bytes(3, "big") + bytes(7)
    return header + data + (HEADER + len(data)).to_bytes(4, "big")
