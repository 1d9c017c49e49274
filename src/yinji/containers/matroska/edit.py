"""Planning the change that leaves exactly one label in a Matroska file, in ``Segment.Tags.Tag.SimpleTag``.

The order of preference: the room that the tags have where they stand; a Void in front of the media; in front of the
first Cluster, with all positions corrected. Where media must not move, or the tags stood there before, the end of the
Segment, to which the SeekHead then points. ``Tags`` goes as a whole, every other tag in it byte for byte; what it
leaves behind becomes Void.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from yinji.containers.bmff.changes import Shift
from yinji.containers.edits import differences
from yinji.containers.matroska import ebml
from yinji.containers.matroska.ebml import Element
from yinji.containers.matroska.elements import CLUSTER, INFO, SEEK_HEAD, TAGS, Walked, walked
from yinji.containers.matroska.layout import Layout, corrections
from yinji.containers.matroska.rewrite import Rewrite
from yinji.containers.matroska.tags import (
    NAME,
    SIMPLE_TAG,
    TAG,
    TAG_NAME,
    TAG_STRING,
    TARGETS,
    SimpleTag,
    is_label_name,
    simple_tags,
)
from yinji.containers.model import Reading
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.trailer import labels_behind
from yinji.containers.window import Window
from yinji.errors import Malformed, Truncated

RESERVE: Final = 1024
"""Bytes of Void left behind the tags, so that a propagator's half fits without moving anything."""

_ENOUGH: Final = 256
"""Bytes of Void with which a first label is content where it stands."""

_SEEK_RESERVE: Final = 48
"""Bytes of Void left to a SeekHead when tags take the rest of the Void behind it: two more entries."""

_MOVED_MAX: Final = 1000
"""Clusters that may move in a new file: each says where it stands in Cues, and often itself."""

_ROUNDS: Final = 8


@dataclass(frozen=True, slots=True)
class _Choice:
    """One place for the tags.

    Attributes:
        edits: What puts them there; the first begins with the tags.
        is_last: Whether nothing better is left, so that media may move.
    """

    edits: tuple[Edit, ...]
    is_last: bool = False


def plan(source: Source, json: str, reading: Reading, *, in_place: bool) -> Splice:
    """Returns the edits that leave exactly this label.

    Args:
        source: The file.
        json: The bare label.
        reading: A thorough reading of the source.
        in_place: Rather put the tags at the end than move media.

    Raises:
        Malformed, Truncated: The file cannot be edited safely.
    """
    layout = _survey(source, json, reading)
    for choice in _choices(layout, in_place=in_place):
        edits = _settled(layout, choice)
        if choice.is_last or not layout.moves_media(edits):
            return Splice.of(small for edit in edits for small in differences(source, edit))
    raise Malformed("matroska-unsettled", path=source.name)


def _survey(source: Source, json: str, reading: Reading) -> Layout:
    window = Window(source)
    layout: Layout | None = None
    elsewhere: list[Element] = []
    stop = 0
    known = source.walked if isinstance(source.walked, Walked) else walked(window)
    for segment, found in known.segments:
        stop = 0 if segment.is_open else segment.stop
        if layout is None:
            layout = Layout(window, segment, list(found))
        else:
            elsewhere += found
    if layout is None or (layout.segment.is_open and not layout.media):
        raise Truncated("matroska-no-cluster", path=source.name)
    held = {(item.start, item.stop) for item in reading.found}
    _rewrite_target(layout, _choose_target(layout, held), json)
    for element in (*layout.elements, *elsewhere):
        if element != layout.tags:
            layout.cleared += _cleared(layout, element, held)
    if stop:
        layout.cleared += [Edit(item.start, item.stop, b"") for item in labels_behind(source, stop)]
    return layout


def _labels(source: Source, data: bytes, base: int, held: set[tuple[int, int]]) -> list[SimpleTag]:
    """Returns the SimpleTags that are labels; what is nested in one goes with it."""
    found: list[SimpleTag] = []
    for tag in simple_tags(source, data, base):
        is_label = is_label_name(tag.name) or (tag.element.start, tag.element.stop) in held
        if is_label and not any(label.element in tag.parents for label in found):
            found.append(tag)
    return found


def _choose_target(layout: Layout, held: set[tuple[int, int]]) -> list[SimpleTag]:
    """Takes the Tags element that holds the label where the guide wants it, else the first; returns its labels."""
    source = layout.source
    chosen: list[SimpleTag] = []
    for tags in (element for element in layout.elements if element.id == TAGS):
        data = ebml.content(source, tags)
        labels = _labels(source, data, tags.body, held)
        has_label = any(t.is_plain and t.name == NAME for t in labels)
        if layout.tags is None or (has_label and not layout.had_label):
            layout.tags, layout.data, layout.had_label, chosen = tags, data, has_label, labels
    return chosen


def _rewrite_target(layout: Layout, labels: list[SimpleTag], json: str) -> None:
    source, tags = layout.source, layout.tags
    string = ebml.make(TAG_STRING, json.encode())
    new = ebml.make(SIMPLE_TAG, ebml.make(TAG_NAME, NAME.encode()) + string)
    tag = ebml.make(TAG, ebml.make(TARGETS, b"") + new)
    if tags is None:
        layout.data = tag
        return
    kept = next((label for label in labels if label.is_plain and label.name == NAME), None)
    rewrite = Rewrite(source, tags, layout.data)
    if kept is None:
        rewrite.append(tag)
    elif kept.string is not None:
        new_string = ebml.make(TAG_STRING, json.encode(), kept.string.width)
        rewrite.replace(kept.string, new_string, (*kept.parents, kept.element))
    _drop(source, rewrite, layout.data, tags.body, [label for label in labels if label is not kept])
    layout.data = rewrite.result()


def _drop(
    source: Source, rewrite: Rewrite, data: bytes, base: int, labels: list[SimpleTag], *, fill: bool = False
) -> None:
    """Takes SimpleTags away, a Tag that held nothing else as a whole; ``fill`` leaves Void, so that nothing moves."""
    dropped = {label.element for label in labels}
    whole: set[Element] = set()
    for label in labels:
        tag = label.parents[0]
        inside = ebml.children(source, data[tag.body - base : tag.stop - base], tag.body, 2)
        old, parents = label.element, label.parents
        if len(parents) == 1 and all(child in dropped for child in inside if child.id == SIMPLE_TAG):
            old, parents = tag, ()
        if old not in whole:
            whole.add(old)
            rewrite.replace(old, ebml.void(old.length) if fill else b"", parents)


def _cleared(layout: Layout, element: Element, held: set[tuple[int, int]]) -> Iterator[Edit]:
    """Yields the edit that turns labels in an element that is not the target into Void of the same length."""
    source = layout.source
    if element.id not in (TAGS, INFO):
        return
    data = ebml.content(source, element)
    rewrite = Rewrite(source, element, data)
    if element.id == TAGS:
        labels = _labels(source, data, element.body, held)
        _drop(source, rewrite, data, element.body, labels, fill=True)
    else:
        for child in ebml.children(source, data, element.body):
            if (child.start, child.stop) in held:
                rewrite.replace(child, ebml.void(child.length))
    new = rewrite.result()
    if new == data:
        return
    if element.id == TAGS and all(child.id != TAG for child in ebml.children(source, new, element.body)):
        layout.gone.append(element.start)
        yield Edit(element.start, element.stop, ebml.void(element.length))
    else:
        yield Edit(element.body, element.stop, new)


def _choices(layout: Layout, *, in_place: bool) -> Iterator[_Choice]:
    """Yields the places for the tags, the best first."""
    if (here := _in_room(layout, 0 if layout.had_label else _ENOUGH)) is not None:
        yield here
    yield from _in_voids(layout)
    is_costly = in_place or layout.segment.clusters > _MOVED_MAX
    is_in_front = layout.tags is None or (layout.media and layout.tags.start < layout.media[0].start)
    if not layout.segment.is_open and (is_costly or not is_in_front):
        yield from _at_end(layout)
    if (tight := _in_room(layout, 0)) is not None:
        yield tight
    yield _in_front(layout)


def _fitted(layout: Layout, start: int, stop: int, spare: int) -> Edit | None:
    """Returns the edit that fills a room with the tags and Void, if ``spare`` bytes of Void are left."""
    made = ebml.filled(TAGS, layout.data, stop - start, layout.tags.width if layout.tags else 1)
    left = stop - start - len(layout.data) - ebml.MAX_HEADER
    if made is None or (spare and left < spare):
        return None
    return Edit(start, start + len(made), made)


def _in_room(layout: Layout, spare: int) -> _Choice | None:
    """The room that the tags have where they stand."""
    if layout.tags is None:
        return None
    edit = _fitted(layout, layout.tags.start, layout.room(layout.tags), spare)
    return _Choice((edit,)) if edit else None


def _in_voids(layout: Layout) -> Iterator[_Choice]:
    """Yields the runs of Void in front of the media that hold the tags and leave room for the next writer."""
    for element in layout.elements:
        if element.id == CLUSTER:
            return
        start, stop = element.stop, layout.room(element)
        if element.id == ebml.VOID or element == layout.tags or start == stop:
            continue
        if element.id == SEEK_HEAD:
            start += _SEEK_RESERVE
        if start < stop and (edit := _fitted(layout, start, stop, _ENOUGH)) is not None:
            yield _Choice((edit, *_vacated(layout)))


def _vacated(layout: Layout) -> Iterator[Edit]:
    if layout.tags is not None:
        yield Edit(layout.tags.start, layout.tags.stop, ebml.void(layout.tags.length))


def _at_end(layout: Layout) -> Iterator[_Choice]:
    """Yields the end of the Segment, over Voids and the tags where they stand there already."""
    start, stop = layout.segment.stop, layout.segment.stop
    vacated = tuple(_vacated(layout))
    for element in reversed(layout.elements):
        if element == layout.tags:
            start, vacated = element.start, ()
            break
        if element.id != ebml.VOID:
            break
        start = element.start
    is_pointed_to = any(element.id == SEEK_HEAD for element in layout.elements)
    if not (is_pointed_to or not vacated or not layout.media):
        return
    if (edit := _fitted(layout, start, stop, _ENOUGH)) is None:
        edit = Edit(start, stop, _with_reserve(layout))
    yield _Choice((edit, *vacated))


def _in_front(layout: Layout) -> _Choice:
    """Where readers come by without a SeekHead: over tags in front of the media, else right before the media."""
    first = layout.media[0].start if layout.media else layout.segment.element.stop
    tags = layout.tags
    if tags is not None and tags.start < first:
        return _Choice((Edit(tags.start, tags.stop, _with_reserve(layout)),), is_last=True)
    return _Choice((Edit(first, first, _with_reserve(layout)), *_vacated(layout)), is_last=True)


def _with_reserve(layout: Layout) -> bytes:
    return ebml.make(TAGS, layout.data, layout.tags.width if layout.tags else 1) + ebml.void(RESERVE)


def _settled(layout: Layout, choice: _Choice) -> list[Edit]:
    """Returns the edits of a choice with all that follows from them: sizes, SeekHeads, Cues, positions of Clusters.

    Raises:
        Malformed: The positions do not settle, as one outgrows its bytes again and again.
    """
    base = [*choice.edits, *layout.cleared]
    edits = base
    for _ in range(_ROUNDS):
        shift = Shift(edits)
        edits = [*base, *corrections(layout, base, edits, shift)]
        if Shift(edits).same_as(shift):
            return edits
    raise Malformed("matroska-unsettled", path=layout.source.name)
