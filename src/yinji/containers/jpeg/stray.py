"""Bytes between JPEG segments that belong to none: some cameras leave a few, and nothing may hide in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.containers import embedded
from yinji.containers.embedded import Embedded
from yinji.containers.jpeg.segments import PEEK, Segment
from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.containers.splice import Edit
from yinji.errors import Malformed
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity

_WORDS: Final = (b"AIGC", b"ContentProd", b"A\0I\0G\0C", b"ns.adobe.com", b"<x:xmpmeta", b"<rdf:RDF")
"""What bytes say that were a label's segment before its marker was overwritten."""


def stray_blocks(source: Source, segment: Segment) -> Iterator[Block]:
    """Yields labels among stray bytes, then one block that says that there are such bytes.

    A run of blanks as long as a segment's beginning is given as the packet that was wiped there.

    Raises:
        Malformed: They speak of a label, and none can be made out.
    """
    start, stop = segment.start, segment.stop
    values = {"offset": start, "size": stop - start}
    problem = Problem("jpeg-stray-bytes", Severity.WARNING, "", values)
    for item in stray_labels(source, segment):
        yield Block("jpeg-stray", item.key, item.text, start + item.start, start + item.stop)
    yield Block("jpeg-stray", "", "", start, stop, (problem,))
    if stop - start >= PEEK and not source.read(start, stop - start).strip(b"\0 "):
        yield Block("xmp", "", b"", start, stop)


def stray_labels(source: Source, segment: Segment) -> list[Embedded]:
    """Returns what reads like a label among stray bytes, at positions from the first of them.

    Raises:
        Malformed: They speak of a label, and none can be made out.
    """
    data = source.read(segment.start, segment.stop - segment.start)
    found = _labels(data)
    if not found and _speaks_of_label(data):
        raise Malformed("jpeg-marker", path=source.name, offset=segment.start)
    return found


def stray_cuts(source: Source, segment: Segment) -> Iterator[Edit]:
    """Yields the edits that take labels out of stray bytes.

    Raises:
        Malformed: They speak of a label, and none can be made out; also in what would be left of them.
    """
    found = stray_labels(source, segment)
    rest = source.read(segment.start, segment.stop - segment.start)
    for item in reversed(found):
        rest = rest[: item.start] + rest[item.stop :]
    if _speaks_of_label(rest):
        raise Malformed("jpeg-stray-label", path=source.name, offset=segment.start)
    yield from (Edit(segment.start + item.start, segment.start + item.stop, b"") for item in found)


def _speaks_of_label(data: bytes) -> bool:
    return any(word in data for word in _WORDS)


def _labels(data: bytes) -> list[Embedded]:
    return [item for item in embedded.find(data) if item.key or looks_like_label(item.text)]
