"""FLV tags (FLV 10.1, E.3 and E.4): the walk that reading, planning and measuring share, and what script tags say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers import embedded
from yinji.containers.flv.amf import NULL, OBJECTS, STRICT_ARRAY, STRING, TEXTS, Amf, Property, make_key
from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.errors import Malformed, Truncated
from yinji.labels.problem import Problem, Severity

NAME: Final = "AIGC"
SIGNATURE: Final = b"FLV\x01"
SCRIPT: Final = 18
MEDIA: Final = frozenset((8, 9))
HEADER: Final = 11
TRAILER: Final = 4
"""PreviousTagSize, behind every tag."""

META: Final = "onMetaData"
FRAMES: Final = "filepositions"
"""The list of where frames stand that a player can begin with."""

_FILE_MAX: Final = float(1 << 53)
PACKET: Final = "onXMPData"
PADDING: Final = "padding"
PADDING_FRONT: Final = len(make_key(PADDING)) + 5
"""Bytes of an empty filler: key, type and count of an array."""

_FILE_HEADER: Final = 9
_TYPE: Final = 0x1F
_FILTERED: Final = 0x20
_TAGS_PER_ELEMENT: Final = 64
_SET: Final = "@setDataFrame"


class Tag(NamedTuple):
    """One tag: its type, where it starts, bytes of data, and where the next one starts, behind PreviousTagSize."""

    type: int
    start: int
    size: int
    stop: int

    @property
    def body(self) -> int:
        return self.start + HEADER


class Script(NamedTuple):
    """One script tag taken apart.

    Attributes:
        tag: It.
        amf: Its data.
        name: What it says: ``onMetaData``, ``onXMPData``, ``onCuePoint`` …
        value: Where the value behind the name stands in the data, or -1.
    """

    tag: Tag
    amf: Amf
    name: str
    value: int

    @property
    def is_meta(self) -> bool:
        """Whether it can hold the label where the guide wants it."""
        return self.name == META and self.value >= 0 and self.amf.data[self.value] in OBJECTS


class Walk:
    """One pass over a file's tags.

    Attributes:
        start: Where the first tag stands.
        end: Behind the last tag once :meth:`tags` has run out.
    """

    def __init__(self, source: Source) -> None:
        head = source.head
        if head[:4] != SIGNATURE:
            raise Malformed("flv-not-flv", path=source.name)
        offset = int.from_bytes(head[5:9], "big")
        self.start = offset + TRAILER
        if self.start > source.size:
            raise Truncated("truncated", path=source.name, offset=0, needed=self.start, size=source.size)
        if offset < _FILE_HEADER:
            raise Malformed("flv-tag", path=source.name, offset=5)
        self.end = self.start
        self._source = source

    def tags(self) -> Iterator[Tag]:
        """Yields the tags by their headers.

        Raises:
            Truncated: The file ends within a tag.
        """
        source, at, hops = self._source, self.start, 0
        while at + HEADER <= source.size:
            hops += 1
            if hops % _TAGS_PER_ELEMENT == 1:
                source.element()
            front = source.read(at, HEADER)
            kind, size = front[0], int.from_bytes(front[1:4], "big")
            if kind & _TYPE not in (*MEDIA, SCRIPT) or front[8:11] != b"\0\0\0" or kind >= 2 * _FILTERED:
                break
            stop = at + HEADER + size + TRAILER
            if stop > source.size:
                raise Truncated("truncated", path=source.name, offset=at, needed=stop - at, size=source.size)
            yield Tag(kind, at, size, stop)
            at = self.end = stop


def script(source: Source, tag: Tag) -> Script:
    """Takes a script tag apart.

    Raises:
        Malformed: It is not put together as AMF0.
    """
    amf = Amf(source, source.read(tag.body, tag.size), tag.body)
    names: list[str] = []
    at = 0
    while at < tag.size and amf.data[at] == STRING and len(names) < 2:
        names.append(amf.text(at).decode("utf-8", "replace"))
        at = amf.skip(at)
        if names[-1] != _SET:
            break
    return Script(tag, amf, names[-1] if names else "", at if at < tag.size else -1)


def blocks_of(source: Source, tag: Tag) -> Iterator[Block]:
    """Yields what a script tag says in words."""
    said = script(source, tag)
    if said.value < 0 or said.amf.data[said.value] not in OBJECTS:
        return
    for item, depth in nested(said):
        text = value_of(said.amf, item)
        if text is None:
            continue
        start, stop = tag.body + item.start, tag.body + item.stop
        if said.name == PACKET and item.type in TEXTS:
            yield Block("xmp", "", said.amf.text(item.value), start, stop)
        else:
            yield Block("flv-script", item.key, text, start, stop, tuple(_problems(said, item, depth)))


def last_frame(source: Source, tag: Tag) -> int:
    """Returns where the last frame stands that a script tag lists; 0 where it lists none."""
    said = script(source, tag)
    if said.value < 0 or said.amf.data[said.value] not in OBJECTS or FRAMES.encode() not in said.amf.data:
        return 0
    lists = (item for item, _ in nested(said) if item.key == FRAMES and item.type == STRICT_ARRAY)
    places = [said.amf.number(at) for item in lists for at in said.amf.numbers(item.value)]
    return int(max((place for place in places if place < _FILE_MAX), default=0))


def nested(said: Script) -> Iterator[tuple[Property, int]]:
    """Yields the properties of a script tag's object and of all objects in it, with how deep they stand."""
    waiting = [(said.value, 1)]
    while waiting:
        at, depth = waiting.pop(0)
        for item in said.amf.properties(at, depth):
            yield item, depth
            if item.type in OBJECTS and item.key.upper() != NAME:
                waiting.append((item.value, depth + 1))


def value_of(amf: Amf, item: Property) -> str | None:
    """Returns the text of a property; of an object under the label's name, its texts as JSON; None for numbers."""
    if item.type in TEXTS:
        return embedded.decoded(amf.text(item.value)).rstrip("\0")
    if item.key.upper() != NAME:
        return None
    if item.type not in OBJECTS:
        return ""
    inside = amf.properties(item.value, 2)
    texts = {each.key: embedded.decoded(amf.text(each.value)) for each in inside if each.type in TEXTS}
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def is_padding(amf: Amf, item: Property) -> bool:
    """Whether a property is the filler that writers leave behind a label: an array of nulls."""
    inside = amf.data[item.value + 5 : item.stop]
    return item.key == PADDING and item.type == STRICT_ARRAY and inside.count(NULL) == len(inside)


def padding(length: int) -> bytes:
    """Returns a filler property of a whole length: nothing for 0, else :data:`PADDING_FRONT` or more."""
    if not length:
        return b""
    count = length - PADDING_FRONT
    return make_key(PADDING) + bytes((STRICT_ARRAY,)) + count.to_bytes(4, "big") + bytes((NULL,)) * count


def _problems(said: Script, item: Property, depth: int) -> Iterator[Problem]:
    if item.key.upper() != NAME:
        return
    if said.name != META:
        yield Problem("flv-script-name", Severity.WARNING, "R57", {"name": said.name[:40]})
    if depth > 1:
        yield Problem("flv-nested", Severity.WARNING, "R57")
    if item.type not in TEXTS:
        yield Problem("flv-value-type", Severity.ERROR, "R57", {"type": item.type})
