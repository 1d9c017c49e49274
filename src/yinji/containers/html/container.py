"""HTML and XHTML: the label is ``<meta name="AIGC" content="…">`` in the head.

Neither GB 45438 nor a guide that is known names a place in HTML; this one is what others use. The value is written in
ASCII with character references, so that it reads the same in every encoding.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, NamedTuple

from yinji.containers.base import Example, Span
from yinji.containers.html.page import HEAD_TAGS, Page, decoded, read
from yinji.containers.html.scan import Token, tokens
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.text.binary import refuse_binary
from yinji.errors import UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity

_NAME: Final = "AIGC"
_PADDING: Final = 2048
"""Spaces behind the label for the next writer; a browser drops them in the head."""
_SIGNS: Final = (b"aigc", b"contentpro", b"produceid", b"c2pa", b"a\0i\0g\0c", b"\xff\xfe", b"\xfe\xff")
_COMMENT: Final = re.compile(r"<!--\s*AIGC\s*[:=]?\s*(\{.*\})\s*-->", re.DOTALL)
_GENERATOR: Final = re.compile(rb"""<meta\s[^<>]*name\s*=\s*["']?(?:generator)\b[^<>]*>""", re.IGNORECASE)
_LOOKED_AT: Final = 1 << 16
_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|meta|title)\b", re.IGNORECASE)


class _Place(NamedTuple):
    """A label in the text.

    Attributes:
        key, value: Name and content.
        start, stop: Its tag or comment, with the spaces behind it.
        carrier: ``html-meta`` or ``html-comment``.
        is_late: Whether it stands behind the head.
    """

    key: str
    value: str
    start: int
    stop: int
    carrier: str
    is_late: bool


class Html:
    """Web pages."""

    name: ClassVar[str] = "html"
    media_type: ClassVar[str] = "text/html"
    kind: ClassVar[Kind] = Kind.TEXT
    extensions: ClassVar[tuple[str, ...]] = ("html", "htm", "xhtml", "xht")
    carrier: ClassVar[str] = "html-meta"
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if _START.match(head):
            return 60
        return 10 if extension in self.extensions else 0

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields labels in meta elements and comments, the generator, and links to C2PA manifests.

        Raises:
            LimitExceeded: The page is longer than one allocation may be.
            Malformed: It is no text.
        """
        data = read(source)
        page = decoded(data)
        yield from self._said(source, data, page)
        refuse_binary(data, source.name, "" if page.codec == "latin-1" else page.codec)

    def _said(self, source: Source, data: bytes, page: Page) -> Iterator[Block]:
        if generator := _GENERATOR.search(data, 0, _LOOKED_AT):
            yield from _generator(page, data, generator)
        folded = data.lower()
        if not any(sign in folded for sign in _SIGNS):
            return
        walked = list(_walked(page, source))
        for place in _places(page, walked):
            problems = (Problem("html-body", Severity.WARNING),) if place.is_late else ()
            start, stop = page.offset(place.start), page.offset(place.stop)
            yield Block(place.carrier, place.key, place.value, start, stop, problems)
        for token in walked:
            if _is_manifest(token):
                yield Block("c2pa", token.name, b"", page.offset(token.start), page.offset(token.stop))

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the element: over the first that stands in the head, or behind the declaration of the encoding.

        Raises:
            UnsupportedFormat: An XHTML page without a head.
            LimitExceeded: The page is longer than one allocation may be.
        """
        page = decoded(read(source))
        walked = list(_walked(page, source))
        places = _places(page, walked)
        target = next((p for p in places if p.carrier == self.carrier and not p.is_late), None)
        new = f'<meta name="{_NAME}" content="{_ascii(label.to_json())}"{" /" if page.is_xml else ""}>'
        edits = [(place.start, place.stop, "") for place in places if place is not target]
        if target is None:
            at = _insertion(page, walked, source)
            edits.append((at, at, new + " " * _PADDING))
        else:
            room = target.stop - target.start - len(new)
            edits.append((target.start, target.stop, new + " " * (room if room >= 0 else _PADDING)))
        return Splice.of(edit for a, b, text in edits for edit in page.edits(a, b, text))

    def media(self, source: Source) -> Iterator[Span]:
        """Yields everything but labels; other meta elements can change what a page shows, and so are part of it."""
        page = decoded(read(source))
        at = 0
        for place in _places(page, list(_walked(page, source))):
            if place.start > at:
                yield Span(page.offset(at), page.offset(place.start))
            at = place.stop
        if page.offset(at) < source.size:
            yield Span(page.offset(at), source.size)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a page, one in Chinese characters of another encoding, one in UTF-16, XHTML, and a mere paragraph."""
        yield Example("page.html", _PAGE.format("utf-8").encode())
        yield Example("gbk.htm", _PAGE.format("gbk").encode("gbk"))
        yield Example("wide.html", codecs.BOM_UTF16_LE + _PAGE.format("utf-16").encode("utf-16-le"))
        yield Example("strict.xhtml", _XHTML.encode())
        yield Example("paragraph.html", b"<p>A paragraph.</p>\n")


_PAGE: Final = (
    '<!DOCTYPE html>\n<html lang="zh">\n<head>\n<meta charset="{}">\n<meta name="generator" content="Yinji example">\n'
    "<title>一页 &lt;meta&gt;</title>\n<script>var text = '<meta name=\"x\">';</script>\n</head>\n"
    "<body><!-- a comment --><p>一段文字</p></body>\n</html>\n"
)
_XHTML: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml">\n'
    "<head><title>一页</title></head>\n<body><p><![CDATA[<meta>]]></p></body>\n</html>\n"
)


def _generator(page: Page, data: bytes, found: re.Match[bytes]) -> Iterator[Block]:
    token = next(tokens(found[0].decode("latin-1"), is_xml=False), None)
    if token is not None and page.codec == "latin-1":
        value = page.value(token.attributes.get("content", ""))
        if not looks_like_label(value):
            yield Block("html-generator", "generator", value, found.start(), found.end())


def _walked(page: Page, source: Source) -> Iterator[Token]:
    for token in tokens(page.text, is_xml=page.is_xml):
        if token.name in ("meta", "link", "script"):
            source.element()
        yield token


def _places(page: Page, walked: list[Token]) -> list[_Place]:
    """Returns all labels, in the order of the text."""
    found = []
    is_late = False
    for token in walked:
        is_late = is_late or (token.kind == "close" and token.name == "head")
        is_late = is_late or (token.kind == "open" and token.name not in HEAD_TAGS)
        if token.kind == "open" and token.name == "meta":
            key = page.value(token.attributes.get("name", token.attributes.get("property", "")))
            value = page.value(token.attributes.get("content", ""))
            if key.strip().upper() == _NAME or looks_like_label(value):
                found.append(_Place(key.strip(), value, token.start, _room(page, token), "html-meta", is_late))
        elif token.kind == "comment" and (match := _COMMENT.fullmatch(page.text, token.start, token.stop)):
            found.append(_Place(_NAME, page.value(match[1]), token.start, _room(page, token), "html-comment", is_late))
    return found


def _room(page: Page, token: Token) -> int:
    """Returns the end of the spaces behind a label. Line feeds are not counted: they are the page's own."""
    at = token.stop
    while page.text[at : at + 64] == " " * 64:
        at += 64
    while page.text[at : at + 1] == " ":
        at += 1
    return at


def _insertion(page: Page, walked: list[Token], source: Source) -> int:
    """Returns where a new label goes: behind the start of the head, and behind the declaration of the encoding.

    Browsers look for that declaration in the first 1,024 bytes only, so nothing long may stand in front of it.

    Raises:
        UnsupportedFormat: An XHTML page without a head.
    """
    at = 0
    head = None
    for token in walked:
        if token.kind == "close" and token.name in ("head", "html", "body"):
            break
        if token.kind == "open" and token.name not in HEAD_TAGS:
            break
        if token.name in ("html", "head") or (token.kind == "other" and head is None and _is_blank(page, at, token)):
            head = token if token.name == "head" else head
            at = token.stop
        elif token.name == "meta" and _declares_encoding(token) and (head or not page.is_xml):
            at = token.stop
    if page.is_xml and head is None:
        raise UnsupportedFormat("html-no-head", path=source.name)
    return _room(page, Token("", "", at, at, {}))


def _is_blank(page: Page, at: int, token: Token) -> bool:
    return not page.text[at : token.start].strip()


def _declares_encoding(token: Token) -> bool:
    return "charset" in token.attributes or token.attributes.get("http-equiv", "").lower() == "content-type"


def _is_manifest(token: Token) -> bool:
    """Whether a page names or holds a C2PA manifest (C2PA 2.1, A.6)."""
    own = token.attributes
    if token.kind != "open":
        return False
    is_link = token.name == "link" and "c2pa-manifest" in own.get("rel", "").lower().split()
    return is_link or (token.name == "script" and own.get("type", "").lower() == "application/c2pa")


def _ascii(json: str) -> str:
    """Returns the value with references for everything but plain ASCII."""
    return html.escape(json, quote=True).replace("&#x27;", "'").encode("ascii", "xmlcharrefreplace").decode()
