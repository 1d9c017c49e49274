"""ASF, that is WMA and WMV: the label is the entry ``AIGC`` of the Extended Content Description Object.

No guide names a place for them; the entry is what ffmpeg, mutagen and the Windows shell read and write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers.asf.edit import plan
from yinji.containers.asf.objects import (
    DATA,
    DESCRIPTION,
    ENCRYPTION,
    EXTENDED,
    EXTENSION,
    FILE,
    FRAME,
    HEADER,
    LIBRARY,
    METADATA,
    PADDING,
    SIGNATURE,
    XMP,
    Item,
    children,
    described,
    entry,
    fields,
    make,
    top_level,
)
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.window import Window
from yinji.errors import Malformed
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem, Severity

_FIRST: Final = FRAME + 6
"""Where the first object of the header begins."""

_EXTENDED_FIRST: Final = FRAME + 22
_REACH: Final = 1024


class Asf:
    """Windows Media video, and ASF of unknown content."""

    name: ClassVar[str] = "asf"
    media_type: ClassVar[str] = "video/x-ms-asf"
    kind: ClassVar[Kind] = Kind.VIDEO
    extensions: ClassVar[tuple[str, ...]] = ("wmv", "asf")
    carrier: ClassVar[str] = "asf-extended"
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head[:16] == HEADER:
            return 100
        return 10 if extension in self.extensions else 0

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields the texts of the header's metadata objects, and XMP behind the media.

        Raises:
            Malformed, Truncated, LimitExceeded: The rest cannot be read.
        """
        window = Window(source, _REACH)
        seen = has_media = False
        for item in top_level(window):
            has_media |= item.id == DATA
            for block in _top_blocks(window, item):
                seen |= may_hold_label(block)
                yield block
            if seen and not thorough:
                return
        if not has_media:
            raise Malformed("asf-no-data", path=source.name)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into the header, padding taking the difference; see :mod:`yinji.containers.asf.edit`."""
        return plan(source, label.to_json())

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the packets."""
        for item in top_level(Window(source, _REACH)):
            if item.id == DATA:
                yield Span(item.body, item.stop)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a header and an empty run of packets: bare, with a title, and with padding."""
        title = make(EXTENDED, (1).to_bytes(2, "little") + entry("WM/Title", "a silence"))
        ending = cls.extensions[0]
        yield Example(f"bare.{ending}", _example())
        yield Example(f"title.{ending}", _example(title))
        yield Example(f"padded.{ending}", _example(title, make(PADDING, bytes(3000))))


class Wma(Asf):
    """Windows Media audio."""

    name: ClassVar[str] = "wma"
    media_type: ClassVar[str] = "audio/x-ms-wma"
    kind: ClassVar[Kind] = Kind.AUDIO
    extensions: ClassVar[tuple[str, ...]] = ("wma",)


def _example(*objects: bytes) -> bytes:
    extension = make(EXTENSION, bytes.fromhex("11d2d3abbaa9cf118ee600c00c205365") + b"\6\0" + bytes(4))
    media = make(DATA, bytes(26) + bytes(64))
    length = _FIRST + FRAME + 80 + len(extension) + sum(map(len, objects))
    size = (length + len(media)).to_bytes(8, "little")
    properties = make(FILE, bytes(16) + size + bytes(56))
    body = properties + extension + b"".join(objects)
    count = (2 + len(objects)).to_bytes(4, "little")
    return HEADER + length.to_bytes(8, "little") + count + b"\1\2" + body + media


def _top_blocks(window: Window, item: Item) -> Iterator[Block]:
    if item.id == HEADER:
        for child in children(window, item.start + _FIRST, item.stop):
            yield from _blocks_of(window, child)
    elif item.id in XMP:
        yield Block("xmp", "", window.source.read(item.body, item.stop - item.body), item.start, item.stop)


def _blocks_of(window: Window, item: Item) -> Iterator[Block]:
    source, start, stop = window.source, item.start, item.stop
    if item.id == EXTENSION:
        for child in children(window, start + _EXTENDED_FIRST, stop, 2):
            yield from _texts(window, child)
    elif item.id in ENCRYPTION:
        yield Block("asf-encryption", "", "", start, stop, (Problem("asf-encrypted", Severity.NOTE, ""),))
    elif item.id == SIGNATURE:
        yield Block("asf-signature", "", "", start, stop, (Problem("asf-signed", Severity.NOTE, ""),))
    elif item.id in XMP:
        yield Block("xmp", "", source.read(item.body, stop - item.body), start, stop)
    else:
        yield from _texts(window, item)


_CARRIERS: Final = {EXTENDED: "asf-extended", METADATA: "asf-metadata", LIBRARY: "asf-library"}


def _texts(window: Window, item: Item) -> Iterator[Block]:
    if item.id != DESCRIPTION and item.id not in _CARRIERS:
        return
    content = window.peek(item.body, item.stop - item.body)
    read = described if item.id == DESCRIPTION else fields
    carrier = _CARRIERS.get(item.id, "asf-description")
    for field in read(window.source, item, content):
        if field.text:
            yield Block(carrier, field.name, field.text, item.body + field.start, item.body + field.stop)
