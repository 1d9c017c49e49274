"""The few pieces of ASN.1 DER that keys and signatures need (ITU-T X.690): read and write one element at a time."""

from __future__ import annotations

from typing import Final, NamedTuple

from yinji.errors import Malformed

INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OID: Final = 0x06
SEQUENCE: Final = 0x30
CONTEXT_0: Final = 0xA0
CONTEXT_1: Final = 0xA1


class Element(NamedTuple):
    """One element.

    Attributes:
        tag: Identifier octet.
        content: Content octets.
        start: Offset of the element in the data it was read from.
        stop: Offset behind it.
    """

    tag: int
    content: bytes
    start: int
    stop: int


def read(data: bytes, at: int = 0) -> Element:
    """Reads the element at ``data[at]``; definite lengths of at most four octets only.

    Raises:
        Malformed: There is no such element.
    """
    head = data[at : at + 2]
    if len(head) < 2:
        raise Malformed("der-syntax", offset=at)
    size, body = head[1], at + 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4 or len(data) < body + count:
            raise Malformed("der-syntax", offset=at)
        size, body = int.from_bytes(data[body : body + count], "big"), body + count
    if len(data) < body + size:
        raise Malformed("der-syntax", offset=at)
    return Element(head[0], data[body : body + size], at, body + size)


def elements(content: bytes, tags: tuple[int, ...] = ()) -> list[Element]:
    """Reads all elements of a constructed content.

    Args:
        content: Content octets of a SEQUENCE or context-specific element.
        tags: If given, the tags that the elements must have, in this order and number.

    Raises:
        Malformed: The content is cut short, or has other elements than ``tags``.
    """
    found, at = [], 0
    while at < len(content):
        element = read(content, at)
        found.append(element)
        at = element.stop
    if tags and tuple(e.tag for e in found) != tags:
        raise Malformed("der-syntax", offset=0)
    return found


def sequence(data: bytes, tags: tuple[int, ...] = ()) -> list[Element]:
    """Reads one SEQUENCE that fills ``data``, and returns its elements.

    Raises:
        Malformed: As :func:`elements`; or the data is no SEQUENCE, or goes on behind it.
    """
    outer = read(data)
    if outer.tag != SEQUENCE or outer.stop != len(data):
        raise Malformed("der-syntax", offset=0)
    return elements(outer.content, tags)


def write(tag: int, *contents: bytes) -> bytes:
    """Returns one element with the joined contents."""
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int) -> bytes:
    """Returns a non-negative INTEGER."""
    return write(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """Returns an OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    body = bytearray()
    for arc in (first * 40 + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        body.extend(reversed(septets))
    return write(OID, bytes(body))
