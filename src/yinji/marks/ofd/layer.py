"""The label as a layer of a page of an OFD: words on a light ground. Lengths are in millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from yinji.containers.zip.xml import XmlPart, quoted
from yinji.marks.layout import Layout, Piece
from yinji.marks.ofd.page import Area, numbers_in
from yinji.marks.page import FINE, rounded
from yinji.marks.parts import EDGE, GROUND, INK, inside
from yinji.marks.pdf.font import Subset

MILLIMETRES: Final = 25.4 / 72
"""To a point."""
_STEPS: Final = {"m": "M", "l": "L", "c": "B", "h": "C"}
_LINE: Final = 0.18
_INSET: Final = 0.1
_SPACE: Final = 0.12
"""Room in em from which on words count as apart."""


class Numbers:
    """Identifiers that nothing in the document has yet."""

    def __init__(self, highest: int) -> None:
        self.highest = highest

    def next(self) -> int:
        self.highest += 1
        return self.highest


class Look(NamedTuple):
    """What the layers of a document share.

    Attributes:
        words: The words.
        face: Their glyphs.
        font: Identifier of the font.
        space: Attribute that says in which colours values are, where the document has others of its own; or "".
    """

    words: str
    face: Subset
    font: int
    space: str = ""


class Seen(NamedTuple):
    """A label of ours on a page: its box from the upper left corner of the area, and its font size."""

    box: tuple[float, float, float, float]
    size: float


def layer(look: Look, layout: Layout, area: Area, numbers: Numbers, tag: str) -> bytes:
    """Spells the layer.

    Args:
        look: What is said in which font.
        layout: Where, in eighths of a point.
        area: Where on the page that is.
        numbers: Gives identifiers.
        tag: The prefix of elements, with its colon.
    """
    scale = MILLIMETRES / FINE
    box = layout.box
    corner = area.x + box.left * scale, area.y + box.top * scale
    bounds = " ".join(map(_number, (*corner, box.width * scale, box.height * scale)))
    out = [
        f'<{tag}Layer Type="Foreground" ID="{numbers.next()}">',
        f'<{tag}PathObject ID="{numbers.next()}" Boundary="{bounds}" LineWidth="{_LINE}" Stroke="true" Fill="true">',
        f"<{tag}StrokeColor {_colour(look, EDGE)}/><{tag}FillColor {_colour(look, GROUND)}/>",
        f"<{tag}AbbreviatedData>{_rounded(box.width * scale, box.height * scale, layout.radius * scale)}"
        f"</{tag}AbbreviatedData></{tag}PathObject>",
    ]
    turn = f' CTM="0 1 -1 0 {_number(box.width * scale)} 0"' if layout.turned else ""
    for (y, size), run in groupby(layout.pieces, key=lambda piece: (piece.y, piece.size)):
        text, places = _run(tuple(run), look.face)
        steps = " ".join(_number((b - a) * scale) for a, b in pairwise(places))
        deltas = f' DeltaX="{steps}"' if steps else ""
        out += [
            f'<{tag}TextObject ID="{numbers.next()}" Boundary="{bounds}"{turn} Font="{look.font}" '
            f'Size="{_number(size * scale)}"><{tag}FillColor {_colour(look, INK)}/>',
            f'<{tag}TextCode X="{_number(places[0] * scale)}" Y="{_number(y * scale)}"{deltas}>',
            f"{quoted(text).decode()}</{tag}TextCode></{tag}TextObject>",
        ]
    return ("".join(out) + f"</{tag}Layer>").encode()


def _run(pieces: Sequence[Piece], face: Subset) -> tuple[str, list[float]]:
    """Returns what stands on a line in one size as one text, which can be searched, and where each glyph goes."""
    text, stop = "", pieces[0].x
    places: list[float] = []
    for piece in pieces:
        if piece.x - stop > _SPACE * piece.size:
            text, places = text + " ", [*places, stop]
        stop = piece.x
        for character in piece.text:
            text, places = text + character, [*places, stop]
            stop += face.advance(character) * piece.size
    return text, places


def layers(part: XmlPart, words: str, area: Area) -> list[Seen]:
    """Returns the labels of ours on a page that say the words and are shown."""
    wanted = "".join(words.split())
    found = []
    for element in part.named("Layer"):
        within = inside(part, element)
        objects = [e for e in within if e.name in ("PathObject", "TextObject")]
        texts = [e for e in objects if e.name == "TextObject"]
        said = "".join("".join(e.parts) for e in within if e.name == "TextCode")
        if "".join(said.split()) != wanted or objects[0].name != "PathObject" or len(objects) != len(texts) + 1:
            continue
        if any(e.attributes.get("Visible") == "false" or e.attributes.get("Alpha", "255") != "255" for e in objects):
            continue
        box = numbers_in(objects[0].attributes.get("Boundary", ""))
        sizes = [size for e in texts for size in numbers_in(e.attributes.get("Size", ""))]
        if len(box) == 4 and sizes:
            left, top = box[0] - area.x, box[1] - area.y
            found.append(Seen((left, top, left + box[2], top + box[3]), min(sizes)))
    return found


def _colour(look: Look, hexadecimal: str) -> str:
    values = " ".join(str(int(hexadecimal[at : at + 2], 16)) for at in (0, 2, 4))
    return f'Value="{values}"{look.space}'


def _rounded(width: float, height: float, radius: float) -> str:
    """Returns a rectangle with round corners as a path of the format: M, L, B (Bézier) and C."""
    return " ".join(
        " ".join((_STEPS[step], *map(_number, values))) for step, values in rounded(width, height, radius, _INSET)
    )


def _number(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
