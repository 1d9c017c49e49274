"""GIF (87a and 89a): the label is an XMP property in an application extension (TC260-PG-20259A 6, R46)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers import embedded
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.gif.blocks import (
    APPLICATION,
    C2PA,
    COMMENT,
    LOOPS,
    SIGNATURES,
    WHOLE,
    XMP,
    Part,
    Walk,
    content,
    make,
    packet,
)
from yinji.containers.gif.edit import holds_text, plan
from yinji.containers.gif.glance import glance
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.packets import packet_block
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.trailer import labels_behind
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity

_TAIL: Final = 1 << 14


class Gif:
    """GIF, still and animated."""

    name: ClassVar[str] = "gif"
    media_type: ClassVar[str] = "image/gif"
    kind: ClassVar[Kind] = Kind.IMAGE
    extensions: ClassVar[tuple[str, ...]] = ("gif",)
    carrier: ClassVar[str] = "xmp"
    clause: ClassVar[str] = "TC260-PG-20259A 6"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head[:6] in SIGNATURES:
            return 100
        return 10 if extension in self.extensions else 0

    glance = staticmethod(glance)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields packets, comments and applications of unknown structure.

        A quick reading stops at the first image once a label was seen in front of it, and takes a long file's frames
        for granted when the file ends as a GIF does and shows nothing of a label in its last 16 KiB.
        """
        walk = Walk(source)
        seen = looked = stopped = False

        def is_enough() -> bool:
            nonlocal looked, stopped
            stopped = not thorough and not looked and (seen or _looks_complete(source))
            looked = True
            return stopped

        for part in walk.parts(is_enough):
            for block in _blocks_of(source, part):
                seen = seen or may_hold_label(block)
                yield block
        if stopped or (seen and not thorough):
            return
        for item in labels_behind(source, walk.end):
            problem = Problem("after-end", Severity.WARNING, "R48", {"offset": item.start})
            yield Block("gif-trailer", item.key, item.text, item.start, item.stop, (problem,))

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        return plan(source, label.to_json())

    def media(self, source: Source) -> Iterator[Span]:
        """Yields all but the version, comments and applications; the loop count of an animation is media."""
        walk = Walk(source)
        start = 6
        for part in walk.parts():
            if part.label == COMMENT or (part.label == APPLICATION and part.name not in LOOPS):
                yield Span(start, part.start)
                start = part.stop
        yield Span(start, walk.end)
        end = walk.end
        for item in labels_behind(source, end):
            yield Span(end, item.start)
            end = item.stop
        yield Span(end, source.size)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a grey pixel in both versions, with a comment, and as an endless animation."""
        yield Example("pixel.gif", _pixel(b"GIF89a"))
        yield Example("old-pixel.gif", _pixel(b"GIF87a"))
        yield Example("comment.gif", _pixel(b"GIF89a", before=make(COMMENT, b"", b"a pixel")))
        loop = make(APPLICATION, LOOPS[0], b"\1\0\0")
        yield Example("animation.gif", _pixel(b"GIF89a", before=loop, frames=2))


def _blocks_of(source: Source, part: Part) -> Iterator[Block]:
    if part.name == XMP:
        yield packet_block(packet(source, part), part.start, part.stop)
    elif part.name.startswith(C2PA):
        yield Block("c2pa", "C2PA_GIF", b"", part.start, part.stop)
    elif holds_text(part):
        yield from _texts(source, part)


def _texts(source: Source, part: Part) -> Iterator[Block]:
    data = content(source, part)
    carrier = "gif-comment" if part.label == COMMENT else "gif-application"
    name = part.name.decode("latin-1").rstrip("\0 ")
    found = [item for item in embedded.find(data) if item.key or looks_like_label(item.text)]
    for item in found:
        yield Block(carrier, item.key or name, item.text, part.start, part.stop)
    if not found and part.label == COMMENT:
        yield Block(carrier, "", embedded.decoded(data.rstrip(b"\0")), part.start, part.stop)


def _looks_complete(source: Source) -> bool:
    """Whether a long file ends as a GIF does and shows no label in its last 16 KiB."""
    if source.size <= WHOLE:
        return False
    tail = source.read(source.size - _TAIL, _TAIL)
    return tail.endswith(b"\0;") and b"AIGC" not in tail and b"ContentProd" not in tail


def _pixel(version: bytes, before: bytes = b"", frames: int = 1) -> bytes:
    screen = b"\1\0\1\0\x80\0\0" + b"\x80\x80\x80" + b"\0\0\0"
    image = b"\x2c\0\0\0\0\1\0\1\0\0" + b"\2\2\x44\1\0"
    return version + screen + before + image * frames + b";"
