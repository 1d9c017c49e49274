"""PNG chunks (ISO/IEC 15948, clause 5.3): the walk, the texts in them, and how to make one."""

from __future__ import annotations

import binascii
import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.errors import Malformed, Truncated

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD: Final = "XML:com.adobe.xmp"
TEXTS: Final = frozenset((b"tEXt", b"zTXt", b"iTXt"))
FRAME: Final = 12
"""Length, type and checksum of a chunk."""

_RAW_PROFILE: Final = "Raw profile type "
_RAW_CARRIERS: Final = {"xmp": "xmp", "exif": "exif", "APP1": "exif"}
_MAX_LENGTH: Final = 0x7FFFFFFF
KEYWORD_MAX: Final = 80
WIPED_MIN: Final = 40
"""A text chunk longer than this that holds nothing but blanks, no keyword even, was overwritten."""

IMAGE: Final = frozenset(
    b"IHDR PLTE IDAT IEND CgBI tRNS gAMA cHRM sRGB iCCP sBIT bKGD hIST pHYs sPLT tIME acTL fcTL fdAT cICP mDCV cLLI "
    b"oFFs pCAL sCAL gIFg gIFx sTER dSIG iDOT".split()
)
"""Chunks that describe the image itself; the label is in none of them."""


class Chunk(NamedTuple):
    """One chunk: its type, where it starts and stops, and where its data lies."""

    type: bytes
    start: int
    stop: int

    @property
    def data(self) -> tuple[int, int]:
        """Position and length of the data."""
        return self.start + 8, self.stop - self.start - FRAME


class Text(NamedTuple):
    """One text chunk.

    Attributes:
        keyword: Its key.
        text: The text as bytes, inflated; UTF-8 in iTXt, Latin-1 by the rules (UTF-8 in practice) elsewhere.
        compressed: Whether it was stored compressed.
    """

    keyword: str
    text: bytes
    compressed: bool


def chunks(source: Source) -> Iterator[Chunk]:
    """Yields the chunks up to and with IEND, reading nothing but their headers.

    Raises:
        Malformed: Not a PNG, or something else stands where a chunk should.
        Truncated: A chunk reaches beyond the file, or IEND is missing.
    """
    head = source.head
    if head[:8] != SIGNATURE:
        raise Malformed("png-not-png", path=source.name)
    at, size = 8, source.size
    while at + FRAME <= size:
        source.element()
        front = head[at : at + 8] if at + 8 <= len(head) else source.read(at, 8)
        type = front[4:]
        stop = at + FRAME + int.from_bytes(front[:4], "big")
        if not type.isalpha():
            raise Malformed("png-chunk-type", path=source.name, offset=at)
        if at == 8 and type not in (b"IHDR", b"CgBI"):
            raise Malformed("png-first-chunk", path=source.name)
        if stop > size or stop - at - FRAME > _MAX_LENGTH:
            raise Truncated("png-chunk-length", path=source.name, offset=at)
        yield Chunk(type, at, stop)
        if type == b"IEND":
            return
        at = stop
    raise Truncated("png-no-end", path=source.name, offset=at)


def payload(source: Source, chunk: Chunk) -> tuple[bytes, bool]:
    """Returns a chunk's data and whether its checksum is right."""
    data = source.read(chunk.start + 4, chunk.stop - chunk.start - 4)
    return data[4:-4], zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "big")


def text_of(type: bytes, data: bytes, source: Source, at: int) -> Text:
    """Takes a text chunk apart.

    Raises:
        Malformed: It is not put together as its type asks.
        LimitExceeded: It expands too far.
    """
    end = data.find(b"\0", 0, KEYWORD_MAX)
    if end < 0:
        raise Malformed("png-text", path=source.name, offset=at)
    keyword, rest = data[:end].decode("latin-1"), data[end + 1 :]
    if type == b"tEXt":
        return Text(keyword, rest, False)
    if type == b"zTXt":
        return Text(keyword, source.inflate(rest[1:], at), True)
    language = rest.find(b"\0", 2)
    translated = rest.find(b"\0", language + 1)
    if len(rest) < 2 or language < 0 or translated < 0:
        raise Malformed("png-text", path=source.name, offset=at)
    text = rest[translated + 1 :]
    return Text(keyword, source.inflate(text, at), True) if rest[0] else Text(keyword, text, False)


def raw_profile(keyword: str, text: bytes) -> tuple[str, bytes] | None:
    """Returns carrier and bytes of a profile that ImageMagick wrote as hexadecimal text, or None."""
    carrier = _RAW_CARRIERS.get(keyword.removeprefix(_RAW_PROFILE)) if keyword.startswith(_RAW_PROFILE) else None
    lines = text.split(b"\n", 3)
    if carrier is None or len(lines) < 4:
        return None
    try:
        value = binascii.unhexlify(lines[3].replace(b"\n", b"").strip())
    except ValueError:
        return None
    if value.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
        return "xmp", value[29:]
    return carrier, value.removeprefix(b"Exif\0\0")


def make(type: bytes, data: bytes) -> bytes:
    """Returns a whole chunk."""
    return struct.pack(">I", len(data)) + type + data + struct.pack(">I", zlib.crc32(type + data))


def make_xmp(packet: bytes) -> bytes:
    """Returns the iTXt chunk for a packet: uncompressed, no language, as the XMP specification asks."""
    return make(b"iTXt", XMP_KEYWORD.encode() + bytes(5) + packet)
