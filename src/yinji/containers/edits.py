"""Edits that several containers plan alike."""

from __future__ import annotations

from collections.abc import Iterator

from yinji.containers import exif
from yinji.containers.splice import Edit
from yinji.errors import Malformed
from yinji.labels.decode import looks_like_label


def smallest(start: int, old: bytes, new: bytes) -> Iterator[Edit]:
    """Yields at most one edit from ``old`` to ``new``, without the bytes they share at either end."""
    if old == new:
        return
    front = _shared(old, new)
    back = _shared(old[front:][::-1], new[front:][::-1])
    yield Edit(start + front, start + len(old) - back, new[front : len(new) - back])


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


def exif_edits(tiff: bytes, at: int) -> Iterator[Edit]:
    """Yields the edits that empty a label's second copy in an EXIF block that begins at ``at``."""
    try:
        fields = exif.fields(tiff)
    except Malformed:
        return
    for field in fields:
        if field.name in exif.LABEL_TAGS and looks_like_label(field.text):
            for position, data in exif.emptied(tiff, field):
                yield Edit(at + position, at + position + len(data), data)
