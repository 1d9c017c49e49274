"""Matroska and WebM (RFC 9559): the label is a SimpleTag named ``AIGC`` (TC260-PG-20257A 6.1.1, R56)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.matroska import ebml
from yinji.containers.matroska.ebml import Element
from yinji.containers.matroska.edit import plan
from yinji.containers.matroska.elements import (
    CLUSTER,
    CLUSTER_POSITION,
    CLUSTER_PREVIOUS_SIZE,
    INFO,
    SEEK_HEAD,
    TAGS,
    Segment,
    Walked,
    cluster_front,
    segments,
    top,
)
from yinji.containers.matroska.glance import TAIL, WHOLE, glance
from yinji.containers.matroska.samples import clip
from yinji.containers.matroska.seek import pointers
from yinji.containers.matroska.tags import HOLE, blocks_of, remains
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.trailer import labels_behind
from yinji.containers.window import WINDOW, Window
from yinji.errors import Malformed, Truncated, UnreadableInput
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem, Severity
from yinji.limits import KIB

_FRONT: Final = 4 * KIB
"""Bytes of one request in front of the media, and where a SeekHead points."""

_NOT_MEDIA: Final = frozenset((CLUSTER_POSITION, CLUSTER_PREVIOUS_SIZE, ebml.CRC32, ebml.VOID))
"""Children of a Cluster that say where it stands, or nothing: not what it holds."""


class Matroska:
    """Matroska video, sound (``.mka``) and subtitles (``.mks``)."""

    name: ClassVar[str] = "matroska"
    media_type: ClassVar[str] = "video/x-matroska"
    kind: ClassVar[Kind] = Kind.VIDEO
    extensions: ClassVar[tuple[str, ...]] = ("mkv", "mka", "mks")
    carrier: ClassVar[str] = "matroska-tag"
    clause: ClassVar[str] = "TC260-PG-20257A 6.1.1"
    writable: ClassVar[bool] = True
    doc_type: ClassVar[str] = "matroska"

    def score(self, head: bytes, extension: str) -> int:
        if not head.startswith(b"\x1aE\xdf\xa3"):
            return 0
        return 100 if self.doc_type.encode() in head else 50 if extension in self.extensions else 10

    glance = staticmethod(glance)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields tags, the names in Info, and what was blanked.

        A quick reading stops at the first Cluster once a label was seen in front of it; else it goes where the SeekHead
        points. Where nothing is found there either, files up to 64 KiB are walked to their end; of longer ones the
        last 16 KiB are looked at, and the walk goes on only where those show a tag.

        Raises:
            Malformed, Truncated, LimitExceeded: The rest cannot be read, or a label was blanked in place (R62).
        """
        reader = _Reader(source, thorough=thorough)
        hole: Block | None = None
        for block in reader.blocks():
            hole = block if block.carrier == HOLE else hole
            reader.seen |= may_hold_label(block)
            yield block
        if hole is not None and not reader.seen:
            raise Malformed("matroska-blanked", path=source.name, offset=hole.start)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into ``Tags``; see :mod:`yinji.containers.matroska.edit`."""
        return plan(source, label.to_json(), reading, in_place=in_place)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields what the Clusters hold, without what says where they stand."""
        window = Window(source)
        for segment in segments(window):
            for element in top(window, segment):
                if element.id == CLUSTER:
                    yield from _cluster_spans(window, element)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a short sound: as files are finished, and as a live stream leaves it."""
        ending = cls.extensions[0]
        yield Example(f"clip.{ending}", clip(cls.doc_type))
        yield Example(f"live.{ending}", clip(cls.doc_type, live=True))


class WebM(Matroska):
    """WebM, a subset of Matroska."""

    name = "webm"
    media_type = "video/webm"
    extensions = ("webm",)
    doc_type = "webm"


class _Reader:
    """One reading of a file's blocks.

    Attributes:
        seen: Whether a label was seen; set by who judges the blocks.
    """

    def __init__(self, source: Source, *, thorough: bool) -> None:
        self.seen = False
        self._thorough = thorough
        self._is_shortened = self._is_misled = False
        self._source = source
        self._window = Window(source, _FRONT)
        self._visited: set[int] = set()
        self._heads: list[Element] = []
        self._voids: list[Element] = []
        self._elements: list[Element] = []

    def blocks(self) -> Iterator[Block]:
        stop = 0
        walked: list[tuple[Segment, tuple[Element, ...]]] = []
        for segment in segments(self._window):
            self._elements = []
            try:
                yield from self._walked(segment)
            except UnreadableInput:
                yield from self._pointed(segment)  # what a SeekHead in front of the damage points to
                raise
            if self._is_shortened and (self.seen or segment.is_open):
                return
            stop = 0 if segment.is_open else segment.stop
            walked.append((segment, tuple(self._elements)))
        if self._thorough:
            self._source.walked = Walked(tuple(walked))
        if stop:
            for item in labels_behind(self._source, stop):
                problem = Problem("after-end", Severity.WARNING, "R48", {"offset": item.start})
                yield Block("matroska-trailer", item.key, item.text, item.start, item.stop, (problem,))

    def _walked(self, segment: Segment) -> Iterator[Block]:
        has_media = False
        for element in top(self._window, segment, ends=self._thorough, runs=True):
            if self._thorough:
                self._elements.append(element)
            if element.id == CLUSTER:
                if not has_media and not self._thorough:
                    if not self.seen:
                        self._fetch_tail()
                        yield from self._pointed(segment)
                    if self.seen or (not self._is_misled and self._looks_complete(segment)):
                        self._is_shortened = True
                        break
                has_media = True
                self._window.reach = WINDOW
            elif element.start not in self._visited:
                yield from self._blocks_of(element)
        if self._thorough or not self.seen:
            yield from self._pointed(segment)  # tags that a damaged length hides from the walk
        if not self.seen:
            for void in self._voids:
                yield from remains(self._source, void)
        if segment.is_open and not (has_media or self._is_shortened):
            raise Truncated("matroska-no-cluster", path=self._source.name)

    def _blocks_of(self, element: Element) -> Iterator[Block]:
        self._visited.add(element.start)
        if element.id == SEEK_HEAD:
            self._heads.append(element)
        elif element.id == ebml.VOID:
            self._voids.append(element)
        yield from blocks_of(self._window, element, thorough=self._thorough)

    def _pointed(self, segment: Segment) -> Iterator[Block]:
        """Yields the blocks of elements that SeekHeads point to and the walk has not come to."""
        for head in self._heads:  # grows while SeekHeads point to further ones
            for id, at in self._pointers(segment, head):
                if id in (TAGS, INFO, SEEK_HEAD) and at not in self._visited and at < segment.element.stop:
                    element = self._element(at, segment)
                    if element is not None and element.id == id and not element.is_open:
                        yield from self._blocks_of(element)

    def _pointers(self, segment: Segment, head: Element) -> list[tuple[int, int]]:
        """Returns ids and positions in the file; none of a damaged SeekHead, which only the walk makes up for."""
        try:
            found = pointers(self._source, head, ebml.content(self._source, head))
        except Malformed:
            self._is_misled = True
            return []
        return [(id, segment.body + position) for id, position in found]

    def _element(self, at: int, segment: Segment) -> Element | None:
        try:
            return ebml.element(self._window, at, segment.element.stop)
        except (Malformed, Truncated):
            self._is_misled = True
            return None

    def _fetch_tail(self) -> None:
        """Fetches the tail of a long file, in which a SeekHead often points to the tags."""
        if self._source.size > WHOLE:
            self._window.fetch_ahead(self._source.size - TAIL, TAIL)

    def _looks_complete(self, segment: Segment) -> bool:
        """Whether a long file shows no tag in its last 16 KiB but those that were read."""
        source = self._source
        if source.size <= WHOLE:
            return False
        if segment.stop > source.size:
            size = segment.stop - segment.body
            raise Truncated("truncated", path=source.name, offset=segment.body, needed=size, size=source.size)
        start = source.size - TAIL
        tail = self._window.peek(start, TAIL)
        at = tail.find(_TAGS_ID)
        while at >= 0:
            if start + at not in self._visited:
                return False
            at = tail.find(_TAGS_ID, at + 1)
        return segment.is_open or segment.stop == source.size or b"AIGC" not in tail[segment.stop - start :]


_TAGS_ID: Final = TAGS.to_bytes(4, "big")


def _cluster_spans(window: Window, cluster: Element) -> Iterator[Span]:
    start = cluster.body
    for child in cluster_front(window, cluster):
        if child.id in _NOT_MEDIA:
            if start < child.start:
                yield Span(start, child.start)
            start = child.stop
    if start < cluster.stop:
        yield Span(start, cluster.stop)
