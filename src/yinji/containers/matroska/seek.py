"""SeekHead and Cues (RFC 9559, 5.1.1 and 5.1.5): where a Segment says that its elements stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from yinji.containers.matroska import ebml
from yinji.containers.matroska.ebml import Element
from yinji.containers.matroska.elements import (
    CUE_POINT,
    CUE_POSITIONS,
    CUE_REFERENCE,
    CUE_TRACK_POSITIONS,
    INFO,
    SEEK,
    SEEK_HEAD,
    SEEK_ID,
    SEEK_POSITION,
    TAGS,
)
from yinji.containers.matroska.rewrite import Rewrite
from yinji.containers.source import Source

_SEEK_ID_SIGN: Final = SEEK_ID.to_bytes(2, "big")
_USUAL: Final = re.compile(rb"\x53\xab\x84(....)\x53\xac([\x81-\x88])", re.DOTALL)
_TELLING: Final = re.compile(
    rb"\x53\xab\x84("
    + b"|".join(re.escape(id.to_bytes(4, "big")) for id in (TAGS, INFO, SEEK_HEAD))
    + rb")\x53\xac([\x81-\x88])"
)
_CUE_MASTERS: Final = frozenset((CUE_POINT, CUE_TRACK_POSITIONS, CUE_REFERENCE))


class Entry(NamedTuple):
    """One Seek: the id of an element, its position within the Segment's data, and the elements that say so."""

    id: int
    position: int
    seek: Element
    value: Element


def entries(source: Source, head: Element, data: bytes) -> Iterator[Entry]:
    """Yields the entries of a SeekHead; those without id or position are passed over."""
    for seek in ebml.children(source, data, head.body):
        if seek.id != SEEK:
            continue
        inside = data[seek.body - head.body : seek.stop - head.body]
        parts = {part.id: part for part in ebml.children(source, inside, seek.body, 2)}
        id, position = parts.get(SEEK_ID), parts.get(SEEK_POSITION)
        if id and position and position.size <= ebml.WIDEST:
            values = [ebml.number(data[p.body - head.body : p.stop - head.body]) for p in (id, position)]
            yield Entry(values[0], values[1], seek, position)


def pointers(source: Source, head: Element, data: bytes) -> list[tuple[int, int]]:
    """Returns the ids and positions of a SeekHead's entries, without taking apart what is written as nearly always."""
    usual = usual_pointers(data)
    return [(entry.id, entry.position) for entry in entries(source, head, data)] if usual is None else usual


def usual_pointers(data: bytes) -> list[tuple[int, int]] | None:
    """Returns the ids and positions of a SeekHead whose entries are all written as nearly always, else None."""
    found = list(_USUAL.finditer(data))
    if len(found) != data.count(_SEEK_ID_SIGN):
        return None
    stops = [match.end() + match[2][0] - 0x80 for match in found]
    return [
        (int.from_bytes(match[1], "big"), int.from_bytes(data[match.end() : stop], "big"))
        for match, stop in zip(found, stops, strict=True)
    ]


def telling_pointers(data: bytes) -> list[tuple[int, int]] | None:
    """Returns those of :func:`usual_pointers` that lead to Tags, Info and further SeekHeads."""
    if len(_USUAL.findall(data)) != data.count(_SEEK_ID_SIGN):
        return None
    found = []
    for match in _TELLING.finditer(data):
        at = match.end()
        found.append((int.from_bytes(match[1], "big"), int.from_bytes(data[at : at + match[2][0] - 0x80], "big")))
    return found


def seek(id: int, position: int) -> bytes:
    """Returns a new Seek, its position wide enough for any file, so that its length never depends on it."""
    name = ebml.make(SEEK_ID, id.to_bytes(ebml.id_width(id), "big"))
    return ebml.make(SEEK, name + ebml.make_number(SEEK_POSITION, position, ebml.WIDEST))


class Cues(NamedTuple):
    """Cues taken apart.

    Attributes:
        element: They.
        data: Their data.
        positions: The elements that give a position, with the masters around each, and the position.
    """

    element: Element
    data: bytes
    positions: list[tuple[Element, tuple[Element, ...], int]]

    @classmethod
    def of(cls, source: Source, cues: Element) -> Cues:
        """Takes Cues apart.

        Raises:
            Malformed: They are not put together as EBML.
            LimitExceeded: They are too many, or too large to be read.
        """
        data = ebml.content(source, cues)
        found = cls(cues, data, [])
        waiting: list[tuple[Element, tuple[Element, ...]]] = [
            (child, ()) for child in ebml.children(source, data, cues.body)
        ]
        while waiting:
            element, parents = waiting.pop()
            inside = data[element.body - cues.body : element.stop - cues.body]
            if element.id in _CUE_MASTERS:
                around = (*parents, element)
                waiting += [(child, around) for child in ebml.children(source, inside, element.body, len(around) + 1)]
            elif element.id in CUE_POSITIONS and element.size <= ebml.WIDEST and (position := ebml.number(inside)):
                found.positions.append((element, parents, position))
        return found

    def moved(self, source: Source, moved: Callable[[int], int]) -> bytes:
        """Returns the data with all positions moved.

        Args:
            source: The file.
            moved: Old to new position, both counted from the start of the Segment's data.
        """
        rewrite = Rewrite(source, self.element, self.data)
        for element, parents, old in self.positions:
            if (new := moved(old)) != old:
                rewrite.replace(element, ebml.make_number(element.id, new, element.size), parents)
        return rewrite.result()
