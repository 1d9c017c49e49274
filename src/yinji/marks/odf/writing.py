"""What labels in OpenDocument files have in common: styles, headers and text boxes (ISO/IEC 26300-1)."""

from __future__ import annotations

import re
from typing import Final

from yinji.containers.zip.xml import Element, XmlPart, quoted
from yinji.marks.office.shapes import NAME, Box
from yinji.marks.parts import EDGE, GROUND, INK, Parts, Wish, children, inside

CONTENT: Final = b"content.xml"
STYLES: Final = b"styles.xml"
_OASIS: Final = "urn:oasis:names:tc:opendocument:xmlns:"
_SPACES: Final = "".join(
    f' xmlns:{prefix}="{_OASIS}{name}:1.0"'
    for prefix, name in (
        *(("text", "text"), ("style", "style"), ("draw", "drawing"), ("office", "office"), ("table", "table")),
        *(("fo", "xsl-fo-compatible"), ("svg", "svg-compatible"), ("presentation", "presentation")),
    )
)
_LINE: Final = "YinjiLabel"
_FRAME: Final = "YinjiLabelFrame"
_EMU: Final = {"cm": 360_000, "mm": 36_000, "in": 914_400, "pt": 12_700, "pc": 152_400, "inch": 914_400}
_LENGTH: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)(cm|mm|in|inch|pt|pc)")
_BEHIND_SHAPES: Final = frozenset(("par", "seq", "animations", "notes"))
_HIDDEN: Final = re.compile(rb"""(\s[\w.-]*:?display\s*=\s*)(["'])false\2""")


def emu(length: str) -> int | None:
    """Returns a length in EMU, or None where it is none."""
    found = _LENGTH.fullmatch(length.strip())
    return round(float(found[1]) * _EMU[found[2]]) if found else None


def into_headers(parts: Parts, wish: Wish, kind: str) -> int:
    """Puts the words into the header (or footer) of every master page; says how many those are.

    Raises:
        Malformed: The styles are broken.
    """
    count = len(list(parts.xml(STYLES).named("master-page")))
    for number in range(count):
        part = parts.xml(STYLES)
        page = list(part.named("master-page"))[number]
        there = [e for e in part.children(page) if e.name in (kind, f"{kind}-left", f"{kind}-first")]
        edits: list[tuple[int, int, bytes]] = []
        if not any(e.name == kind for e in there):
            new = f"<style:{kind}{_SPACES}>".encode() + line(wish, "") + f"</style:{kind}>".encode()
            edits.append(_first_child(part, page, new) if kind == "header" else _footer(part, page, new))
        for element in there:
            edits += _into_header(part, element, wish)
        if edits:
            parts.edit(STYLES, part, *edits)
            with_styles(parts, STYLES, wish)
    return count


def _into_header(part: XmlPart, element: Element, wish: Wish) -> list[tuple[int, int, bytes]]:
    edits = []
    opened = part.opened(element)
    tag = part.text[element.start : opened]
    if (hidden := _HIDDEN.search(tag)) is not None:
        at = element.start + hidden.start()
        edits.append((at, at + len(hidden[0]), hidden[1] + hidden[2] + b"true" + hidden[2]))
    if not any(said(e) == wish.words for e in inside(part, element) if e.name == "p"):
        if part.is_empty(element):
            name = f"{element.tag}{element.name}".encode()
            return [*edits, (opened - 2, opened, b">" + line(wish) + b"</" + name + b">")]
        edits.append((opened, opened, line(wish)))
    return edits


def said(paragraph: Element) -> str:
    """Returns the text of a paragraph that has no elements in it."""
    return " ".join("".join(paragraph.parts).split())


def _first_child(part: XmlPart, parent: Element, new: bytes) -> tuple[int, int, bytes]:
    if part.is_empty(parent):
        return part.inserting(parent, new, room=0)
    at = part.opened(parent)
    return at, at, new


def _footer(part: XmlPart, page: Element, new: bytes) -> tuple[int, int, bytes]:
    """A footer stands behind the headers and in front of everything else."""
    later = next((e for e in part.children(page) if not e.name.startswith("header")), None)
    return (later.start, later.start, new) if later is not None else part.inserting(page, new, room=0)


def line(wish: Wish, spaces: str = _SPACES) -> bytes:
    """Returns a paragraph that says the words."""
    return f'<text:p{spaces} text:style-name="{_LINE}">'.encode() + quoted(wish.words) + b"</text:p>"


def with_styles(parts: Parts, name: bytes, wish: Wish, *, printed: bool = True) -> None:
    """Adds the styles of our paragraphs and boxes, which need not be printed, to the automatic ones of a part, once."""
    part = parts.xml(name)
    if any(e.attributes.get("name") == _LINE and e.name == "style" for e in part.elements):
        return
    align = "end" if wish.corner else "center"
    styles = (
        f'<style:style{_SPACES} style:name="{_LINE}" style:family="paragraph"><style:paragraph-properties '
        f'fo:text-align="{align}" fo:margin-top="0cm" fo:margin-bottom="0cm" fo:text-indent="0cm"/>'
        f'<style:text-properties fo:color="#{INK}" fo:background-color="#{GROUND}" fo:font-size="10.5pt" '
        'style:font-size-asian="10.5pt" fo:font-weight="normal" text:display="true"/></style:style>'
        f'<style:style{_SPACES} style:name="{_FRAME}" style:family="graphic"><style:graphic-properties '
        f'draw:stroke="solid" svg:stroke-color="#{EDGE}" svg:stroke-width="0.02cm" draw:fill="solid" '
        f'draw:fill-color="#{GROUND}" draw:textarea-vertical-align="middle" draw:textarea-horizontal-align="center" '
        'draw:auto-grow-width="false" draw:auto-grow-height="false" fo:padding="0.05cm" fo:wrap-option="no-wrap" '
        f'style:print-content="{str(printed).lower()}"/>'
        "</style:style>"
    ).encode()
    holder = next((e for e in part.children(part.root) if e.name == "automatic-styles"), None)
    if holder is not None:
        parts.edit(name, part, part.inserting(holder, styles, room=0))
        return
    wrapped = f"<office:automatic-styles{_SPACES}>".encode() + styles + b"</office:automatic-styles>"
    behind = next((e for e in part.children(part.root) if e.name in ("master-styles", "body")), None)
    if behind is None:
        raise part.broken("automatic-styles")
    parts.edit(name, part, (behind.start, behind.start, wrapped))


def frame(wish: Wish, box: Box) -> bytes:
    """Returns a text box of one line, with its own size of type."""
    x, y, width, height = (f"{edge / 360_000:.3f}cm" for edge in box[:4])
    run = (
        f'<draw:frame{_SPACES} draw:name="{NAME}" draw:style-name="{_FRAME}" draw:layer="layout" svg:x="{x}" '
        f'svg:y="{y}" svg:width="{width}" svg:height="{height}"><draw:text-box><text:p text:style-name="{_LINE}">'
        f'<text:span text:style-name="{_LINE}{round(box.size * 10)}">'
    )
    return run.encode() + quoted(wish.words) + b"</text:span></text:p></draw:text-box></draw:frame>"


def with_size(parts: Parts, name: bytes, box: Box) -> None:
    """Adds the style of a size of type to a part, once. The words of :func:`frame` refer to it."""
    part = parts.xml(name)
    wanted = f"{_LINE}{round(box.size * 10)}"
    holder = next((e for e in part.children(part.root) if e.name == "automatic-styles"), None)
    if holder is None or any(e.attributes.get("name") == wanted for e in part.elements if e.name == "style"):
        return
    size = f"{box.size:.1f}pt"
    style = (
        f'<style:style{_SPACES} style:name="{wanted}" style:family="text"><style:text-properties fo:font-size="{size}" '
        f'style:font-size-asian="{size}" fo:color="#{INK}"/></style:style>'
    )
    parts.edit(name, part, part.inserting(holder, style.encode(), room=0))


def frames(part: XmlPart, parent: Element, words: str) -> list[tuple[int, int, int, int]]:
    """Returns left, top, right and bottom, in EMU, of the boxes of ours in an element that say the words."""
    found = []
    for element in children(part, parent):
        if element.name != "frame" or element.attributes.get("name") != NAME:
            continue
        told = [emu(element.attributes.get(key, "")) for key in ("x", "y", "width", "height")]
        text = " ".join("".join("".join(e.parts) for e in inside(part, element) if e.name == "span").split())
        if text == words and None not in told:
            x, y, width, height = (length or 0 for length in told)
            found.append((x, y, x + width, y + height))
    return found


def behind_shapes(part: XmlPart, page: Element, new: bytes) -> tuple[int, int, bytes]:
    """Returns the edit that puts a shape on top of the others of a page."""
    later = next((e for e in children(part, page) if e.name in _BEHIND_SHAPES), None)
    return (later.start, later.start, new) if later is not None else part.inserting(page, new, room=0)
