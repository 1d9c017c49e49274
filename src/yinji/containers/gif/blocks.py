"""GIF blocks (GIF89a specification, clauses 15 to 27): the walk that reading, planning and measuring share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.errors import Malformed, Truncated

SIGNATURES: Final = (b"GIF87a", b"GIF89a")
IMAGE: Final = 0x2C
COMMENT: Final = 0xFE
APPLICATION: Final = 0xFF

XMP: Final = b"XMP DataXMP"
C2PA: Final = b"C2PA_GIF"
WHOLE: Final = 1 << 20
"""Files up to this size are walked to their end even by a quick reading: one more request."""

LOOPS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
PROFILES: Final = (b"ICCRGBG1012",)

MAGIC_TRAILER: Final = bytes((1, *range(0xFF, -1, -1), 0))
"""What ends a bare XMP packet, so that readers of sub-blocks get out of it wherever they are (XMP Part 3, 1.1.2)."""

_SCREEN: Final = 13
_IMAGE_DESCRIPTOR: Final = 10
_EXTENSION: Final = 0x21
_TRAILER: Final = 0x3B
_IDENTIFIER: Final = 11
_PIECE: Final = 1 << 18
_PACKET_STARTS: Final = (b"<?", b"<x", b"<r", b"\xef\xbb")


class Part(NamedTuple):
    """One block of the file.

    Attributes:
        label: ``0x2C`` for an image, else the label of an extension.
        name: Identifier and authentication code of an application extension.
        start: Where its introducer stands.
        data: Where the sub-blocks begin (behind the identifier of an application).
        stop: Behind the terminator.
    """

    label: int
    name: bytes
    start: int
    data: int
    stop: int


class Walk:
    """One pass over a file's blocks.

    Attributes:
        start: Where the blocks begin: behind the screen descriptor and the global colour table.
        end: Behind the trailer once :meth:`parts` has run out.
    """

    def __init__(self, source: Source) -> None:
        head = source.head
        if head[:6] not in SIGNATURES:
            raise Malformed("gif-not-gif", path=source.name)
        if len(head) < _SCREEN:
            raise Truncated("truncated", path=source.name, offset=0, needed=_SCREEN, size=source.size)
        self.start = _SCREEN + table_size(head[10])
        self.end = self.start
        self._source = source
        self._at, self._data = 0, head

    def parts(self, is_enough: Callable[[], bool] = lambda: False) -> Iterator[Part]:
        """Yields the blocks up to the trailer.

        Args:
            is_enough: Asked in front of every image, whose length takes reading it; True ends the walk there.

        Raises:
            Malformed: Something else stands where a block should.
            Truncated: The file ends before its trailer.
        """
        at = self.start
        while (introducer := self._byte(at)) != _TRAILER:
            self._source.element()
            if introducer == 0:  # a superfluous terminator, as some encoders leave them
                at += 1
                continue
            if introducer == IMAGE and is_enough():
                return
            part = self._part(at, introducer)
            yield part
            at = part.stop
        self.end = at + 1

    def _part(self, at: int, introducer: int) -> Part:
        if introducer == IMAGE:
            data = at + _IMAGE_DESCRIPTOR + table_size(self._byte(at + 9)) + 1
            return Part(IMAGE, b"", at, data, self._end(data))
        if introducer != _EXTENSION:
            raise Malformed("gif-block", path=self._source.name, offset=at)
        label = self._byte(at + 1)
        if label != APPLICATION or self._byte(at + 2) != _IDENTIFIER:
            return Part(label, b"", at, at + 2, self._end(at + 2))
        data = at + 3 + _IDENTIFIER
        name = self._source.read(at + 3, _IDENTIFIER)
        return Part(label, name, at, data, self._end(data))

    def _end(self, at: int) -> int:
        """Returns where the sub-blocks that begin at ``at`` are over."""
        while True:
            self._byte(at)
            data, base = self._data, self._at
            index, length = at - base, len(self._data)
            while index < length:
                size = data[index]
                if not size:
                    return base + index + 1
                index += size + 1
            at = base + index

    def _byte(self, at: int) -> int:
        index = at - self._at
        if not 0 <= index < len(self._data):
            if at >= self._source.size:
                raise Truncated("truncated", path=self._source.name, offset=at, needed=1, size=self._source.size)
            self._source.element()
            self._at, self._data, index = at, self._source.payload(at, _PIECE), 0
            if not self._data:
                raise Truncated("truncated", path=self._source.name, offset=at, needed=1, size=at)
        return self._data[index]


def content(source: Source, part: Part) -> bytes:
    """Returns the data of an extension's sub-blocks, joined."""
    raw = source.read(part.data, part.stop - part.data)
    pieces = []
    at = 0
    while at < len(raw) and raw[at]:
        pieces.append(raw[at + 1 : at + 1 + raw[at]])
        at += raw[at] + 1
    return b"".join(pieces)


def packet(source: Source, part: Part) -> bytes:
    """Returns the XMP packet: bare in front of its magic trailer, or in sub-blocks as some writers have it."""
    raw = source.read(part.data, part.stop - part.data)
    if raw.endswith(MAGIC_TRAILER):
        return raw[: -len(MAGIC_TRAILER)]
    if raw.startswith(_PACKET_STARTS):  # a trailer of another length; UTF-8 knows no 0xFF
        return raw.partition(b"\xff")[0].rstrip(b"\0\1")
    return content(source, part)


def make_xmp(packet: bytes) -> bytes:
    """Returns the application extension that holds a packet."""
    return bytes((_EXTENSION, APPLICATION, _IDENTIFIER)) + XMP + packet + MAGIC_TRAILER


def make(label: int, name: bytes, data: bytes) -> bytes:
    """Returns an extension with its data in sub-blocks."""
    front = bytes((_EXTENSION, label)) + (bytes((len(name),)) + name if name else b"")
    pieces = [data[at : at + 255] for at in range(0, len(data), 255)]
    return front + b"".join(bytes((len(piece),)) + piece for piece in pieces) + b"\0"


def table_size(flags: int) -> int:
    """Returns the bytes of the colour table that a descriptor's flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
