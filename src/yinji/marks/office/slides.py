"""The label on every slide of a presentation: a text box on top of everything else."""

from __future__ import annotations

from typing import Any, Final

from yinji.containers.zip.xml import XmlPart, quoted
from yinji.errors import Malformed
from yinji.marks.layout import PLACES as EDGES
from yinji.marks.office.package import OfficeParts, tag_of
from yinji.marks.office.shapes import DRAWING, EMU, NAME, Box, body, box_of, placed, points_of_ours
from yinji.marks.parts import Wish
from yinji.marks.places import stands_at

PLACES: Final = ("start", "end", *EDGES)
_CORNERS: Final = {"start": "top-right", "end": "bottom-right"}
_SIZE: Final = (12_192_000, 6_858_000)
_POINTS: Final = 12.0
_SHARE: Final = 0.026
"""Font size where no rule gives one: points, and as a share of the short side, for slides of odd sizes."""
_LARGEST: Final = 60_000_000


def put(parts: OfficeParts, wish: Wish) -> dict[str, Any]:
    """Puts the words on every slide.

    Raises:
        Malformed: It is no presentation, or has no slide.
    """
    show = parts.xml(parts.main)
    width, height = _size(show)
    points = max(_POINTS * min(1.0, min(width, height) / _SIZE[1]), min(width, height) / EMU * _SHARE)
    where = _CORNERS.get(wish.place, wish.place)
    box = placed(wish, width, height, size=points, where=where)
    slides = [target.part for target in parts.targets(parts.main) if target.type == "slide"]
    if not slides:
        raise Malformed("zip-missing", path=parts.source.name, name="slide")
    points = min(_onto(parts, name, wish, box, where, (width, height)) for name in slides)
    return {"slides": len(slides), "points": round(points, 1)}


def _size(show: XmlPart) -> tuple[int, int]:
    size = next(show.named("sldSz"), None)
    numbers = [size.attributes.get(key, "") for key in ("cx", "cy")] if size is not None else []
    if len(numbers) != 2 or not all(n.isascii() and n.isdigit() and 0 < int(n) <= _LARGEST for n in numbers):
        return _SIZE
    return int(numbers[0]), int(numbers[1])


def _onto(parts: OfficeParts, name: bytes, wish: Wish, box: Box, where: str, size: tuple[int, int]) -> float:
    """Puts the words on one slide unless they are there, and returns their font size."""
    slide = parts.xml(name)
    tree = next(slide.named("spTree"), None)
    if tree is None:
        raise slide.broken("spTree")
    ids = [int(e.attributes["id"]) for e in slide.named("cNvPr") if e.attributes.get("id", "").isdigit()]
    for named in slide.named("cNvPr"):
        ours = points_of_ours(slide, named, wish.words)
        there = box_of(slide, ours[1]) if ours is not None else None
        if ours is not None and there is not None and stands_at(where, there, size):
            return ours[0]
    p, declared = tag_of(tree)
    head = (
        f'<{p}sp{declared} xmlns:a="{DRAWING[parts.is_strict]}"><{p}nvSpPr><{p}cNvPr id="{max(ids, default=1) + 1}" '
        f'name="{NAME}" descr="'
    )
    rest = f'"/><{p}cNvSpPr txBox="1"/><{p}nvPr userDrawn="1"/></{p}nvSpPr>'
    shape_bytes = head.encode() + quoted(wish.words) + rest.encode() + body(wish, box, p) + f"</{p}sp>".encode()
    ext = next((e for e in slide.children(tree) if e.name == "extLst"), None)
    if ext is not None:
        parts.edit(name, slide, (ext.start, ext.start, shape_bytes))
    else:
        parts.edit(name, slide, slide.inserting(tree, shape_bytes, room=0))
    return box.size
