"""The packet nearly every file has: one label and nothing else, told without parsing XML."""

from __future__ import annotations

import re
from typing import Final

from yinji.containers.xmp.packet import AS_PRESCRIBED, HEADER, NAME, NAMESPACE, PREFIX, RDF, TRAILER, XmpLabel

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
_OUR_END: Final = (b"\n" + b" " * 99) * 40 + TRAILER
"""How a packet of our own ends, whatever its padding."""

OUR_FRONT: Final = (
    HEADER
    + f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'.encode()
    + f'<rdf:Description rdf:about="" xmlns:{PREFIX}="{NAMESPACE}"><{PREFIX}:{NAME}>'.encode()
)
OUR_BACK: Final = f"</{PREFIX}:{NAME}></rdf:Description></rdf:RDF></x:xmpmeta>".encode()
"""What stands around the value in a packet of our own."""

_PRINTABLE: Final = bytes(set(range(0x20, 0x7F)) - set(b"<>"))
_ENTITIES: Final = ((b"&quot;", b'"'), (b"&apos;", b"'"), (b"&lt;", b"<"), (b"&gt;", b">"), (b"&amp;", b"&"))


def plain_label(packet: bytes) -> XmpLabel | None:
    """Returns the label of a packet that is :data:`_PLAIN` and nothing else: what :func:`labels` would say, for less.

    The pattern spans the whole packet, so whatever it does not foresee (a document type, a comment, another property,
    a second label) makes it fail, and expat decides.
    """
    text = plain_text(packet)
    return None if text is None else XmpLabel(*AS_PRESCRIBED, text)


def plain_text(packet: bytes) -> str | None:
    """Returns the text of :func:`plain_label`, and of a packet of our own without an expression."""
    if packet.startswith(OUR_FRONT):
        start = len(OUR_FRONT)
        stop = packet.find(b"<", start)
        if packet.startswith(OUR_BACK, stop) and _OUR_END.endswith(packet[stop + len(OUR_BACK) :]):
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
