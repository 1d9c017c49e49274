"""Planning a write into a JPEG XL file: the label into an ``xml `` box; a bare codestream gets a container first.

A file that was made from a JPEG can be turned back into it, byte for byte, only while its packets keep their length.
Such a file gets a packet of its own where the old one cannot take the label at its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from yinji.containers import xmp
from yinji.containers.bmff.boxes import Box, make_box, top_level
from yinji.containers.bmff.changes import Changes
from yinji.containers.bmff.edit import replace_labels
from yinji.containers.edits import exif_edits, smallest
from yinji.containers.heif.reading import exif_start
from yinji.containers.jxl.boxes import (
    BARE,
    CODESTREAM,
    EXIF,
    HEADER,
    REBUILD,
    SIGNATURE,
    XML,
    Part,
    Unpacker,
    part_of,
)
from yinji.containers.model import Reading
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.trailer import labels_behind
from yinji.containers.window import Window, coalesced
from yinji.errors import LimitExceeded, Malformed, UnsupportedFormat

TAIL: Final = 1 << 14
"""Bytes at the end of a bare codestream in which a label may have been left."""


def plan(source: Source, json: str, reading: Reading, *, in_place: bool) -> Splice:
    """Plans the change that leaves exactly one label, in an XMP packet.

    Args:
        source: The file.
        json: The bare label.
        reading: A thorough reading of the source.
        in_place: Put a new box at the end, where it moves nothing, rather than in front of the picture.

    Raises:
        MissingExtra: A packed box may hold a label, and nothing is installed that unpacks it.
        UnsupportedFormat: A label lies where it cannot be replaced.
        Malformed, LimitExceeded: The structure does not allow a safe edit.
    """
    if source.head[:2] == BARE:
        return Splice.of(_wrapped(source, json))
    window = Window(source)
    top = list(top_level(window))
    if source.head[:12] != SIGNATURE or not any(box.kind in CODESTREAM for box in top):
        raise Malformed("jxl-no-picture", path=source.name)
    draft = _Draft(source, top, [part_of(window, box) for box in top], Unpacker(source))
    found = {(each.start, each.stop) for each in reading.found}
    if not _set_in_packet(draft, json, in_place=in_place):
        _add_packet(draft, xmp.with_label(None, json), in_place=in_place)
    for part in draft.parts:
        if part.box not in draft.done:
            _take_out(draft, part)
    own = {(part.box.start, part.box.stop) for part in draft.parts if part.kind in (XML, EXIF)}
    replace_labels(window, top, found - own, draft.changes)
    return Splice.of(coalesced(source, draft.changes.edits(window)))


@dataclass(slots=True)
class _Draft:
    source: Source
    top: list[Box]
    parts: list[Part]
    unpacker: Unpacker
    changes: Changes = field(default_factory=Changes)
    done: set[Box] = field(default_factory=set)

    @property
    def rebuilds(self) -> bool:
        """Whether the file can be turned back into the JPEG that it was made from."""
        return any(box.kind == REBUILD for box in self.top)

    def is_late(self, box: Box) -> bool:
        """Whether a box stands behind the picture."""
        return any(each.kind in CODESTREAM and each.start < box.start for each in self.top)


def _wrapped(source: Source, json: str) -> Iterator[Edit]:
    """Yields the edits that put a container around a bare codestream, the label in front of the picture."""
    found = list(labels_behind(source, max(len(BARE), source.size - TAIL)))
    size = source.size - sum(item.stop - item.start for item in found)
    header = (size + 8).to_bytes(4, "big") + b"jxlc"
    if size + 8 >= 1 << 32:
        header = b"\0\0\0\1jxlc" + (size + 16).to_bytes(8, "big")
    yield Edit(0, 0, HEADER + make_box(XML, xmp.with_label(None, json)) + header)
    for item in found:
        yield Edit(item.start, item.stop, b"")


def _set_in_packet(draft: _Draft, json: str, *, in_place: bool) -> bool:
    """Sets the label in the first packet that can take it; says whether there was one.

    A packet behind the picture comes to stand in front of it, unless nothing shall move.
    """
    for part in draft.parts:
        if part.kind != XML:
            continue
        old = draft.unpacker.content(part)
        new = xmp.with_label(old, json)
        if draft.rebuilds and len(new) != len(old):
            continue
        draft.done.add(part.box)
        if in_place or draft.rebuilds or not draft.is_late(part.box):
            _replace(draft, part, old, new)
        else:
            draft.changes.replace(part.box.start, part.box.stop, b"", None)
            _add_packet(draft, new, in_place=False)
        return True
    return False


def _replace(draft: _Draft, part: Part, old: bytes, new: bytes) -> None:
    box = part.box
    if part.is_packed:
        draft.changes.replace(box.start, box.stop, make_box(part.kind, new), None)
        return
    for edit in smallest(box.body, old, new):
        draft.changes.replace(edit.start, edit.stop, edit.data, box)
    if len(new) != len(old) and draft.source.read(box.start, 4) == bytes(4):
        size = box.size + len(new) - len(old)
        if size >= 1 << 32:
            raise LimitExceeded("bmff-box-too-large", path=draft.source.name, box=box.name, size=size)


def _take_out(draft: _Draft, part: Part) -> None:
    """Takes a label out of a box that is not the one that gets it; the box keeps its unpacked length."""
    if part.kind not in (XML, EXIF):
        return
    old = draft.unpacker.content(part)
    new = _without_label(part, old)
    if new == old:
        return
    if len(new) > len(old):
        raise UnsupportedFormat("jxl-label-place", path=draft.source.name, offset=part.box.start)
    _replace(draft, part, old, new.ljust(len(old)))


def _without_label(part: Part, data: bytes) -> bytes:
    if part.kind == XML:
        return xmp.without_other_labels(data) if xmp.labels(data) else data
    start = exif_start(data)
    changed = bytearray(data)
    for edit in exif_edits(data[start:], start):
        changed[edit.start : edit.stop] = edit.data
    return bytes(changed)


def _add_packet(draft: _Draft, packet: bytes, *, in_place: bool) -> None:
    at = _place(draft, in_place=in_place)
    draft.changes.replace(at, at, make_box(XML, packet), None)


def _place(draft: _Draft, *, in_place: bool) -> int:
    """In front of the picture, where a reading of the head finds it; at the end if nothing shall move.

    What rebuilds a JPEG takes the first packet of the file, so there the new one comes behind it.
    """
    packets = [part.box for part in draft.parts if part.kind == XML]
    if draft.rebuilds and packets and packets[-1] is not draft.top[-1]:
        return packets[-1].stop
    last = draft.top[-1]
    has_end = draft.source.read(last.start, 4) != bytes(4)
    if in_place and has_end and last.stop == draft.source.size:
        return last.stop
    return next(box.start for box in draft.top if box.kind in CODESTREAM)
