"""The pages of a PDF in order, with what they inherit (ISO 32000-1, 7.7.3)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from yinji.containers.pdf.document import Document
from yinji.containers.pdf.indirect import Indirect
from yinji.containers.pdf.lexer import Dictionary, Ref, Value
from yinji.containers.pdf.signatures import catalog_of
from yinji.errors import Malformed

_INHERITED: Final = ("Resources", "MediaBox", "CropBox", "Rotate")
_LETTER: Final = (0.0, 0.0, 612.0, 792.0)
"""What viewers take where a page has no box."""
_LONGEST: Final = 1e6
"""Points. Viewers give up at 14,400 units of 75,000 points; a page longer than this is an error or an attack."""


class Geometry(NamedTuple):
    """What of a page is displayed, and how.

    Attributes:
        left, bottom, right, top: The displayed part, in user space.
        turn: Degrees by which it is turned clockwise: 0, 90, 180 or 270.
        unit: Points to a unit of user space (``/UserUnit``).
    """

    left: float
    bottom: float
    right: float
    top: float
    turn: int
    unit: float

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as displayed, in points."""
        width, height = (self.right - self.left) * self.unit, (self.top - self.bottom) * self.unit
        return (height, width) if self.turn in (90, 270) else (width, height)

    def matrix(self, x: float, y: float) -> tuple[float, float, float, float, float, float]:
        """Returns the matrix that takes displayed directions, from (x, y) of the display, to user space.

        Args:
            x: Units of user space from the left as displayed.
            y: The same from the bottom.
        """
        a, b, c, d = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[self.turn]
        left = self.right if self.turn in (90, 180) else self.left
        bottom = self.top if self.turn in (180, 270) else self.bottom
        return a, b, c, d, left + a * x + c * y, bottom + b * x + d * y

    def displayed(self, rectangle: Sequence[float]) -> tuple[float, float, float, float]:
        """Returns left, top, right, bottom on the displayed page, in points, of a rectangle of user space."""
        a, b, c, d, e, f = self.matrix(0, 0)
        corners = [
            ((a * (x - e) + b * (y - f)) * self.unit, (c * (x - e) + d * (y - f)) * self.unit)
            for x, y in (rectangle[:2], rectangle[2:])
        ]
        (x0, x1), (y0, y1) = (sorted(values) for values in zip(*corners, strict=True))
        height = self.size[1]
        return x0, height - y1, x1, height - y0


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        number: From 1.
        node: Its object.
        geometry: How it is displayed.
        resources: The object that holds its resources and the dictionary in it; None where there are none.
    """

    number: int
    node: Indirect
    geometry: Geometry
    resources: Indirect | None

    @property
    def ref(self) -> Ref:
        return Ref(self.node.number, self.node.generation)


def pages(document: Document) -> Iterator[Page]:
    """Yields the pages in order; a node that is reached twice, or is no node, counts as an error.

    Raises:
        Malformed: The tree is broken.
        LimitExceeded: Too many nodes.
    """
    root = catalog_of(document).dictionary.get("Pages")
    waiting: list[tuple[Value, dict[str, tuple[Value, Indirect]]]] = [(root, {})]
    seen: set[int] = set()
    number = 0
    while waiting:
        value, above = waiting.pop()
        document.source.element()
        node = document.load(value) if isinstance(value, Ref) else None
        if node is None or not isinstance(node.value, Dictionary) or node.number in seen:
            raise Malformed("pdf-page", path=document.source.name, number=number + 1)
        seen.add(node.number)
        own = {key: (found, node) for key in _INHERITED if (found := node.dictionary.get(key)) is not None}
        attributes = above | own
        kids = document.resolve(node.dictionary.get("Kids"))
        if isinstance(kids, list):
            waiting.extend((kid, attributes) for kid in reversed(kids))
            continue
        number += 1
        yield Page(number, node, _geometry(document, node, attributes, number), held(document, attributes, "Resources"))


def held(document: Document, attributes: dict[str, tuple[Value, Indirect]], key: str) -> Indirect | None:
    """Returns a dictionary together with the object that holds it."""
    value, owner = attributes.get(key, (None, None))
    return dictionary_in(document, value, owner) if owner is not None else None


def dictionary_in(document: Document, value: Value, owner: Indirect) -> Indirect | None:
    """Returns a dictionary as an object: the one it is, or the ``owner`` that it stands in."""
    if isinstance(value, Ref):
        loaded = document.load(value)
        return loaded if loaded is not None and isinstance(loaded.value, Dictionary) else None
    if not isinstance(value, Dictionary):
        return None
    return Indirect(
        owner.number, owner.generation, value, owner.text, owner.base, owner.start, owner.stop, packed=owner.packed
    )


def _geometry(
    document: Document, node: Indirect, attributes: dict[str, tuple[Value, Indirect]], number: int
) -> Geometry:
    media = _box(document, attributes.get("MediaBox", (None, node))[0]) or _LETTER
    crop = _box(document, attributes.get("CropBox", (None, node))[0]) or media
    shown = (max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3]))
    if shown[0] >= shown[2] or shown[1] >= shown[3]:
        shown = media
    turn = document.resolve(attributes.get("Rotate", (0, node))[0])
    unit = document.resolve(node.dictionary.get("UserUnit"))
    turned = int(turn) % 360 if isinstance(turn, (int, float)) and abs(turn) < _LONGEST else 0
    scale = float(unit) if isinstance(unit, (int, float)) and 0 < unit <= 75_000 else 1.0
    if max(shown[2] - shown[0], shown[3] - shown[1]) * scale > _LONGEST:
        raise Malformed("pdf-page", path=document.source.name, number=number)
    return Geometry(*shown, turned if turned % 90 == 0 else 0, scale)


def _box(document: Document, value: Value) -> tuple[float, float, float, float] | None:
    """Returns a rectangle with its corners in order (7.9.5), or None where it is none."""
    numbers = document.resolve(value)
    if not isinstance(numbers, list) or len(numbers) != 4:
        return None
    corners = [document.resolve(number) for number in numbers]
    found = [float(n) for n in corners if isinstance(n, (int, float)) and not isinstance(n, bool) and math.isfinite(n)]
    if len(found) != 4:
        return None
    left, bottom, right, top = found
    box = min(left, right), min(bottom, top), max(left, right), max(bottom, top)
    return box if box[0] < box[2] and box[1] < box[3] else None
