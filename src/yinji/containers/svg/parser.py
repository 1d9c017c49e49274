"""The one pass over an SVG file: expat tells where metadata stands, nothing is expanded and nothing fetched.

A document type declaration is accepted where it only names a DTD, as SVG 1.1 files commonly do; the DTD is never
fetched. One with an internal subset, where entities are declared, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from yinji.containers import embedded
from yinji.containers.source import Source
from yinji.containers.svg.document import Document, Element, Encoding, Improvised, Packet
from yinji.containers.xml_parsing import ATTRIBUTE, names, namespaced, tag_end
from yinji.errors import LimitExceeded, Malformed, UnreadableInput
from yinji.labels.decode import looks_like_label

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP_META: Final = "adobe:ns:meta/"
_C2PA: Final = "http://c2pa.org/manifest"
_DESCRIPTIVE: Final = ("title", "desc", "metadata")
_ENCODING: Final = re.compile(rb"<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_CODECS: Final = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8"),
    **dict.fromkeys(("us-ascii", "ascii"), "ascii"),
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1"), "latin-1"),
}
"""Python's name of a declared encoding. Illustrator declares ISO-8859-1, and so do the icons of many collections."""
_PIECE: Final = 1 << 18
_MAX_ELEMENTS: Final = 1_000_000
_MAX_DEPTH: Final = 512
_CLOCK: Final = 0x3F
NAME: Final = "AIGC"


class _Enough(Exception):
    """A quick reading has seen its label."""


def parse(source: Source, *, quick: bool = False) -> Document:
    """Reads a file; what is wrong with it is kept in ``damage``, beside what was found in front of that.

    Args:
        source: The file.
        quick: Stop behind the first packet that can hold a label.

    Raises:
        LimitExceeded: It is longer than one allocation may be.
        UnreadableInput: Its encoding is none that is read here.
    """
    if source.size > source.limits.one_read:
        raise LimitExceeded("text-too-long", path=source.name, size=source.size, limit=source.limits.one_read)
    encoding = _encoding(source)
    parser = _Parser(source, Document(encoding), quick=quick)
    return parser.run(_pieces(source, encoding))


def _encoding(source: Source) -> Encoding:
    head = source.head
    if head.startswith((b"\xff\xfe", b"<\0")):
        return Encoding("utf-16-le", 2 if head[0] == 0xFF else 0)
    if head.startswith((b"\xfe\xff", b"\0<")):
        return Encoding("utf-16-be", 2 if head[0] == 0xFE else 0)
    mark = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    declared = _ENCODING.match(head, mark)
    name = declared[1].decode().lower() if declared else "utf-8"
    codec = _CODECS.get(name)
    if codec is None:
        raise UnreadableInput("svg-encoding", path=source.name, encoding=name)
    return Encoding(codec, mark)


def _pieces(source: Source, encoding: Encoding) -> Iterator[bytes]:
    if not encoding.is_utf8:
        raw = source.read(encoding.mark, source.size - encoding.mark)
        try:
            yield raw.decode(encoding.codec).encode()
        except UnicodeDecodeError as error:
            yield raw[: error.start].decode(encoding.codec).encode()
            raise Malformed("svg-not-xml", path=source.name, reason="invalid UTF-16") from None
        return
    yield source.head[encoding.mark :]
    for at in range(len(source.head), source.size, _PIECE):
        yield source.read_up_to(at, _PIECE)


class _Parser:
    """One expat run over a file."""

    def __init__(self, source: Source, document: Document, *, quick: bool) -> None:
        self._source, self._document, self._quick = source, document, quick
        self._depth = self._elements = 0
        self._scopes: list[tuple[int, dict[str, str]]] = [(0, {})]
        self._declared: dict[str, str] = {}
        self._open: list[Element] = []
        self._packet: Packet | None = None
        self._begun = self._ended = -1
        self._leading = True
        self._expat = parser = namespaced(doctype=self._doctype, start=self._start, end=self._end)
        parser.StartNamespaceDeclHandler = self._namespace
        parser.CommentHandler = self._comment
        parser.ProcessingInstructionHandler = self._instruction

    def run(self, pieces: Iterator[bytes]) -> Document:
        document = self._document
        try:
            for piece in pieces:
                document.text += piece
                self._expat.Parse(piece, False)
            self._expat.Parse(b"", True)
        except _Enough:
            return document
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            document.damage = Malformed("svg-not-xml", path=self._source.name, reason=reason)
            self._behind()
        except UnreadableInput as error:
            document.damage = error
        self._quick = False
        self._close_packet()
        return document

    def _doctype(self, name: str, system: str | None, public: str | None, has_internal_subset: int) -> None:
        if has_internal_subset:
            raise UnreadableInput("svg-internal-subset", path=self._source.name)

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        self._declared[prefix or ""] = uri or ""

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._elements > _MAX_ELEMENTS or self._depth > _MAX_DEPTH:
            code = "too-deep" if self._depth > _MAX_DEPTH else "too-many-elements"
            raise LimitExceeded(code, path=self._source.name, limit=_MAX_DEPTH if code == "too-deep" else _MAX_ELEMENTS)
        if not self._elements & _CLOCK:
            self._source.element()
        if self._declared:
            self._scopes.append((self._depth, self._scopes[-1][1] | self._declared))
            self._declared = {}
        if self._packet is not None:
            return
        uri, name, prefix = names(tag)
        if self._depth == 2 and name not in ("title", "desc"):
            self._leading = False
        if self._ended >= 0:
            self._close_packet()
        element = Element(prefix, name, self._expat.CurrentByteIndex, self._depth, self._scopes[-1][1])
        if self._depth == 1:
            if name != "svg":
                raise Malformed("svg-no-root", path=self._source.name, name=name)
            self._document.root = element
        for key, value in attributes.items():
            if NAME in key.upper() and names(key)[1].upper() in (NAME, f"DATA-{NAME}"):
                self._attribute(element, key, value)
        if (uri, name) == (_RDF, "RDF") or (uri == _XMP_META and name in ("xmpmeta", "xapmeta")):
            self._packet = Packet(self._begun if self._begun >= 0 else element.start, element)
            self._expat.CharacterDataHandler = None
        self._begun = -1
        if self._packet or self._depth == 1 or name in _DESCRIPTIVE or name.upper() == NAME or uri == _C2PA:
            self._open.append(element)
            if not self._packet and self._depth > 1:
                self._expat.CharacterDataHandler = self._text

    def _attribute(self, element: Element, key: str, value: str) -> None:
        name = names(key)[1]
        at = element.start + 1
        text = self._document.text
        while text[at] not in b" \t\r\n/>":
            at += 1
        while match := ATTRIBUTE.match(text, at):
            if match[1].rpartition(b":")[2] == name.encode():
                item = Improvised("svg-attribute", name, value.strip(), match.start(), match.end())
                self._document.improvised.append(item)
                return
            at = match.end()

    def _text(self, data: str) -> None:
        self._open[-1].parts.append(data)

    def _end(self, tag: str) -> None:
        if self._depth == self._scopes[-1][0]:
            self._scopes.pop()
        if self._open and self._open[-1].depth == self._depth:
            self._finish(self._open.pop(), tag)
        elif self._ended >= 0 and self._packet is None:
            self._close_packet()
        self._depth -= 1

    def _finish(self, element: Element, tag: str) -> None:
        document, text = self._document, self._document.text
        element.inner = tag_end(text, element.start)
        element.close = element.stop = element.inner
        if text[element.inner - 2 : element.inner] != b"/>":
            element.close = self._expat.CurrentByteIndex
            element.stop = text.index(b">", element.close) + 1
        if self._packet is not None and element is self._packet.element:
            self._packet.stop = self._ended = element.stop
            document.packets.append(self._packet)
            self._packet = None
        else:
            self._close_packet()
            self._note(element, names(tag)[0])
        if self._open and self._open[-1].depth > 1:
            self._expat.CharacterDataHandler = self._text
        else:
            self._expat.CharacterDataHandler = None

    def _note(self, element: Element, uri: str) -> None:
        document = self._document
        if uri == _C2PA:
            document.credentials.append(element)
        elif element.name == "metadata" and element.depth == 2:
            document.metadata.append(element)
        elif element.depth == 2 and self._leading:
            document.place = element.stop
        value = "".join(element.parts).strip()
        if element.name.upper() == NAME and element.depth > 1:
            document.improvised.append(Improvised("svg-text", element.name, value, element.start, element.stop))
        elif looks_like_label(value):
            raw = bytes(document.text[element.inner : element.close])
            found = next(embedded.find(raw), None)
            is_alone = value[:1] == "{" and value[-1:] == "}" and b"<" not in raw
            start, stop = (element.inner, element.close) if is_alone else (0, 0)
            if not is_alone and found is not None:
                start, stop = element.inner + found.start, element.inner + found.stop
            text = value if is_alone or found is None else found.text
            document.improvised.append(Improvised("svg-text", element.name, text, start, stop))

    def _comment(self, data: str) -> None:
        if self._packet is not None or not looks_like_label(data):
            return
        at = self._expat.CurrentByteIndex
        text = self._document.text
        for item in embedded.find(bytes(text[at : text.index(b"-->", at)])):
            found = Improvised("svg-comment", item.key, item.text, at + item.start, at + item.stop)
            self._document.improvised.append(found)

    def _instruction(self, target: str, data: str) -> None:
        if target != "xpacket" or self._packet is not None:
            return
        at = self._expat.CurrentByteIndex
        if data.lstrip().startswith("begin"):
            self._close_packet()
            self._begun = at
        elif self._ended >= 0:
            self._document.packets[-1].stop = self._document.text.index(b"?>", at) + 2
            self._ended = -1
            self._check_enough()

    def _close_packet(self) -> None:
        """Gives a packet without instructions the space behind it, which is its padding."""
        if self._ended < 0:
            return
        text, packet = self._document.text, self._document.packets[-1]
        if packet.start == packet.element.start:
            while packet.stop < len(text) and text[packet.stop] in b" \t\r\n":
                packet.stop += 1
        self._ended = -1
        self._check_enough()

    def _check_enough(self) -> None:
        packet = self._document.packets[-1]
        if self._quick and NAME.encode() in self._document.text[packet.start : packet.stop]:
            raise _Enough

    def _behind(self) -> None:
        """Looks for labels in what follows the root."""
        root = self._document.root
        if root is not None and root.stop:
            rest = bytes(self._document.text[root.stop :])
            for item in embedded.find(rest):
                if item.key or looks_like_label(item.text):
                    start, stop = root.stop + item.start, root.stop + item.stop
                    self._document.improvised.append(Improvised("svg-trailer", item.key, item.text, start, stop))
