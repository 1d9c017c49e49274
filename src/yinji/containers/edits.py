"""Edits that several containers plan alike."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from yinji.containers import exif
from yinji.containers.source import Source
from yinji.containers.splice import Edit
from yinji.errors import Malformed
from yinji.labels.decode import looks_like_label

_STRETCH: Final = 64
"""Bytes that must be alike between two changes for them to be written apart."""


def smallest(start: int, old: bytes, new: bytes) -> Iterator[Edit]:
    """Yields at most one edit from ``old`` to ``new``, without the bytes they share at either end."""
    if old == new:
        return
    front = _shared(old, new)
    back = _shared(old[front:][::-1], new[front:][::-1])
    yield Edit(start + front, start + len(old) - back, new[front : len(new) - back])


def differences(source: Source, edit: Edit) -> Iterator[Edit]:
    """Yields what an edit changes, without the stretches that stay as they are where it keeps the length."""
    old, new = source.read(edit.start, edit.stop - edit.start), edit.data
    if edit.growth:
        yield from smallest(edit.start, old, new)
        return
    start: int | None = None
    for at in range(0, len(new) + _STRETCH, _STRETCH):
        if old[at : at + _STRETCH] != new[at : at + _STRETCH]:
            start = at if start is None else start
        elif start is not None:
            yield from smallest(edit.start + start, old[start:at], new[start:at])
            start = None


def _shared(one: bytes, other: bytes) -> int:
    """Returns how many leading bytes are equal."""
    length = min(len(one), len(other))
    low, high = 0, length
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def exif_edits(tiff: bytes, at: int) -> list[Edit]:
    """Returns the edits that empty a label's second copy in an EXIF block that begins at ``at``.

    Raises:
        Malformed: Fields of the block overlap each other, so that none can be emptied alone.
    """
    try:
        fields = exif.fields(tiff)
    except Malformed:
        return []
    edits = {
        Edit(at + position, at + position + len(data), data)
        for field in fields
        if field.name in exif.LABEL_TAGS and looks_like_label(field.text)
        for position, data in exif.emptied(tiff, field)
    }
    ordered = sorted(edits)  # entries that share a value ask for the same edit twice
    for one, other in pairwise(ordered):
        if other.start < one.stop:
            raise Malformed("exif-broken", offset=other.start)
    return ordered
