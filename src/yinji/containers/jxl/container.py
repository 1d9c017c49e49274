"""JPEG XL (ISO/IEC 18181): the label is in XMP, in an ``xml `` box of the container (TC260-PG-20259A 6, R61)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from yinji.containers.base import Example, Span
from yinji.containers.bmff.boxes import Box, make_box, top_level
from yinji.containers.bmff.movie import HOLES, blocks_of, places_of_top_level
from yinji.containers.candidate import may_hold_label
from yinji.containers.jxl.boxes import (
    BARE,
    CODESTREAM,
    EXIF,
    HEADER,
    JUMBF,
    PICTURE,
    SIGNATURE,
    XML,
    Part,
    Unpacker,
    is_c2pa,
    is_last,
    part_of,
    tiff_of,
)
from yinji.containers.jxl.edit import TAIL, plan
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.trailer import labels_behind
from yinji.containers.window import Window
from yinji.errors import Malformed, MissingExtra, Truncated, UnreadableInput
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem, Severity


class Jxl:
    """JPEG XL, in a container or bare."""

    name: ClassVar[str] = "jxl"
    media_type: ClassVar[str] = "image/jxl"
    kind: ClassVar[Kind] = Kind.IMAGE
    extensions: ClassVar[tuple[str, ...]] = ("jxl",)
    carrier: ClassVar[str] = "xmp"
    clause: ClassVar[str] = "TC260-PG-20259A 6"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head.startswith(SIGNATURE):
            return 100
        if head.startswith(BARE):
            return 90
        return 10 if extension in self.extensions else 0

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields packets, EXIF and manifests; a quick reading stops at the picture once a label was seen.

        Raises:
            Malformed, Truncated, LimitExceeded: The rest cannot be read, or what stood there was blanked (R62).
            UnreadableInput: A packed box may hold the label, and nothing is installed that unpacks it.
        """
        if source.head.startswith(BARE):
            yield from _behind_codestream(source)
            return
        if not source.head.startswith(SIGNATURE):
            raise Malformed("jxl-no-picture", path=source.name)
        window = Window(source)
        unpacker = Unpacker(source)
        has_label = has_picture = is_whole = is_closed = False
        hole: int | None = None
        for box in top_level(window):
            if box.kind in PICTURE:
                has_picture |= box.kind in CODESTREAM
                is_whole |= box.kind in CODESTREAM and is_last(window, box)
                if has_label and not thorough:
                    return
                continue
            try:
                for block in _blocks_of(window, box, unpacker):
                    hole = next((block.start for p in block.problems if p.code in HOLES), hole)
                    has_label |= may_hold_label(block)
                    yield block
            except MissingExtra:
                is_closed = True
        if not has_picture:
            raise Malformed("jxl-no-picture", path=source.name)
        if not is_whole:
            raise Truncated("truncated", path=source.name, offset=source.size, needed=1, size=source.size)
        if is_closed:
            raise UnreadableInput("jxl-packed", path=source.name)
        if hole is not None and not has_label:
            raise Malformed("bmff-blanked", path=source.name, offset=hole)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into an ``xml `` box; see :mod:`yinji.containers.jxl.edit`."""
        return plan(source, label.to_json(), reading, in_place=in_place)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the codestream, and what rebuilds the JPEG it was made from."""
        if source.head.startswith(BARE):
            at = 0
            for item in labels_behind(source, max(len(BARE), source.size - TAIL)):
                yield Span(at, item.start)
                at = item.stop
            yield Span(at, source.size)
            return
        for box in top_level(Window(source)):
            if box.kind in PICTURE:
                yield Span(box.body, box.stop)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a codestream that stands for a picture: bare, in one box, in parts."""
        yield Example("bare.jxl", _PICTURE)
        yield Example("container.jxl", HEADER + make_box(b"jxlc", _PICTURE))
        parts = make_box(b"jxlp", bytes(4), _PICTURE[:9]), make_box(b"jxlp", b"\x80\0\0\1", _PICTURE[9:])
        yield Example("parts.jxl", HEADER + make_box(b"jxll", b"\5") + b"".join(parts))


def _behind_codestream(source: Source) -> Iterator[Block]:
    """Yields labels left at the end of a bare codestream, which holds no metadata itself."""
    for item in labels_behind(source, max(len(BARE), source.size - TAIL)):
        problem = Problem("after-end", Severity.WARNING, "R48", {"offset": item.start})
        yield Block("jxl-trailer", item.key, item.text, item.start, item.stop, (problem,))


def _blocks_of(window: Window, box: Box, unpacker: Unpacker) -> Iterator[Block]:
    part = part_of(window, box)
    if part.kind in (XML, EXIF):
        yield _metadata(part, unpacker.content(part))
    elif part.kind == JUMBF:
        content = unpacker.content(part)
        if is_c2pa(content):
            yield Block("c2pa", "jumb", content, box.start, box.stop)
    else:
        for place in places_of_top_level(window, box):
            yield from blocks_of(window, place)


def _metadata(part: Part, content: bytes) -> Block:
    problems = (Problem("compressed", Severity.WARNING, "R61"),) if part.is_packed else ()
    carrier, value = ("xmp", content) if part.kind == XML else ("exif", tiff_of(content))
    return Block(carrier, "", value, part.box.start, part.box.stop, problems)


_PICTURE = bytes.fromhex("ff0a000808020002f8000000")
