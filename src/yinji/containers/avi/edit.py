"""Planning the change that leaves exactly one label in an AVI file, in ``LIST INFO`` of its first RIFF.

The order of preference: the room of the list where it stands, with the JUNK behind it; other JUNK in front of the
media; the end of the first RIFF, with the offsets of OpenDML corrected if further RIFFs follow. Nothing in front of
the media ever moves, so every offset into them stays right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from yinji.containers import riff, xmp
from yinji.containers.avi import index as avi_index
from yinji.containers.avi.places import INFO, LABEL, MEDIA, Place, places
from yinji.containers.bmff.changes import Shift
from yinji.containers.edits import differences
from yinji.containers.model import Reading
from yinji.containers.riff import HEADER, Chunk, Form, chunks, forms, make, make_list
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.trailer import labels_behind
from yinji.containers.window import Window
from yinji.errors import Malformed

RESERVE: Final = 1024
"""Bytes of JUNK left behind the label, so that a propagator's half fits without moving anything."""

_ENOUGH: Final = 256
"""Bytes of JUNK with which a first label is content where it stands."""

_JUNK: Final = b"JUNK"


@dataclass(slots=True)
class _Layout:
    """What a plan needs to know of a file.

    Attributes:
        first: Its first RIFF; ``top`` holds the chunks of that, the last of which ends at ``stop``.
        info: The list that takes the label, if there is one; ``members`` is what else it will hold.
        at: Before which of the members the label goes.
        had_label: Whether a label stood there before.
        cleared: Edits that take labels out of every other place; none of them moves anything.
    """

    window: Window
    first: Form
    stop: int
    top: list[Chunk]
    info: Chunk | None = None
    members: list[bytes] = field(default_factory=list)
    at: int = 0
    had_label: bool = False
    cleared: list[Edit] = field(default_factory=list)

    def room(self, chunk: Chunk) -> int:
        """Returns where the room of a chunk ends: behind the JUNK that follows it."""
        stop = chunk.stop
        for other in self.top[self.top.index(chunk) + 1 :]:
            if other.id != _JUNK:
                break
            stop = other.stop
        return stop


def plan(source: Source, json: str, reading: Reading) -> Splice:
    """Returns the edits that leave exactly this label.

    Raises:
        Malformed, Truncated: The file cannot be edited safely.
        LimitExceeded: The RIFF outgrows its size.
    """
    layout = _survey(source, reading)
    value = json.encode() + b"\0"
    place = next(_choices(layout, value))
    vacated = []
    if layout.info is not None and place.start != layout.info.start:
        vacated = [Edit(layout.info.start, layout.info.stop, _junk(layout.info.stop - layout.info.start))]
    edits = [place, *vacated, *layout.cleared]
    if place.growth:
        edits += riff.grown(source, layout.first, place.growth)
        edits += avi_index.moved(layout.window, layout.first, Shift(edits))
    return Splice.of(small for edit in edits for small in differences(source, edit))


def _survey(source: Source, reading: Reading) -> _Layout:
    window = Window(source)
    held = {(item.start, item.stop) for item in reading.found}
    layout: _Layout | None = None
    infos: dict[Chunk, list[Place]] = {}
    stop = 0
    for form in forms(window):
        stop = source.size if form.is_open else form.stop
        if layout is None:
            top = list(chunks(window, form))
            layout = _Layout(window, form, top[-1].stop if top else form.body, top)
        for place in places(window, form):
            if place.info is not None:
                infos.setdefault(place.info, []).append(place)
            elif (place.chunk.start, place.chunk.stop) in held or place.chunk.id.upper() == LABEL:
                layout.cleared += _cleared(window, place.chunk)
    if layout is None or not any(chunk.type == MEDIA for chunk in layout.top):
        raise Malformed("avi-no-media", path=source.name)
    _choose_info(layout, infos, held)
    for info, inside in infos.items():
        if info != layout.info:
            layout.cleared += _without_labels(window, info, inside, held)
    layout.cleared += [Edit(item.start, item.stop, b"") for item in labels_behind(source, stop)]
    return layout


def _is_label(chunk: Chunk, held: set[tuple[int, int]]) -> bool:
    return chunk.id.upper() == LABEL or (chunk.start, chunk.stop) in held


def _choose_info(layout: _Layout, infos: dict[Chunk, list[Place]], held: set[tuple[int, int]]) -> None:
    """The list that holds the label where the guide wants it, else the first."""
    right = [info for info, inside in infos.items() if inside[0].is_right]
    labelled = [info for info in right if any(place.chunk.id == LABEL for place in infos[info])]
    layout.had_label = bool(labelled)
    layout.info = next(iter(labelled or right), None)
    if layout.info is None:
        return
    inside = [place.chunk for place in infos[layout.info]]
    first = next((n for n, chunk in enumerate(inside) if chunk.id == LABEL), len(inside))
    layout.at = sum(not _is_label(chunk, held) for chunk in inside[:first])
    layout.members = [_copied(layout.window, chunk) for chunk in inside if not _is_label(chunk, held)]


def _copied(window: Window, chunk: Chunk) -> bytes:
    """Returns a chunk with its padding, also where that was forgotten."""
    return make(chunk.id, riff.data(window, chunk))


def _cleared(window: Window, chunk: Chunk) -> Iterator[Edit]:
    """Yields the edit that takes a label out of a chunk of its own, at the same length."""
    if chunk.id != b"_PMX":
        yield Edit(chunk.start, chunk.stop, _junk(chunk.stop - chunk.start))
        return
    packet = riff.data(window, chunk)
    new = xmp.without_other_labels(packet)
    if len(new) > len(packet):
        raise Malformed("avi-label-place", path=window.source.name, offset=chunk.start)
    yield Edit(chunk.body, chunk.end, new.ljust(len(packet)))


def _without_labels(window: Window, info: Chunk, inside: list[Place], held: set[tuple[int, int]]) -> Iterator[Edit]:
    kept = [_copied(window, place.chunk) for place in inside if not _is_label(place.chunk, held)]
    if len(kept) == len(inside):
        return
    length = info.stop - info.start
    new = make_list(INFO, *kept) if kept else b""
    if len(new) > length or 0 < length - len(new) < HEADER:
        raise Malformed("avi-label-place", path=window.source.name, offset=info.start)
    yield Edit(info.start, info.stop, new + _junk(length - len(new)))


def _choices(layout: _Layout, value: bytes) -> Iterator[Edit]:
    """Yields the edits that put the list in its place, the best first; the last one always works."""
    here = (layout.info.start, layout.room(layout.info)) if layout.info else None
    if here and (edit := _fitted(layout, value, *here, 0 if layout.had_label else _ENOUGH)):
        yield edit
    for start, stop in _junk_in_front(layout):
        if edit := _fitted(layout, value, start, stop, _ENOUGH):
            yield edit
    if here and here[1] == layout.stop:
        yield Edit(*here, _list(layout, value) + _junk(RESERVE))
    start = layout.stop
    for chunk in reversed(layout.top):
        if chunk.id != _JUNK:
            break
        start = chunk.start
    if edit := _fitted(layout, value, start, layout.stop, _ENOUGH):
        yield edit
    yield Edit(start, layout.stop, _list(layout, value) + _junk(RESERVE))


def _junk_in_front(layout: _Layout) -> Iterator[tuple[int, int]]:
    """Yields the runs of JUNK in front of the media."""
    for chunk in layout.top:
        if chunk.type == MEDIA:
            return
        if chunk.id != _JUNK and chunk != layout.info and layout.room(chunk) > chunk.stop:
            yield chunk.stop, layout.room(chunk)


def _fitted(layout: _Layout, value: bytes, start: int, stop: int, spare: int) -> Edit | None:
    """Returns the edit that fills a room with the list and JUNK; the NUL behind the value is repeated where need be."""
    room = stop - start
    made = _list(layout, value)
    rest = room - len(made)
    if rest < spare or rest < 0:
        return None
    if 0 < rest < HEADER:
        made, rest = _list(layout, value + bytes(rest)), 0
    return Edit(start, stop, made + _junk(rest)) if len(made) + rest == room else None


def _list(layout: _Layout, value: bytes) -> bytes:
    members = layout.members
    return make_list(INFO, *members[: layout.at], make(LABEL, value), *members[layout.at :])


def _junk(length: int) -> bytes:
    """Returns a JUNK chunk of a whole length: nothing for 0, else 8 or more."""
    size = length - HEADER
    return _JUNK + size.to_bytes(4, "little") + bytes(size) if length else b""
