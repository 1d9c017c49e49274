"""What one pass over an SVG file finds: its encoding, elements of interest, packets and other labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from yinji.containers.xml_parsing import ATTRIBUTE, tag_end
from yinji.containers.xml_text import quoted
from yinji.errors import UnreadableInput


class Encoding(NamedTuple):
    """How the characters are written: ``utf-8``, ``ascii``, ``latin-1``, ``utf-16-le`` or ``-be``, behind a mark."""

    codec: str
    mark: int

    @property
    def is_utf8(self) -> bool:
        """Whether the bytes of the file are those of its text in UTF-8."""
        return self.codec in ("utf-8", "ascii")

    def encoded(self, text: bytes) -> bytes:
        """Returns UTF-8 text as this file writes it; what an encoding of one byte lacks as references."""
        if self.codec in ("ascii", "latin-1"):
            return text.decode().replace("\ufeff", "").encode(self.codec, "xmlcharrefreplace")
        return text if self.codec == "utf-8" else text.decode().encode(self.codec)


@dataclass(slots=True)
class Element:
    """An element of interest; positions are in the document's UTF-8 text.

    Attributes:
        prefix, name: As written.
        start: Where its start tag begins.
        inner: Behind the start tag.
        close: Where its end tag begins; where the tag itself ends for an empty one.
        stop: Behind it.
        depth: 1 for the root.
        scope: Namespaces by prefix, as they stand inside.
    """

    prefix: str
    name: str
    start: int
    depth: int
    scope: dict[str, str]
    inner: int = 0
    close: int = 0
    stop: int = 0
    parts: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether it is written as one tag."""
        return self.inner == self.stop


@dataclass(slots=True)
class Packet:
    """XMP: ``rdf:RDF`` with what wraps it.

    Attributes:
        start, stop: Its range, with packet instructions, or else with the space behind it.
        element: ``x:xmpmeta`` or ``rdf:RDF``.
    """

    start: int
    element: Element
    stop: int = 0


class Improvised(NamedTuple):
    """A label in no packet.

    Attributes:
        carrier: ``svg-text``, ``svg-attribute`` or ``svg-comment``.
        key, text: The name it goes by, and the value.
        start, stop: What to cut to be rid of it; empty when it is mixed into other words.
    """

    carrier: str
    key: str
    text: str
    start: int
    stop: int


@dataclass(slots=True)
class Document:
    """What one pass over a file found; ``place`` is behind the title and description that it begins with."""

    encoding: Encoding
    text: bytearray = field(default_factory=bytearray)
    root: Element | None = None
    packets: list[Packet] = field(default_factory=list)
    metadata: list[Element] = field(default_factory=list)
    credentials: list[Element] = field(default_factory=list)
    improvised: list[Improvised] = field(default_factory=list)
    place: int = 0
    damage: UnreadableInput | None = None

    def offset(self, at: int) -> int:
        """Returns the position in the file of a position in the text."""
        front = self.encoding.mark
        return front + (at if self.encoding.is_utf8 else len(self.encoding.encoded(bytes(self.text[:at]))))

    def alone(self, packet: Packet) -> tuple[bytes, int, bytes]:
        """Returns the packet as a document of its own, and what it was given for that: position and bytes.

        The namespaces that it uses may be declared further out; it gets them on its own first element.
        """
        start = packet.element.start - packet.start
        text = bytes(self.text[packet.start : packet.stop])
        at = start + 1
        while text[at] not in b" \t\r\n/>":
            at += 1
        own = {match[1] for match in ATTRIBUTE.finditer(text, at, tag_end(text, start))}
        given = "".join(
            f" {name}={quoted(uri)}"
            for name, uri in ((f"xmlns:{p}" if p else "xmlns", uri) for p, uri in packet.element.scope.items())
            if name.encode() not in own and name != "xmlns:xml"
        ).encode()
        return text[:at] + given + text[at:], at, given
