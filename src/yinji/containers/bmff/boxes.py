"""Bounded walking over the boxes of ISO base media files (ISO/IEC 14496-12) and the atoms of QuickTime.

Nothing here recurses: callers descend along known paths, and every size is checked against its parent and the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.containers.window import Window
from yinji.errors import Malformed, Truncated
from yinji.limits import KIB

FREE: Final = frozenset((b"free", b"skip", b"wide"))
MEDIA: Final = b"mdat"

_PASSED: Final = 64
"""Boxes stepped over before they are counted."""

_ZEROS_MAX: Final = 64 * KIB
_HEADER: Final = struct.Struct(">I4s")
_LARGE: Final = struct.Struct(">Q")


class Box(NamedTuple):
    """One box.

    Attributes:
        kind: Four-character code.
        start, body, stop: Where the header, the payload and the next box begin.
        parent: The box it stands in, or None at the top of the file.
    """

    kind: bytes
    start: int
    body: int
    stop: int
    parent: Box | None = None

    @property
    def size(self) -> int:
        return self.stop - self.start

    @property
    def name(self) -> str:
        """The four-character code for people; the copyright sign of Apple's codes is byte A9."""
        return self.kind.decode("latin-1") if self.kind.isascii() or self.kind[0] == 0xA9 else self.kind.hex()


_box: Final = tuple.__new__
"""A named tuple's own constructor takes twice as long, and boxes are many."""


def top_level(window: Window) -> Iterator[Box]:
    """Yields the boxes of the file in order.

    Raises:
        Malformed, Truncated, LimitExceeded: A size that cannot be.
    """
    return _walk(window, 0, window.source.size, None, 0)


def children(
    window: Window, parent: Box, *, skip: int = 0, stop: int | None = None, only: frozenset[bytes] | None = None
) -> Iterator[Box]:
    """Yields the boxes inside ``parent``, after ``skip`` bytes of its own fields; with ``only``, those of these kinds.

    Raises:
        Malformed, Truncated, LimitExceeded: A size that cannot be.
    """
    depth = 1
    above = parent.parent
    while above is not None:
        depth, above = depth + 1, above.parent
    return _walk(window, parent.body + skip, parent.stop if stop is None else stop, parent, depth, only)


def _walk(
    window: Window, at: int, stop: int, parent: Box | None, depth: int, only: frozenset[bytes] | None = None
) -> Iterator[Box]:
    source = window.source
    passed = 0
    element, unpack, stretch = source.element, _HEADER.unpack_from, window.stretch
    while stop - at >= 8:
        data, offset = window.data, at - window.at
        if offset < 0 or offset + 8 > len(data):
            data, offset = stretch(at, 8)
        size, kind = unpack(data, offset)
        body = at + 8
        if size == 1:
            if stop - at < 16:
                raise _beyond(source, kind, at, 16, stop, parent)
            size, body = _LARGE.unpack(window.peek(at + 8, 8))[0], at + 16
        elif size == 0:
            if parent is not None:
                if parent.kind == b"udta" and stop - at <= _ZEROS_MAX and not any(source.read(at, stop - at)):
                    return  # QuickTime ends lists of user data with a zero
                raise Malformed("bmff-box-size", path=source.name, box=_shown(kind), offset=at, size=0)
            size = stop - at
        if size < body - at:
            raise Malformed("bmff-box-size", path=source.name, box=_shown(kind), offset=at, size=size)
        if size > stop - at:
            raise _beyond(source, kind, at, size, stop, parent)
        if only is None or kind in only:
            element(depth)
            yield _box(Box, (kind, at, body, at + size, parent))
        elif (passed := passed + 1) == _PASSED:
            element(depth, _PASSED)
            passed = 0
        at += size
    if parent is None and at < stop and any(window.peek(at, stop - at)):
        raise Truncated("truncated", path=source.name, offset=at, needed=8, size=source.size)


def _beyond(source: Source, kind: bytes, at: int, size: int, stop: int, parent: Box | None) -> Malformed | Truncated:
    if parent is None:
        return Truncated("truncated", path=source.name, offset=at, needed=size, size=source.size)
    return Malformed(
        "bmff-box-beyond-parent", path=source.name, box=_shown(kind), parent=parent.name, offset=at, size=size, end=stop
    )


def _shown(kind: bytes) -> str:
    return Box(kind, 0, 0, 0).name


def make_box(kind: bytes, *parts: bytes) -> bytes:
    """Returns a box of 32-bit size around the parts."""
    return _HEADER.pack(8 + sum(map(len, parts)), kind) + b"".join(parts)


def full_fields(window: Window, box: Box) -> int:
    """Returns 4 when a ``meta`` box is a FullBox (ISO), 0 when it is a plain QuickTime atom."""
    if box.stop - box.body < 8:
        return min(4, box.stop - box.body)
    return 0 if window.peek(box.body + 4, 4) in META_CHILDREN else 4


META_CHILDREN: Final = frozenset(
    (
        b"hdlr",
        b"keys",
        b"ilst",
        b"mhdr",
        b"ctry",
        b"lang",
        b"iloc",
        b"pitm",
        b"iinf",
        b"xml ",
        b"bxml",
        b"idat",
        b"free",
    )
)
