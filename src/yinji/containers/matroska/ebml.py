"""EBML elements (RFC 8794): variable-length ids and sizes, masters, Void, CRC-32. All numbers are big-endian."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.containers.window import Window
from yinji.errors import Malformed, Truncated

VOID: Final = 0xEC
CRC32: Final = 0xBF
MAX_HEADER: Final = 12
"""An id of four bytes and a size of eight."""

WIDEST: Final = 8
_SHORT_VOID: Final = 128
_new: Final = tuple.__new__
"""Makes a named tuple for a third of what its own constructor takes, and elements are many."""

ID_WIDTHS: Final = tuple(9 - first.bit_length() if first >= 0x10 else 0 for first in range(256))
"""Bytes of an id by its first byte; 0 for none."""

_ZEROED: Final = 1 << 16


class Element(NamedTuple):
    """One element.

    Attributes:
        id: With its length marker, as specifications write it (``0x1254C367``).
        start: Where the id stands.
        body: Where the data begins.
        stop: Behind the data; of an element of unknown size, where what holds it ends.
        is_open: Whether the size is unknown, as in live streams.
    """

    id: int
    start: int
    body: int
    stop: int
    is_open: bool = False

    @property
    def size(self) -> int:
        return self.stop - self.body

    @property
    def length(self) -> int:
        """Bytes of the whole element."""
        return self.stop - self.start

    @property
    def width(self) -> int:
        """Bytes of the size field."""
        return self.body - self.start - id_width(self.id)


class Header(NamedTuple):
    """Id, length of the header, and size of the data (None: unknown)."""

    id: int
    length: int
    size: int | None


def header(front: bytes, at: int = 0) -> Header | None:
    """Takes the header of an element apart; None when the bytes are none, or too few."""
    available = len(front) - at
    if available < 2 or front[at] < 0x10:
        return None
    wide = 9 - front[at].bit_length()
    if available <= wide or not front[at + wide]:
        return None
    long = 9 - front[at + wide].bit_length()
    length = wide + long
    if available < length:
        return None
    mask = (1 << 7 * long) - 1
    size = int.from_bytes(front[at + wide : at + length], "big") & mask
    return _new(Header, (int.from_bytes(front[at : at + wide], "big"), length, None if size == mask else size))


def element(window: Window, at: int, stop: int) -> Element:
    """Reads the header of the element at a position of the file.

    Args:
        window: The file.
        at: Where it begins.
        stop: Where what holds it ends, at most the end of the file.

    Raises:
        Malformed: No element can stand there, or it does not fit.
        Truncated: It reaches beyond the end of the file.
    """
    source = window.source
    found = header(window.peek(at, min(MAX_HEADER, stop - at)))
    if found is None:
        if stop - at < MAX_HEADER and stop == source.size:
            raise Truncated("truncated", path=source.name, offset=at, needed=MAX_HEADER, size=source.size)
        raise Malformed("ebml-element", path=source.name, offset=at)
    body = at + found.length
    if found.size is None:
        return Element(found.id, at, body, stop, True)
    if body + found.size > stop:
        if stop == source.size:
            raise Truncated("truncated", path=source.name, offset=body, needed=found.size, size=source.size)
        raise Malformed("ebml-length", path=source.name, offset=at)
    return _new(Element, (found.id, at, body, body + found.size, False))


def children(source: Source, data: bytes, base: int, depth: int = 1) -> Iterator[Element]:
    """Yields the elements in the data of a master that was read as a whole.

    Args:
        source: The file, which counts the elements.
        data: The data of the master.
        base: Where it stands in the file; positions count from there.
        depth: How deeply the master is nested.

    Raises:
        Malformed: Something else stands where an element should.
        LimitExceeded: Too many, or nested too deep.
    """
    at, end = 0, len(data)
    count = source.element
    while at < end:
        count(depth)
        body = at + ID_WIDTHS[data[at]] + 1
        if at + 1 < body <= end and 0x80 <= data[body - 1] < 0xFF:  # nearly always: a size of one byte
            id, size = int.from_bytes(data[at : body - 1], "big"), data[body - 1] & 0x7F
        else:
            found = header(data, at)
            if found is None or found.size is None:
                raise Malformed("ebml-element", path=source.name, offset=base + at)
            id, body, size = found.id, at + found.length, found.size
        if body + size > end:
            raise Malformed("ebml-element", path=source.name, offset=base + at)
        yield _new(Element, (id, base + at, base + body, base + body + size, False))
        at = body + size


def content(source: Source, master: Element) -> bytes:
    """Returns the data of an element."""
    return source.read(master.body, master.size)


def number(data: bytes) -> int:
    """Returns an unsigned integer; no bytes mean zero."""
    return int.from_bytes(data, "big")


def text(data: bytes) -> str:
    """Returns a string: UTF-8, ended early by a NUL where a writer padded it."""
    return data.partition(b"\0")[0].decode("utf-8", "replace")


def make(id: int, data: bytes, width: int = 0) -> bytes:
    """Returns a whole element; its size takes ``width`` bytes, or more where it must."""
    return id.to_bytes(id_width(id), "big") + size_field(len(data), width) + data


def make_number(id: int, value: int, width: int = 1) -> bytes:
    """Returns an element that holds an unsigned integer in ``width`` bytes, or more where it must."""
    return make(id, value.to_bytes(max(width, (value.bit_length() + 7) // 8), "big"))


def size_field(size: int, width: int = 0) -> bytes:
    """Returns a size in ``width`` bytes, or more where it must: the largest value of each width means "unknown"."""
    width = max(width, 1)
    while size >= (1 << 7 * width) - 1:
        width += 1
    return (size | 1 << 7 * width).to_bytes(width, "big")


def void(length: int, written: int | None = None) -> bytes:
    """Returns a Void element of ``length`` bytes in all (0: nothing).

    Args:
        length: Bytes, not 1.
        written: Bytes of zeros wanted at most, where the file has the rest already.
    """
    if length == 0:
        return b""
    if length == 1:
        raise ValueError("no element has one byte")
    width = 1 if length <= _SHORT_VOID else WIDEST
    size = length - 1 - width
    return bytes((VOID,)) + size_field(size, width) + bytes(size if written is None else min(size, written))


def with_checksum(data: bytes) -> bytes:
    """Returns the data of a master with a CRC-32 element in front (RFC 8794, 11.3.1)."""
    return make(CRC32, zlib.crc32(data).to_bytes(4, "little")) + data


def filled(id: int, data: bytes, room: int, width: int = 1) -> bytes | None:
    """Returns an element and the Void that takes the rest of ``room`` bytes; None when it does not fit.

    Of a Void longer than 64 KiB only so much is returned: the rest may stay as it is.

    Args:
        id: Of the element.
        data: What it holds.
        room: Bytes to fill exactly.
        width: Preferred width of its size field; another one is taken where a single byte would be left over.
    """
    for wanted in (width, *range(1, WIDEST + 1)):
        made = make(id, data, wanted)
        rest = room - len(made)
        if rest == 0 or rest >= 2:
            return made + void(rest, _ZEROED)
    return None


def id_width(id: int) -> int:
    """Returns how many bytes an id takes."""
    return (id.bit_length() + 7) // 8
