"""JPEG (ITU-T T.81, JFIF): the label is an XMP property in an APP1 segment (TC260-PG-20259A 6, R42)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers import embedded
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.jpeg.behind import require_whole
from yinji.containers.jpeg.edit import plan
from yinji.containers.jpeg.extended import Extended
from yinji.containers.jpeg.glance import glance
from yinji.containers.jpeg.segments import (
    APP0,
    COM,
    EOI,
    EXIF,
    EXTENDED_XMP,
    FRAMES,
    PEEK,
    SOS,
    STRAY,
    XMP,
    Segment,
    components_of,
    is_credential,
    is_structured,
    peek_of,
    segments,
)
from yinji.containers.jpeg.stray import stray_blocks
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.trailer import labels_behind
from yinji.errors import Malformed
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem, Severity

_TAIL: Final = 4096
_STEP: Final = 1 << 20
_OVERLAP: Final = 16


class Jpeg:
    """JPEG in all its codings; also what cameras add: MPF and Ultra HDR images behind the first, motion photos."""

    name: ClassVar[str] = "jpeg"
    media_type: ClassVar[str] = "image/jpeg"
    kind: ClassVar[Kind] = Kind.IMAGE
    extensions: ClassVar[tuple[str, ...]] = ("jpg", "jpeg", "jpe", "jfif")
    carrier: ClassVar[str] = "xmp"
    clause: ClassVar[str] = "TC260-PG-20259A 6"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head[:3] == b"\xff\xd8\xff":
            return 100
        return 10 if extension in self.extensions else 0

    glance = staticmethod(glance)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        seen_credential = seen_candidate = False
        extended = Extended()
        components = 0
        for segment in segments(source, whole=False, wanted=not thorough):
            marker = segment.marker
            if marker == SOS:
                break
            if marker in FRAMES:
                components = components_of(source, segment)
            elif marker >= APP0 or marker == STRAY:
                for block in _blocks_of(source, segment, extended):
                    if block.carrier == "c2pa":
                        if seen_credential:
                            continue
                        seen_credential = True
                    seen_candidate = seen_candidate or may_hold_label(block)
                    yield block
            elif marker == EOI:
                raise Malformed("jpeg-no-image", path=source.name)
        for block in extended.blocks():
            seen_candidate = seen_candidate or may_hold_label(block)
            yield block
        if thorough or not seen_candidate:
            has_more_scans = source.read(segment.data, 1)[0] != components
            yield from _behind_header(source, segment.stop, thorough, has_more_scans)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        return plan(source, label.to_json())

    def media(self, source: Source) -> Iterator[Span]:
        start = 0
        scan = False
        for segment in segments(source, whole=True):
            if segment.is_metadata:
                yield Span(start, segment.start)
                start = segment.stop
            end = segment.stop
            scan = scan or segment.marker == SOS
        yield Span(start, end)
        for item in labels_behind(source, end):
            yield Span(end, item.start)
            end = item.stop
        yield Span(end, source.size)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields an 8 x 8 grey square, with and without the JFIF segment and a comment."""
        yield Example("grey.jpg", _grey(_JFIF))
        yield Example("comment.jpg", _grey(_JFIF + b"\xff\xfe\0\x0ca comment\0"))
        yield Example("bare.jpeg", _grey(b""))


def _blocks_of(source: Source, segment: Segment, extended: Extended) -> Iterator[Block]:
    """Yields what one segment holds; image parameters and colour profiles are stepped over unread."""
    if not segment.is_metadata:
        return
    if segment.marker == STRAY:
        yield from stray_blocks(source, segment)
        return
    start, data, stop = segment.start, segment.data, segment.stop
    peek = peek_of(source, segment)
    match segment.marker:
        case 0xE1 if peek.startswith(XMP):
            yield Block("xmp", "", source.read(data + len(XMP), stop - data - len(XMP)), start, stop)
        case 0xE1 if peek.startswith(EXIF):
            yield Block("exif", "", source.read(data + 6, max(0, stop - data - 6)), start, stop)
        case 0xE1 if peek.startswith(EXTENDED_XMP):
            extended.add(source.read(data, stop - data), start, stop, source)
        case 0xE1 if _is_wiped(source, segment, peek):
            yield Block("xmp", "", b"", start, stop)
        case 0xEB if is_credential(peek):
            yield Block("c2pa", "jumbf", b"", start, stop)
        case 0xED if peek.startswith(b"Photoshop"):
            yield Block("photoshop", "", source.read(data, stop - data), start, stop)
        case marker if not is_structured(marker, peek):
            yield from _private(source, segment)


def _is_wiped(source: Source, segment: Segment, peek: bytes) -> bool:
    """Whether an APP1 segment, which holds EXIF or XMP, was overwritten with blanks, its name included."""
    if len(peek) < PEEK or peek.strip(b"\0 "):
        return False
    return not source.read(segment.data, segment.stop - segment.data).strip(b"\0 ")


def _private(source: Source, segment: Segment) -> Iterator[Block]:
    start, data, stop = segment.start, segment.data, segment.stop
    payload = source.read(data, stop - data)
    carrier = "jpeg-com" if segment.marker == COM else "jpeg-app"
    found = list(embedded.find(payload))
    problems: tuple[Problem, ...] = ()
    if found and source.read_up_to(stop, 2) == b"\xff\xe0":
        problems = (Problem("before-jfif", Severity.WARNING, "R42"),)
    for item in found:
        yield Block(carrier, item.key, item.text, start, stop, problems)
    if not found and segment.marker == COM:
        yield Block(carrier, "", embedded.decoded(payload.rstrip(b"\0")), start, stop)


def _shows_label(data: bytes) -> bool:
    return b"AIGC" in data or b"ContentProd" in data


def _looks_complete(source: Source, at: int) -> bool:
    """Whether the file ends as an image does and shows no label in its last 4 KiB."""
    start = max(at, source.size - _TAIL)
    tail = source.read(start, source.size - start)
    return tail.rstrip(b"\0").endswith(b"\xff\xd9") and not _shows_label(tail)


def _shows_none_between(source: Source, at: int) -> bool:
    """Whether the words of a label stand nowhere behind ``at``: cheaper than walking through every scan."""
    while at < source.size:
        source.element()
        piece = source.payload(at, _STEP)
        if _shows_label(piece):
            return False
        at += max(1, len(piece) - _OVERLAP) if at + len(piece) < source.size else len(piece)
    return True


def _behind_header(source: Source, at: int, thorough: bool, has_more_scans: bool) -> Iterator[Block]:
    """Looks between scans and behind the image; a quick look suffices for a file that ends as an image does."""
    if not thorough and _looks_complete(source, at) and not (has_more_scans and not _shows_none_between(source, at)):
        return
    extended = Extended()
    end = at
    inside = False
    front = []
    for segment in segments(source, whole=True):
        inside = inside or segment.marker == SOS
        if not inside:
            front.append(segment)
        end = segment.stop
        if inside:
            yield from _blocks_of(source, segment, extended)
    yield from extended.blocks()
    for item in labels_behind(source, end):
        problem = Problem("after-end", Severity.WARNING, "R48", {"offset": item.start})
        yield Block("jpeg-trailer", item.key, item.text, item.start, item.stop, (problem,))
    require_whole(source, front, end)


_JFIF: Final = b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"


def _grey(front: bytes) -> bytes:
    """The smallest baseline image: one block, one code per Huffman table."""
    code = bytes([1, *bytes(15), 0])
    return (
        b"\xff\xd8"
        + front
        + (b"\xff\xdb\0\x43\0" + bytes([1]) * 64)
        + b"\xff\xc0\0\x0b\x08\0\x08\0\x08\x01\x01\x11\0"
        + (b"\xff\xc4\0\x14\0" + code)
        + (b"\xff\xc4\0\x14\x10" + code)
        + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0"
        + b"\x3f\xff\xd9"
    )
