"""The elements of Matroska and WebM (RFC 9559) that labels have to do with, and the walk over them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from yinji.containers.matroska import ebml
from yinji.containers.matroska.ebml import Element
from yinji.containers.source import Run, Source
from yinji.containers.window import Window
from yinji.errors import Malformed, Truncated, UnsupportedFormat

EBML: Final = 0x1A45DFA3
SEGMENT: Final = 0x18538067
SEEK_HEAD: Final = 0x114D9B74
INFO: Final = 0x1549A966
TRACKS: Final = 0x1654AE6B
CLUSTER: Final = 0x1F43B675
CUES: Final = 0x1C53BB6B
TAGS: Final = 0x1254C367

SEEK: Final = 0x4DBB
SEEK_ID: Final = 0x53AB
SEEK_POSITION: Final = 0x53AC

CUE_POINT: Final = 0xBB
CUE_TRACK_POSITIONS: Final = 0xB7
CUE_REFERENCE: Final = 0xDB
CUE_POSITIONS: Final = frozenset((0xF1, 0xEA, 0x97, 0xEB))
"""CueClusterPosition, CueCodecState, and the two of old CueReferences: counted from the start of the Segment's data."""

CLUSTER_POSITION: Final = 0xA7
CLUSTER_PREVIOUS_SIZE: Final = 0xAB
BLOCKS: Final = frozenset((0xA3, 0xA0, 0xAF))

DOC_TYPES: Final = ("matroska", "webm")

_EBML_READ_VERSION: Final = 0x42F7
_MAX_ID_LENGTH: Final = 0x42F2
_MAX_SIZE_LENGTH: Final = 0x42F3
_DOC_TYPE: Final = 0x4282
_LIMITS: Final = {_EBML_READ_VERSION: 1, _MAX_ID_LENGTH: 4, _MAX_SIZE_LENGTH: 8}
KNOWN_HEADERS: Final = frozenset(
    bytes.fromhex("42868101 42f78101 42f28104 42f38108") + b"\x42\x82" + kind + bytes.fromhex("4287810442858102")
    for kind in (b"\x88matroska", b"\x84webm")
)
"""What nearly all writers put there."""

_MAX_HEADER: Final = 4096
_LEVEL_1: Final = 0x10000000
"""Ids of four bytes, which no child of a Cluster has."""

_BLOCKS_PER_ELEMENT: Final = 64
_CLUSTERS_PER_ELEMENT: Final = 15
"""A mask: one of 16 is counted."""
_RUN_LEAST: Final = 16
"""Clusters from which on it pays to remember a row."""

_CLUSTER_FRONT: Final = struct.Struct(">IQ")
"""The id of a Cluster, and the eight bytes that its size stands at the head of."""


@dataclass(slots=True)
class Segment:
    """One Segment.

    Attributes:
        element: It, within the file.
        stop: Where it ends by its own account, which may lie behind the end of the file.
        end: Where its last top-level element ended, once a walk has come there.
        clusters: How many Clusters that walk came by.
    """

    element: Element
    stop: int
    end: int = 0
    clusters: int = 0

    @property
    def body(self) -> int:
        """Where its data begins: what all positions in it are counted from."""
        return self.element.body

    @property
    def is_open(self) -> bool:
        return self.element.is_open


class Walked(NamedTuple):
    """The Segments of a file with their top-level elements, one for Clusters that follow one another: see :func:`top`.

    A thorough reading leaves it at its source, for the planner.
    """

    segments: tuple[tuple[Segment, tuple[Element, ...]], ...]


def segments(window: Window) -> Iterator[Segment]:
    """Yields the Segments of a file: nearly always one; streams may follow one another.

    Raises:
        Malformed: The file does not begin as EBML does.
        Truncated: It ends before its Segment begins.
        UnsupportedFormat: It needs more than RFC 9559 allows, or is no Matroska.
    """
    source = window.source
    at = _header_stop(window)
    yielded = 0
    while at < source.size:
        source.element()
        front = window.peek(at, min(ebml.MAX_HEADER, source.size - at))
        found = ebml.header(front)
        if found is None or (yielded and found.id not in (EBML, SEGMENT, ebml.VOID)):
            break
        if found.id != SEGMENT:
            at += found.length + (found.size or 0)
            continue
        body = at + found.length
        stop = source.size if found.size is None else body + found.size
        segment = Segment(Element(SEGMENT, at, body, min(stop, source.size), found.size is None), stop)
        yield segment
        yielded += 1
        at = _open_end(window, segment) if segment.is_open else segment.stop
    if not yielded:
        raise Truncated("truncated", path=source.name, offset=at, needed=ebml.MAX_HEADER, size=source.size)


def walked(window: Window) -> Walked:
    """Walks a whole file.

    Raises:
        Malformed, Truncated, UnsupportedFormat: As :func:`segments` and :func:`top`.
    """
    return Walked(tuple((segment, tuple(top(window, segment, runs=True))) for segment in segments(window)))


def top(window: Window, segment: Segment, *, ends: bool = True, runs: bool = False) -> Iterator[Element]:
    """Yields the top-level elements of a Segment by their headers; payloads are hopped over.

    Args:
        window: The file.
        segment: One of its Segments.
        ends: Whether to look where a Cluster of unknown size ends before it is yielded: block by block, so that who
            stops there need not pay for it.
        runs: Yield only the first of Clusters that follow one another, which files have by the thousand.

    Raises:
        Malformed: Something else stands where an element should.
        Truncated: The file ends before the Segment does.
    """
    source, at, limit = window.source, segment.body, segment.element.stop
    segment.clusters = 0
    while at < limit:
        source.element()
        element = ebml.element(window, at, limit)
        if segment.is_open and element.id in (EBML, SEGMENT):
            break
        if element.is_open:
            if element.id != CLUSTER:
                raise Malformed("ebml-length", path=source.name, offset=at)
            if ends:
                element = element._replace(stop=_cluster_end(window, element))
        yield element
        at = element.stop if ends or not element.is_open else _cluster_end(window, element)
        if element.id == CLUSTER:
            segment.clusters += 1
            if runs:
                at = _behind_clusters(source, segment, at)
    segment.end = at
    if segment.stop > source.size:
        size = segment.stop - segment.body
        raise Truncated("truncated", path=source.name, offset=segment.body, needed=size, size=source.size)


def _behind_clusters(source: Source, segment: Segment, at: int) -> int:
    """Hops over Clusters of known size, one short read each; returns where something else stands.

    What is no such Cluster, or does not fit, is left to the walk, which says what is wrong with it. A row that was gone
    through before, in the same bytes, is known by its last Cluster.
    """
    known = source.runs.get(at) if source.runs else None
    if known is not None and _is_last(source, segment, known):
        segment.clusters += known.number
        return known.stop
    length, limit = _CLUSTER_FRONT.size, segment.element.stop
    fetch, unpack, last = source.looks(length), _CLUSTER_FRONT.unpack, limit - length
    start = before = at
    width = hops = sign = drop = unknown = 0
    try:
        while at <= last:
            id, field = unpack(fetch(length, at))
            if id != CLUSTER:
                break
            if field >> sign != 1:  # sizes of one file are nearly always of one width
                width = 65 - field.bit_length()
                if width > ebml.WIDEST:
                    break
                sign, drop, unknown = 64 - width, 64 - 8 * width, (1 << 7 * width) - 1
            size = field >> drop & unknown
            stop = at + 4 + width + size
            if size == unknown or stop > limit:
                break
            before, at, hops = at, stop, hops + 1
            if not hops & _CLUSTERS_PER_ELEMENT:
                source.element(1)
    except (OSError, struct.error):
        pass  # the walk comes by the same bytes, and says it
    source.looked(hops, length)
    segment.clusters += hops
    if hops >= _RUN_LEAST:
        source.runs = source.runs or {}
        source.runs[start] = Run(start, before, at, hops)
    return at


def _is_last(source: Source, segment: Segment, run: Run) -> bool:
    """Whether the last Cluster of a row stands where it should, and ends with the row."""
    found = ebml.header(source.read_up_to(run.last, ebml.MAX_HEADER))
    if found is None or found.id != CLUSTER or found.size is None:
        return False
    return run.last + found.length + found.size == run.stop <= segment.element.stop


def cluster_front(window: Window, cluster: Element) -> Iterator[Element]:
    """Yields the children of a Cluster in front of its first block."""
    at = cluster.body
    while at < cluster.stop:
        window.source.element(2)
        child = ebml.element(window, at, cluster.stop)
        if child.id in BLOCKS:
            return
        yield child
        at = child.stop


def _header_stop(window: Window) -> int:
    """Returns where the EBML header ends, once it is known to promise nothing that cannot be read."""
    source = window.source
    if source.size < ebml.MAX_HEADER:
        raise Truncated("truncated", path=source.name, offset=0, needed=ebml.MAX_HEADER, size=source.size)
    head = ebml.element(window, 0, source.size)
    if head.id != EBML or head.is_open or head.size > _MAX_HEADER:
        raise Malformed("ebml-not-ebml", path=source.name)
    data = ebml.content(source, head)
    if data in KNOWN_HEADERS:
        return head.stop
    doc_type = ""
    for child in ebml.children(source, data, head.body):
        value = data[child.body - head.body : child.stop - head.body]
        limit = _LIMITS.get(child.id)
        if limit is not None and ebml.number(value) > limit:
            raise UnsupportedFormat("ebml-version", path=source.name, offset=child.start)
        if child.id == _DOC_TYPE:
            doc_type = ebml.text(value)
    if doc_type not in DOC_TYPES:
        raise UnsupportedFormat("ebml-doc-type", path=source.name, type=doc_type[:20])
    return head.stop


def _open_end(window: Window, segment: Segment) -> int:
    """Returns where a Segment of unknown size ends: at the next stream, else with the file."""
    if not segment.end:
        for _ in top(window, segment):
            pass
    return segment.end


def _cluster_end(window: Window, cluster: Element) -> int:
    """Returns where a Cluster of unknown size ends: at the next top-level element, or with what holds it.

    Raises:
        Malformed: Something else stands where an element should.
        Truncated: Its last element reaches beyond what holds it.
    """
    source, at, hops = window.source, cluster.body, 0
    while at < cluster.stop:
        hops += 1
        if hops % _BLOCKS_PER_ELEMENT == 0:
            source.element(2)
        found = ebml.header(source.read_up_to(at, min(ebml.MAX_HEADER, cluster.stop - at)))
        if found is None and cluster.stop - at < ebml.MAX_HEADER:
            raise Truncated("truncated", path=source.name, offset=at, needed=ebml.MAX_HEADER, size=source.size)
        if found is None or (found.size is None and found.id < _LEVEL_1):
            raise Malformed("ebml-element", path=source.name, offset=at)
        if found.id >= _LEVEL_1:
            return at
        at += found.length + (found.size or 0)
    if at > cluster.stop:
        raise Truncated("truncated", path=source.name, offset=cluster.stop, needed=at - cluster.stop, size=source.size)
    return cluster.stop
