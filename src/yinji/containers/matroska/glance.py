"""The short way through Matroska: the elements in front of the media, where the SeekHead points, and the tail.

The walk makes an object of every element that it comes by, some five hundred calls for a file as FFmpeg writes it.
"""

from __future__ import annotations

from typing import Final

from yinji.containers.candidate import may_hold_label, shows_sign
from yinji.containers.matroska import ebml
from yinji.containers.matroska.ebml import ID_WIDTHS, Element
from yinji.containers.matroska.elements import CLUSTER, EBML, INFO, KNOWN_HEADERS, SEEK_HEAD, SEGMENT, TAGS
from yinji.containers.matroska.seek import usual_pointers
from yinji.containers.matroska.tags import (
    REMAINS,
    SIMPLE_TAG,
    TAG,
    TAG_BINARY,
    TAG_NAME,
    TAG_STRING,
    TARGETS,
    UIDS,
    SimpleTag,
    tag_block,
)
from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.containers.stretch import Stretch
from yinji.limits import KIB

WHOLE: Final = 64 * KIB
"""Files up to this size are walked to their end even by a quick reading."""

TAIL: Final = 16 * KIB
_FRONT: Final = 4 * KIB
_HOLE_LOOK: Final = 1 * KIB
_TOP_MAX: Final = 64
_CHILDREN_MAX: Final = 2048
_HELD_MAX: Final = 256 * KIB
_TAGS_ID: Final = TAGS.to_bytes(4, "big")


def glance(source: Source) -> list[Block] | None:
    """Settles one Segment of known size that is longer than :data:`WHOLE` and fills the file."""
    size = source.size
    here = Stretch(source, _FRONT)
    id, body, stop = _header(here, 0, size)
    if id != EBML or here.data[body:stop] not in KNOWN_HEADERS or size <= WHOLE:
        return None
    id, segment, stop = _header(here, stop, size)
    if id != SEGMENT or stop != size:
        return None
    found: list[Block] = []
    visited: set[int] = set()
    heads: list[bytes] = []
    at = segment
    for _ in range(_TOP_MAX):
        id, body, stop = _header(here, at, size)
        if id == CLUSTER:
            break
        visited.add(at)
        if id == SEEK_HEAD:
            heads.append(_content(here, body, stop))
        elif id == ebml.VOID:
            _pass(here, body, stop)
        elif id in (TAGS, INFO):
            found += _said(here, id, body, stop)
        elif id in (EBML, SEGMENT):
            return None
        at = stop
    else:
        return None
    if any(map(may_hold_label, found)):
        return found
    here.data, here.base = source.look(size - TAIL, TAIL), size - TAIL
    for head in heads:
        pointers = usual_pointers(head)
        if pointers is None:
            return None
        for wanted, position in pointers:
            at = segment + position
            if wanted in (TAGS, INFO, SEEK_HEAD) and at not in visited and at < size:
                id, body, stop = _header(here, at, size)
                if id != wanted or id == SEEK_HEAD:
                    return None
                visited.add(at)
                found += _said(here, id, body, stop)
    if any(map(may_hold_label, found)):
        return found
    start = size - TAIL
    tail = here.data if here.base == start else source.look(start, TAIL)
    at = tail.find(_TAGS_ID)
    while at >= 0:
        if start + at not in visited:
            return None
        at = tail.find(_TAGS_ID, at + 1)
    return found


def _header(here: Stretch, at: int, limit: int) -> tuple[int, int, int]:
    """Returns id, body and end of the element at a place of the file.

    Raises:
        LookupError: There is none, or it has no size, or does not fit.
    """
    offset = at - here.base
    if not 0 <= offset <= len(here.data) - ebml.MAX_HEADER:
        offset = here.show(at, ebml.MAX_HEADER)
    found = ebml.header(here.data, offset)
    if found is None or found.size is None or at + found.length + found.size > limit:
        raise LookupError
    return found.id, at + found.length, at + found.length + found.size


def _content(here: Stretch, body: int, stop: int) -> bytes:
    if stop - body > _HELD_MAX:
        raise LookupError
    offset = here.show(body, stop - body)
    return here.data[offset : offset + stop - body]


def _pass(here: Stretch, body: int, stop: int) -> None:
    """Passes over a Void in which no remains of a label stand."""
    content = _content(here, body, min(stop, body + _HOLE_LOOK))
    if content.strip(b"\0") and REMAINS.search(content):
        raise LookupError


def _said(here: Stretch, id: int, body: int, stop: int) -> list[Block]:
    """Returns the tags of an element that may be a label; its structure is checked as a walk checks it."""
    data = _content(here, body, stop)
    is_plain = not shows_sign(data)
    if id == INFO:
        _children(data, 0, len(data))
        if not is_plain:
            raise LookupError
        return []
    found = []
    for kind, start, end, _ in _children(data, 0, len(data)):
        if kind != TAG:
            continue
        is_global = True
        held = _children(data, start, end)
        for inner, at, last, _ in held:
            if inner == TARGETS:
                for uid, first, past, _ in _children(data, at, last):
                    is_global = is_global and (uid not in UIDS or not any(data[first:past]))
        for inner, at, last, front in held:
            if inner == SIMPLE_TAG:
                parts = _children(data, at, last)
                if not is_plain and shows_sign(data[at:last]):
                    found.append(_block(data, body, (front, at, last), parts, is_global))
                elif any(part == SIMPLE_TAG for part, _, _, _ in parts):
                    raise LookupError
    return found


def _block(
    data: bytes, base: int, place: tuple[int, int, int], parts: list[tuple[int, int, int, int]], is_global: bool
) -> Block:
    """Returns the block of a SimpleTag that stands at ``place``: its header, its body, its end."""
    by_id = {id: (first, last) for id, first, last, _ in reversed(parts)}
    if SIMPLE_TAG in by_id:
        raise LookupError
    first, last = by_id.get(TAG_NAME, (0, 0))
    name = ebml.text(data[first:last])
    string = by_id.get(TAG_STRING)
    first, last = string or by_id.get(TAG_BINARY, (0, 0))
    element = Element(SIMPLE_TAG, base + place[0], base + place[1], base + place[2])
    text = None if string is None else Element(TAG_STRING, base + first, base + first, base + last)
    return tag_block(SimpleTag(element, (element,), name, data[first:last], text, is_global))


def _children(data: bytes, at: int, end: int) -> list[tuple[int, int, int, int]]:
    """Returns id, body, end and start of the elements between two places.

    Raises:
        LookupError: Something else stands there, or more than anyone needs.
    """
    found: list[tuple[int, int, int, int]] = []
    while at < end:
        body = at + ID_WIDTHS[data[at]] + 1
        if at + 1 < body <= end and 0x80 <= data[body - 1] < 0xFF:
            id, stop = int.from_bytes(data[at : body - 1], "big"), body + (data[body - 1] & 0x7F)
        else:
            front = ebml.header(data, at)
            if front is None or front.size is None:
                raise LookupError
            id, body = front.id, at + front.length
            stop = body + front.size
        if stop > end or len(found) > _CHILDREN_MAX:
            raise LookupError
        found.append((id, body, stop, at))
        at = stop
    return found
