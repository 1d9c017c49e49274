"""The places of metadata in an ISO base media file, in file order: one walk that reading and writing share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.containers.bmff.boxes import FREE, Box, children
from yinji.containers.bmff.meta import Meta, meta_blocks, parse_meta, user_data_text
from yinji.containers.model import Block
from yinji.containers.window import Window
from yinji.errors import Malformed
from yinji.labels.problem import Problem, Severity
from yinji.limits import KIB, MIB

XMP_UUID: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
C2PA_UUID: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_C2PA_HELD: Final = 1 * MIB
"""Bytes of a manifest store that a block carries; detectors look for names, verification reads the file itself."""

AHEAD: Final = 16 * KIB
"""Bytes of a movie header fetched at once: usually all of it."""

HOLE_MIN: Final = 40
HOLE_MAX: Final = 64 * KIB
_XMP_BOX: Final = b"XMP_"
_HOLDERS: Final = FREE | {b"meta", b"udta", b"uuid"}
"""Boxes of a movie and its tracks in which metadata stand."""

_IN_MOVIE: Final = _HOLDERS | {b"trak", b"cmov"}

_LABEL_MIN: Final = 200
"""Bytes of the shortest label with the boxes around it."""

HOLES: Final = frozenset(("bmff-key-blanked", "bmff-value-blank", "bmff-hole", "bmff-gap", "bmff-key-alone"))
"""Problems that speak of metadata blanked in place."""

Place = Block | Meta
"""A ``meta`` box with all it holds, or a block that stands alone."""


def movie_places(window: Window, moov: Box) -> Iterator[Place]:
    """Yields what a ``moov`` box holds of metadata, tracks included.

    Raises:
        Malformed: Sizes do not fit, or the movie header is compressed (``cmov``).
        Truncated, LimitExceeded: The rest cannot be read.
    """
    for child in children(window, moov, only=_IN_MOVIE):
        if child.kind == b"trak":
            for inner in children(window, child, only=_HOLDERS):
                yield from _places(window, inner, "moov/trak")
        elif child.kind == b"cmov":
            raise Malformed("bmff-compressed-movie", path=window.source.name, offset=child.start)
        else:
            yield from _places(window, child, "moov")


def _places(window: Window, box: Box, where: str) -> Iterator[Place]:
    if box.kind == b"meta":
        yield parse_meta(window, box, f"{where}/meta")
    elif box.kind == b"udta":
        for child in children(window, box):
            yield from _user_data(window, child, f"{where}/udta")
    else:
        yield from loose_blocks(window, box)


def _user_data(window: Window, box: Box, where: str) -> Iterator[Place]:
    if box.kind == b"meta":
        yield parse_meta(window, box, f"{where}/meta")
    elif box.kind == _XMP_BOX:
        yield _xmp(window, box, box.body)
    elif (text := user_data_text(window, box)) is not None:
        yield text
    else:
        yield from loose_blocks(window, box)


def loose_blocks(window: Window, box: Box) -> Iterator[Block]:
    """Yields the block of a ``uuid`` box of XMP or C2PA, and of a ``free`` box that was something else once."""
    if box.kind == b"uuid" and box.stop - box.body >= 16:
        user_type = window.peek(box.body, 16)
        if user_type == XMP_UUID:
            yield _xmp(window, box, box.body + 16)
        elif user_type == C2PA_UUID:
            yield from _c2pa(window, box)
    elif box.kind in FREE and HOLE_MIN <= box.size <= HOLE_MAX and _was_metadata(window, box):
        problem = Problem("bmff-hole", Severity.WARNING, "R62", {"offset": box.start, "length": box.size})
        yield Block("free", "", b"", box.start, box.stop, (problem,))


def places_of_top_level(window: Window, box: Box) -> Iterator[Place]:
    """Yields what a box at the top of the file holds of metadata."""
    if box.kind == b"moov":
        yield from movie_places(window, box)
    elif box.kind == b"meta":
        yield parse_meta(window, box, "meta")
    else:
        yield from loose_blocks(window, box)


def blocks_of(window: Window, place: Place, *, thorough: bool = True) -> Iterator[Block]:
    """Yields the blocks of a place; unless ``thorough``, those that show a sign of a label."""
    if isinstance(place, Meta):
        yield from meta_blocks(window, place, thorough=thorough)
    else:
        yield place


def _xmp(window: Window, box: Box, at: int) -> Block:
    return Block("xmp", "", window.peek(at, box.stop - at), box.start, box.stop)


def _c2pa(window: Window, box: Box) -> Iterator[Block]:
    """Yields a manifest store: version and flags, a purpose, for manifests an offset, then JUMBF (C2PA A.5)."""
    at = box.body + 20
    purpose, _, rest = window.peek(at, min(32, box.stop - at)).partition(b"\0")
    if purpose in (b"manifest", b"original", b"update") and len(rest) >= 8:
        at += len(purpose) + 9
        held = window.peek(at, min(box.stop - at, _C2PA_HELD))
        yield Block("c2pa", purpose.decode("ascii"), held, box.start, box.stop)


def zeroed_room(window: Window, moov: Box) -> Iterator[Block]:
    """Yields free room of zeros that a label would fill, where labels stand: padding, or all that blanking one left."""
    for child in children(window, moov, only=FREE | {b"udta"}):
        for box in children(window, child, only=FREE) if child.kind == b"udta" else (child,):
            if _LABEL_MIN <= box.size <= HOLE_MAX and not window.peek(box.body, box.stop - box.body).strip(b"\0"):
                problem = Problem("bmff-zeroed", Severity.NOTE, "R62", {"offset": box.start, "length": box.size})
                yield Block("free", "", b"", box.start, box.stop, (problem,))


def _was_metadata(window: Window, box: Box) -> bool:
    """Whether the header of a ``meta`` box or of an XMP ``uuid`` box still stands where it did before the renaming."""
    return is_metadata_front(window.peek(box.body, min(32, box.stop - box.body)))


def is_metadata_front(first: bytes) -> bool:
    """As :func:`_was_metadata`, of the first 32 bytes of a box."""
    return first.startswith(XMP_UUID) or first[4:8] == b"hdlr" or first[8:12] == b"hdlr" or b"mdta" in first
