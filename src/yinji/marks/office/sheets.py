"""The label on every sheet of a workbook: a text box beside the data, seen on opening, and the printed header.

A row of our own would move the data and what refers to them; a printed header alone is seen by nobody who opens the
file. So the words float in the first column that the data leave free, on the screen alone, and for print they stand in
the header.
"""

from __future__ import annotations

import re
from typing import Any, Final

from yinji.containers.zip.xml import Element, XmlPart, quoted
from yinji.errors import Malformed, UnsupportedFormat
from yinji.marks.office.package import OfficeParts, tag_of, text_in
from yinji.marks.office.shapes import DRAWING, NAME, Box, body, sized
from yinji.marks.parts import Wish, inside

PLACES: Final = ("start", "end")
_POINTS: Final = 11.0
_LONGEST: Final = 255
"""Characters of a header (ISO/IEC 29500-1, 18.3.1.46 and what Excel opens)."""
_DRAWING: Final = {
    False: "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing",
    True: "http://purl.oclc.org/ooxml/drawingml/spreadsheetDrawing",
}
_DRAWING_TYPE: Final = "application/vnd.openxmlformats-officedocument.drawing+xml"
_BEHIND: Final = (
    *("rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors", "smartTags", "drawing"),
    *("legacyDrawing", "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems"),
    *("tableParts", "extLst"),
)
"""What stands behind the printed header in a worksheet, in order (18.3.1.99)."""
_DATA: Final = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?)sheetData(?=[\s/>])[^>]*?(/?)>")
_CELL: Final = re.compile(rb'<(?:[A-Za-z_][\w.-]*:)?c\s[^>]*?\br="([A-Z]{1,3})\d{1,7}"')
_RANGE: Final = re.compile(r"(?:\$?[A-Z]{1,3}\$?\d{1,7}:)?\$?([A-Z]{1,3})\$?(\d{1,7})")
_COLUMNS: Final = 16_384
_OFFSET: Final = 95_250


def put(parts: OfficeParts, wish: Wish) -> dict[str, Any]:
    """Puts the words on every worksheet, and into the printed header of chart sheets.

    Raises:
        UnsupportedFormat: A binary workbook.
        Malformed: It is no workbook, or has no sheet.
    """
    if parts.main.lower().endswith(b".bin"):
        raise UnsupportedFormat("office-binary", path=parts.source.name)
    targets = parts.targets(parts.main)
    sheets = [target.part for target in targets if target.type == "worksheet"]
    charts = [target.part for target in targets if target.type == "chartsheet"]
    if not sheets and not charts:
        raise Malformed("zip-missing", path=parts.source.name, name="sheet")
    printed = sum(_onto(parts, name, wish) for name in sheets)
    for name in charts:
        sheet = _Sheet(parts, name)
        printed += sheet.printed(wish)
        sheet.store()
    return {"sheets": len(sheets) + len(charts), "printed": printed}


def _onto(parts: OfficeParts, name: bytes, wish: Wish) -> bool:
    sheet = _Sheet(parts, name)
    row = 0 if wish.place == "start" else sheet.last_row
    column = sheet.free_column if wish.place == "start" else 0
    width, height = sized(wish.words, _POINTS)
    box = Box(0, 0, width, height, _POINTS)
    drawing = next((target.part for target in parts.targets(name) if target.type == "drawing"), None)
    if drawing is None:
        _new_drawing(parts, sheet, name, wish, box, (column, row))
    else:
        _into_drawing(parts, drawing, wish, box, (column, row))
    printed = sheet.printed(wish)
    sheet.store()
    return printed


class _Sheet:
    """A sheet without its rows, which may be many: they are neither parsed nor changed."""

    def __init__(self, parts: OfficeParts, name: bytes) -> None:
        self._parts = parts
        self._name = name
        text = parts.content(name)
        found = _DATA.search(text)
        start = stop = 0
        if found is not None and not text.startswith((b"\xff\xfe", b"\xfe\xff")):
            closing = text.find(b"</" + found[1] + b"sheetData", found.end())
            if found[2] or closing >= 0:
                start, stop = (found.end(), closing) if not found[2] else (found.end(), found.end())
        self._start, self._rows = start, text[start:stop]
        self._old = text[:start] + text[stop:]
        self._now = self._old
        self.part = self._parsed()

    def _parsed(self) -> XmlPart:
        return XmlPart(self._now, self._parts.source, self._name.decode("utf-8", "replace"))

    def edit(self, *edits: tuple[int, int, bytes]) -> None:
        """Changes something behind the rows."""
        self._now = self.part.applied(edits)
        self.part = self._parsed()

    def store(self) -> None:
        """Hands the sheet back with its rows, if it was changed."""
        if self._now != self._old:
            self._parts.changes[self._name] = self._now[: self._start] + self._rows + self._now[self._start :]

    @property
    def free_column(self) -> int:
        """The first column behind the data, from 0."""
        last = max(map(_column, _CELL.findall(self._rows)), default=-1)
        told = self._used()
        return min(max(last, _column(told[0].encode()) if told else -1) + 1, _COLUMNS - 1)

    @property
    def last_row(self) -> int:
        """The first row behind the data, from 0."""
        told = self._used()
        return min(int(told[1]), 1_048_575) if told else 0

    def _used(self) -> tuple[str, str] | None:
        dimension = next(self.part.named("dimension"), None)
        found = _RANGE.fullmatch(dimension.attributes.get("ref", "")) if dimension is not None else None
        return (found[1], found[2]) if found else None

    def place_for(self, name: str) -> int:
        """Returns where an element goes that the schema puts before others."""
        behind = _BEHIND[_BEHIND.index(name) + 1 :] if name in _BEHIND else _BEHIND
        later = next((e for e in self.part.children(self.part.root) if e.name in behind), None)
        return later.start if later is not None else self.part.root.closing

    def printed(self, wish: Wish) -> bool:
        """Puts the words into every printed header of the sheet (or footer); says whether they have room there."""
        part, root = self.part, self.part.root
        tag = f"{root.prefix}:" if root.prefix else ""
        side = "Header" if wish.place == "start" else "Footer"
        group = next((e for e in part.children(root) if e.name == "headerFooter"), None)
        kinds = ["odd"]
        if group is not None:
            kinds += [k for k in ("even", "first") if group.attributes.get(_ASKED[k], "0") in ("1", "true", "on")]
        texts = {e.name: e for e in part.children(group)} if group is not None else {}
        edits, fits = [], True
        for kind in kinds:
            old = texts.get(kind + side)
            said = _with(old.text if old is not None else "", wish.words)
            fits = fits and said is not None
            if said is not None and (old is None or said != old.text):
                edits.append((kind + side, said))
        if edits:
            content = {name: e.text for name, e in texts.items()} | dict(edits)
            attributes = group.attributes if group is not None else {}
            told = "".join(f' {key}="{quoted(value).decode()}"' for key, value in attributes.items())
            inner = b"".join(
                f"<{tag}{name}>".encode() + quoted(content[name]) + f"</{tag}{name}>".encode()
                for name in _ORDER
                if name in content
            )
            new = f"<{tag}headerFooter{told}>".encode() + inner + f"</{tag}headerFooter>".encode()
            at = (group.start, part.stop(group)) if group is not None else (self.place_for("headerFooter"),) * 2
            self.edit((*at, new))
        return fits


_ASKED: Final = {"even": "differentOddEven", "first": "differentFirst"}
_ORDER: Final = ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter")


def _with(header: str, words: str) -> str | None:
    """Returns a header with the words in its middle section, or None where it has no room for them."""
    told = words.replace("&", "&&")
    if told in header:
        return header
    before, middle, after = header.partition("&C")
    new = f"{before}&C{told}\n{after}" if middle else _with_middle(header, told)
    return new if len(new) <= _LONGEST else None


def _with_middle(header: str, told: str) -> str:
    """Puts a middle section in front of the right one, where Excel has it."""
    if header and not header.startswith(("&L", "&R")):
        return f"&C{told}\n{header}"
    left, right, after = header.partition("&R")
    return f"{left}&C{told}{right}{after}"


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _new_drawing(parts: OfficeParts, sheet: _Sheet, name: bytes, wish: Wish, box: Box, at: tuple[int, int]) -> None:
    space = _DRAWING[parts.is_strict]
    drawing = parts.free_name("xl/drawings/drawing{}.xml")
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    opening = f'{head}<xdr:wsDr xmlns:xdr="{space}" xmlns:a="{DRAWING[parts.is_strict]}">'
    data = opening.encode() + _anchor(parts, wish, box, at, "xdr:", "", 2) + b"</xdr:wsDr>"
    parts.add(drawing, data, _DRAWING_TYPE)
    number = parts.relate(name, "drawing", drawing)
    tag = f"{sheet.part.root.prefix}:" if sheet.part.root.prefix else ""
    place = sheet.place_for("drawing")
    sheet.edit((place, place, f'<{tag}drawing xmlns:yjr="{parts.space}" yjr:id="{number}"/>'.encode()))


def _into_drawing(parts: OfficeParts, name: bytes, wish: Wish, box: Box, at: tuple[int, int]) -> None:
    drawing = parts.xml(name)
    if any(_is_ours(drawing, e, wish.words, at) for e in drawing.named("cNvPr")):
        return
    ids = [int(e.attributes["id"]) for e in drawing.named("cNvPr") if e.attributes.get("id", "").isdigit()]
    tag, declared = tag_of(drawing.root)
    anchor = _anchor(parts, wish, box, at, tag, declared, max(ids, default=1) + 1)
    parts.edit(name, drawing, drawing.inserting(drawing.root, anchor, room=0))


def _is_ours(drawing: XmlPart, named: Element, words: str, at: tuple[int, int]) -> bool:
    shape = named.parent.parent if named.parent is not None else None
    anchor = shape.parent if shape is not None else None
    if named.attributes.get("name") != NAME or shape is None or anchor is None or text_in(drawing, shape) != words:
        return False
    place = {e.name: e.text for e in inside(drawing, anchor) if e.name in ("col", "row")}
    return (place.get("col"), place.get("row")) == (str(at[0]), str(at[1]))


def _anchor(
    parts: OfficeParts, wish: Wish, box: Box, at: tuple[int, int], tag: str, declared: str, number: int
) -> bytes:
    t = tag
    head = (
        f'<{t}oneCellAnchor{declared} xmlns:a="{DRAWING[parts.is_strict]}"><{t}from><{t}col>{at[0]}</{t}col>'
        f"<{t}colOff>{_OFFSET}</{t}colOff><{t}row>{at[1]}</{t}row><{t}rowOff>{_OFFSET // 3}</{t}rowOff></{t}from>"
        f'<{t}ext cx="{box.width}" cy="{box.height}"/><{t}sp macro="" textlink=""><{t}nvSpPr>'
        f'<{t}cNvPr id="{number}" name="{NAME}" descr="'
    )
    rest = f'"/><{t}cNvSpPr txBox="1"/></{t}nvSpPr>'
    tail = f'</{t}sp><{t}clientData fPrintsWithSheet="0"/></{t}oneCellAnchor>'
    return head.encode() + quoted(wish.words) + rest.encode() + body(wish, box, t) + tail.encode()
