"""How large a label is on a page of a document, and where it stands (GB 45438-2025 5.1 names no size)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.errors import UsageError
from yinji.marks.layout import Box, Face, Layout, plan

FINE: Final = 8
"""Layout is done in eighths of a point."""
_READABLE: Final = 7.5
_READABLE_SHARE: Final = 0.0155
"""Ink in points, and as a share of the short side, where no rule gives a size: 9 points on A4, like running text."""
_SMALLEST: Final = 3.0
"""Ink in points down to which the words shrink on a page that has no room for more."""
_CIRCLE: Final = 0.5523
"""How far a Bézier curve's handles reach to look like a quarter of a circle."""
_PLACES: Final = {"start": "top", "end": "bottom"}
_CORNERS: Final = {"start": "top-right", "end": "bottom-right"}


def where_of(place: str, *, corner: bool) -> str:
    """Returns the edge or corner of a page that ``start`` or ``end`` means: a corner for a corner mark."""
    return (_CORNERS if corner else _PLACES).get(place, place)


def laid_out(size: tuple[float, float], share: float, words: str, place: str, face: Face) -> Layout:
    """Takes a readable size, and a smaller one, down to what the rule asks for, where the page has no room for it.

    Args:
        size: Width and height of the page, in points.
        share: Ink height that the rule asks for, as a share of the short side; 0 for none.
        words: The words, white space collapsed.
        place: One of :data:`yinji.marks.layout.PLACES`.
        face: The font.

    Returns:
        The layout, in eighths of a point.

    Raises:
        UsageError: ``label-does-not-fit``, ``words-too-long``, ``bad-share``.
    """
    width, height = size
    area = Box(0, 0, round(width * FINE), round(height * FINE))
    short = min(width, height)
    least = max(share, min(_SMALLEST / short, 1.0)) if share <= 1 else share
    wanted = max(least, min(max(_READABLE / short, _READABLE_SHARE), 0.2))
    while True:
        try:
            return plan(area, words, wanted, place, face)
        except UsageError as error:
            if error.code != "label-does-not-fit" or wanted <= least:
                raise
        wanted = max(least, wanted * 0.85)


def rounded(width: float, height: float, radius: float, inset: float) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yields the steps of a rectangle with round corners: ``m``, ``l``, ``c`` and ``h`` of PDF, with their coordinates.

    Args:
        width: Of the box that it lies in.
        height: Of the same.
        radius: Of the corners.
        inset: Room between the box and the path.
    """
    near, right, far = inset, width - inset, height - inset
    r = max(0.0, min(radius, (right - near) / 2, (far - near) / 2))
    k = r * (1 - _CIRCLE)
    yield "m", (near + r, near)
    yield "l", (right - r, near)
    yield "c", (right - k, near, right, near + k, right, near + r)
    yield "l", (right, far - r)
    yield "c", (right, far - k, right - k, far, right - r, far)
    yield "l", (near + r, far)
    yield "c", (near + k, far, near, far - k, near, far - r)
    yield "l", (near, near + r)
    yield "c", (near, near + k, near + k, near, near + r, near)
    yield "h", ()
