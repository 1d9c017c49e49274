"""At which edge or corner something stands."""

from __future__ import annotations

from typing import Final

_MIDDLE: Final = 0.02
_WHOLE: Final = 0.9


def place_of(box: tuple[float, float, float, float], size: tuple[float, float]) -> str:
    """Returns the corner or edge that a box stands at, as :data:`yinji.marks.layout.PLACES` names it.

    Args:
        box: Left, top, right, bottom, from the upper left corner.
        size: Width and height of what it stands on.
    """
    row = "top" if box[1] < size[1] - box[3] else "bottom"
    left, right = box[0], size[0] - box[2]
    if abs(left - right) <= _MIDDLE * size[0]:
        return row
    return f"{row}-left" if left < right else f"{row}-right"


def stands_at(where: str, box: tuple[float, float, float, float], size: tuple[float, float]) -> bool:
    """Whether a box stands at an edge or corner; one that is as wide as its page stands at both corners of an edge."""
    found = place_of(box, size)
    is_wide = box[2] - box[0] >= _WHOLE * size[0]
    return found.partition("-")[0] == where.partition("-")[0] if is_wide else found == where
