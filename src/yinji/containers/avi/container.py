"""AVI, OpenDML included: the label is the chunk ``AIGC`` of ``LIST INFO`` (TC260-PG-20257A App. D, R55)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers import riff
from yinji.containers.avi.edit import plan
from yinji.containers.avi.glance import glance
from yinji.containers.avi.index import HEADERS, super_entries
from yinji.containers.avi.places import INFO, LABEL, MEDIA, Place, places, text_of
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.riff import Form, chunks, forms, make, make_list
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.trailer import labels_behind
from yinji.containers.window import Window
from yinji.errors import Malformed, Truncated
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem, Severity
from yinji.limits import KIB

_REMAINS: Final = re.compile(rb"AIGC.{4}\s{0,8}\{|[\"']ContentProducer[\"']", re.DOTALL)
_HOLE_MAX: Final = 64 * KIB
_HOLE_LOOK: Final = 1 * KIB
_REACH: Final = 1 * KIB
"""Bytes of one small request: a label, and the header behind it."""

_HOLE: Final = "riff-junk"
_NOT_FIRST: Final = b"AVIX"


class Avi:
    """Audio Video Interleave, with one RIFF or several."""

    name: ClassVar[str] = "avi"
    media_type: ClassVar[str] = "video/x-msvideo"
    kind: ClassVar[Kind] = Kind.VIDEO
    extensions: ClassVar[tuple[str, ...]] = ("avi",)
    carrier: ClassVar[str] = "riff-info"
    clause: ClassVar[str] = "TC260-PG-20257A App. D"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            return 100
        return 10 if extension in self.extensions else 0

    glance = staticmethod(glance)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields the texts of INFO, XMP and C2PA chunks, stray label chunks, and JUNK that still holds a label.

        A quick reading stops at the media once a label was seen in front of them; else it hops over them.

        Raises:
            Malformed, Truncated, LimitExceeded: The rest cannot be read, or a label was blanked in place (R62).
        """
        window = Window(source, _REACH)
        seen = has_media = False
        hole: Block | None = None
        stop = 0
        for form in _forms(window):
            stop = source.size if form.is_open else form.stop
            for place in places(window, form):
                if place.chunk.type == MEDIA:
                    has_media = True
                    if seen and not thorough:
                        return
                    continue
                for block in _blocks_of(window, place):
                    hole = block if block.carrier == _HOLE else hole
                    seen |= may_hold_label(block)
                    yield block
        for item in labels_behind(source, stop):
            seen = True
            problem = Problem("after-end", Severity.WARNING, "R48", {"offset": item.start})
            yield Block("riff-trailer", item.key, item.text, item.start, item.stop, (problem,))
        if hole is not None and not seen:
            raise Malformed("avi-blanked", path=source.name, offset=hole.start)
        if not has_media:
            raise Malformed("avi-no-media", path=source.name)
        stop = max((entry.stop for entry in super_entries(window, next(_forms(window)))), default=0)
        if stop > source.size:  # further RIFFs are missing
            missing = stop - source.size
            raise Truncated("truncated", path=source.name, offset=source.size, needed=missing, size=source.size)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into ``LIST INFO``; see :mod:`yinji.containers.avi.edit`."""
        return plan(source, label.to_json(), reading)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields what the ``movi`` lists hold, without the OpenDML indexes among it, which say where it stands."""
        window = Window(source)
        gaps: list[tuple[int, int]] = []
        for number, form in enumerate(_forms(window)):
            if number == 0:
                gaps = sorted((entry.start, entry.stop) for entry in super_entries(window, form) if entry.start)
            for chunk in chunks(window, form):
                if chunk.type == MEDIA:
                    yield from _without(chunk.body + 4, chunk.end, gaps)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields eight frames of one grey pixel: bare, with a name and JUNK, and with a second RIFF behind it."""
        yield Example("bare.avi", _clip())
        name = make_list(INFO, make(b"ISFT", b"yinji\0"))
        yield Example("named.avi", _clip(name + make(b"JUNK", bytes(1016))))
        yield Example("long.avi", _clip(is_long=True))


def _forms(window: Window) -> Iterator[Form]:
    for number, form in enumerate(forms(window)):
        if form.id != b"RIFF" or form.type != (_NOT_FIRST if number else b"AVI "):
            if number == 0:
                raise Malformed("avi-not-avi", path=window.source.name)
            return
        yield form


def _blocks_of(window: Window, place: Place) -> Iterator[Block]:
    chunk = place.chunk
    if place.is_info:
        value = text_of(riff.data(window, chunk))
        problems = place.problems() if chunk.id == LABEL else ()
        yield Block("riff-info", chunk.id.decode("ascii"), value, chunk.start, chunk.stop, problems)
    elif chunk.id.upper() == LABEL:
        yield Block("riff-chunk", chunk.id.decode("ascii"), text_of(riff.data(window, chunk)), chunk.start, chunk.stop)
    elif chunk.id == b"_PMX":
        yield Block("xmp", "", riff.data(window, chunk), chunk.start, chunk.stop)
    elif chunk.id == b"C2PA":
        yield Block("c2pa", "C2PA", b"", chunk.start, chunk.stop)
    elif chunk.id == b"JUNK" and 8 <= chunk.size <= _HOLE_MAX:
        look = window.peek(chunk.body, min(chunk.size, _HOLE_LOOK))
        if _REMAINS.search(look):
            values = {"offset": chunk.start, "length": chunk.stop - chunk.start}
            problem = Problem("avi-hole", Severity.WARNING, "R62", values)
            yield Block(_HOLE, "", b"", chunk.start, chunk.stop, (problem,))


def _without(start: int, stop: int, gaps: list[tuple[int, int]]) -> Iterator[Span]:
    for first, last in gaps:
        if start <= first and last <= stop:
            if start < first:
                yield Span(start, first)
            start = last
    if start < stop:
        yield Span(start, stop)


_FRAMES: Final = 8
_PIXEL: Final = b"\x80\x80\x80\0"


def _clip(extra: bytes = b"", *, is_long: bool = False) -> bytes:
    frames = b"".join(make(b"00db", _PIXEL) for _ in range(_FRAMES))
    index = make(b"idx1", b"".join(b"00db" + struct.pack("<III", 16, 4 + 12 * n, 4) for n in range(_FRAMES)))
    if not is_long:
        return make_list(b"AVI ", _headers(b"") + extra + make_list(MEDIA, frames) + index, id=b"RIFF")
    room = len(_headers(bytes(24 + 2 * 16)))
    first_at = 12 + room + 12 + len(frames)
    standard = _standard_index(12 + room + 8)
    first = 12 + room + 12 + len(frames) + len(standard) + len(index)
    second_at = first + 12 + 12 + len(frames)
    entries = ((first_at, len(standard)), (second_at, len(standard)))
    super_index = struct.pack("<HBBI4s12x", 4, 0, 0, 2, b"00db")
    super_index += b"".join(struct.pack("<QII", at, size, _FRAMES) for at, size in entries)
    head = make_list(b"AVI ", _headers(super_index) + make_list(MEDIA, frames, standard) + index, id=b"RIFF")
    return head + make_list(_NOT_FIRST, make_list(MEDIA, frames, _standard_index(first + 20)), id=b"RIFF")


def _standard_index(base: int) -> bytes:
    """Returns an index of the frames in the list whose type stands at ``base``."""
    entries = b"".join(struct.pack("<II", 12 + 12 * n, 4) for n in range(_FRAMES))
    return make(b"ix00", struct.pack("<HBBI4sQI", 2, 0, 1, _FRAMES, b"00db", base, 0) + entries)


def _headers(super_index: bytes) -> bytes:
    flags = 0x10  # has an index
    main = struct.pack("<14I", 100_000, 40, 0, flags, _FRAMES, 0, 1, 4, 1, 1, 0, 0, 0, 0)
    stream = struct.pack("<4s4sIHHIIIIIIII4H", b"vids", b"DIB ", 0, 0, 0, 0, 1, 10, 0, _FRAMES, 4, 0, 0, 0, 0, 1, 1)
    format = struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0)
    parts = make(b"strh", stream) + make(b"strf", format) + (make(b"indx", super_index) if super_index else b"")
    return make_list(HEADERS, make(b"avih", main), make_list(b"strl", parts))
