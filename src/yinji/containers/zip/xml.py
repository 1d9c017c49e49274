"""XML parts of documents: where their elements stand, so that one can be set and every other byte kept.

Parsing is expat's, with document type declarations refused. Parts in another encoding than UTF-8 are edited in UTF-8
and written back in their own.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from yinji.containers.source import Source
from yinji.containers.xml_parsing import names, namespaced
from yinji.containers.xml_text import escaped
from yinji.errors import Malformed

PADDING: Final = 2048
"""White space left behind the label for the next writer, so that a propagator's half fits without moving a byte."""

_DECLARED: Final = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_EIGHT_BIT: Final = ("ascii", "iso8859-1", "iso8859-15", "cp1251", "cp1252")
_EAST_ASIAN: Final = ("gb2312", "gbk", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr")
_ENCODINGS: Final = frozenset(("utf-8", "utf-16", *_EIGHT_BIT, *_EAST_ASIAN))
_TAG: Final = re.compile(rb"""<[^\s/>]+(?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*/?>""")
_SPACE: Final = re.compile(rb"[ \t\r\n]*")


@dataclass(slots=True, eq=False)
class Element:
    """One element.

    Attributes:
        uri, name, prefix: Its namespace, local name, and the prefix it is written with.
        attributes: Values under local names; of two that differ in the namespace only, the first.
        start, closing: Where its start tag and its end tag begin.
        parent: What it stands in.
        text: Its own characters, with those of elements in it.
    """

    uri: str
    name: str
    prefix: str
    attributes: dict[str, str]
    start: int
    parent: Element | None
    closing: int = 0
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.parts).strip()

    @property
    def tag(self) -> str:
        """The name with its prefix, as a sibling in the same namespace would be written."""
        return f"{self.prefix}:" if self.prefix else ""


class XmlPart:
    """One XML part, parsed.

    Attributes:
        text: The part in UTF-8, without a byte order mark.
        elements: All elements, in the order of their start tags.
    """

    def __init__(self, data: bytes, source: Source, name: str, *, until: str = "") -> None:
        """Parses a part.

        Args:
            data: The part.
            source: The file it is in, whose bounds count.
            name: Name of the part, for messages.
            until: Local name of an element behind which nothing is of interest.

        Raises:
            Malformed: Not well-formed, with a document type declaration, or in an unknown encoding.
            LimitExceeded: Too many or too deeply nested elements.
        """
        self.name: Final = name
        self._source: Final = source
        self.text, self._codec, self._mark = _as_utf8(data, source, name)
        self.elements: Final = _Parser(source, name, until).run(self.text)

    @property
    def root(self) -> Element:
        return self.elements[0]

    def named(self, name: str) -> Iterator[Element]:
        """Yields the elements of a local name, in any namespace."""
        return (element for element in self.elements if element.name == name)

    def children(self, parent: Element) -> Iterator[Element]:
        """Yields the elements that stand directly in another."""
        return (element for element in self.elements if element.parent is parent)

    def opened(self, element: Element) -> int:
        """Returns where the start tag ends."""
        tag = _TAG.match(self.text, element.start)
        if tag is None:
            raise self.broken("tag")
        return tag.end()

    def is_empty(self, element: Element) -> bool:
        """Whether it is written as one tag."""
        return self.text[: self.opened(element)].endswith(b"/>")

    def stop(self, element: Element) -> int:
        """Returns where the element ends."""
        if self.is_empty(element):
            return self.opened(element)
        return self.text.index(b">", element.closing) + 1

    def prefix_of(self, uri: str) -> str | None:
        """Returns the prefix that the root binds to a namespace, or None."""
        tag = self.text[self.root.start : self.opened(self.root)]
        for prefix, _, bound in re.findall(rb"""\sxmlns:([^\s=]+)\s*=\s*(["'])(.*?)\2""", tag):
            if bound == uri.encode():
                return str(prefix.decode())
        return None

    def removal(self, element: Element) -> tuple[int, int, bytes]:
        """Returns the edit that takes an element out, with the white space in front of it."""
        start = len(self.text[: element.start].rstrip(b" \t\r\n"))
        return start, self.stop(element), b""

    def emptying(self, element: Element) -> tuple[int, int, bytes]:
        """Returns the edit that leaves an element without content."""
        return self.opened(element), max(self.opened(element), element.closing), b""

    def replacing(self, element: Element, new: bytes, *, in_place: bool) -> tuple[int, int, bytes]:
        """Returns the edit that puts ``new`` where an element stands; growth comes out of the white space behind it.

        Args:
            element: What is replaced.
            new: What takes its place.
            in_place: Whether keeping the length is of use; without it the next writer is given fresh room.
        """
        stop = self.stop(element)
        space = _SPACE.match(self.text, stop)
        return element.start, *padded(self.text[element.start : stop], space[0] if space else b"", stop, new, in_place)

    def inserting(self, parent: Element, new: bytes, *, room: int = PADDING) -> tuple[int, int, bytes]:
        """Returns the edit that puts ``new``, with room behind it, at the end of an element."""
        new += b" " * room
        if not self.is_empty(parent):
            return parent.closing, parent.closing, new
        stop = self.opened(parent)
        name = re.match(rb"<([^\s/>]+)", self.text[parent.start : stop])
        assert name is not None
        return stop - 2, stop, b">" + new + b"</" + name[1] + b">"

    def applied(self, edits: Iterable[tuple[int, int, bytes]]) -> bytes:
        """Returns the part with the edits done, in its own encoding.

        Raises:
            Malformed: The result would not be the part with one change: it does not parse.
        """
        pieces, at = [], 0
        for start, stop, data in sorted(edits):
            if stop >= at and not (start < at == stop):
                pieces += [self.text[at : max(start, at)], data]
                at = stop
        text = b"".join((*pieces, self.text[at:]))
        _Parser(self._source, self.name, "").run(text)
        if self._codec == "utf-8":
            return self._mark + text
        return self._mark + text.decode("utf-8").encode(self._codec, "xmlcharrefreplace")

    def broken(self, reason: str) -> Malformed:
        return Malformed("zip-xml", path=self._source.name, name=self.name, reason=reason)


def padded(old: bytes, space: bytes, stop: int, new: bytes, in_place: bool) -> tuple[int, bytes]:
    """Returns up to where a value and the white space behind it are replaced, and by what."""
    room = len(old) + len(space) - len(new)
    if in_place and room >= 0:
        kept = space[len(space) - room :] if room <= len(space) else b" " * (room - len(space)) + space
        return stop + len(space), new + kept
    return stop, new + b" " * PADDING


def quoted(value: str) -> bytes:
    """Returns text for an element or a double-quoted attribute."""
    return escaped(value).encode()


def _as_utf8(data: bytes, source: Source, name: str) -> tuple[bytes, str, bytes]:
    """Returns the text in UTF-8, the encoding to go back to, and the byte order mark.

    Raises:
        Malformed: The encoding is unknown, or the text is not in it.
    """
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return _decoded(data[2:], codec, source, name), codec, mark
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    if data[:2] in (b"<\0", b"\0<"):
        codec = "utf-16-le" if data[:1] == b"<" else "utf-16-be"
        return _decoded(data, codec, source, name), codec, b""
    declared = _DECLARED.match(data, len(mark))
    codec = _codec(declared[1].decode()) if declared and not mark else "utf-8"
    if codec in ("utf-8", "ascii"):
        return data[len(mark) :], "utf-8", mark
    if not codec or codec == "utf-16":
        raise Malformed("zip-xml", path=source.name, name=name, reason="encoding")
    return _decoded(data, codec, source, name), codec, b""


def _codec(label: str) -> str:
    try:
        found = codecs.lookup(label).name
    except (LookupError, ValueError):
        return ""
    return found if found in _ENCODINGS else ""


def _decoded(data: bytes, codec: str, source: Source, name: str) -> bytes:
    try:
        text = data.decode(codec)
        is_same = text.encode(codec) == data
    except UnicodeError:
        is_same = False
    if not is_same:
        raise Malformed("zip-xml", path=source.name, name=name, reason="encoding")
    return text.encode()


class _Enough(Exception):
    """What was looked for has been seen."""


class _Parser:
    """One expat run over a part."""

    def __init__(self, source: Source, name: str, until: str) -> None:
        self._source = source
        self._name = name
        self._until = until
        self._elements: list[Element] = []
        self._open: list[Element] = []
        self._expat = namespaced(doctype=self._refuse, start=self._start, end=self._end)
        self._expat.CharacterDataHandler = self._text

    def run(self, text: bytes) -> list[Element]:
        try:
            self._expat.Parse(text, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise Malformed("zip-xml", path=self._source.name, name=self._name, reason=reason) from None
        except _Enough:
            pass
        return self._elements

    def _refuse(self, *_: object) -> None:
        raise Malformed("zip-doctype", path=self._source.name, name=self._name)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._source.element(len(self._open))
        uri, name, prefix = names(tag)
        own: dict[str, str] = {}
        for key, value in attributes.items():
            own.setdefault(names(key)[1], value)
        parent = self._open[-1] if self._open else None
        element = Element(uri, name, prefix, own, self._expat.CurrentByteIndex, parent)
        self._elements.append(element)
        self._open.append(element)

    def _text(self, data: str) -> None:
        for element in self._open[-2:]:
            element.parts.append(data)

    def _end(self, _: str) -> None:
        element = self._open.pop()
        element.closing = self._expat.CurrentByteIndex
        if element.name == self._until:
            raise _Enough


def set_one(
    part: XmlPart, found: list[Element], parent: Element, make: Callable[[Element | None], bytes], *, in_place: bool
) -> bytes:
    """Returns the part with exactly one label in it: over the first that is there, or at the end of ``parent``."""
    edits = [part.removal(element) for element in found[1:]]
    if found:
        edits.append(part.replacing(found[0], make(found[0]), in_place=in_place))
    else:
        edits.append(part.inserting(parent, make(None)))
    return part.applied(edits)
