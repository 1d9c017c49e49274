"""SVG and SVGZ: the label is an XMP property in the packet of ``metadata`` (TC260-PG-20259A 6, "other images")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers.base import Example, Span
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.packets import packet_block
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.svg.document import Document
from yinji.containers.svg.edit import plan
from yinji.containers.svg.gzip import deflated, inflated
from yinji.containers.svg.parser import parse
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem, Severity


class Svg:
    """SVG as text."""

    name: ClassVar[str] = "svg"
    media_type: ClassVar[str] = "image/svg+xml"
    kind: ClassVar[Kind] = Kind.IMAGE
    extensions: ClassVar[tuple[str, ...]] = ("svg",)
    carrier: ClassVar[str] = "xmp"
    clause: ClassVar[str] = "TC260-PG-20259A 6"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if b"<svg" in head or b"<!DOCTYPE svg" in head:
            return 90
        return 20 if extension in self.extensions else 0

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields packets, labels in other places, and whether there is a C2PA manifest.

        Raises:
            UnreadableInput: No XML, no SVG, an encoding other than UTF-8, UTF-16 and Latin-1, or declared entities.
        """
        document = parse(source, quick=not thorough)
        for packet in document.packets:
            start, stop = document.offset(packet.start), document.offset(packet.stop)
            yield packet_block(document.alone(packet)[0], start, stop)
        for element in document.credentials:
            yield Block("c2pa", "manifest", b"", document.offset(element.start), document.offset(element.stop))
        for item in document.improvised:
            start, stop = document.offset(item.start), document.offset(item.stop)
            problems = (Problem("after-end", Severity.WARNING, "R48", {"offset": start}),)
            is_late = item.carrier == "svg-trailer"
            yield Block(item.carrier, item.key, item.text, start, stop, problems if is_late else ())
        if document.damage is not None:
            raise document.damage

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        return plan(source, label.to_json())

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the text without ``metadata``, packets and labels elsewhere, and without what closes the root."""
        document = parse(source)
        if document.damage is not None:
            raise document.damage
        at = 0
        for start, stop in sorted(_metadata(document)):
            if start > at:
                yield Span(document.offset(at) if at else 0, document.offset(start))
            at = max(at, stop)
        yield Span(document.offset(at), source.size)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a square: alone, empty, with a title and a document type, with metadata, and in UTF-16."""
        yield Example("square.svg", _square())
        yield Example("empty.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>')
        yield Example("titled.svg", _square("<title>方块</title>", _DOCTYPE))
        yield Example("metadata.svg", _square("<metadata/>"))
        yield Example("wide.svg", _square("<title>方块</title>").decode().encode("utf-16"))


class Svgz(Svg):
    """SVG behind gzip. A write compresses anew: the text inside stays as it is, byte for byte, the file does not."""

    name: ClassVar[str] = "svgz"
    extensions: ClassVar[tuple[str, ...]] = ("svgz",)

    def score(self, head: bytes, extension: str) -> int:
        if head[:2] == b"\x1f\x8b":
            return 90 if extension in self.extensions else 5
        return 10 if extension in self.extensions else 0

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields what the text inside holds; a place in the file is that of the compressed whole."""
        for block in super().blocks(inflated(source), thorough=thorough):
            yield Block(block.carrier, block.key, block.value, 0, source.size, block.problems)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        inner = inflated(source)
        splice = super().write(inner, label, reading, in_place=in_place)
        if not splice.edits:
            return splice
        text = b"".join(inner.read(*_extent(p)) if isinstance(p, tuple) else p for p in splice.pieces(inner.size))
        return Splice.of([Edit(0, source.size, deflated(text))])

    def media(self, source: Source) -> Iterator[Span]:
        """Yields nothing: compressing anew leaves no byte range of the file as it was."""
        inflated(source)
        yield from ()

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields the square, compressed."""
        yield Example("square.svgz", deflated(_square()))


def _extent(piece: tuple[int, int]) -> tuple[int, int]:
    return piece[0], piece[1] - piece[0]


def _metadata(document: Document) -> Iterator[tuple[int, int]]:
    """Yields what a write may change, in positions of the text."""
    yield from ((packet.start, packet.stop) for packet in document.packets)
    yield from ((element.start, element.stop) for element in document.metadata)
    yield from ((item.start, item.stop) for item in document.improvised)
    if (root := document.root) is not None:
        yield root.inner - (2 if root.is_empty else 1), root.inner
        yield root.close, root.stop


_DOCTYPE: Final = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'


def _square(inside: str = "", doctype: str = "") -> bytes:
    root = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">'
    text = f'{doctype}{root}{inside}<!-- grey --><rect width="8" height="8" fill="#808080"/></svg>\n'
    return text.encode()
