"""The short way through packets that hold the label alone says what expat says, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from yinji.containers import xmp
from yinji.containers.xmp.packet import as_utf8
from yinji.containers.xmp.tree import parse
from yinji.errors import LimitExceeded, Malformed
from yinji.testing import LABEL

OURS = xmp.with_label(None, LABEL.to_json())
EXIFTOOL = (
    "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>\n"
    "<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='Image::ExifTool 13.36'>\n"
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\n\n <rdf:Description rdf:about=''\n"
    "  xmlns:TC260='http://www.tc260.org.cn/ns/AIGC/1.0/'>\n  <TC260:AIGC>{&quot;Label&quot;:&quot;1&quot;}"
    "</TC260:AIGC>\n </rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n" + " " * 99 + "\n<?xpacket end='w'?>"
).encode()
GENERATOR = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    + OURS.replace(b'zkc9d"?>', b'zkc9d"??>').replace(b'end="w"?>', b'end="w"??>')
    + b"\n"
)
PLAIN = (OURS, EXIFTOOL, GENERATOR)

PIECES = (
    b"<!DOCTYPE x>",
    b"<!-- AIGC -->",
    b"<![CDATA[AIGC]]>",
    b"]]>",
    b"&#65;",
    b"&AIGC;",
    b"&quot;",
    b"&amp;lt;",
    b"<TC260:AIGC>{}</TC260:AIGC>",
    b"</TC260:AIGC>",
    b"<TC260:AIGC/>",
    b'<rdf:Description rdf:about="" TC260:AIGC="{}"/>',
    b' TC260:AIGC="{}"',
    b' xmlns:TC260="urn:other"',
    b' xmlns:rdf="urn:other"',
    b"<dc:title>x</dc:title>",
    "标".encode(),
    b"\xff",
    b"\x0b",
    b"\x0c",
    b"\0",
    b"\r\n",
    b"\t",
    b" ",
    b">",
    b"<",
    b'"',
    b"'",
    b"?",
    b"",
)
CUTS = tuple(
    piece for piece in (b"TC260", b"AIGC", b"rdf:", b"about", b"&quot;", b"</", b"?>", b"1.0/", b'""', b"xmlns:", b">")
)


def by_expat(packet: bytes) -> tuple[xmp.XmpLabel, ...]:
    text, _ = as_utf8(packet)
    return tuple(label for label, _ in parse(text).labels)


def check(packet: bytes) -> None:
    """Whatever the short way accepts, expat reads the same; whatever expat refuses, it must not accept."""
    plain = xmp.plain_label(packet)
    if plain is not None:
        assert (plain,) == by_expat(packet)


@pytest.mark.parametrize("packet", PLAIN)
def test_common_packets_take_the_short_way(packet: bytes) -> None:
    assert xmp.plain_label(packet) is not None
    check(packet)


@pytest.mark.parametrize(
    "piece", [piece for piece in PIECES if piece and (piece[0] in b"<\x0b\x0c" or piece[0] > 0x7F)]
)
@pytest.mark.parametrize("packet", PLAIN)
def test_nothing_that_needs_a_parser_takes_it(packet: bytes, piece: bytes) -> None:
    """Not at any position; and a character reference or an entity of one's own neither."""
    for at in range(len(packet.rstrip(b"\n")) + 1):
        assert xmp.plain_label(packet[:at] + piece + packet[at:]) is None
    for reference in (b"&#65;", b"&AIGC;", b"&"):
        assert xmp.plain_label(packet.replace(b"&quot;", reference, 1)) is None


@given(st.data())
def test_changed_packets_are_read_as_expat_reads_them(data: st.DataObject) -> None:
    packet = data.draw(st.sampled_from(PLAIN))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(packet)))
        stop = min(len(packet), at + data.draw(st.integers(0, 12)))
        packet = packet[:at] + data.draw(st.sampled_from(PIECES)) + packet[stop:]
    check(packet)


@given(st.sampled_from(PLAIN), st.sampled_from(CUTS), st.sampled_from(PIECES), st.integers(0, 9))
@example(OURS, b"&quot;", b"&#34;", 0)
def test_exchanged_words_are_read_as_expat_reads_them(packet: bytes, old: bytes, new: bytes, nth: int) -> None:
    parts = packet.split(old)
    nth %= len(parts)
    check(old.join(parts[: nth + 1]) + new + old.join(parts[nth + 1 :]))


@given(st.text(max_size=60))
def test_every_text_survives(text: str) -> None:
    try:
        packet = xmp.with_label(None, text)
        expected = by_expat(packet)
    except (Malformed, LimitExceeded, UnicodeEncodeError):
        return
    check(packet)
    assert xmp.labels(packet) == expected
