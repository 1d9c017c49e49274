"""XMP packets: reading the label from one and writing it into one, every other byte kept (TC260-PG-20259A 6).

Parsing is expat's, with document type declarations refused; editing cuts and pastes bytes at the positions expat
reports, so that whitespace, other properties and their order stay as their authors left them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from xml.parsers import expat

from yinji.containers.xml_text import escaped, quoted
from yinji.errors import LimitExceeded, Malformed

NAMESPACE: Final = "http://www.tc260.org.cn/ns/AIGC/1.0/"
PREFIX: Final = "TC260"
NAME: Final = "AIGC"
PADDING: Final = 2048
"""Whitespace left for the next writer, so that a propagator's half fits without moving a byte."""

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMLNS: Final = "http://www.w3.org/2000/xmlns/"
_MAX_ELEMENTS: Final = 20_000
_MAX_DEPTH: Final = 64

_SIGNATURE: Final = b"http://ns.adobe.com/xap/1.0/\0"
"""What marks a packet in JPEG; some phones write it in front of the packet in HEIC too."""

_HEADER: Final = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_TRAILER: Final = b'<?xpacket end="w"?>'
_END: Final = re.compile(rb"<\?xpacket\s+end=")
_WRAPPER: Final = re.compile(rb"<\?xpacket[^>]*\?>")
ATTRIBUTE: Final = re.compile(rb"""\s+([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")
_PLAIN: Final = re.compile(
    rb"""(?:<\?xml[ ]version=(?:"1\.0"|'1\.0')(?:[ ]encoding=(?:"UTF-8"|'UTF-8'))?\?>\s{0,4})?
    <\?xpacket[ ]begin=(["'])(?:\xef\xbb\xbf)?\1[ ]id=(["'])W5M0MpCehiHzreSzNTczkc9d\2\?{1,2}>\s{0,4}
    <x:xmpmeta[ ]xmlns:x=(["'])adobe:ns:meta/\3(?:[ ]x:xmptk=(["'])[\w .:/()+-]*\4)?>\s{0,16}
    <rdf:RDF[ ]xmlns:rdf=(["'])http://www\.w3\.org/1999/02/22-rdf-syntax-ns\#\5>\s{0,16}
    <rdf:Description[ ]rdf:about=(?:""|'')\s{1,16}xmlns:TC260=(["'])http://www\.tc260\.org\.cn/ns/AIGC/1\.0/\6>\s{0,16}
    <TC260:AIGC>(?P<text>[^<]*)</TC260:AIGC>\s{0,16}
    </rdf:Description>\s{0,16}</rdf:RDF>\s{0,16}</x:xmpmeta>""".replace(rb"\s", rb"[ \t\r\n]"),
    re.VERBOSE,
)
"""A packet of the label alone up to its padding, as Yinji and the generators write it."""

_PLAIN_END: Final = re.compile(rb"""<\?xpacket end=(?:"[wr]"|'[wr]')\?{1,2}>[\0 \t\r\n]*\Z""")
_OUR_END: Final = (b"\n" + b" " * 99) * 40 + _TRAILER
"""How a packet of our own ends, whatever its padding."""

_OUR_FRONT: Final = (
    _HEADER
    + f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'.encode()
    + f'<rdf:Description rdf:about="" xmlns:{PREFIX}="{NAMESPACE}"><{PREFIX}:{NAME}>'.encode()
)
_OUR_BACK: Final = f"</{PREFIX}:{NAME}></rdf:Description></rdf:RDF></x:xmpmeta>".encode()
"""What stands around the value in a packet of our own."""

_PRINTABLE: Final = bytes(set(range(0x20, 0x7F)) - set(b"<>"))
_ENTITIES: Final = ((b"&quot;", b'"'), (b"&apos;", b"'"), (b"&lt;", b"<"), (b"&gt;", b">"), (b"&amp;", b"&"))


class XmpLabel(NamedTuple):
    """A property named AIGC.

    Attributes:
        namespace, prefix, name: As written; ``name`` may differ in case.
        shape: ``element`` or ``attribute``.
        text: The value, unescaped, without surrounding whitespace.
    """

    namespace: str
    prefix: str
    name: str
    shape: str
    text: str

    @property
    def is_ours(self) -> bool:
        """Whether it lies in the namespace that the guide prescribes."""
        return self.namespace == NAMESPACE

    @property
    def is_plain(self) -> bool:
        """Whether it is written as the guide prescribes: namespace, prefix, name and shape."""
        return self[:4] == _AS_PRESCRIBED


_AS_PRESCRIBED: Final = (NAMESPACE, PREFIX, NAME, "element")


@dataclass(slots=True)
class _Element:
    """An element while it is open, and where it stands."""

    uri: str
    name: str
    prefix: str
    start: int
    attributes: dict[str, str]
    parts: list[str] = field(default_factory=list)
    stop: int = 0


@dataclass(slots=True)
class _Tree:
    """What one parse of a packet yields: only what reading and editing need."""

    labels: list[tuple[XmpLabel, _Element]] = field(default_factory=list)
    properties: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    rdf: _Element | None = None
    description: _Element | None = None


def labels(packet: bytes) -> tuple[XmpLabel, ...]:
    """Returns every property named AIGC, in the order of the packet, whatever its namespace and spelling (R49).

    Raises:
        Malformed: Not well-formed, or with a document type declaration.
        LimitExceeded: Too many or too deeply nested elements.
    """
    packet = packet.removeprefix(_SIGNATURE)
    if (plain := plain_label(packet)) is not None:
        return (plain,)
    if not _may_hold_label(packet):
        return ()
    text, _ = _as_utf8(packet)
    return tuple(label for label, _ in _parse(text).labels)


def shows_none(packet: bytes) -> bool:
    """Whether a packet is one, and neither holds a label nor is empty: :func:`labels` would yield nothing."""
    return b"RDF" in packet and not _may_hold_label(packet.removeprefix(_SIGNATURE))


def is_wiped(packet: bytes) -> bool:
    """Whether a packet was overwritten with blanks: nothing is left but white space, zeros and its own wrapper."""
    packet = packet.removeprefix(_SIGNATURE)
    if b"RDF" in packet:
        return False
    if not packet.strip(b"\0 \t\r\n"):
        return True
    return not _WRAPPER.sub(b"", _as_utf8(packet)[0]).strip(b"\0 \t\r\n")


def plain_label(packet: bytes) -> XmpLabel | None:
    """Returns the label of a packet that is :data:`_PLAIN` and nothing else: what :func:`labels` would say, for less.

    The pattern spans the whole packet, so whatever it does not foresee (a document type, a comment, another property,
    a second label) makes it fail, and expat decides.
    """
    text = plain_text(packet)
    return None if text is None else XmpLabel(*_AS_PRESCRIBED, text)


def plain_text(packet: bytes) -> str | None:
    """Returns the text of :func:`plain_label`, and of a packet of our own without an expression."""
    if packet.startswith(_OUR_FRONT):
        start = len(_OUR_FRONT)
        stop = packet.find(b"<", start)
        if packet.startswith(_OUR_BACK, stop) and _OUR_END.endswith(packet[stop + len(_OUR_BACK) :]):
            return _plain_text(packet[start:stop])
    match = _PLAIN.match(packet)
    if match is None or not _is_plain_end(packet, match.end()):
        return None
    return _plain_text(match["text"])


def _is_plain_end(packet: bytes, at: int) -> bool:
    """Whether nothing but padding and the closing processing instruction stands behind ``at``."""
    if _OUR_END.endswith(packet[at:]):
        return True
    stop = packet.find(b"<", at)
    if stop < 0 or _PLAIN_END.match(packet, stop) is None:
        return False
    padding = packet[at:stop]
    return not padding or (padding.isspace() and b"\v" not in padding and b"\f" not in padding)


def _plain_text(raw: bytes) -> str | None:
    """Returns what printable ASCII text with references to the five known entities says; None of any other."""
    if raw.translate(None, _PRINTABLE):
        return None
    plain = raw.replace(b"&quot;", b'"')
    if b"&" in plain:
        if raw.count(b"&") != sum(raw.count(entity) for entity, _ in _ENTITIES):
            return None
        for entity, character in _ENTITIES[1:]:
            plain = plain.replace(entity, character)
    return plain.decode("ascii").strip()


def properties(packet: bytes) -> dict[tuple[str, str], str]:
    """Returns all property values under (namespace URI, local name); items of arrays are joined by line feeds.

    Raises:
        Malformed, LimitExceeded: As :func:`labels`.
    """
    text, _ = _as_utf8(packet.removeprefix(_SIGNATURE))
    return {name: "\n".join(values) for name, values in _parse(text).properties.items()}


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
    front, packet = _parted(packet)
    text, encoding = _as_utf8(packet)
    edited = _applied(text, _label_edits(text, _parse(text), json))
    if len(_parse(edited).labels) != 1:
        raise Malformed("xmp-not-xml", reason="the label could not be set")
    return front + _repadded(edited, encoding, wanted=len(packet), fresh=padding)


def without_other_labels(packet: bytes) -> bytes:
    """Returns a second packet of a file that gets its one label elsewhere in the same step, without a label (R34).

    The length stays the same.
    """
    front, packet = _parted(packet)
    text, encoding = _as_utf8(packet)
    return front + _repadded(_applied(text, _removals(text, _parse(text).labels)), encoding, wanted=len(packet))


def unpadded(packet: bytes) -> bytes:
    """Returns the packet with its padding cut to one line feed, for places that are short of room."""
    front, packet = _parted(packet)
    text, encoding = _as_utf8(packet)
    start, stop = _padding(text)
    return front + _encoded(text[:start] + b"\n" + text[stop:], encoding)


def _parted(packet: bytes) -> tuple[bytes, bytes]:
    """Returns the signature in front of the packet, or nothing, and the packet."""
    rest = packet.removeprefix(_SIGNATURE)
    return packet[: len(packet) - len(rest)], rest


def _may_hold_label(packet: bytes) -> bool:
    return b"aigc" in packet.lower() or b"\0" in packet.strip(b"\0") or b"<!DOCTYPE" in packet


def _as_utf8(packet: bytes) -> tuple[bytes, str]:
    """Returns the packet in UTF-8 without what surrounds it, and the encoding to go back to."""
    first = packet.find(b"<")
    if b"\0" not in packet[max(0, first - 3) : first] + packet[first + 1 : first + 4]:
        return packet.strip(b"\0 \t\r\n"), "utf-8"
    encoding = _wide_encoding(packet, first)
    try:
        return packet.decode(encoding).strip("\ufeff\0 \t\r\n").encode(), encoding
    except UnicodeError:
        raise Malformed("xmp-encoding") from None


def _wide_encoding(packet: bytes, first: int) -> str:
    """Tells UTF-16 and UTF-32 apart by the zeros around the first ``<``, and their byte order by where it stands."""
    if packet[first + 1 : first + 4] == b"\0\0\0" and first % 4 == 0:
        return "utf-32-le"
    if packet[max(0, first - 3) : first] == b"\0\0\0" and first % 4 == 3:
        return "utf-32-be"
    return "utf-16-be" if first % 2 else "utf-16-le"


def _parse(text: bytes) -> _Tree:
    return _Parser().run(text)


class _Parser:
    """One expat run over a packet."""

    def __init__(self) -> None:
        self._tree = _Tree()
        self._open: list[_Element] = []
        self._elements = 0
        self._expat = parser = expat.ParserCreate("utf-8", " ")
        parser.namespace_prefixes = True
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def run(self, text: bytes) -> _Tree:
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
        uri, name, prefix = _names(tag)
        element = _Element(uri, name, prefix, self._expat.CurrentByteIndex, attributes)
        self._open.append(element)
        if uri == _RDF:
            self._note_rdf(element)
        for key, value in attributes.items():
            self._note_attribute(element, key, value)

    def _note_rdf(self, element: _Element) -> None:
        if element.name == "RDF" and self._tree.rdf is None:
            self._tree.rdf = element
        elif element.name == "Description" and self._tree.description is None:
            self._tree.description = element

    def _note_attribute(self, element: _Element, key: str, value: str) -> None:
        uri, name, prefix = _names(key)
        if uri in ("", _RDF):
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
        is_label = element.name.upper() == NAME and element.uri != _RDF
        if element.uri == _RDF and element.name in ("li", "Alt", "Seq", "Bag", "value", "Description"):
            self._hand_up(element, value)
        elif value:
            self._tree.properties.setdefault((element.uri, element.name), []).append(value)
        if is_label:
            found = XmpLabel(element.uri, element.prefix, element.name, "element", value)
            self._tree.labels.append((found, element))

    def _hand_up(self, element: _Element, value: str) -> None:
        """Gives the text of an array item to the property that holds the array."""
        if not value or not self._open:
            return
        parent = self._open[-1]
        if "".join(parent.parts).strip():
            parent.parts.append("\n")
        parent.parts.append(value)


def _names(tag: str) -> tuple[str, str, str]:
    """Splits expat's ``uri local prefix``."""
    uri, _, rest = tag.partition(" ")
    if not rest:
        return "", uri, ""
    name, _, prefix = rest.partition(" ")
    return uri, name, prefix


def tag_end(text: bytes | bytearray, start: int) -> int:
    """Returns the position after the ``>`` of the start tag at ``start``; quoted ``>`` do not count."""
    at = text.index(b"<", start) + 1
    while text[at] not in b" \t\r\n/>":
        at += 1
    while match := ATTRIBUTE.match(text, at):
        at = match.end()
    return text.index(b">", at) + 1


def _element_range(text: bytes, element: _Element) -> tuple[int, int]:
    opening = tag_end(text, element.start)
    if text[opening - 2 : opening] == b"/>":
        return element.start, opening
    return element.start, text.index(b">", element.stop) + 1


_Edit = tuple[int, int, bytes]


def _label_edits(text: bytes, tree: _Tree, json: str) -> list[_Edit]:
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


def _removals(text: bytes, found: list[tuple[XmpLabel, _Element]]) -> list[_Edit]:
    edits: list[_Edit] = []
    for label, element in found:
        if label.shape == "element":
            edits.append((*_element_range(text, element), b""))
        else:
            edits.append((*_attribute_range(text, element, label), b""))
    return edits


def _attribute_range(text: bytes, element: _Element, label: XmpLabel) -> tuple[int, int]:
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


def _insertion(text: bytes, tree: _Tree, json: str) -> _Edit:
    """Puts a description of its own, about the same thing as the first one, at the end of rdf:RDF."""
    rdf = tree.rdf
    if rdf is None:
        raise Malformed("xmp-no-rdf")
    prefix = f"{rdf.prefix}:" if rdf.prefix else ""
    about = _about(tree)
    attribute = f"{rdf.prefix}:about" if rdf.prefix else "about"
    description = (
        f"<{prefix}Description {attribute}={quoted(about)} xmlns:{PREFIX}={quoted(NAMESPACE)}>".encode()
        + _property(PREFIX, json)
        + f"</{prefix}Description>".encode()
    )
    opening = tag_end(text, rdf.start)
    if text[opening - 2 : opening] == b"/>":
        return opening - 2, opening, b">" + description + f"</{prefix}RDF>".encode()
    return rdf.stop, rdf.stop, description


def _about(tree: _Tree) -> str:
    if tree.description is None:
        return ""
    for key, value in tree.description.attributes.items():
        uri, name, _ = _names(key)
        if name == "about" and uri in ("", _RDF):
            return value
    return ""


def _applied(text: bytes, edits: list[_Edit]) -> bytes:
    pieces = []
    at = 0
    for start, stop, data in _outermost(edits):
        pieces += [text[at:start], data]
        at = stop
    return b"".join((*pieces, text[at:]))


def _padding(text: bytes) -> tuple[int, int]:
    """Returns the range of whitespace before the closing ``<?xpacket``, or at the end where there is none."""
    ends = list(_END.finditer(text))
    stop = ends[-1].start() if ends else len(text)
    return len(text[:stop].rstrip(b" \t\r\n")), stop


def _repadded(edited: bytes, encoding: str, *, wanted: int, fresh: int = PADDING) -> bytes:
    """Encodes the packet with so much padding that it has ``wanted`` bytes; if it cannot, gives it fresh room."""
    start, stop = _padding(edited)
    bare = _encoded(edited[:start] + edited[stop:], encoding)
    unit = len(_encoded(b" ", encoding))
    spare = (wanted - len(bare)) // unit
    room = spare if spare >= 0 else fresh
    return _encoded(edited[:start] + _whitespace(room) + edited[stop:], encoding)


def _encoded(text: bytes, encoding: str) -> bytes:
    return text if encoding == "utf-8" else text.decode().encode(encoding)


def _whitespace(length: int) -> bytes:
    """Counted from its end, so that a change of the value leaves most of the padding as it was."""
    line = b"\n" + b" " * 99
    return (line * (length // 100 + 1))[-length:] if length else b""


def _new_packet(json: str, padding: int) -> bytes:
    return _OUR_FRONT + escaped(json).encode() + _OUR_BACK + _whitespace(padding) + _TRAILER
