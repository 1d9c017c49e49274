"""An XMP packet as bytes: its signature, its encoding, its padding, and the label as a property (ISO 16684-1, 7.3)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from yinji.errors import Malformed

NAMESPACE: Final = "http://www.tc260.org.cn/ns/AIGC/1.0/"
PREFIX: Final = "TC260"
NAME: Final = "AIGC"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PADDING: Final = 2048
"""Whitespace left for the next writer, so that a propagator's half fits without moving a byte."""

SIGNATURE: Final = b"http://ns.adobe.com/xap/1.0/\0"
"""What marks a packet in JPEG; some phones write it in front of the packet in HEIC too."""

HEADER: Final = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
TRAILER: Final = b'<?xpacket end="w"?>'
_END: Final = re.compile(rb"<\?xpacket\s+end=")


class XmpLabel(NamedTuple):
    """A property named AIGC.

    Attributes:
        namespace, prefix, name: As written; ``name`` may differ in case.
        shape: ``element`` or ``attribute``.
        text: The value, unescaped, without surrounding whitespace.
    """

    namespace: str
    prefix: str
    name: str
    shape: str
    text: str

    @property
    def is_ours(self) -> bool:
        """Whether it lies in the namespace that the guide prescribes."""
        return self.namespace == NAMESPACE

    @property
    def is_plain(self) -> bool:
        """Whether it is written as the guide prescribes: namespace, prefix, name and shape."""
        return self[:4] == AS_PRESCRIBED


AS_PRESCRIBED: Final = (NAMESPACE, PREFIX, NAME, "element")


def parted(packet: bytes) -> tuple[bytes, bytes]:
    """Returns the signature in front of the packet, or nothing, and the packet."""
    rest = packet.removeprefix(SIGNATURE)
    return packet[: len(packet) - len(rest)], rest


def as_utf8(packet: bytes) -> tuple[bytes, str]:
    """Returns the packet in UTF-8 without what surrounds it, and the encoding to go back to."""
    first = packet.find(b"<")
    if b"\0" not in packet[max(0, first - 3) : first] + packet[first + 1 : first + 4]:
        return packet.strip(b"\0 \t\r\n"), "utf-8"
    encoding = _wide_encoding(packet, first)
    try:
        return packet.decode(encoding).strip("\ufeff\0 \t\r\n").encode(), encoding
    except UnicodeError:
        raise Malformed("xmp-encoding") from None


def _wide_encoding(packet: bytes, first: int) -> str:
    """Tells UTF-16 and UTF-32 apart by the zeros around the first ``<``, and their byte order by where it stands."""
    if packet[first + 1 : first + 4] == b"\0\0\0" and first % 4 == 0:
        return "utf-32-le"
    if packet[max(0, first - 3) : first] == b"\0\0\0" and first % 4 == 3:
        return "utf-32-be"
    return "utf-16-be" if first % 2 else "utf-16-le"


def padding_of(text: bytes) -> tuple[int, int]:
    """Returns the range of whitespace before the closing ``<?xpacket``, or at the end where there is none."""
    ends = list(_END.finditer(text))
    stop = ends[-1].start() if ends else len(text)
    return len(text[:stop].rstrip(b" \t\r\n")), stop


def repadded(edited: bytes, encoding: str, *, wanted: int, fresh: int = PADDING) -> bytes:
    """Encodes the packet with so much padding that it has ``wanted`` bytes; if it cannot, gives it fresh room."""
    start, stop = padding_of(edited)
    bare = encoded(edited[:start] + edited[stop:], encoding)
    unit = len(encoded(b" ", encoding))
    spare = (wanted - len(bare)) // unit
    room = spare if spare >= 0 else fresh
    return encoded(edited[:start] + whitespace(room) + edited[stop:], encoding)


def encoded(text: bytes, encoding: str) -> bytes:
    """Returns UTF-8 in the encoding that :func:`as_utf8` told."""
    return text if encoding == "utf-8" else text.decode().encode(encoding)


def whitespace(length: int) -> bytes:
    """Counted from its end, so that a change of the value leaves most of the padding as it was."""
    line = b"\n" + b" " * 99
    return (line * (length // 100 + 1))[-length:] if length else b""
