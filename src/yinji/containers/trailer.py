"""What stands behind the end of an image: labels that small tools put there, further images, films, anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.containers import embedded
from yinji.containers.embedded import Embedded
from yinji.containers.source import Source
from yinji.labels.decode import looks_like_label

_STEP: Final = 1 << 20
_OVERLAP: Final = 1 << 16
_LITTLE: Final = 1 << 12


def shows_nothing_behind(source: Source, end: int) -> bool:
    """Whether next to nothing follows ``end``, and no brace in it: then :func:`labels_behind` yields nothing."""
    left = source.size - end
    return left <= 0 or (left <= _LITTLE and b"{" not in source.look(end, left))


def labels_behind(source: Source, end: int) -> Iterator[Embedded]:
    """Yields label-like values behind ``end``, at their positions in the file.

    Raises:
        LimitExceeded: More lies there than one reading may look at.
    """
    at = end
    while at < source.size:
        source.element()
        piece = source.read_up_to(at, _STEP)
        reach = len(piece) if at + len(piece) >= source.size else len(piece) - _OVERLAP
        for item in embedded.find(piece):
            if item.start >= reach:
                break
            if item.key or looks_like_label(item.text):
                yield Embedded(item.key, item.text, at + item.start, at + item.stop)
                reach = max(reach, item.stop)
        at += max(reach, 1)
