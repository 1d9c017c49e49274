"""Writing the label into a packet, every other byte kept (TC260-PG-20259A 6).

Bytes are cut and pasted at the positions that expat reports, so that whitespace, other properties and their order stay
as their authors left them.
"""

from __future__ import annotations

from typing import Final

from yinji.containers.xml_parsing import ATTRIBUTE, names, tag_end
from yinji.containers.xml_text import escaped, quoted
from yinji.containers.xmp.packet import (
    NAME,
    NAMESPACE,
    PADDING,
    PREFIX,
    RDF,
    TRAILER,
    XmpLabel,
    as_utf8,
    encoded,
    padding_of,
    parted,
    repadded,
    whitespace,
)
from yinji.containers.xmp.plain import OUR_BACK, OUR_FRONT
from yinji.containers.xmp.read import is_wiped
from yinji.containers.xmp.tree import Element, Tree, parse
from yinji.errors import Malformed

_META: Final = ("adobe:ns:meta/", "xmpmeta")
_RDF_START: Final = f"<rdf:RDF xmlns:rdf={quoted(RDF)}>".encode()


def with_label(packet: bytes | None, json: str, *, padding: int = PADDING) -> bytes:
    """Returns the packet with exactly one label in it: the element ``TC260:AIGC`` holding ``json``.

    An existing label of any shape is replaced where it stands; duplicates go. Growth comes out of the padding, so the
    length stays the same while the padding lasts; a packet without room is given ``padding`` bytes of it. A signature
    in front of the packet stays.

    Raises:
        Malformed, LimitExceeded: The packet cannot be edited safely.
    """
    if packet is None or is_wiped(packet):
        return _new_packet(json, padding)
    front, packet = parted(packet)
    text, encoding = as_utf8(packet)
    edited = _applied(text, _label_edits(text, parse(text), json))
    if len(parse(edited).labels) != 1:
        raise Malformed("xmp-not-xml", reason="the label could not be set")
    return front + repadded(edited, encoding, wanted=len(packet), fresh=padding)


def without_other_labels(packet: bytes) -> bytes:
    """Returns a second packet of a file that gets its one label elsewhere in the same step, without a label (R34).

    The length stays the same.
    """
    front, packet = parted(packet)
    text, encoding = as_utf8(packet)
    return front + repadded(_applied(text, _removals(text, parse(text).labels)), encoding, wanted=len(packet))


def unpadded(packet: bytes) -> bytes:
    """Returns the packet with its padding cut to one line feed, for places that are short of room."""
    front, packet = parted(packet)
    text, encoding = as_utf8(packet)
    start, stop = padding_of(text)
    return front + encoded(text[:start] + b"\n" + text[stop:], encoding)


def _element_range(text: bytes, element: Element) -> tuple[int, int]:
    opening = tag_end(text, element.start)
    if text[opening - 2 : opening] == b"/>":
        return element.start, opening
    return element.start, text.index(b">", element.stop) + 1


_Edit = tuple[int, int, bytes]


def _label_edits(text: bytes, tree: Tree, json: str) -> list[_Edit]:
    ours = next((pair for pair in tree.labels if pair[0].is_ours and pair[0].shape == "element"), None)
    if ours is not None:
        label, element = ours
        others = [pair for pair in tree.labels if pair is not ours]
        declares = b"xmlns" in text[element.start : tag_end(text, element.start)]
        return [(*_element_range(text, element), _property(label.prefix, json, declares)), *_removals(text, others)]
    return [*_removals(text, tree.labels), _insertion(text, tree, json)]


def _property(prefix: str, json: str, declares: bool = False) -> bytes:
    """Returns the element; ``declares`` when its namespace was declared on the element that it replaces."""
    name, xmlns = (f"{prefix}:{NAME}", f"xmlns:{prefix}") if prefix else (NAME, "xmlns")
    declaration = f' {xmlns}="{NAMESPACE}"' if declares else ""
    return f"<{name}{declaration}>{escaped(json)}</{name}>".encode()


def _removals(text: bytes, found: list[tuple[XmpLabel, Element]]) -> list[_Edit]:
    edits: list[_Edit] = []
    for label, element in found:
        if label.shape == "element":
            edits.append((*_element_range(text, element), b""))
        else:
            edits.append((*_attribute_range(text, element, label), b""))
    return edits


def _attribute_range(text: bytes, element: Element, label: XmpLabel) -> tuple[int, int]:
    written = f"{label.prefix}:{label.name}".encode()
    at = element.start + 1
    while text[at] not in b" \t\r\n/>":
        at += 1
    while match := ATTRIBUTE.match(text, at):
        if match[1] == written:
            return match.start(), match.end()
        at = match.end()
    raise Malformed("xmp-not-xml", reason="attribute not found")


def _outermost(edits: list[_Edit]) -> list[_Edit]:
    """Drops edits inside other edits (a label nested in a label)."""
    kept: list[_Edit] = []
    for edit in sorted(edits, key=lambda e: (e[0], -e[1])):
        if not kept or edit[0] >= kept[-1][1]:
            kept.append(edit)
    return kept


def _insertion(text: bytes, tree: Tree, json: str) -> _Edit:
    """Puts a description of its own, about the same thing as the first one, at the end of rdf:RDF.

    A packet that says nothing, an empty ``x:xmpmeta``, is given an rdf:RDF; one that is no XMP is refused.
    """
    rdf = tree.rdf
    if rdf is None:
        if tree.root is None or (tree.root.uri, tree.root.name) != _META:
            raise Malformed("xmp-no-rdf")
        return _at_end(text, tree.root, _RDF_START + _description("rdf", "", json) + b"</rdf:RDF>")
    return _at_end(text, rdf, _description(rdf.prefix, _about(tree), json))


def _description(rdf: str, about: str, json: str) -> bytes:
    prefix = f"{rdf}:" if rdf else ""
    start = f"<{prefix}Description {prefix}about={quoted(about)} xmlns:{PREFIX}={quoted(NAMESPACE)}>"
    return start.encode() + _property(PREFIX, json) + f"</{prefix}Description>".encode()


def _at_end(text: bytes, element: Element, data: bytes) -> _Edit:
    """Returns the edit that makes ``data`` the last thing in an element, which may have been written as empty."""
    opening = tag_end(text, element.start)
    if text[opening - 2 : opening] == b"/>":
        prefix = f"{element.prefix}:" if element.prefix else ""
        return opening - 2, opening, b">" + data + f"</{prefix}{element.name}>".encode()
    return element.stop, element.stop, data


def _about(tree: Tree) -> str:
    if tree.description is None:
        return ""
    for key, value in tree.description.attributes.items():
        uri, name, _ = names(key)
        if name == "about" and uri in ("", RDF):
            return value
    return ""


def _applied(text: bytes, edits: list[_Edit]) -> bytes:
    pieces = []
    at = 0
    for start, stop, data in _outermost(edits):
        pieces += [text[at:start], data]
        at = stop
    return b"".join((*pieces, text[at:]))


def _new_packet(json: str, padding: int) -> bytes:
    return OUR_FRONT + escaped(json).encode() + OUR_BACK + whitespace(padding) + TRAILER
