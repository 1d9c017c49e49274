"""The chunks of WAV, RF64, BW64 (EBU Tech 3306, ITU-R BS.2088) and AIFF: the walk, and how to make and resize one.

Audio files lie about their sizes more than others do: recorders that stream leave them open, some writers forget the
padding byte, others the form's own size. The walk takes what is certain and refuses what is not.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from yinji.containers.source import Source
from yinji.containers.splice import Edit
from yinji.containers.window import Window
from yinji.errors import Malformed, Truncated

Order = Literal["little", "big"]

HEADER: Final = 8
FIRST: Final = 12
"""Where the first chunk stands, behind the form's identifier, size and type."""

FILLERS: Final = frozenset((b"JUNK", b"junk", b"PAD ", b"FLLR", b"free"))
LABEL: Final = b"AIGC"

_REACH: Final = 1024
"""One read shows the label behind the samples and the chunk that follows it."""

_SLACK: Final = 9
"""A form's size that is wrong by its own header or a padding byte hides no label."""

_OPEN: Final = frozenset(
    (0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFDB, 0x80000000, 0x7FFFFFFF, 0x7FFFFFFE, 0x7FFFFFDB, 0x7FFFF024, 0x7FFFF000)
)
"""Sizes that recorders write when they cannot go back to the header."""

_OPEN_64: Final = (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
_TAIL: Final = 4096
_NAME: Final = re.compile(rb"[ -~]{4}")


class Chunk(NamedTuple):
    """One chunk.

    Attributes:
        id: Its four bytes.
        start, body: Where its header and its content begin.
        size: Bytes of content.
        stop: Where the next chunk begins.
        is_open: Whether its size was not written, and is what the file holds.
    """

    id: bytes
    start: int
    body: int
    size: int
    stop: int
    is_open: bool = False

    @property
    def end(self) -> int:
        """Where the content ends."""
        return self.body + self.size

    @property
    def is_unpadded(self) -> bool:
        """Whether the byte is missing that makes an odd content even."""
        return self.size % 2 == 1 and self.stop == self.end


class Walk:
    """One walk over the chunks of a form.

    Attributes:
        end: Where the chunks end, once they were walked; what follows is no part of the form.
        long: The ``ds64`` chunk of RF64 and BW64.
    """

    def __init__(self, source: Source, order: Order = "little", media: bytes = b"data") -> None:
        self.source = source
        self.end = FIRST
        self.long: Chunk | None = None
        self._order: Order = order
        self._media = media
        self._window = Window(source, _REACH)
        self._sizes: dict[bytes, int] = {}

    def chunks(self) -> Iterator[Chunk]:
        """Yields the chunks in file order.

        Raises:
            Malformed: Something else stands where a chunk should.
            Truncated: The file ends before its form does.
        """
        source = self.source
        head = source.head
        is_long = head[:4] in (b"RF64", b"BW64")
        declared = self._number(head[4:8])
        stop: int | None = None if declared in _OPEN or declared == 0 else HEADER + declared
        at = FIRST
        while at + HEADER <= source.size:
            source.element()
            chunk = self._chunk(at, stop)
            if chunk is None:
                break
            if is_long and chunk.id == b"ds64" and self.long is None:
                self.long = chunk
                stop = self._long_sizes(chunk)
            yield chunk
            at = self.end = chunk.stop
        if stop is not None and stop > source.size + _SLACK:
            raise Truncated("wav-cut", path=source.name, offset=at, needed=stop, size=source.size)

    def content(self, chunk: Chunk) -> bytes:
        """Returns a chunk's content, mostly out of the stretch that showed its header.

        Raises:
            LimitExceeded: It is larger than one read may be.
        """
        return self._window.peek(chunk.body, chunk.size)

    def _number(self, raw: bytes) -> int:
        return int.from_bytes(raw, self._order)

    def _long_sizes(self, chunk: Chunk) -> int | None:
        """Reads the 64-bit sizes; returns where the form stops."""
        if chunk.size < 28:
            raise Malformed("wav-ds64", path=self.source.name, offset=chunk.start)
        form, data, _, count = struct.unpack("<QQQI", self._window.peek(chunk.body, 28))
        if count > (chunk.size - 28) // 12:
            raise Malformed("wav-ds64", path=self.source.name, offset=chunk.start)
        self._sizes[b"data"] = data
        for number in range(count):
            self.source.element(1)
            id, size = struct.unpack("<4sQ", self._window.peek(chunk.body + 28 + 12 * number, 12))
            self._sizes.setdefault(id, size)
        return None if form in _OPEN_64 else HEADER + form

    def _chunk(self, at: int, stop: int | None) -> Chunk | None:
        """Reads the chunk at ``at``; None where the form is over and something else follows."""
        head = self._window.peek(at, HEADER)
        id, size = head[:4], self._number(head[4:])
        body = at + HEADER
        is_over = stop is not None and at >= stop
        if not _is_name(id):
            if is_over or (stop is None and at > FIRST and not any(head)):
                return None
            raise Malformed("wav-chunk", path=self.source.name, offset=at)
        if size == 0xFFFFFFFF and id in self._sizes:
            size = self._sizes[id]
        if id == self._media and self._is_open(size, body, stop):
            size = self._open_size(body)
            return Chunk(id, at, body, size, body + size, True)
        if body + size > self.source.size:
            if is_over:
                return None
            raise Truncated("wav-cut", path=self.source.name, offset=at, needed=body + size, size=self.source.size)
        return Chunk(id, at, body, size, self._next(body + size, size))

    def _is_open(self, size: int, body: int, stop: int | None) -> bool:
        """Whether the size of the samples was never written."""
        if body + size > self.source.size:
            return size in _OPEN or size in _OPEN_64
        if size:
            return False
        return (stop is None or stop <= body) and not self._is_chunk(body)

    def _open_size(self, body: int) -> int:
        """Returns how many sample bytes there are: all, but for a label that someone put behind them."""
        start = max(body, self.source.size - _TAIL)
        tail = self.source.read(start, self.source.size - start)
        at = tail.rfind(LABEL)
        if at >= 0 and self._is_chunk(start + at):
            return start + at - body
        return self.source.size - body

    def _next(self, end: int, size: int) -> int:
        """Returns where the next chunk begins, also where the padding byte was forgotten."""
        if size % 2 == 0:
            return end
        if end >= self.source.size:
            return end
        return end if self._is_chunk(end) and not self._is_chunk(end + 1) else end + 1

    def _is_chunk(self, at: int) -> bool:
        """Whether a chunk that fits into the file stands at ``at``."""
        if at + HEADER > self.source.size:
            return False
        head = self._window.peek(at, HEADER)
        return _is_name(head[:4]) and at + HEADER + self._number(head[4:]) <= self.source.size


def _is_name(id: bytes) -> bool:
    return _NAME.fullmatch(id) is not None and id != b"    "


def make(id: bytes, content: bytes, order: Order = "little") -> bytes:
    """Returns a whole chunk, padded to an even length."""
    return id + len(content).to_bytes(4, order) + content + bytes(len(content) % 2)


def filler(length: int) -> bytes:
    """Returns a ``JUNK`` chunk of that length in all, one byte more where it is odd."""
    return make(b"JUNK", bytes(length - HEADER))


def resized(chunk: Chunk, growth: int, order: Order = "little") -> list[Edit]:
    """Returns the edits of a chunk's size and padding byte when its content grows by ``growth`` bytes."""
    if not growth:
        return []
    size = chunk.size + growth
    edits = [Edit(chunk.start + 4, chunk.body, size.to_bytes(4, order))]
    had, needs = chunk.stop - chunk.end, size % 2
    if had != needs:
        edits.append(Edit(chunk.end, chunk.stop, bytes(needs)))
    return edits
