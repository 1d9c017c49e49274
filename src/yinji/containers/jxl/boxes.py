"""Boxes of JPEG XL containers (ISO/IEC 18181-2), those packed with Brotli included; pictures are never decoded."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Final, NamedTuple

from yinji.containers.bmff.boxes import Box, make_box
from yinji.containers.heif.reading import exif_start
from yinji.containers.source import Source
from yinji.containers.window import Window
from yinji.errors import LimitExceeded, Malformed, MissingExtra

SIGNATURE: Final = b"\0\0\0\x0cJXL \r\n\x87\n"
BARE: Final = b"\xff\x0a"
CODESTREAM: Final = frozenset((b"jxlc", b"jxlp"))
PICTURE: Final = CODESTREAM | {b"jbrd"}
"""The coded picture, and what rebuilds the JPEG it was made from."""

XML, EXIF, JUMBF, PACKED, REBUILD = b"xml ", b"Exif", b"jumb", b"brob", b"jbrd"
HEADER: Final = SIGNATURE + make_box(b"ftyp", b"jxl ", bytes(4), b"jxl ")


class Part(NamedTuple):
    """A metadata box.

    Attributes:
        box: The box.
        kind: Its type, or the type of what is packed in it.
        is_packed: Whether it is a ``brob`` box.
    """

    box: Box
    kind: bytes
    is_packed: bool


def part_of(window: Window, box: Box) -> Part:
    """Says what a box holds.

    Raises:
        Malformed: A ``brob`` box without a type, or with one that may not be packed.
    """
    if box.kind != PACKED:
        return Part(box, box.kind, False)
    if box.stop - box.body < 4:
        raise Malformed("bmff-box-size", path=window.source.name, box="brob", offset=box.start, size=box.size)
    kind = window.peek(box.body, 4)
    if kind in (PACKED, REBUILD) or kind[:3] == b"jxl":
        raise Malformed("jxl-packed-kind", path=window.source.name, offset=box.start)
    return Part(box, kind, True)


def is_last(window: Window, box: Box) -> bool:
    """Whether a box of the codestream is the only one, or says that no other follows."""
    return box.kind == b"jxlc" or (box.stop - box.body >= 4 and bool(window.peek(box.body, 1)[0] & 0x80))


@dataclass(slots=True)
class Unpacker:
    """Reads the contents of boxes; all that it unpacks stays within one bound."""

    source: Source
    unpacked: int = 0

    def content(self, part: Part) -> bytes:
        """Returns what a box holds, unpacked.

        Raises:
            MissingExtra: It is packed, and nothing is installed that unpacks Brotli.
            Malformed: The packed data are damaged.
            LimitExceeded: They expand too far.
        """
        box = part.box
        if not part.is_packed:
            return self.source.read(box.body, box.stop - box.body)
        return self._unpacked(self.source.read(box.body + 4, box.stop - box.body - 4), box.start)

    def _unpacked(self, data: bytes, at: int) -> bytes:
        try:
            brotli = import_module("brotli")
        except ImportError:
            raise MissingExtra("missing-extra", extra="jxl", names="brotli") from None
        limit = self.source.limits.inflated
        room = max(1, limit - self.unpacked + 1)
        engine = brotli.Decompressor()
        try:
            text: bytes = engine.process(data, output_buffer_limit=room)
            while len(text) < room and not engine.is_finished():
                more = engine.process(b"", output_buffer_limit=room - len(text))
                if not more:
                    break
                text += more
        except brotli.error:
            raise Malformed("bad-compression", path=self.source.name, offset=at) from None
        self.unpacked += len(text)
        if self.unpacked > limit:
            raise LimitExceeded("inflates-too-far", path=self.source.name, offset=at, limit=limit)
        if not engine.is_finished():
            raise Malformed("bad-compression", path=self.source.name, offset=at)
        return text


def tiff_of(content: bytes) -> bytes:
    """Returns the TIFF structure of an Exif box, which begins as HEIF's items do: with its distance."""
    return content[exif_start(content) :]


def is_c2pa(content: bytes) -> bool:
    """Whether a JUMBF superbox says in its description that it is a C2PA manifest store."""
    return content[4:8] == b"jumd" and b"c2pa" in content[8:64]
