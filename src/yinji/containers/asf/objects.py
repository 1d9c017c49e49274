"""ASF objects (Advanced Systems Format 1.2): the walk over the header, and the texts in its metadata objects."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.containers.window import Window
from yinji.errors import Malformed, Truncated

FRAME: Final = 24
"""Identifier and size of an object."""


def _guid(text: str) -> bytes:
    return uuid.UUID(text).bytes_le


HEADER: Final = _guid("75B22630-668E-11CF-A6D9-00AA0062CE6C")
DATA: Final = _guid("75B22636-668E-11CF-A6D9-00AA0062CE6C")
FILE: Final = _guid("8CABDCA1-A947-11CF-8EE4-00C00C205365")
EXTENSION: Final = _guid("5FBF03B5-A92E-11CF-8EE3-00C00C205365")
DESCRIPTION: Final = _guid("75B22633-668E-11CF-A6D9-00AA0062CE6C")
EXTENDED: Final = _guid("D2D0A440-E307-11D2-97F0-00A0C95EA850")
METADATA: Final = _guid("C5F8CBEA-5BAF-4877-8467-AA8C44FA4CCA")
LIBRARY: Final = _guid("44231C94-9498-49D1-A141-1D134E457054")
PADDING: Final = _guid("1806D474-CADF-4509-A4BA-9AABCB96AAE8")
ENCRYPTION: Final = frozenset(
    (
        _guid("2211B3FB-BD23-11D2-B4B7-00A0C955FC6E"),
        _guid("298AE614-2622-4C17-B935-DAE07EE9289C"),
        _guid("43058533-6981-49E6-9B74-AD12CB86D58C"),
    )
)
SIGNATURE: Final = _guid("2211B3FC-BD23-11D2-B4B7-00A0C955FC6E")
XMP: Final = frozenset(
    (_guid("BE7ACFCB-97A9-42E8-9C71-999491E3AFAC"), uuid.UUID("BE7ACFCB-97A9-42E8-9C71-999491E3AFAC").bytes)
)

_FIELDS: Final = ("Title", "Author", "Copyright", "Description", "Rating")
_TEXT, _BYTES, _FLAG, _DWORD, _QWORD, _WORD = range(6)


class Item(NamedTuple):
    """One object: identifier, where it starts, where its content begins, where it stops."""

    id: bytes
    start: int
    body: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start


class Field(NamedTuple):
    """One text: its name, its value, its range in the object's content, and the kind of its value."""

    name: str
    text: str
    start: int
    stop: int
    kind: int = _TEXT


def top_level(window: Window) -> Iterator[Item]:
    """Yields the header, the media and what follows, by their headers alone.

    Raises:
        Malformed: Not ASF, or an impossible size.
        Truncated: The file ends within an object; the media of a broadcast may be open.
    """
    source = window.source
    if source.read_up_to(0, 16) != HEADER:
        raise Malformed("asf-not-asf", path=source.name)
    at = 0
    while at + FRAME <= source.size:
        source.element()
        item = _item(window, at)
        if item.stop > source.size or (item.id == DATA and item.size <= FRAME):
            if item.id == DATA and item.size in (0, FRAME, FRAME + 26):
                yield item._replace(stop=source.size)
                return
            raise Truncated("asf-cut", path=source.name, offset=at)
        if item.size < FRAME:
            raise Malformed("asf-object", path=source.name, offset=at)
        yield item
        at = item.stop


def children(window: Window, at: int, stop: int, depth: int = 1) -> Iterator[Item]:
    """Yields the objects of a header or a header extension.

    Raises:
        Malformed: One does not fit.
    """
    while at + FRAME <= stop:
        window.source.element(depth)
        item = _item(window, at)
        if item.size < FRAME or item.stop > stop:
            raise Malformed("asf-object", path=window.source.name, offset=at)
        yield item
        at = item.stop
    if at != stop:
        raise Malformed("asf-object", path=window.source.name, offset=at)


def make(id: bytes, content: bytes) -> bytes:
    """Returns a whole object."""
    return id + (FRAME + len(content)).to_bytes(8, "little") + content


def described(source: Source, item: Item, content: bytes) -> Iterator[Field]:
    """Yields the five texts of a content description.

    Raises:
        Malformed: Their lengths do not fit.
    """
    at = 2 * len(_FIELDS)
    for number, name in enumerate(_FIELDS):
        length = int.from_bytes(content[2 * number : 2 * number + 2], "little")
        if at + length > len(content):
            raise Malformed("asf-object", path=source.name, offset=item.start)
        if length:
            yield Field(name, _text(content[at : at + length]), at, at + length)
        at += length


def fields(source: Source, item: Item, content: bytes) -> Iterator[Field]:
    """Yields the entries of an extended content description, a metadata object or a metadata library.

    Raises:
        Malformed: Their lengths do not fit.
    """
    count, at = int.from_bytes(content[:2], "little"), 2
    for _ in range(count):
        source.element(2)
        start = at
        if item.id == EXTENDED:
            name, at = _sized(content, at + 2, int.from_bytes(content[at : at + 2], "little"))
            kind = int.from_bytes(content[at : at + 2], "little")
            value, at = _sized(content, at + 4, int.from_bytes(content[at + 2 : at + 4], "little"))
        else:
            lengths = content[at + 4 : at + 12]
            kind = int.from_bytes(lengths[2:4], "little")
            name, at = _sized(content, at + 12, int.from_bytes(lengths[:2], "little"))
            value, at = _sized(content, at, int.from_bytes(lengths[4:], "little"))
        if at > len(content) or at - start < 6:
            raise Malformed("asf-object", path=source.name, offset=item.start)
        yield Field(_text(name), _text(value) if kind == _TEXT else "", start, at, kind)


def entry(name: str, value: str) -> bytes:
    """Returns an entry of an extended content description."""
    key, text = ((each + "\0").encode("utf-16-le") for each in (name, value))
    front = len(key).to_bytes(2, "little") + key + _TEXT.to_bytes(2, "little")
    return front + len(text).to_bytes(2, "little") + text


def _item(window: Window, at: int) -> Item:
    head = window.peek(at, FRAME)
    return Item(head[:16], at, at + FRAME, at + int.from_bytes(head[16:], "little"))


def _sized(content: bytes, at: int, length: int) -> tuple[bytes, int]:
    return content[at : at + length], at + length


def _text(raw: bytes) -> str:
    return raw.decode("utf-16-le", "replace").rstrip("\0")
