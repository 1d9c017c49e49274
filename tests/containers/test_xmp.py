"""XMP packets: every form that is read, and edits that keep every byte they do not own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yinji.containers import xmp
from yinji.errors import LimitExceeded, Malformed

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
VALUE = '{"Label":"1","ContentProducer":"p","ProduceID":"i"}'
OTHER = '{"Label":"2","ContentProducer":"q","ProduceID":"j"}'
QUOTED = VALUE.replace('"', "&quot;")
PADDING = "\n" + " " * 400


def packet(inner: str = "", *, attributes: str = "", padding: str = PADDING, front: str = "", end: str = "w") -> bytes:
    return (
        f'{front}<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="uuid:1" xmlns:dc="{DC}"'
        f' xmlns:TC260="{xmp.NAMESPACE}" dc:format="image/png"{attributes}>'
        f"<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>© 测试</rdf:li></rdf:Alt></dc:rights>\n  {inner}"
        f'</rdf:Description></rdf:RDF></x:xmpmeta>{padding}<?xpacket end="{end}"?>'
    ).encode()


ELEMENT = f"<TC260:AIGC>{QUOTED}</TC260:AIGC>"


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (packet(ELEMENT), "element"),
        (packet(f"<TC260:AIGC>\n  {VALUE}\n</TC260:AIGC>"), "element"),
        (packet(f"<TC260:AIGC><![CDATA[{VALUE}]]></TC260:AIGC>"), "element"),
        (packet(f"<C260:AIGC xmlns:C260='{xmp.NAMESPACE}'>{VALUE}</C260:AIGC>"), "element"),
        (packet(f"<AIGC xmlns='{xmp.NAMESPACE}'>{VALUE}</AIGC>"), "element"),
        (packet(f"<TC260:AIGC><rdf:Alt><rdf:li>{VALUE}</rdf:li></rdf:Alt></TC260:AIGC>"), "element"),
        (packet(attributes=f' TC260:AIGC="{QUOTED}"'), "attribute"),
        (packet(attributes=f" TC260:AIGC='{VALUE}'"), "attribute"),
        (packet(ELEMENT, front="<?xml version='1.0' encoding='UTF-8'?>\n"), "element"),
        (packet(ELEMENT).replace(b'"?>', b'"??>', 1), "element"),
        (packet(ELEMENT) + b"\0" * 40, "element"),
        (b"\n \n" + packet(ELEMENT, front="<?xml version='1.0'?>"), "element"),
        (b"http://ns.adobe.com/xap/1.0/\0" + packet(ELEMENT), "element"),
        (b"http://ns.adobe.com/xap/1.0/\0" + packet(ELEMENT).decode().encode("utf-16-be"), "element"),
        (packet(ELEMENT).decode().encode("utf-16-le"), "element"),
        (packet(ELEMENT).decode().encode("utf-16-be"), "element"),
        (packet(ELEMENT).decode().encode("utf-16"), "element"),
        (packet(ELEMENT).decode().encode("utf-32-be"), "element"),
    ],
)
def test_forms_that_are_read_and_replaced(data: bytes, shape: str) -> None:
    (label,) = xmp.labels(data)
    assert (label.shape, label.text, label.is_ours) == (shape, VALUE, True)
    new = xmp.with_label(data, OTHER)
    (label,) = xmp.labels(new)
    assert (label.shape, label.text, label.name, label.namespace) == ("element", OTHER, "AIGC", xmp.NAMESPACE)
    assert len(new) == len(data)
    assert xmp.with_label(new, OTHER) == new
    assert without_label(xmp.properties(new)) == without_label(xmp.properties(data))


def without_label(properties: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    return {key: value for key, value in properties.items() if key[1] != "AIGC"}


def test_wrong_namespace_and_case_are_seen_and_replaced() -> None:
    data = packet(f"<m:aigc xmlns:m='http://github.com/ihmily/metatoolkit/'>{VALUE}</m:aigc>")
    (label,) = xmp.labels(data)
    assert (label.is_ours, label.name, label.prefix) == (False, "aigc", "m")
    (label,) = xmp.labels(xmp.with_label(data, OTHER))
    assert (label.is_ours, label.text) == (True, OTHER)


def test_duplicates_become_one() -> None:
    data = packet(ELEMENT + ELEMENT, attributes=f' TC260:AIGC="{QUOTED}" dc:source="kept"')
    assert len(xmp.labels(data)) == 3
    new = xmp.with_label(data, OTHER)
    assert [label.text for label in xmp.labels(new)] == [OTHER]
    assert xmp.properties(new)[DC, "source"] == "kept"


def test_every_other_byte_is_kept() -> None:
    data = packet(ELEMENT)
    new = xmp.with_label(data, OTHER)
    start = data.index(b"<TC260:AIGC>")
    assert new[:start] == data[:start]
    stop = data.index(b"</TC260:AIGC>")
    assert new[new.index(b"</TC260:AIGC>") : -len(PADDING) - 30] == data[stop : -len(PADDING) - 30]


def test_other_properties_of_the_namespace_are_kept() -> None:
    data = packet("<TC260:Note>mine</TC260:Note>", attributes=' TC260:Other="too"')
    properties = xmp.properties(xmp.with_label(data, VALUE))
    assert properties[xmp.NAMESPACE, "Note"] == "mine"
    assert properties[xmp.NAMESPACE, "Other"] == "too"
    assert properties[xmp.NAMESPACE, "AIGC"] == VALUE


def test_new_description_is_about_the_same_thing() -> None:
    new = xmp.with_label(packet(), VALUE)
    assert new.count(b'rdf:about="uuid:1"') == 2


def test_padding_is_consumed_then_renewed() -> None:
    data = packet(padding="\n" + " " * 600)
    assert len(xmp.with_label(data, VALUE)) == len(data)
    tight = packet(padding="")
    assert len(xmp.with_label(tight, VALUE)) > len(tight) + xmp.PADDING
    assert len(xmp.unpadded(data)) == len(data) - 600


def test_first_packet_has_room_and_the_guide_s_form() -> None:
    new = xmp.with_label(None, VALUE)
    assert new == xmp.with_label(b" \0", VALUE)
    assert f"<TC260:AIGC>{QUOTED}</TC260:AIGC>".encode() in new
    assert new.startswith(b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert len(xmp.with_label(new, OTHER + " " * 0)) == len(new)
    assert len(xmp.unpadded(new)) == len(new) - xmp.PADDING + 1


@pytest.mark.parametrize(
    "data",
    [
        f'<rdf:RDF xmlns:rdf="{RDF}"/>',
        f'<rdf:RDF xmlns:rdf="{RDF}"></rdf:RDF>',
        f'<r:RDF xmlns:r="{RDF}"><r:Description about="x"/></r:RDF>',
        f'<RDF xmlns="{RDF}"><Description about="x" xmlns:d="{DC}" d:title="1 &gt; 0"/></RDF>',
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF\n xmlns:rdf="{RDF}"\n/></x:xmpmeta>',
    ],
)
def test_unusual_packets_are_written(data: str) -> None:
    new = xmp.with_label(data.encode(), VALUE)
    assert [(label.text, label.prefix) for label in xmp.labels(new)] == [(VALUE, "TC260")]
    assert xmp.with_label(new, VALUE) == new


def test_greater_than_in_quotes_does_not_end_a_tag() -> None:
    data = packet(attributes=f' dc:source="a>b" TC260:AIGC="{QUOTED}" dc:title="c>d"')
    new = xmp.with_label(data, OTHER)
    properties = xmp.properties(new)
    assert (properties[DC, "source"], properties[DC, "title"]) == ("a>b", "c>d")
    assert [label.text for label in xmp.labels(new)] == [OTHER]


def test_array_items_belong_to_their_property() -> None:
    inner = "<dc:subject><rdf:Bag><rdf:li>one</rdf:li><rdf:li>two</rdf:li></rdf:Bag></dc:subject>"
    assert xmp.properties(packet(inner))[DC, "subject"] == "one\ntwo"


BILLION_LAUGHS = (
    b'<!DOCTYPE lolz [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><x>&j;</x>"
)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (BILLION_LAUGHS, "xmp-doctype"),
        (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x AIGC="&e;"/>', "xmp-doctype"),
        (packet(ELEMENT)[:-500], "xmp-not-xml"),
        (b"AIGC is not XML", "xmp-not-xml"),
        (packet("<AIGC>&nbsp;</AIGC>"), "xmp-not-xml"),
        (packet(ELEMENT).replace(b"\xc2\xa9", b"\xff"), "xmp-not-xml"),
        (b"<\0A\0I\0G\0C\0\0\xd8>\0", "xmp-encoding"),
    ],
)
def test_hostile_packets_are_malformed(data: bytes, code: str) -> None:
    for act in (xmp.labels, lambda d: xmp.with_label(d, VALUE)):
        with pytest.raises(Malformed) as caught:
            act(data)
        assert caught.value.code == code


def test_no_rdf_is_refused() -> None:
    with pytest.raises(Malformed) as caught:
        xmp.with_label(b"<x/>", VALUE)
    assert caught.value.code == "xmp-no-rdf"


@pytest.mark.parametrize("inside", ["/>", ">\n</x:xmpmeta>", "><!-- nothing --></x:xmpmeta>", ' key="value" />'])
def test_packet_that_says_nothing_is_given_the_label(inside: str) -> None:
    """Pillow and others write an ``x:xmpmeta`` with no rdf:RDF in it."""
    before = "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>\n<x:xmpmeta xmlns:x='adobe:ns:meta/'"
    packet = f"{before}{inside}\n<?xpacket end='w'?>".encode()
    labelled = xmp.with_label(packet, VALUE)
    assert [(item.text, item.shape) for item in xmp.labels(labelled)] == [(VALUE, "element")]
    assert labelled.startswith(before.encode()) and xmp.with_label(labelled, VALUE) == labelled


def test_depth_and_number_are_bounded() -> None:
    with pytest.raises(LimitExceeded):
        xmp.labels(b"<AIGC>" * 200 + b"</AIGC>" * 200)
    with pytest.raises(LimitExceeded):
        xmp.labels(b"<AIGC>" + b"<a/>" * 30_000 + b"</AIGC>")


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=300))
def test_any_value_survives(text: str) -> None:
    value = json.dumps({"Label": text})
    for start in (None, packet(), packet(ELEMENT), packet(ELEMENT).decode().encode("utf-16-le")):
        (label,) = xmp.labels(xmp.with_label(start, value))
        assert json.loads(label.text) == {"Label": text}


@settings(max_examples=150)
@given(st.data())
def test_damaged_packets_raise_only_our_errors(data: st.DataObject) -> None:
    good = packet(ELEMENT, attributes=f' TC260:AIGC="{QUOTED}"')
    at = data.draw(st.integers(0, len(good) - 1))
    length = data.draw(st.integers(0, 20))
    damaged = good[:at] + data.draw(st.binary(max_size=8)) + good[at + length :]
    try:
        xmp.labels(damaged)
        assert len(xmp.labels(xmp.with_label(damaged, OTHER))) == 1
        xmp.properties(damaged)
    except (Malformed, LimitExceeded):
        pass


def test_a_signature_in_front_of_a_packet_stays() -> None:
    signature = b"http://ns.adobe.com/xap/1.0/\0"
    data = signature + packet(ELEMENT)
    assert xmp.properties(data) == xmp.properties(packet(ELEMENT))
    assert xmp.with_label(data, OTHER) == signature + xmp.with_label(packet(ELEMENT), OTHER)
    assert xmp.without_other_labels(data) == signature + xmp.without_other_labels(packet(ELEMENT))
    assert xmp.unpadded(data) == signature + xmp.unpadded(packet(ELEMENT))
    assert xmp.labels(signature + xmp.with_label(None, VALUE)) == xmp.labels(xmp.with_label(None, VALUE))
    assert xmp.is_wiped(signature + b" " * 50) and not xmp.is_wiped(data)
