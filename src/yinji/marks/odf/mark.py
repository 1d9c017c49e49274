"""The label in OpenDocument files (GB 45438-2025 5.1): headers of texts and sheets, boxes on slides and sheets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final, TypeAlias

from yinji.containers.source import Source
from yinji.containers.zip.directory import Archive
from yinji.containers.zip.document import packed
from yinji.containers.zip.xml import Element, XmlPart
from yinji.errors import Encrypted
from yinji.marks.base import MarkExample
from yinji.marks.layout import PLACES as EDGES
from yinji.marks.odf import writing
from yinji.marks.odf.writing import CONTENT, STYLES
from yinji.marks.office.shapes import EMU, Box, placed, sized
from yinji.marks.parts import Parts, PartsMark, Wish, children, inside, refuse_signed
from yinji.marks.places import stands_at

_TYPE: Final = "application/vnd.oasis.opendocument."
_TABLE: Final = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_MANIFEST: Final = b"META-INF/manifest.xml"
_SIGNATURES: Final = b"META-INF/documentsignatures.xml"
_KINDS: Final = {"start": "header", "end": "footer"}
_CORNERS: Final = {"start": "top-right", "end": "bottom-right"}
_SLIDE: Final = (10_080_000, 5_670_000)
_COLUMN: Final = 812_800
_POINTS: Final = 12.0
_SHEET_POINTS: Final = 11.0
_MOST_COLUMNS: Final = 16_384
_BLOCKS: Final = frozenset(("p", "h", "list", "table", "section", "numbered-paragraph", "table-of-content"))
_IN_FRONT: Final = frozenset(("title", "desc", "table-source", "dde-source", "scenario", "forms"))


Edit: TypeAlias = tuple[int, int, bytes]
"""From where to where a part changes, and into what."""


class _OpenMark(PartsMark):
    """What all OpenDocument files share."""

    _body: ClassVar[str]
    _page: ClassVar[str]

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        (media_type,) = cls.media_types
        space = "urn:oasis:names:tc:opendocument:xmlns:"
        spaces = "".join(
            f' xmlns:{p}="{space}{n}:1.0"'
            for p, n in (
                ("office", "office"),
                ("text", "text"),
                ("draw", "drawing"),
                ("table", "table"),
                ("style", "style"),
            )
        )
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        content = (
            f'{head}<office:document-content{spaces} office:version="1.3"><office:body><office:{cls._body}>{cls._page}'
            f"</office:{cls._body}></office:body></office:document-content>"
        )
        styles = (
            f'{head}<office:document-styles{spaces} office:version="1.3"><office:automatic-styles>'
            '<style:page-layout style:name="L"/></office:automatic-styles><office:master-styles>'
            '<style:master-page style:name="Standard" style:page-layout-name="L"/></office:master-styles>'
            "</office:document-styles>"
        )
        rows = "".join(
            f'<m:file-entry m:full-path="{path}" m:media-type="{type}"/>'
            for path, type in (("/", media_type), ("content.xml", "text/xml"), ("styles.xml", "text/xml"))
        )
        manifest = f'{head}<m:manifest xmlns:m="{space}manifest:1.0">{rows}</m:manifest>'
        parts = [("content.xml", content), ("styles.xml", styles), (_MANIFEST.decode(), manifest)]
        yield MarkExample(cls.name, packed(parts, mimetype=media_type), media_type)

    def _opened(self, source: Source) -> Parts:
        parts = Parts(Archive.open(source))
        if _MANIFEST in parts:
            for element in parts.xml(_MANIFEST).named("encryption-data"):
                path = element.parent.attributes.get("full-path", "") if element.parent else ""
                raise Encrypted("odf-encrypted", path=source.name, name=path)
        refuse_signed(parts, _SIGNATURES if _SIGNATURES in parts else None)
        return parts


class OdtMark(_OpenMark):
    """Labels every page of a text in its header, or its footer, or the text in its first line."""

    name: ClassVar[str] = "odt"
    media_types: ClassVar[frozenset[str]] = frozenset({_TYPE + "text"})
    places: ClassVar[tuple[str, ...]] = ("start", "end", "first-line")
    _body: ClassVar[str] = "text"
    _page: ClassVar[str] = "<text:p>一段文字</text:p>"

    def _put(self, parts: Parts, wish: Wish, media_type: str) -> dict[str, Any]:
        if wish.place in _KINDS and STYLES in parts:
            pages = writing.into_headers(parts, wish, _KINDS[wish.place])
            if pages:
                return {f"{_KINDS[wish.place]}s": pages}
        part = parts.xml(CONTENT)
        body = next((e for e in part.elements if e.name == "text" and e.parent and e.parent.name == "body"), None)
        if body is None:
            raise part.broken("office:text")
        blocks = [e for e in part.children(body) if e.name in _BLOCKS]
        edge = blocks[-1:] if wish.place == "end" else blocks[:1]
        if edge and edge[0].name == "p" and writing.said(edge[0]) == wish.words:
            return {"lines": 1}
        new = writing.line(wish)
        if blocks and wish.place != "end":
            parts.edit(CONTENT, part, (blocks[0].start, blocks[0].start, new))
        else:
            parts.edit(CONTENT, part, part.inserting(body, new, room=0))
        writing.with_styles(parts, CONTENT, wish)
        return {"lines": 1}


class _DrawnMark(_OpenMark):
    """Labels every page of what is drawn."""

    places: ClassVar[tuple[str, ...]] = ("start", "end", *EDGES)

    def _put(self, parts: Parts, wish: Wish, media_type: str) -> dict[str, Any]:
        where = _CORNERS.get(wish.place, wish.place)
        sizes = _page_sizes(parts)
        part = parts.xml(CONTENT)
        pages = _pages(part)
        if not pages:
            raise part.broken("draw:page")
        edits, boxes = [], {}
        for page in pages:
            size = sizes.get(page.attributes.get("master-page-name", ""), _SLIDE)
            type_size = max(_POINTS * min(1.0, min(size) / _SLIDE[1]), min(size) / EMU * 0.026)
            box = placed(wish, *size, size=type_size, where=where)
            if not any(stands_at(where, there, size) for there in writing.frames(part, page, wish.words)):
                boxes[box.size] = box
                edits.append(writing.behind_shapes(part, page, writing.frame(wish, box)))
        _store(parts, part, edits, wish, list(boxes.values()))
        return {"pages": len(pages)} | ({"points": round(min(boxes), 1)} if boxes else {})


class OdpMark(_DrawnMark):
    """Labels every slide."""

    name: ClassVar[str] = "odp"
    media_types: ClassVar[frozenset[str]] = frozenset({_TYPE + "presentation"})
    _body: ClassVar[str] = "presentation"
    _page: ClassVar[str] = '<draw:page draw:name="1" draw:master-page-name="Standard"/>'


class OdgMark(_DrawnMark):
    """Labels every drawing."""

    name: ClassVar[str] = "odg"
    media_types: ClassVar[frozenset[str]] = frozenset({_TYPE + "graphics"})
    _body: ClassVar[str] = "drawing"
    _page: ClassVar[str] = '<draw:page draw:name="1" draw:master-page-name="Standard"/>'


class OdsMark(_OpenMark):
    """Labels every sheet: beside the data on the screen, and in the header of what is printed."""

    name: ClassVar[str] = "ods"
    media_types: ClassVar[frozenset[str]] = frozenset({_TYPE + "spreadsheet"})
    places: ClassVar[tuple[str, ...]] = ("start", "end")
    _body: ClassVar[str] = "spreadsheet"
    _page: ClassVar[str] = (
        '<table:table table:name="1"><table:table-row><table:table-cell/></table:table-row></table:table>'
    )

    def _put(self, parts: Parts, wish: Wish, media_type: str) -> dict[str, Any]:
        printed = writing.into_headers(parts, wish, _KINDS[wish.place]) if STYLES in parts else 0
        part = parts.xml(CONTENT)
        tables = [e for e in part.named("table") if e.parent is not None and e.parent.name == "spreadsheet"]
        if not tables:
            raise part.broken("table:table")
        width, height = sized(wish.words, _SHEET_POINTS)
        box = Box(0, EMU * 3, width, height, _SHEET_POINTS)
        edits = [edit for table in tables if (edit := _onto_sheet(part, table, wish, box)) is not None]
        _store(parts, part, edits, wish, [box], printed=False)
        return {"sheets": len(tables), "printed": printed}


def _store(
    parts: Parts,
    part: XmlPart,
    edits: list[tuple[int, int, bytes]],
    wish: Wish,
    boxes: list[Box],
    *,
    printed: bool = True,
) -> None:
    """Hands the content back with boxes in it, and their styles."""
    if edits:
        parts.edit(CONTENT, part, *edits)
        writing.with_styles(parts, CONTENT, wish, printed=printed)
        for box in boxes:
            writing.with_size(parts, CONTENT, box)


def _onto_sheet(part: XmlPart, table: Element, wish: Wish, box: Box) -> Edit | None:
    """Returns the edit that puts a box beside the data of a sheet, or None where it stands."""
    within = children(part, table)
    shapes = next((e for e in within if e.name == "shapes"), None)
    if shapes is not None and writing.frames(part, shapes, wish.words):
        return None
    new = writing.frame(wish, box._replace(x=_beside(part, table)))
    if shapes is not None:
        return part.inserting(shapes, new, room=0)
    wrapped = f'<table:shapes xmlns:table="{_TABLE}">'.encode() + new + b"</table:shapes>"
    later = next((e for e in within if e.name not in _IN_FRONT), None)
    return part.inserting(table, wrapped, room=0) if later is None else (later.start, later.start, wrapped)


def _beside(part: XmlPart, table: Element) -> int:
    """Returns where the first column begins that the data leave free, in EMU."""
    widths = {
        style.attributes.get("name", ""): writing.emu(e.attributes.get("column-width", ""))
        for e in part.named("table-column-properties")
        if (style := e.parent) is not None
    }
    used = column = 0
    left: list[tuple[int, int]] = []
    for element in inside(part, table):
        own = element.attributes
        count = int(n) if (n := own.get("number-columns-repeated", "1")).isdigit() and len(n) < 6 else 1
        if element.name == "table-row":
            column = 0
        elif element.name in ("table-cell", "covered-table-cell"):
            column += count
            if element.text or "value-type" in own:
                used = max(used, min(column, _MOST_COLUMNS))
        elif element.name == "table-column":
            left.append((count, widths.get(own.get("style-name", "")) or _COLUMN))
    at = 0
    for count, width in left:
        taken = min(count, used)
        at, used = at + taken * width, used - taken
    return at + used * _COLUMN + 8 * EMU


def _pages(part: XmlPart) -> list[Element]:
    bodies = ("presentation", "drawing")
    return [e for e in part.named("page") if e.parent is not None and e.parent.name in bodies]


def _page_sizes(parts: Parts) -> dict[str, tuple[int, int]]:
    """Returns width and height of the pages of each master, in EMU."""
    if STYLES not in parts:
        return {}
    part = parts.xml(STYLES)
    layouts = {}
    for properties in part.named("page-layout-properties"):
        told = [writing.emu(properties.attributes.get(key, "")) for key in ("page-width", "page-height")]
        if properties.parent is not None and told[0] and told[1]:
            layouts[properties.parent.attributes.get("name", "")] = (told[0], told[1])
    return {
        master.attributes.get("name", ""): layouts.get(master.attributes.get("page-layout-name", ""), _SLIDE)
        for master in part.named("master-page")
    }
