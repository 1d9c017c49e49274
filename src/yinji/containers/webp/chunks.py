"""WebP chunks (RFC 9649): which describe the image, the canvas that a bitstream's header tells, and VP8X."""

from __future__ import annotations

from typing import Final, NamedTuple

from yinji.containers.riff import Chunk, Form, forms, make
from yinji.containers.window import Window
from yinji.errors import Malformed, Truncated

EXTENDED: Final = b"VP8X"
LOSSY: Final = b"VP8 "
LOSSLESS: Final = b"VP8L"
XMP: Final = b"XMP "
EXIF: Final = b"EXIF"
C2PA: Final = b"C2PA"
IMAGE: Final = frozenset((b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
"""Chunks that make up the image; VP8X says nothing that they do not say."""

HAS_PROFILE: Final = 0x20
HAS_ALPHA: Final = 0x10
HAS_EXIF: Final = 0x08
HAS_XMP: Final = 0x04
IS_ANIMATED: Final = 0x02

BODY: Final = 12
FLAGS: Final = 20
"""Position of the flags in a file whose first chunk is VP8X."""

_FLAG_OF: Final = {b"ICCP": HAS_PROFILE, b"ALPH": HAS_ALPHA, EXIF: HAS_EXIF, b"ANIM": IS_ANIMATED}
FIRST: Final = frozenset((EXTENDED, LOSSY, LOSSLESS))


class Canvas(NamedTuple):
    """What the header of a bitstream says."""

    width: int
    height: int
    has_alpha: bool


def open_form(window: Window) -> Form:
    """Returns the file's RIFF.

    Raises:
        Malformed: No WebP, or one without a size, which no decoder takes.
        Truncated: The file ends within the header.
    """
    source = window.source
    form = next(forms(window))
    if form.type != b"WEBP" or form.id != b"RIFF":
        raise Malformed("webp-not-webp", path=source.name)
    if form.is_open:
        raise Malformed("webp-size", path=source.name)
    if source.size < BODY + 8:
        raise Truncated("truncated", path=source.name, offset=BODY, needed=8, size=source.size)
    if form.stop < BODY + 8 or window.peek(BODY, 4) not in FIRST:
        raise Malformed("webp-first-chunk", path=source.name)
    return form


def flags(window: Window) -> int:
    """Returns the flags of VP8X, or 0 in a simple file."""
    return window.peek(FLAGS, 1)[0] if window.peek(BODY, 4) == EXTENDED else 0


def packet_at_end(form: Form, tail: bytes) -> tuple[Chunk, bytes] | None:
    """Returns the packet that ends with the form, if the last bytes of the form show it whole."""
    place = tail.rfind(XMP)
    while place >= 0:
        size = int.from_bytes(tail[place + 4 : place + 8], "little")
        if place + 8 + size + size % 2 == len(tail):
            return Chunk(XMP, form.stop - len(tail) + place, size, form.stop), tail[place + 8 : place + 8 + size]
        place = tail.rfind(XMP, 0, place)
    return None


def make_extended(window: Window, walked: list[Chunk]) -> bytes:
    """Returns the VP8X chunk for a simple file that gets metadata.

    Raises:
        Malformed: The bitstream does not say how large the picture is.
    """
    canvas = _canvas(window, walked[0])
    bits = HAS_XMP | (HAS_ALPHA if canvas.has_alpha else 0)
    for chunk in walked:
        bits |= _FLAG_OF.get(chunk.id, 0)
    size = (canvas.width - 1).to_bytes(3, "little") + (canvas.height - 1).to_bytes(3, "little")
    return make(EXTENDED, bytes((bits, 0, 0, 0)) + size)


def _canvas(window: Window, chunk: Chunk) -> Canvas:
    """Reads the frame header of VP8 (RFC 6386, 9.1) or the image header of VP8L (RFC 9649, 3.4)."""
    head = window.peek(chunk.body, min(chunk.size, 10))
    if chunk.id == LOSSY and len(head) == 10 and head[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        if width and height:
            return Canvas(width, height, False)
    if chunk.id == LOSSLESS and len(head) >= 5 and head[0] == 0x2F:
        bits = int.from_bytes(head[1:5], "little")
        return Canvas((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1))
    raise Malformed("webp-bitstream", path=window.source.name, offset=chunk.start)
