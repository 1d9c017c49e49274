"""The label in Word documents: a line in the header or the footer of every page, or the first line of the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from yinji.containers.zip.xml import Element, XmlPart, quoted
from yinji.errors import Malformed
from yinji.marks.office.package import OfficeParts, tag_of, text_in
from yinji.marks.parts import GROUND, INK, Wish

PLACES: Final = ("start", "end", "first-line")
_KINDS: Final = {"start": "header", "end": "footer"}
_ROOTS: Final = {"header": "hdr", "footer": "ftr"}
_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}+xml"
_HALF_POINTS: Final = 21


def put(parts: OfficeParts, wish: Wish) -> dict[str, Any]:
    """Puts the words into a document.

    Raises:
        Malformed: It is no Word document.
    """
    document = parts.xml(parts.main)
    body = next((e for e in document.elements if e.name == "body" and e.parent is document.root), None)
    if body is None:
        raise document.broken("body")
    if wish.place == "first-line":
        _first_line(parts, document, body, wish)
        return {"lines": 1}
    kind = _KINDS[wish.place]
    there = {target.id: target.part for target in parts.targets(parts.main) if target.type == kind}
    used = {
        there[number]
        for reference in document.named(f"{kind}Reference")
        if (number := reference.attributes.get("id", "")) in there
    }
    missing = _missing(parts, document, kind, there)
    for part in sorted(used):
        _into(parts, part, kind, wish)
    made = {type: _create(parts, document, kind, wish) for type in missing}
    edits = [
        *_named_first(parts, document, body, kind, made),
        *_named_again(parts, document, kind, made.get("first", "")),
    ]
    if edits:
        parts.edit(parts.main, document, *edits)
    return {f"{kind}s": len(used) + len(missing)}


def _missing(parts: OfficeParts, document: XmlPart, kind: str, there: dict[str, bytes]) -> list[str]:
    """Returns the types of header that some page uses and that the first section, whose others inherit, lacks."""
    sections = _sections(document)
    first = sections[0] if sections else None
    own = {
        reference.attributes.get("type", "default")
        for reference in document.named(f"{kind}Reference")
        if first is not None and reference.parent is first and reference.attributes.get("id", "") in there
    }
    wanted = ["default"]
    if any(_is_on(element) for element in document.named("titlePg")):
        wanted.append("first")
    settings = next((t.part for t in parts.targets(parts.main) if t.type == "settings"), None)
    if (
        settings is not None
        and settings in parts
        and any(_is_on(e) for e in parts.xml(settings).named("evenAndOddHeaders"))
    ):
        wanted.append("even")
    return [type for type in wanted if type not in own]


def _sections(document: XmlPart) -> list[Element]:
    """Returns the properties of the sections in order, those that a tracked change keeps of old ones aside."""
    return [e for e in document.named("sectPr") if e.parent is not None and e.parent.name in ("pPr", "body")]


def _is_on(element: Element) -> bool:
    return element.attributes.get("val", "1") not in ("0", "false", "off")


def _create(parts: OfficeParts, document: XmlPart, kind: str, wish: Wish) -> str:
    """Adds a header that holds the words; returns its relationship."""
    name = parts.free_name(f"word/{kind}{{}}.xml")
    root = f'<w:{_ROOTS[kind]} xmlns:w="{document.root.uri}">'
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    data = head.encode() + root.encode() + _paragraph(wish, "w:", "") + f"</w:{_ROOTS[kind]}>".encode()
    parts.add(name, data, _TYPE.format(kind))
    return parts.relate(parts.main, kind, name)


def _named_first(
    parts: OfficeParts, document: XmlPart, body: Element, kind: str, made: dict[str, str]
) -> Iterator[tuple[int, int, bytes]]:
    """Names new headers in the properties of the first section."""
    if not made:
        return
    tag, declared = tag_of(document.root)
    references = b"".join(_reference(parts, document, kind, type, number) for type, number in made.items())
    sections = _sections(document)
    if not sections:
        section = f"<{tag}sectPr{declared}>".encode() + references + f"</{tag}sectPr>".encode()
        yield document.inserting(body, section, room=0)
    elif document.is_empty(sections[0]):
        yield document.inserting(sections[0], references, room=0)
    else:
        at = document.opened(sections[0])
        yield at, at, references


def _named_again(parts: OfficeParts, document: XmlPart, kind: str, first: str) -> Iterator[tuple[int, int, bytes]]:
    """Names the header of first pages in each section that inherits it and has such a page.

    Word shows it there anyway (ISO/IEC 29500-1, 17.10.5); LibreOffice loses it behind a section without such a page.
    """
    named = {
        id(e.parent): e.attributes.get("id", "")
        for e in document.named(f"{kind}Reference")
        if e.attributes.get("type") == "first"
    }
    titled = {id(e.parent) for e in document.named("titlePg") if _is_on(e)}
    for number, section in enumerate(_sections(document)):
        if id(section) in named:
            first = named[id(section)]
        elif number and first and id(section) in titled:
            at = document.opened(section)
            yield at, at, _reference(parts, document, kind, "first", first)


def _reference(parts: OfficeParts, document: XmlPart, kind: str, type: str, number: str) -> bytes:
    """The element by which a section names a header or footer."""
    tag, declared = tag_of(document.root)
    prefix = document.prefix_of(parts.space)
    number_tag, number_declared = (prefix, "") if prefix else ("yjr", f' xmlns:yjr="{parts.space}"')
    return f'<{tag}{kind}Reference{declared}{number_declared} {tag}type="{type}" {number_tag}:id="{number}"/>'.encode()


def _into(parts: OfficeParts, name: bytes, kind: str, wish: Wish) -> None:
    """Puts the line first into a header, or last into a footer, unless it is there."""
    part = parts.xml(name)
    if part.root.name != _ROOTS[kind]:
        raise Malformed("zip-xml", path=parts.source.name, name=part.name, reason=part.root.name)
    lines = [e for e in part.children(part.root) if e.name == "p"]
    if any(text_in(part, line) == wish.words for line in lines):
        return
    line = _paragraph(wish, *tag_of(part.root))
    if kind == "header" and not part.is_empty(part.root):
        at = part.opened(part.root)
        parts.edit(name, part, (at, at, line))
    else:
        parts.edit(name, part, part.inserting(part.root, line, room=0))


def _first_line(parts: OfficeParts, document: XmlPart, body: Element, wish: Wish) -> None:
    first = next((e for e in document.children(body)), None)
    if first is not None and first.name == "p" and text_in(document, first) == wish.words:
        return
    line = _paragraph(wish, *tag_of(document.root))
    if document.is_empty(body):
        parts.edit(parts.main, document, document.inserting(body, line, room=0))
    else:
        at = document.opened(body)
        parts.edit(parts.main, document, (at, at, line))


def _paragraph(wish: Wish, tag: str, declared: str) -> bytes:
    """A paragraph that no style hides or colours: dark words on a light ground."""
    w = tag
    side = "right" if wish.corner else "center"
    language = f'<{w}lang {w}val="en-US" {w}eastAsia="zh-CN"/>'
    style = (
        f'<{w}b {w}val="0"/><{w}vanish {w}val="0"/><{w}color {w}val="{INK}"/><{w}sz {w}val="{_HALF_POINTS}"/>'
        f'<{w}szCs {w}val="{_HALF_POINTS}"/><{w}shd {w}val="clear" {w}color="auto" {w}fill="{GROUND}"/>{language}'
    )
    head = f'<{w}p{declared}><{w}pPr><{w}jc {w}val="{side}"/></{w}pPr><{w}r><{w}rPr>{style}</{w}rPr>'
    said = f'<{w}t xml:space="preserve">'.encode() + quoted(wish.words) + f"</{w}t></{w}r></{w}p>".encode()
    return head.encode() + said
