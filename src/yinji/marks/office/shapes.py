"""The label as a text box of DrawingML: how large it is, and where it stands (ISO/IEC 29500-1, 20.1 and 21.1)."""

from __future__ import annotations

from typing import Final, NamedTuple

from yinji.containers.zip.xml import Element, XmlPart, quoted
from yinji.marks.layout import is_wide
from yinji.marks.office.package import text_in
from yinji.marks.parts import EDGE, GROUND, INK, Wish, inside

NAME: Final = "Yinji label"
DRAWING: Final = {
    False: "http://schemas.openxmlformats.org/drawingml/2006/main",
    True: "http://purl.oclc.org/ooxml/drawingml/main",
}
EMU: Final = 12_700
"""English metric units to a point."""

_WIDE: Final = 1.04
_NARROW: Final = 0.62
"""Advances in em: of ideographs, and of letters, generously, since the reader's font is not known."""
_BESIDE: Final = 0.6
_ABOVE: Final = 0.32
_LINE: Final = 1.22
_CAPITALS: Final = 0.68
"""Height in em of the lowest ink that somebody may measure: capitals of a font with small ones."""


class Box(NamedTuple):
    """A text box: its corner and its size, in EMU, its font size in points, and whether its text has one line."""

    x: int
    y: int
    width: int
    height: int
    size: float
    is_line: bool = True


def sized(words: str, size: float) -> tuple[int, int]:
    """Returns width and height of a box around one line of words at a font size in points, in EMU."""
    em = sum(_WIDE if is_wide(c) else _NARROW for c in words)
    return round((em + 2 * _BESIDE) * size * EMU), round((_LINE + 2 * _ABOVE) * size * EMU)


def placed(wish: Wish, width: int, height: int, *, size: float, where: str) -> Box:
    """Returns a box on a slide: at an edge or corner, smaller where the words would not fit in one line.

    Args:
        wish: The words, and the share of the short side that they must have.
        width: Of the slide, in EMU.
        height: The same.
        size: Font size in points where no rule gives one.
        where: A place such as ``top-right`` or ``bottom``.
    """
    short = min(width, height)
    needed = wish.min_height * short / EMU / _CAPITALS
    margin = round(short * 0.015)
    one = sized(wish.words, 1.0)[0]
    fitting = (width - 2 * margin) / one
    em = max(needed, min(size, fitting))
    box_width, box_height = sized(wish.words, em)
    if box_width > width - 2 * margin:
        lines = -(-box_width // (width - 2 * margin))
        box_width = width - 2 * margin
        box_height += round((lines - 1) * _LINE * em * EMU)
    column = where.rpartition("-")[2]
    x = {"right": width - margin - box_width, "left": margin}.get(column, (width - box_width) // 2)
    y = margin if where.startswith("top") else height - margin - box_height
    return Box(x, y, box_width, box_height, em, one * em <= width - 2 * margin)


def points_of_ours(part: XmlPart, named: Element, words: str) -> tuple[float, Element] | None:
    """Returns the font size and the shape of a text box of ours that says the words, by the element that names it."""
    shape = named.parent.parent if named.parent is not None else None
    if named.attributes.get("name") != NAME or shape is None or shape.name != "sp":
        return None
    hidden = named.attributes.get("hidden", "0") not in ("0", "false")
    sizes = [e.attributes.get("sz", "") for e in inside(part, shape) if e.name == "rPr"]
    if hidden or not sizes or not sizes[0].isdigit() or text_in(part, shape) != words:
        return None
    return int(sizes[0]) / 100, shape


def box_of(part: XmlPart, shape: Element) -> tuple[int, int, int, int] | None:
    """Returns left, top, right and bottom of a shape, in EMU, or None where it tells none."""
    found = {e.name: e.attributes for e in inside(part, shape) if e.name in ("off", "ext")}
    texts = [
        found.get(name, {}).get(key, "") for name, key in (("off", "x"), ("off", "y"), ("ext", "cx"), ("ext", "cy"))
    ]
    if not all(text.lstrip("-").isdigit() and len(text) < 12 for text in texts):
        return None
    x, y, width, height = map(int, texts)
    return x, y, x + width, y + height


def body(wish: Wish, box: Box, p: str) -> bytes:
    """Returns the look and the text of a shape, for elements of the prefix ``p`` and of DrawingML as ``a``."""
    sizes = f'sz="{round(box.size * 100)}" b="0" i="0"'
    insets = round(_BESIDE * box.size * EMU * 0.8), round(_ABOVE * box.size * EMU * 0.5)
    wrap = "none" if box.is_line else "square"
    look = (
        f'<{p}spPr><a:xfrm><a:off x="{box.x}" y="{box.y}"/><a:ext cx="{box.width}" cy="{box.height}"/></a:xfrm>'
        '<a:prstGeom prst="roundRect"><a:avLst><a:gd name="adj" fmla="val 40000"/></a:avLst></a:prstGeom>'
        f'<a:solidFill><a:srgbClr val="{GROUND}"/></a:solidFill>'
        f'<a:ln w="6350"><a:solidFill><a:srgbClr val="{EDGE}"/></a:solidFill></a:ln></{p}spPr>'
        f'<{p}txBody><a:bodyPr wrap="{wrap}" lIns="{insets[0]}" tIns="{insets[1]}" rIns="{insets[0]}" '
        f'bIns="{insets[1]}" anchor="ctr"><a:noAutofit/></a:bodyPr><a:lstStyle/>'
        f'<a:p><a:pPr algn="ctr" indent="0" marL="0"><a:buNone/></a:pPr>'
        f'<a:r><a:rPr lang="{"en-US" if wish.language == "en" else "zh-CN"}" altLang="en-US" {sizes}>'
        f'<a:solidFill><a:srgbClr val="{INK}"/></a:solidFill></a:rPr><a:t>'
    )
    return look.encode() + quoted(wish.words) + f"</a:t></a:r></a:p></{p}txBody>".encode()
