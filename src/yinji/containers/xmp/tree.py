"""A packet taken apart by expat, with document type declarations refused: what it says, and where it says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from yinji.containers.xml_parsing import names, namespaced
from yinji.containers.xmp.packet import NAME, RDF, XmpLabel
from yinji.errors import LimitExceeded, Malformed

_MAX_ELEMENTS: Final = 20_000
_MAX_DEPTH: Final = 64


@dataclass(slots=True)
class Element:
    """An element while it is open, and where it stands."""

    uri: str
    name: str
    prefix: str
    start: int
    attributes: dict[str, str]
    parts: list[str] = field(default_factory=list)
    stop: int = 0


@dataclass(slots=True)
class Tree:
    """What one parse of a packet yields: only what reading and editing need."""

    labels: list[tuple[XmpLabel, Element]] = field(default_factory=list)
    properties: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    root: Element | None = None
    rdf: Element | None = None
    description: Element | None = None


def parse(text: bytes) -> Tree:
    """Takes a packet in UTF-8 apart.

    Raises:
        Malformed: Not well-formed, or with a document type declaration.
        LimitExceeded: Too many or too deeply nested elements.
    """
    return _Parser().run(text)


class _Parser:
    """One expat run over a packet."""

    def __init__(self) -> None:
        self._tree = Tree()
        self._open: list[Element] = []
        self._elements = 0
        self._expat = namespaced(doctype=self._refuse, start=self._start, end=self._end)
        self._expat.CharacterDataHandler = self._text

    def run(self, text: bytes) -> Tree:
        try:
            self._expat.Parse(text, True)
        except expat.ExpatError as error:
            raise Malformed("xmp-not-xml", reason=expat.ErrorString(error.code)) from None
        return self._tree

    def _refuse(self, *_: object) -> None:
        raise Malformed("xmp-doctype")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > _MAX_ELEMENTS:
            raise LimitExceeded("too-many-elements", limit=_MAX_ELEMENTS)
        if len(self._open) >= _MAX_DEPTH:
            raise LimitExceeded("too-deep", limit=_MAX_DEPTH)
        uri, name, prefix = names(tag)
        element = Element(uri, name, prefix, self._expat.CurrentByteIndex, attributes)
        self._open.append(element)
        if self._tree.root is None:
            self._tree.root = element
        if uri == RDF:
            self._note_rdf(element)
        for key, value in attributes.items():
            self._note_attribute(element, key, value)

    def _note_rdf(self, element: Element) -> None:
        if element.name == "RDF" and self._tree.rdf is None:
            self._tree.rdf = element
        elif element.name == "Description" and self._tree.description is None:
            self._tree.description = element

    def _note_attribute(self, element: Element, key: str, value: str) -> None:
        uri, name, prefix = names(key)
        if uri in ("", RDF):
            return
        self._tree.properties.setdefault((uri, name), []).append(value)
        if name.upper() == NAME:
            self._tree.labels.append((XmpLabel(uri, prefix, name, "attribute", value.strip()), element))

    def _text(self, data: str) -> None:
        self._open[-1].parts.append(data)

    def _end(self, _: str) -> None:
        element = self._open.pop()
        element.stop = self._expat.CurrentByteIndex
        value = "".join(element.parts).strip()
        is_label = element.name.upper() == NAME and element.uri != RDF
        if element.uri == RDF and element.name in ("li", "Alt", "Seq", "Bag", "value", "Description"):
            self._hand_up(element, value)
        elif value:
            self._tree.properties.setdefault((element.uri, element.name), []).append(value)
        if is_label:
            found = XmpLabel(element.uri, element.prefix, element.name, "element", value)
            self._tree.labels.append((found, element))

    def _hand_up(self, element: Element, value: str) -> None:
        """Gives the text of an array item to the property that holds the array."""
        if not value or not self._open:
            return
        parent = self._open[-1]
        if "".join(parent.parts).strip():
            parent.parts.append("\n")
        parent.parts.append(value)
