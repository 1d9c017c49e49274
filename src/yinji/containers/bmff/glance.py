"""The short way through ISO base media files: box headers at the top, in ``moov`` and in ``udta``, and one ``meta``.

Damage must be told where the walk tells it, so every size is checked as the walk checks it; what is left out is the
making of objects for what holds no label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct
from typing import Final

from yinji.containers.bmff.boxes import META_CHILDREN
from yinji.containers.bmff.meta import COPYRIGHT_SIGN, KEY, PLAIN_MAX, TELLING
from yinji.containers.bmff.movie import HOLE_MAX, HOLE_MIN, is_metadata_front
from yinji.containers.bmff.promised import indexed_stop
from yinji.containers.candidate import may_hold_label, shows_sign
from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.containers.stretch import Stretch
from yinji.limits import KIB

_HEADER: Final = Struct(">I4s").unpack_from
_LARGE: Final = Struct(">Q").unpack_from
_BOXES_MAX: Final = 1024
_MOVIE: Final = 16 * KIB
_FRAGMENT: Final = 2 * KIB
_META_MAX: Final = 256 * KIB
_PICTURE_TYPES: Final = (b"\0\0\0\x0d", b"\0\0\0\x0e")
_PASSED: Final = frozenset((b"free", b"skip", b"wide"))
_HOLDERS: Final = _PASSED | {b"meta", b"uuid"}
"""Boxes that need a look wherever they stand; all others are passed over by their headers."""

_IN_TRACK: Final = _HOLDERS | {b"udta"}
_IN_MOVIE: Final = _IN_TRACK | {b"trak", b"cmov"}

Inside = Callable[[Stretch, int, int], "list[Block]"]
"""Returns the blocks of a box from its body to its end that may hold a label; raises LookupError for a walk."""


def glance(
    source: Source, inside: dict[bytes, Inside], payloads: frozenset[bytes] = frozenset((b"mdat", b"moof"))
) -> list[Block] | None:
    """Settles files of boxes that fill it, of which one of ``inside`` may hold a label.

    Args:
        source: The file.
        inside: What looks into the boxes that hold metadata.
        payloads: Boxes in front of which a reading may stop once it saw a label.
    """
    here = Stretch(source, _MOVIE)
    at, size = 0, source.size
    found: list[Block] = []
    is_settled = has_metadata = has_media = False
    for _ in range(_BOXES_MAX):
        if at == size:
            return found if has_metadata and has_media else None
        offset = at - here.base
        if not 0 <= offset <= len(here.data) - 8:
            offset = here.show(at, 8)
        length, kind = _HEADER(here.data, offset)
        body = at + 8
        if length == 1:
            offset = here.show(at, 16)
            length, body = _LARGE(here.data, offset + 8)[0], at + 16
        stop = at + length
        if stop < body or stop > size:
            return None
        if kind in payloads:
            if is_settled:
                return found
            has_media = True
        elif kind in inside:
            found += inside[kind](here, body, stop)
            has_metadata = True
            is_settled = any(map(may_hold_label, found))
            here.reach = _FRAGMENT
        elif kind in _PASSED:
            _pass(here, body, stop)
        elif kind == b"sidx":
            if stop - at > _META_MAX or indexed_stop(here.data[here.show(body, stop - body) :], stop) > size:
                return None
        elif kind in (b"uuid", b"meta", b"moov"):
            return None
        at = stop
    return None


def boxes(here: Stretch, at: int, stop: int, only: frozenset[bytes] | None = None) -> list[tuple[bytes, int, int]]:
    """Returns kind, body and end of the boxes between two places, of all kinds or of some.

    Raises:
        LookupError: A size that does not fit, or takes more than 32 bits.
    """
    found: list[tuple[bytes, int, int]] = []
    data, base = here.data, here.base
    limit = base + len(data) - 8
    last = stop - 8
    for _ in range(_BOXES_MAX):
        if at > last:
            return found
        if not base <= at <= limit:
            here.show(at, 8)
            data, base = here.data, here.base
            limit = base + len(data) - 8
        length, kind = _HEADER(data, at - base)
        end = at + length
        if length < 8 or end > stop:
            raise LookupError
        if only is None or kind in only:
            found.append((kind, at + 8, end))
        at = end
    raise LookupError


def movie(here: Stretch, at: int, stop: int) -> list[Block]:
    """Looks into ``moov``: user data of the movie and of its tracks."""
    found: list[Block] = []
    if stop - at <= _MOVIE:
        here.show(at, stop - at)
    for kind, body, end in boxes(here, at, stop, _IN_MOVIE):
        if kind == b"trak":
            for inner, inner_body, inner_end in boxes(here, body, end, _IN_TRACK):
                if inner == b"udta":
                    _user_data(here, inner_body, inner_end, found, in_movie=False)
                else:
                    _holder(here, inner, inner_body, inner_end)
        elif kind == b"udta":
            _user_data(here, body, end, found, in_movie=True)
        elif kind == b"cmov":
            raise LookupError
        else:
            _holder(here, kind, body, end)
    return found


def _holder(here: Stretch, kind: bytes, body: int, end: int) -> None:
    if kind in _PASSED:
        _pass(here, body, end)
    else:
        raise LookupError


def _pass(here: Stretch, body: int, end: int) -> None:
    """Passes over free room that was none of a label's boxes once."""
    if end - body + 8 >= HOLE_MIN and end - body <= HOLE_MAX:
        offset = here.show(body, 32)
        if is_metadata_front(here.data[offset : offset + 32]):
            raise LookupError


def _user_data(here: Stretch, at: int, stop: int, found: list[Block], *, in_movie: bool) -> None:
    for kind, body, end in boxes(here, at, stop):
        if kind == b"meta" and in_movie:
            found += _meta(here, body, end)
        elif kind[0] == COPYRIGHT_SIGN:
            if end - body < 4 or end - body > PLAIN_MAX:
                raise LookupError
            offset = here.show(body, end - body)
            length = int.from_bytes(here.data[offset : offset + 2], "big")
            if not 0 < length <= end - body - 4 or shows_sign(here.data[offset : offset + end - body]):
                raise LookupError
        elif kind in (b"XMP_", b"meta"):
            raise LookupError
        elif kind in _HOLDERS:
            _holder(here, kind, body, end)


def _meta(here: Stretch, at: int, stop: int) -> list[Block]:
    """Looks into ``moov/udta/meta``: its list of items, with keys or without."""
    if stop - at > _META_MAX or stop - at < 8:
        raise LookupError
    offset = here.show(at, stop - at)
    if here.data[offset + 4 : offset + 8] not in META_CHILDREN:
        at += 4
    keys: list[tuple[bytes, str]] = []
    items: tuple[int, int] | None = None
    has_keys = False
    for kind, body, end in boxes(here, at, stop):
        if kind == b"keys":
            if has_keys:
                raise LookupError
            has_keys, keys = True, list(_keys(here, body, end))
        elif kind == b"ilst":
            if items is not None:
                raise LookupError
            items = body, end
    found: list[Block] = []
    labels = sum(name.lower() == "aigc" for _, name in keys)
    if items is None:
        if labels:
            raise LookupError
        return found
    first, last = items
    if not keys and last - first <= PLAIN_MAX:  # so that no item is longer, and none has a name of its own
        if boxes(here, first, last, _PASSED) or shows_sign(here.data[first - here.base : last - here.base]):
            raise LookupError
        return found
    others: list[bytes] = []
    for kind, body, end in boxes(here, first, last):
        if kind in _PASSED:
            raise LookupError
        index = int.from_bytes(kind, "big")
        namespace, name = keys[index - 1] if 0 < index <= len(keys) else (b"", "")
        offset = here.show(body, end - body)
        content = here.data[offset : offset + end - body]
        if name == KEY and namespace == b"mdta":
            found.append(_value(content, body - 8, end))
        elif name.lower() in TELLING or b"free" in namespace:
            raise LookupError
        elif len(content) > PLAIN_MAX - 8:
            if kind != b"covr" or content[4:8] != b"data" or content[8:12] not in _PICTURE_TYPES:
                raise LookupError
        else:
            others.append(content)
    if len(found) != labels or (others and shows_sign(b"\n".join(others))):
        raise LookupError
    return found


def _keys(here: Stretch, at: int, stop: int) -> Iterator[tuple[bytes, str]]:
    offset = here.show(at, 8)
    count = int.from_bytes(here.data[offset + 4 : offset + 8], "big")
    if count > (stop - at) // 8:
        raise LookupError
    at += 8
    for _ in range(count):
        if stop - at < 8:
            raise LookupError
        offset = here.show(at, 8)
        size, namespace = _HEADER(here.data, offset)
        if not 8 <= size <= stop - at:
            raise LookupError
        yield namespace, here.data[offset + 8 : offset + size].decode("utf-8", "replace").rstrip("\0")
        at += size


def _value(content: bytes, start: int, stop: int) -> Block:
    """Returns the block of a label: one ``data`` box of UTF-8 text that is not blank."""
    length, kind = _HEADER(content, 0)
    if kind != b"data" or not 16 <= length <= len(content) or content[8:12] != b"\0\0\0\1":
        raise LookupError
    text = content[16:length].decode("utf-8").removeprefix("\ufeff")
    if not text.strip("\0 "):
        raise LookupError
    return Block("mdta", KEY, text, start, stop)
