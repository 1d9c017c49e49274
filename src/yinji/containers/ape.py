"""APEv2 tags behind the audio: read, and taken out of the way when the label moves to its proper place."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.containers.splice import Edit
from yinji.errors import Malformed
from yinji.labels.decode import looks_like_label

KEY: Final = "AIGC"
FRAME: Final = 32
_MAGIC: Final = b"APETAGEX"
_FIELDS: Final = struct.Struct("<8sIIII8x")
_HAS_HEADER: Final = 1 << 31
_KIND: Final = 0b110
_TEXT_MAX: Final = 1 << 20


class ApeTag(NamedTuple):
    """One tag: its range, its items' range, its count of items, and its flags."""

    start: int
    first: int
    stop: int
    entries: int
    flags: int


class Item(NamedTuple):
    """One item: its range, its key, and its value where that is text."""

    start: int
    stop: int
    key: str
    text: str | None


def ape_tag_before(source: Source, end: int) -> ApeTag | None:
    """Returns the tag whose footer is the last thing before ``end``, or None.

    Raises:
        Malformed: Its sizes do not fit.
    """
    if end < FRAME:
        return None
    magic, _, size, count, flags = _FIELDS.unpack(source.read(end - FRAME, FRAME))
    if magic != _MAGIC:
        return None
    first = end - size
    start = first - (FRAME if flags & _HAS_HEADER else 0)
    if size < FRAME or start < 0 or count > (size - FRAME) // 11:
        raise Malformed("ape-structure", path=source.name, offset=end - FRAME)
    return ApeTag(start, first, end, count, flags)


def items(source: Source, tag: ApeTag) -> Iterator[Item]:
    """Yields the items of a tag.

    Raises:
        Malformed: An item that does not fit.
    """
    at, end = tag.first, tag.stop - FRAME
    for _ in range(tag.entries):
        source.element(1)
        head = source.read_up_to(at, min(8 + 256, end - at))
        size, flags = struct.unpack("<II", head[:8]) if len(head) >= 8 else (0, 0)
        terminator = head.find(b"\0", 8)
        if terminator < 0 or terminator + 1 + size > end - at:
            raise Malformed("ape-structure", path=source.name, offset=at)
        value = at + terminator + 1
        is_text = not flags & _KIND and size <= _TEXT_MAX
        text = source.read(value, size).decode("utf-8", "replace") if is_text else None
        yield Item(at, value + size, head[8:terminator].decode("ascii", "replace"), text)
        at = value + size


def ape_blocks(source: Source, tag: ApeTag) -> Iterator[Block]:
    """Yields the texts of a tag."""
    for item in items(source, tag):
        if item.text is not None:
            yield Block("ape", item.key, item.text, item.start, item.stop)


def ape_edits(source: Source, tag: ApeTag) -> list[Edit]:
    """Plans the label out of the tag of a file that gets its one label elsewhere in the same step."""
    every = list(items(source, tag))
    held = [i for i in every if i.text is not None and (i.key.upper() == KEY or looks_like_label(i.text))]
    if not held:
        return []
    if len(held) == len(every):
        return [Edit(tag.start, tag.stop, b"")]
    size = tag.stop - tag.first - sum(item.stop - item.start for item in held)
    counts = struct.pack("<II", size, tag.entries - len(held))
    edits = [Edit(item.start, item.stop, b"") for item in held]
    edits.append(Edit(tag.stop - FRAME + 12, tag.stop - FRAME + 20, counts))
    if tag.start != tag.first:
        edits.append(Edit(tag.start + 12, tag.start + 20, counts))
    return edits
