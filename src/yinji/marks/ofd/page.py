"""What parts of an OFD tell of pages and identifiers."""

from __future__ import annotations

from typing import Final, NamedTuple

from yinji.containers.zip.xml import Element, XmlPart

_BOXES: Final = ("ApplicationBox", "PhysicalBox")
"""What of a page is shown; where nothing says so, all of it."""


class Area(NamedTuple):
    """Where on a page content is shown: its upper left corner and its size, in millimetres."""

    x: float
    y: float
    width: float
    height: float

    @property
    def size(self) -> tuple[float, float]:
        return self.width, self.height


def area_of(part: XmlPart, parent: Element, name: str) -> Area | None:
    """Returns the area that an element of a name tells, or None."""
    told = first(part, parent, name)
    for box in _BOXES if told is not None else ():
        found = first(part, told, box) if told is not None else None
        numbers = numbers_in(found.text) if found is not None else []
        if len(numbers) == 4 and min(numbers[2:]) > 0:
            return Area(*numbers)
    return None


def numbers_in(text: str) -> list[float]:
    """Returns the numbers of a value such as a box; [] where there is something else."""
    try:
        values = [float(piece) for piece in text.split()]
    except ValueError:
        return []
    return values if all(abs(value) < 1e6 for value in values) else []


def identifiers(part: XmlPart) -> int:
    """Returns the highest identifier in a part."""
    numbers = (e.attributes.get("ID", "") for e in part.elements)
    return max((int(n) for n in numbers if n.isdecimal() and len(n) < 10), default=0)


def first(part: XmlPart, parent: Element, name: str) -> Element | None:
    """Returns the first child of a name."""
    return next((child for child in part.children(parent) if child.name == name), None)


def told_highest(document: XmlPart) -> int:
    """Returns what a document tells as its highest identifier."""
    text = next((e.text for e in document.named("MaxUnitID")), "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0
