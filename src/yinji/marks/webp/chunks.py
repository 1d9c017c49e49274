"""The chunks of a WebP: taking a file apart and putting it together (RFC 9649)."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from yinji.errors import LimitExceeded, Malformed, Truncated
from yinji.marks.animation import Disposal
from yinji.marks.exif import read_exif
from yinji.marks.layout import Box

if TYPE_CHECKING:
    from PIL import Image

_HEAD: Final = 12
_ALPHA: Final = 0x10
_MOST_CHUNKS: Final = 100_000
IMAGE: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH"})


class Chunk(NamedTuple):
    """A chunk: its type and payload."""

    type: bytes
    payload: bytes

    @property
    def whole(self) -> bytes:
        return self.type + struct.pack("<I", len(self.payload)) + self.payload + b"\0" * (len(self.payload) & 1)


Coded = dict[bytes, bytes]
"""The chunks of one coded picture by type: ``VP8 `` with or without ``ALPH``, or ``VP8L``."""


@dataclass(frozen=True, slots=True)
class WebpFrame:
    """A frame of an animation.

    Attributes:
        box: Where it stands on the canvas.
        milliseconds: How long it is shown.
        blend: Whether it is laid over the canvas rather than replacing its rectangle.
        clears: Whether its rectangle is cleared afterwards.
        coded: Its picture.
        others: Unknown chunks, whole.
    """

    box: Box
    milliseconds: int
    blend: bool
    clears: bool
    coded: Coded
    others: bytes

    @classmethod
    def of(cls, payload: bytes, name: str) -> WebpFrame:
        """Reads an ``ANMF`` chunk.

        Raises:
            Malformed, Truncated: It breaks the rules or ends too early.
        """
        if len(payload) < 16:
            raise Truncated("mark-truncated", path=name, kind="WebP", size=len(payload))
        left, top, width, height, milliseconds = (int.from_bytes(payload[i : i + 3], "little") for i in range(0, 15, 3))
        box = Box(2 * left, 2 * top, 2 * left + width + 1, 2 * top + height + 1)
        inside = _walk(payload, 16, len(payload), name)
        coded = {c.type: c.payload for c in inside if c.type in IMAGE}
        others = b"".join(c.whole for c in inside if c.type not in IMAGE)
        return cls(box, milliseconds, not payload[15] & 2, bool(payload[15] & 1), coded, others)

    @property
    def disposal(self) -> Disposal:
        return Disposal.CLEAR if self.clears else Disposal.KEEP

    def chunk(self) -> Chunk:
        """The ``ANMF`` chunk."""
        values = (self.box.left // 2, self.box.top // 2, self.box.width - 1, self.box.height - 1, self.milliseconds)
        head = b"".join(v.to_bytes(3, "little") for v in values)
        head += bytes(((0 if self.blend else 2) | self.clears,))
        return Chunk(b"ANMF", head + coded_bytes(self.coded) + self.others)


@dataclass(frozen=True, slots=True)
class Webp:
    """A WebP taken apart.

    Attributes:
        data: The whole file.
        chunks: In order.
        trailer: What follows the RIFF.
        size: Of the canvas.
        orientation: As EXIF says.
        name: For messages.
    """

    data: bytes
    chunks: tuple[Chunk, ...]
    trailer: bytes
    size: tuple[int, int]
    orientation: int
    name: str

    @property
    def moves(self) -> bool:
        return any(c.type == b"ANMF" for c in self.chunks)

    @property
    def coded(self) -> Coded:
        return {c.type: c.payload for c in self.chunks if c.type in IMAGE}


def parse(data: bytes, name: str = "") -> Webp:
    """Takes a WebP apart.

    Raises:
        Malformed, Truncated: It breaks the rules or ends too early.
        LimitExceeded: Too many chunks.
    """
    stop = 8 + int.from_bytes(data[4:8], "little")
    if len(data) < _HEAD or stop > len(data) + 1:
        raise Truncated("mark-truncated", path=name, kind="WebP", size=len(data))
    chunks = _walk(data, _HEAD, min(stop, len(data)), name)
    coded = {c.type: c.payload for c in chunks}
    head = coded.get(b"VP8X", b"")
    if len(head) >= 10:
        size = (1 + int.from_bytes(head[4:7], "little"), 1 + int.from_bytes(head[7:10], "little"))
    elif b"VP8 " in coded or b"VP8L" in coded:
        size = _coded_size({k: v for k, v in coded.items() if k in IMAGE}, name)
    else:
        raise Malformed("mark-not-decodable", path=name, kind="WebP", reason="no picture in it")
    exif = coded.get(b"EXIF", b"").removeprefix(b"Exif\0\0")
    return Webp(data, chunks, data[stop:], size, read_exif(exif).orientation, name)


def _walk(data: bytes, at: int, stop: int, name: str) -> tuple[Chunk, ...]:
    chunks: list[Chunk] = []
    while at + 8 <= stop:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > stop:
            raise Truncated("mark-truncated", path=name, kind="WebP", size=len(data))
        chunks.append(Chunk(data[at : at + 4], data[at + 8 : at + 8 + length]))
        if len(chunks) > _MOST_CHUNKS:
            raise LimitExceeded("too-many-segments", path=name, limit=_MOST_CHUNKS)
        at += 8 + length + (length & 1)
    return tuple(chunks)


def _coded_size(coded: Coded, name: str) -> tuple[int, int]:
    if b"VP8L" in coded:
        bits = int.from_bytes(coded[b"VP8L"][1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    head = coded.get(b"VP8 ", b"")
    if len(head) < 10 or head[3:6] != b"\x9d\x01\x2a":
        raise Malformed("mark-not-decodable", path=name, kind="WebP", reason="no key frame")
    return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF


def coded_bytes(coded: Coded) -> bytes:
    """The chunks of one picture, opacity first."""
    return b"".join(Chunk(t, coded[t]).whole for t in (b"ALPH", b"VP8 ", b"VP8L") if t in coded)


def riff(body: bytes) -> bytes:
    """A file of these chunks."""
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def decode(coded: Coded, name: str) -> Image.Image:
    """Decodes one picture as ``RGB`` or ``RGBA``.

    Raises:
        Malformed: It does not decode.
    """
    from PIL import Image

    body = coded_bytes(coded)
    if b"ALPH" in coded:
        width, height = _coded_size(coded, name)
        head = bytes((_ALPHA, 0, 0, 0)) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        body = Chunk(b"VP8X", head).whole + body
    try:
        with Image.open(io.BytesIO(riff(body)), formats=["WEBP"]) as image:
            image.load()
            return image.copy()
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError) as error:
        raise Malformed("mark-not-decodable", path=name, kind="WebP", reason=str(error)) from error


def encode(image: Image.Image, quality: int | None) -> Coded:
    """Encodes one picture: without loss, opacity and hidden colours included, or in a quality of 0 to 100."""
    output = io.BytesIO()
    if quality is None:
        image.save(output, "WEBP", lossless=True, exact=True, method=4)
    else:
        image.save(output, "WEBP", quality=quality, alpha_quality=100, exact=True, method=4)
    return parse(output.getvalue()).coded


def rebuild(webp: Webp, chunks: tuple[Chunk, ...], *, alpha: bool) -> bytes:
    """Writes a file of other chunks; the flag of opacity is set where something became transparent."""
    body = bytearray()
    for chunk in chunks:
        payload = chunk.payload
        if chunk.type == b"VP8X" and alpha:
            payload = bytes((payload[0] | _ALPHA,)) + payload[1:]
        body += Chunk(chunk.type, payload).whole
    return riff(bytes(body)) + webp.trailer
