"""The short way through Matroska: the elements in front of the media, where the SeekHead points, and the tail.

The walk makes an object of every element that it comes by, some five hundred calls for a file as FFmpeg writes it.
"""

from __future__ import annotations

from typing import Final

from yinji.containers.candidate import may_hold_label, shows_sign
from yinji.containers.matroska import ebml
from yinji.containers.matroska.ebml import ID_WIDTHS, Element
from yinji.containers.matroska.elements import CLUSTER, EBML, INFO, KNOWN_HEADERS, SEEK_HEAD, SEGMENT, TAGS
from yinji.containers.matroska.seek import telling_pointers
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
_SIZE_WIDTHS: Final = tuple(9 - first.bit_length() if first else 0 for first in range(256))
_UNKNOWN: Final = tuple((1 << 7 * width) - 1 for width in range(9))
"""What a size of so many bytes means when all its bits are set."""

_NAME: Final = b"AIGC"
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
        pointers = telling_pointers(head)
        if pointers is None:
            return None
        for wanted, position in pointers:
            at = segment + position
            if at not in visited and at < size:
                id, body, stop = _header(here, at, size)
                if id != wanted or id == SEEK_HEAD:
                    return None
                visited.add(at)
                found += _said(here, id, body, stop)
    if any(map(may_hold_label, found)):
        return found
    start = size - TAIL
    tail = here.data if here.base == start else source.look(start, TAIL)
    at = tail.rfind(_TAGS_ID)  # from the back, which takes a third of the time
    while at >= 0:
        if start + at not in visited:
            return None
        at = tail.rfind(_TAGS_ID, 0, at)
    return found


def _header(here: Stretch, at: int, limit: int) -> tuple[int, int, int]:
    """Returns id, body and end of the element at a place of the file.

    Raises:
        LookupError: There is none, or it has no size, or does not fit.
    """
    data, offset = here.data, at - here.base
    if not 0 <= offset <= len(data) - ebml.MAX_HEADER:
        offset = here.show(at, ebml.MAX_HEADER)
        data = here.data
    front = offset + ID_WIDTHS[data[offset]]  # as _front, without its call
    long = _SIZE_WIDTHS[data[front]]
    start = front + long
    size = int.from_bytes(data[front:start], "big") & _UNKNOWN[long]
    body = at + start - offset
    if front == offset or not long or size == _UNKNOWN[long] or body + size > limit:
        raise LookupError
    return int.from_bytes(data[offset:front], "big"), body, body + size


def _front(data: bytes, at: int) -> tuple[int, int, int]:
    """Returns id, length of the header and size of an element: :func:`ebml.header` for what a glance passes by.

    Raises:
        LookupError: There is none, or its size is not known.
    """
    wide = ID_WIDTHS[data[at]]
    front = at + wide
    long = _SIZE_WIDTHS[data[front]]
    body = front + long
    size = int.from_bytes(data[front:body], "big") & _UNKNOWN[long]
    if not wide or not long or body > len(data) or size == _UNKNOWN[long]:
        raise LookupError
    return int.from_bytes(data[at:front], "big"), wide + long, size


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
        _simple_tags(data)
        if not is_plain:
            raise LookupError
        return []
    tags, particular = _simple_tags(data)
    if is_plain:
        return []
    name = data.find(_NAME)
    for front, at, end, tag in tags:  # nearly always one tag is all that shows a sign: two looks tell, not one for each
        if front < name < end and not shows_sign(data[:front]) and not shows_sign(data[end:]):
            return [_block(data, body, (front, at, end), tag not in particular)]
    return [
        _block(data, body, (front, at, end), tag not in particular)
        for front, at, end, tag in tags
        if shows_sign(data[at:end])
    ]


def _simple_tags(data: bytes) -> tuple[list[tuple[int, int, int, int]], set[int]]:
    """Returns where the SimpleTags of a Tags element stand: front, body, end, and the end of their Tag; and the ends of
    Tags that are about a part of the file.

    Of any other element it tells whether its children are sound. One loop over three levels, as a call for each master
    costs more than the elements in it.

    Raises:
        LookupError: It is not put together as EBML, or nested as few are.
    """
    found: list[tuple[int, int, int, int]] = []
    particular: set[int] = set()
    size = len(data)
    at = tag = held = 0  # where we are; where the Tag ends, and what is in it, Targets or SimpleTag
    is_targets = False
    for _ in range(_CHILDREN_MAX):
        if at >= size:
            return found, particular
        first = data[at]
        if 0x40 <= first < 0x80 <= data[at + 2] < 0xFF:  # nearly all are as short as this
            id, body = first << 8 | data[at + 1], at + 3
            stop = body + data[at + 2] - 0x80
        else:
            id, width, length = _front(data, at)
            body = at + width
            stop = body + length
        if at < held:
            if stop > held or id == SIMPLE_TAG:
                raise LookupError
            if is_targets and id in UIDS and any(data[body:stop]):
                particular.add(tag)
        elif at < tag:
            if stop > tag:
                raise LookupError
            is_targets = id == TARGETS
            if id == SIMPLE_TAG:
                found.append((at, body, stop, tag))
            if is_targets or id == SIMPLE_TAG:
                held, stop = stop, body
        elif stop > size:
            raise LookupError
        elif id == TAG:
            tag, stop = stop, body
        at = stop
    raise LookupError


def _block(data: bytes, base: int, place: tuple[int, int, int], is_global: bool) -> Block:
    """Returns the block of a SimpleTag that stands at ``place``: its header, its body, its end."""
    by_id = _first_children(data, place[1], place[2])
    first, last = by_id.get(TAG_NAME, (0, 0))
    name = ebml.text(data[first:last])
    string = by_id.get(TAG_STRING)
    first, last = string or by_id.get(TAG_BINARY, (0, 0))
    value = data[first:last]
    if string and is_global and value.isascii():  # as :func:`tag_block` would have it, in which nothing is wrong
        return Block("matroska-tag", name, ebml.text(value), base + place[0], base + place[2])
    element = Element(SIMPLE_TAG, base + place[0], base + place[1], base + place[2])
    text = None if string is None else Element(TAG_STRING, base + first, base + first, base + last)
    return tag_block(SimpleTag(element, (element,), name, value, text, is_global))


def _first_children(data: bytes, at: int, end: int) -> dict[int, tuple[int, int]]:
    """Returns body and end of the first element of each id between two places.

    Raises:
        LookupError: Something else stands there, or more than anyone needs.
    """
    found: dict[int, tuple[int, int]] = {}
    for _ in range(_CHILDREN_MAX):
        if at >= end:
            return found
        id, width, size = _front(data, at)
        body = at + width
        at = body + size
        if at > end:
            raise LookupError
        if id not in found:
            found[id] = body, at
    raise LookupError
