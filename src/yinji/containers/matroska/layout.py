"""What a plan knows of a Matroska file, and what follows from moving its parts: positions and sizes that say where."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from yinji.containers.bmff.changes import Shift
from yinji.containers.matroska import ebml
from yinji.containers.matroska.ebml import Element
from yinji.containers.matroska.elements import (
    CLUSTER,
    CLUSTER_POSITION,
    CUES,
    SEEK_HEAD,
    SEEK_POSITION,
    TAGS,
    Segment,
    cluster_front,
    top,
)
from yinji.containers.matroska.rewrite import Rewrite
from yinji.containers.matroska.seek import Cues, entries, seek
from yinji.containers.source import Source
from yinji.containers.splice import Edit
from yinji.containers.window import Window


class Place(NamedTuple):
    """The position that a Cluster gives of itself, and the checksum in front of that, if there is one."""

    cluster: Element
    element: Element
    position: int
    checksum: Element | None


@dataclass(slots=True)
class Layout:
    """The parts of a file.

    Attributes:
        window: The file.
        segment: Its first Segment.
        elements: The top-level elements of that Segment; of Clusters that follow one another, only the first.
        tags: The Tags element that takes the label, if there is one.
        data: What Tags will hold.
        had_label: Whether a label stood there before.
        cleared: Edits that take labels out of every other place; none of them moves anything inside the Segment.
        gone: Where Tags elements stood that become Void.
    """

    window: Window
    segment: Segment
    elements: list[Element]
    tags: Element | None = None
    data: bytes = b""
    had_label: bool = False
    cleared: list[Edit] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    _places: list[Place] | None = None
    _cues: dict[Element, Cues] = field(default_factory=dict)

    @property
    def source(self) -> Source:
        return self.window.source

    @property
    def media(self) -> list[Element]:
        """The Clusters that follow another element."""
        return [element for element in self.elements if element.id == CLUSTER]

    def room(self, element: Element) -> int:
        """Returns where the room of an element ends: behind the Voids that follow it."""
        stop = element.stop
        for other in self.elements[self.elements.index(element) + 1 :]:
            if other.id != ebml.VOID:
                break
            stop = other.stop
        return stop

    def moves_media(self, edits: list[Edit]) -> bool:
        """Whether edits change where a Cluster stands in its Segment."""
        shift, body = Shift(edits), self.segment.body
        start = shift(body) - body
        return any(shift(cluster.start) - cluster.start != start for cluster in self.media)

    def places(self) -> list[Place]:
        """Returns the positions that Clusters give of themselves; each Cluster is looked into once for all rounds."""
        if self._places is None:
            clusters = (element for element in top(self.window, self.segment) if element.id == CLUSTER)
            self._places = [place for cluster in clusters for place in _places(self.window, cluster)]
        return self._places

    def cues(self) -> list[Cues]:
        """Returns the Cues, each taken apart once for all rounds."""
        for element in self.elements:
            if element.id == CUES and element not in self._cues:
                self._cues[element] = Cues.of(self.source, element)
        return list(self._cues.values())


def corrections(layout: Layout, base: list[Edit], edits: list[Edit], shift: Shift) -> Iterator[Edit]:
    """Yields what must be corrected when edits move things.

    Args:
        layout: The file.
        base: The edits that put the tags in their place (the first of them) and clear other places.
        edits: Those, and the corrections of the round before.
        shift: Where ``edits`` move everything.

    Raises:
        Malformed: A SeekHead or Cues are not put together as EBML.
        LimitExceeded: A Cluster with a checksum is too large to be read.
    """
    body = layout.segment.body
    new_body = shift(body)

    def moved(position: int) -> int:
        return shift(position + body) - new_body

    yield from _seek_edits(layout, base, shift, moved)
    if layout.moves_media(edits):
        for cues in layout.cues():
            new = cues.moved(layout.source, moved)
            if new != cues.data:
                yield Edit(cues.element.start, cues.element.stop, ebml.make(CUES, new, cues.element.width))
        for place in layout.places():
            yield from _position_edits(layout.source, place, moved(place.cluster.start - body))
    yield from _segment_edit(layout.segment, edits)


def _seek_edits(layout: Layout, base: list[Edit], shift: Shift, moved: Callable[[int], int]) -> Iterator[Edit]:
    source, body = layout.source, layout.segment.body
    place = base[0]
    own = place.growth if place.start == place.stop else 0  # an insertion pushes away what stood there, not itself
    new = shift(place.start) - own - shift(body)
    old = layout.tags.start - body if layout.tags else -1
    there = {element.start - body for element in layout.elements if element.id == TAGS}
    is_pointed_to = layout.tags is not None and new == old
    for head in (element for element in layout.elements if element.id == SEEK_HEAD):
        data = ebml.content(source, head)
        rewrite = Rewrite(source, head, data)
        for entry in entries(source, head, data):
            leads_nowhere = entry.id == TAGS and entry.position not in there
            if entry.position + body in layout.gone and entry.id == TAGS:
                rewrite.replace(entry.seek, ebml.void(entry.seek.length))
                continue
            is_ours = entry.id == TAGS and (entry.position == old or leads_nowhere)
            is_pointed_to |= is_ours
            position = new if is_ours else moved(entry.position)
            if position != entry.position:
                value = ebml.make_number(SEEK_POSITION, position, entry.value.size)
                rewrite.replace(entry.value, value, (entry.seek,))
        if not is_pointed_to:
            is_pointed_to = True
            rewrite.append(seek(TAGS, new))
        yield from _head_edit(layout, base, head, data, rewrite)


def _head_edit(layout: Layout, base: list[Edit], head: Element, data: bytes, rewrite: Rewrite) -> Iterator[Edit]:
    """Yields the edit of a SeekHead, which takes from the Void behind it what the tags leave of that."""
    natural = layout.room(head)
    stop = min([natural, *(edit.start for edit in base if edit.start >= head.stop)])
    new = rewrite.result()
    if new == data and stop in (natural, head.stop):
        return
    if len(new) > len(data):
        for child in ebml.children(layout.source, data, head.body):
            if child.id == ebml.VOID:
                rewrite.replace(child, b"")
        new = rewrite.result()
    made = ebml.filled(SEEK_HEAD, new, stop - head.start, head.width)
    if made is not None:
        yield Edit(head.start, head.start + len(made), made)
    else:
        yield Edit(head.start, stop, ebml.make(SEEK_HEAD, new, head.width))


def _places(window: Window, cluster: Element) -> Iterator[Place]:
    checksum: Element | None = None
    for child in cluster_front(window, cluster):
        if child.id == ebml.CRC32:
            checksum = child
        elif child.id == CLUSTER_POSITION:
            position = ebml.number(window.peek(child.body, child.size))
            if position:  # streams say 0
                yield Place(cluster, child, position, checksum)


def _position_edits(source: Source, place: Place, position: int) -> Iterator[Edit]:
    """Yields the new position that a Cluster gives of itself, as Void where it no longer fits: it is optional."""
    cluster, child, old, checksum = place
    if old == position:
        return
    edit = Edit(child.start, child.stop, ebml.void(child.length))
    if position < 1 << 8 * child.size:
        edit = Edit(child.body, child.stop, position.to_bytes(child.size, "big"))
    yield edit
    if checksum is not None and checksum.size == 4:
        rest = source.read(checksum.stop, cluster.stop - checksum.stop)
        at = edit.start - checksum.stop
        rest = rest[:at] + edit.data + rest[at + len(edit.data) :]
        yield Edit(checksum.body, checksum.stop, zlib.crc32(rest).to_bytes(4, "little"))


def _segment_edit(segment: Segment, edits: list[Edit]) -> Iterator[Edit]:
    growth = sum(edit.growth for edit in edits if segment.body <= edit.start and edit.stop <= segment.stop)
    if growth and not segment.is_open:
        element = segment.element
        field = ebml.size_field(segment.stop - segment.body + growth, element.width)
        yield Edit(element.body - element.width, element.body, field)
