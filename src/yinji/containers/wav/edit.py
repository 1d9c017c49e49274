"""Planning the change that leaves exactly one label in a WAV file, without moving a sample.

The label's chunk goes behind everything else. A ``JUNK`` chunk follows it, so that the next writer changes one small
stretch and the value stays exact for readers that take the chunk as it is. Freed room in front of the samples becomes
``JUNK`` too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.containers import embedded, xmp
from yinji.containers.edits import smallest
from yinji.containers.id3.edit import tag_edits
from yinji.containers.id3.tag import parse_tag
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.trailer import labels_behind
from yinji.containers.wav.chunks import FILLERS, HEADER, LABEL, Chunk, Walk, filler, make, resized
from yinji.containers.wav.texts import broadcast_texts, info_entries, is_info
from yinji.errors import Malformed, UnsupportedFormat
from yinji.labels.decode import looks_like_label
from yinji.limits import KIB

RESERVE: Final = 1024
"""Bytes of the filler behind the label."""

_SEARCHED: Final = 64 * KIB
_ROUNDS: Final = 16
"""Labels within labels that are looked for."""

_LARGEST: Final = 0xFFFFFFFF
_NUMBERS: Final = frozenset((b"fmt ", b"data", b"fact", b"ds64", b"C2PA"))


def plan(source: Source, json: str) -> Splice:
    """Returns the edits.

    Raises:
        Malformed, Truncated: The file cannot be edited safely.
        UnsupportedFormat: The form would outgrow its 32-bit size.
    """
    walk = Walk(source)
    chunks = list(walk.chunks())
    if not any(chunk.id == b"data" for chunk in chunks):
        raise Malformed("wav-no-data", path=source.name)
    new = make(LABEL, json.encode())
    target = next((n for n, chunk in enumerate(chunks) if chunk.id == LABEL), None)
    held: list[Chunk] = []
    edits: list[Edit] = []
    if target is not None:
        held = _region(chunks, target)
        start, stop = held[0].start, held[-1].stop
        if len(content := _fitted(new, stop - start)) == stop - start:
            edits += smallest(start, source.read(start, stop - start), content)
            new = b""
        elif stop == walk.end:
            edits.append(Edit(start, stop, new + filler(RESERVE)))
            new = b""
        else:
            edits.append(Edit(start, stop, filler(stop - start)))
    for chunk in chunks:
        if chunk in held:
            continue
        cleared = list(_cleared(source, chunk))
        if chunk.is_unpadded and not any(edit.stop == chunk.stop for edit in cleared):
            cleared.append(Edit(chunk.stop, chunk.stop, b"\0"))
        edits += cleared
    if new:
        edits.append(Edit(walk.end, walk.end, new + filler(RESERVE)))
    end = walk.end + sum(edit.growth for edit in edits)
    edits += _sizes(source, walk, chunks, end)
    if any(labels_behind(source, walk.end)):
        edits += overwritten(source, walk.end, source.size - walk.end, b"\0")
    return Splice.of(_joined(edits))


def _joined(edits: list[Edit]) -> list[Edit]:
    """Makes one insertion of several at the same place, in their order."""
    joined: list[Edit] = []
    for edit in sorted(edits, key=lambda e: (e.start, e.stop)):
        if joined and joined[-1].start == joined[-1].stop == edit.start == edit.stop:
            joined[-1] = Edit(edit.start, edit.stop, joined[-1].data + edit.data)
        else:
            joined.append(edit)
    return joined


def _region(chunks: list[Chunk], first: int) -> list[Chunk]:
    """Returns the label's chunk and the fillers right behind it."""
    last = first + 1
    while last < len(chunks) and chunks[last].id in FILLERS:
        last += 1
    return chunks[first:last]


def _fitted(new: bytes, length: int) -> bytes:
    """Returns the label's chunk with a filler that makes it ``length`` bytes, or as it is where it does not fit."""
    rest = length - len(new)
    return new + filler(rest) if rest >= HEADER else new


def _cleared(source: Source, chunk: Chunk) -> Iterator[Edit]:
    """Yields the edits that free a chunk of a label's further copies; what surrounds them stays."""
    if chunk.id.upper() == LABEL:
        yield Edit(chunk.start, chunk.stop, filler(chunk.stop - chunk.start))
    elif chunk.id in (b"id3 ", b"ID3 "):
        yield from _cleared_tag(source, chunk)
    elif chunk.id == b"_PMX":
        yield from _cleared_packet(source, chunk)
    elif is_info(source, chunk):
        yield from _cleared_info(source, chunk)
    elif chunk.id == b"bext":
        data = source.read(chunk.body, min(chunk.size, _SEARCHED))
        for entry in broadcast_texts(data):
            if looks_like_label(entry.text):
                at = chunk.body + entry.start
                yield Edit(at, chunk.body + entry.stop, bytes(entry.stop - entry.start))
    elif chunk.id not in _NUMBERS:
        length = min(chunk.size, _SEARCHED)
        yield from overwritten(source, chunk.body, length, b"\0" if chunk.id in FILLERS else b" ")


def overwritten(source: Source, at: int, length: int, space: bytes) -> Iterator[Edit]:
    """Yields the change of bytes without fields that writes over the labels in them; their length stays."""
    old = new = source.read(at, length)
    for _ in range(_ROUNDS):
        found = [item for item in embedded.find(new) if item.key or looks_like_label(item.text)]
        if not found:
            yield from smallest(at, old, new)
            return
        for item in found:
            new = new[: item.start] + space * (item.stop - item.start) + new[item.stop :]
    raise Malformed("audio-label-place", path=source.name, offset=at)


def _cleared_tag(source: Source, chunk: Chunk) -> Iterator[Edit]:
    tag = parse_tag(source, chunk.body)
    if tag is None:
        return
    if tag.stop > chunk.end:
        raise Malformed("wav-id3", path=source.name, offset=chunk.start)
    edits = tag_edits(tag, None)
    if any(edit.start == tag.start and edit.stop == tag.stop and not edit.data for edit in edits):
        yield Edit(chunk.start, chunk.stop, filler(chunk.stop - chunk.start))
        return
    yield from edits
    yield from resized(chunk, sum(edit.growth for edit in edits))


def _cleared_packet(source: Source, chunk: Chunk) -> Iterator[Edit]:
    packet = source.read(chunk.body, chunk.size)
    if xmp.labels(packet):
        cleared = xmp.without_other_labels(packet)
        yield Edit(chunk.body, chunk.end, cleared.ljust(chunk.size))
        yield from resized(chunk, max(0, len(cleared) - chunk.size))


def _cleared_info(source: Source, chunk: Chunk) -> Iterator[Edit]:
    """Takes entries out of an INFO list; a filler behind the list keeps everything in its place."""
    entries = [e for e in info_entries(source, chunk) if e.key.upper() == "AIGC" or looks_like_label(e.text)]
    if not entries:
        return
    data = source.read(chunk.start, chunk.size + HEADER)
    freed = sum(entry.stop - entry.start for entry in entries)
    for entry in reversed(entries):
        data = data[: entry.start] + data[entry.stop :]
    rest = make(chunk.id, data[HEADER:])
    yield Edit(chunk.start, chunk.stop, rest + filler(max(HEADER, freed)))


def _sizes(source: Source, walk: Walk, chunks: list[Chunk], end: int) -> Iterator[Edit]:
    """Yields the edits of the form's size and of sizes that a recorder left open."""
    size = end - HEADER
    opened = [chunk for chunk in chunks if chunk.is_open]
    if walk.long is not None:
        if opened and sum(chunk.id == b"data" for chunk in chunks) > 1:  # ``ds64`` has room for the size of one
            raise Malformed("wav-ds64", path=source.name, offset=opened[-1].start)
        yield from smallest(walk.long.body, source.read(walk.long.body, 8), size.to_bytes(8, "little"))
        for data in opened:
            at = walk.long.body + 8
            yield from smallest(at, source.read(at, 8), data.size.to_bytes(8, "little"))
            yield from smallest(data.start + 4, source.read(data.start + 4, 4), b"\xff" * 4)
        return
    if size >= _LARGEST:
        raise UnsupportedFormat("wav-too-large", path=source.name, format="WAV", size=size)
    yield from smallest(4, source.read(4, 4), size.to_bytes(4, "little"))
    for data in opened:
        yield from smallest(data.start + 4, source.read(data.start + 4, 4), data.size.to_bytes(4, "little"))
