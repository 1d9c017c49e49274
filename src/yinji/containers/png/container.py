"""PNG and APNG (ISO/IEC 15948): the label is an XMP property in an iTXt chunk before IDAT (TC260-PG-20259A 6, R43)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import ClassVar

from yinji.containers import embedded
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.png.chunks import (
    IMAGE,
    SIGNATURE,
    TEXTS,
    WIPED_MIN,
    XMP_KEYWORD,
    Chunk,
    chunks,
    make,
    payload,
    raw_profile,
    text_of,
)
from yinji.containers.png.edit import plan
from yinji.containers.png.glance import glance
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.trailer import labels_behind
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem, Severity


class Png:
    """PNG and animated PNG."""

    name: ClassVar[str] = "png"
    media_type: ClassVar[str] = "image/png"
    kind: ClassVar[Kind] = Kind.IMAGE
    extensions: ClassVar[tuple[str, ...]] = ("png", "apng")
    carrier: ClassVar[str] = "xmp"
    clause: ClassVar[str] = "TC260-PG-20259A 6"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head[:8] == SIGNATURE:
            return 100
        return 10 if extension in self.extensions else 0

    glance = staticmethod(glance)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        seen = late = False
        stop = 0
        for chunk in chunks(source):
            stop = chunk.stop
            if chunk.type == b"IDAT":
                if seen and not thorough:
                    return
                late = True
            elif chunk.type not in IMAGE:
                for block in _blocks_of(source, chunk, late):
                    seen = seen or may_hold_label(block)
                    yield block
        if seen and not thorough:
            return
        for item in labels_behind(source, stop):
            problem = Problem("after-end", Severity.WARNING, "R48", {"offset": item.start})
            yield Block("png-trailer", item.key, item.text, item.start, item.stop, (problem,))

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        return plan(source, label.to_json())

    def media(self, source: Source) -> Iterator[Span]:
        start = end = 0
        for chunk in chunks(source):
            if chunk.type not in IMAGE:
                yield Span(start, chunk.start)
                start = chunk.stop
            end = chunk.stop
        yield Span(start, end)
        for item in labels_behind(source, end):
            yield Span(end, item.start)
            end = item.stop
        yield Span(end, source.size)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a grey pixel: alone, with a text, with a text behind the image, and as an animation."""
        title = make(b"tEXt", b"Title\0a pixel")
        yield Example("pixel.png", _pixel())
        yield Example("text.png", _pixel(before=title))
        yield Example("late-text.png", _pixel(after=title))
        frames = make(b"acTL", struct.pack(">II", 1, 0))
        control = make(b"fcTL", struct.pack(">5I2H2B", 0, 1, 1, 0, 0, 1, 10, 0, 0))
        yield Example("animation.apng", _pixel(before=frames + control))


def _blocks_of(source: Source, chunk: Chunk, late: bool) -> Iterator[Block]:
    start, stop = chunk.start, chunk.stop
    if chunk.type == b"caBX":
        yield Block("c2pa", "caBX", b"", start, stop)
        return
    data, sound = payload(source, chunk)
    problems = list(_problems(chunk, late, sound))
    if chunk.type == b"eXIf":
        yield Block("exif", "", data.removeprefix(b"Exif\0\0"), start, stop, tuple(problems))
    elif chunk.type in TEXTS:
        yield from _text_blocks(source, chunk, data, problems)
    else:
        yield from _private_blocks(chunk, data, problems)


def _problems(chunk: Chunk, late: bool, sound: bool) -> Iterator[Problem]:
    name = chunk.type.decode("latin-1")
    if not sound:
        yield Problem("crc", Severity.WARNING, "R62", {"chunk": name, "offset": chunk.start})
    if late:
        yield Problem("late-chunk", Severity.WARNING, "R43", {"offset": chunk.start})


def _text_blocks(source: Source, chunk: Chunk, data: bytes, problems: list[Problem]) -> Iterator[Block]:
    if len(data) > WIPED_MIN and not data.strip(b"\0 "):
        yield Block("xmp", "", b"", chunk.start, chunk.stop, tuple(problems))
        return
    text = text_of(chunk.type, data, source, chunk.start)
    if text.compressed:
        problems.append(Problem("compressed", Severity.WARNING, "R43"))
    told = tuple(problems)
    if text.keyword == XMP_KEYWORD:
        yield Block("xmp", "", text.text, chunk.start, chunk.stop, told)
    elif raw := raw_profile(text.keyword, text.text):
        carrier, value = raw
        yield Block(carrier, "raw-profile", value, chunk.start, chunk.stop, told)
    else:
        yield Block("png-text", text.keyword, _decoded(text.text), chunk.start, chunk.stop, told)


def _private_blocks(chunk: Chunk, data: bytes, problems: list[Problem]) -> Iterator[Block]:
    name = chunk.type.decode("latin-1")
    found = list(embedded.find(data))
    for item in found:
        yield Block("png-chunk", item.key or name, item.text, chunk.start, chunk.stop, tuple(problems))
    if not found and name.upper() == "AIGC":
        yield Block("png-chunk", name, embedded.decoded(data), chunk.start, chunk.stop, tuple(problems))


def _decoded(text: bytes) -> str:
    """UTF-8 where it is that (always in iTXt, often in the wild), else the Latin-1 that tEXt and zTXt prescribe."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _pixel(before: bytes = b"", after: bytes = b"") -> bytes:
    header = make(b"IHDR", struct.pack(">2I5B", 1, 1, 8, 0, 0, 0, 0))
    return SIGNATURE + header + before + make(b"IDAT", zlib.compress(b"\0\x80")) + after + make(b"IEND", b"")
