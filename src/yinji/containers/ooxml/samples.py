"""Small Office documents, built by the code itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.base import Example
from yinji.containers.zip.document import packed

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/"
_STRICT: Final = "http://purl.oclc.org/ooxml/officeDocument/"
_TYPE: Final = "application/vnd.openxmlformats-officedocument."


class _Main(NamedTuple):
    """The main part of one kind of document: its place, content type and content, and the part that it shows.

    ``{}`` is the namespace of the kind, ``{r}`` that of relationships.
    """

    part: str
    type: str
    content: str
    group: str
    shown: tuple[str, str, str, str] | None = None
    """Place, last word of the relationship's type, content type, and content."""


_MAIN: Final = {
    "docx": _Main(
        "word/document.xml",
        "wordprocessingml.document.main+xml",
        '<w:document xmlns:w="{}"><w:body><w:p><w:r><w:t>一段文字 A paragraph</w:t></w:r></w:p></w:body></w:document>',
        "wordprocessingml",
    ),
    "xlsx": _Main(
        "xl/workbook.xml",
        "spreadsheetml.sheet.main+xml",
        '<workbook xmlns="{}" xmlns:r="{r}"><sheets><sheet name="表" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "spreadsheetml",
        (
            "xl/worksheets/sheet1.xml",
            "worksheet",
            "spreadsheetml.worksheet+xml",
            '<worksheet xmlns="{}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData></worksheet>',
        ),
    ),
    "pptx": _Main(
        "ppt/presentation.xml",
        "presentationml.presentation.main+xml",
        '<p:presentation xmlns:p="{}" xmlns:r="{r}"><p:sldIdLst><p:sldId id="256" r:id="rId1"/></p:sldIdLst>'
        '<p:notesSz cx="1" cy="1"/></p:presentation>',
        "presentationml",
        (
            "ppt/slides/slide1.xml",
            "slide",
            "presentationml.slide+xml",
            '<p:sld xmlns:p="{}"><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/>'
            "</p:nvGrpSpPr><p:grpSpPr/></p:spTree></p:cSld></p:sld>",
        ),
    ),
}


def examples(kind: str) -> Iterator[Example]:
    """Yields the documents of one kind: bare, with properties, and strict."""
    yield Example(f"bare.{kind}", _document(_MAIN[kind]))
    yield Example(f"properties.{kind}", _document(_MAIN[kind], properties=True))
    yield Example(f"strict.{kind}", _document(_MAIN[kind], strict=True))


def _document(main: _Main, *, properties: bool = False, strict: bool = False) -> bytes:
    base = _STRICT if strict else _OFFICE
    space = f"{_STRICT}{main.group}/main" if strict else f"http://schemas.openxmlformats.org/{main.group}/2006/main"
    related = [(f"{base}relationships/officeDocument", main.part)]
    types = [(main.part, _TYPE + main.type)]
    parts = [(main.part, _HEAD + main.content.format(space, r=f"{base}relationships"))]
    if main.shown is not None:
        place, word, type, content = main.shown
        folder, _, name = main.part.rpartition("/")
        types.append((place, _TYPE + type))
        parts.append((place, _HEAD + content.format(space)))
        parts.append((f"{folder}/_rels/{name}.rels", _relationships([(f"{base}relationships/{word}", f"/{place}")])))
    if properties:
        related.append((f"{base}relationships/extended-properties", "docProps/app.xml"))
        related.append((f"{base}relationships/custom-properties", "/docProps/custom.xml"))
        types.append(("docProps/app.xml", _TYPE + "extended-properties+xml"))
        types.append(("docProps/custom.xml", _TYPE + "custom-properties+xml"))
        parts += [("docProps/app.xml", _APP), ("docProps/custom.xml", _CUSTOM)]
    return packed([("[Content_Types].xml", _types(types)), ("_rels/.rels", _relationships(related)), *parts])


def _types(types: list[tuple[str, str]]) -> str:
    rows = "".join(f'<Override PartName="/{part}" ContentType="{type}"/>' for part, type in types)
    default = f'<Default Extension="rels" ContentType="{_TYPE[: -len("officedocument.")]}package.relationships+xml"/>'
    xml = '<Default Extension="xml" ContentType="application/xml"/>'
    return f'{_HEAD}<Types xmlns="{_PACKAGE}content-types">{default}{xml}{rows}</Types>'


def _relationships(related: list[tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{type}" Target="{target}"/>'
        for number, (type, target) in enumerate(related, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}relationships">{rows}</Relationships>'


_APP: Final = (
    f'{_HEAD}<Properties xmlns="{_OFFICE}extended-properties"><Application>Yinji example</Application>'
    "<TotalTime>1</TotalTime></Properties>"
)
_CUSTOM: Final = (
    f'{_HEAD}<Properties xmlns="{_OFFICE}custom-properties" xmlns:vt="{_OFFICE}docPropsVTypes">'
    '<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" name="Project"><vt:lpwstr>项目 A</vt:lpwstr>'
    '</property><property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="7" name="Pages"><vt:i4>3</vt:i4>'
    "</property></Properties>"
)
