"""SVG and SVGZ: the harness over real files, every placement, encodings, and what other programs make of them."""

from __future__ import annotations

import gzip
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
from pictures import BARE, PACKET, WRAPPED
from yinji.containers.model import Reading, State
from yinji.containers.reading import read as read_source
from yinji.containers.registry import sniff
from yinji.containers.source import Source
from yinji.containers.svg.container import Svg, Svgz
from yinji.errors import UnreadableInput, UnsupportedFormat
from yinji.testing import LABEL, PROPAGATED, Sample, applied, check_container, labelled, reading_of, survives

SVG = Svg()
ESCAPED = BARE.replace('"', "&quot;")
ROOT = '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="60" viewBox="0 0 80 60">'
DRAWING = (
    '<defs><linearGradient id="g"><stop stop-color="red"/><stop offset="1" stop-color="#00f"/></linearGradient></defs>'
    "<style>rect{stroke:black}</style><script>/* AIGC */ var a = '&lt;';</script><!-- a comment -->"
    '<rect width="70" height="50" x="5" y="5" fill="url(#g)"/><text x="9" y="35">印记 &amp; text</text>'
)
INKSCAPE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<!-- Created with Inkscape -->\n<svg\n'
    '   xmlns:dc="http://purl.org/dc/elements/1.1/"\n   xmlns:cc="http://creativecommons.org/ns#"\n'
    '   xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"\n   xmlns="http://www.w3.org/2000/svg"\n'
    '   width="80" height="60">\n  <metadata id="m">\n    <rdf:RDF>\n      <cc:Work rdf:about="">\n'
    "        <dc:format>image/svg+xml</dc:format>\n        <dc:title>画</dc:title>\n      </cc:Work>\n    </rdf:RDF>\n"
    f"  </metadata>\n{DRAWING}\n</svg>\n"
)
DOCTYPE = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
PREFIXED = '<s:svg xmlns:s="http://www.w3.org/2000/svg" width="8" height="8"><s:rect width="8" height="8"/></s:svg>'
FILES = {
    "plain.svg": f"{ROOT}{DRAWING}</svg>",
    "title.svg": f"{ROOT}<title>画</title><desc>说明</desc>{DRAWING}</svg>",
    "doctype.svg": f'<?xml version="1.0"?>\n{DOCTYPE}\n{ROOT}{DRAWING}</svg>\n',
    "inkscape.svg": INKSCAPE,
    "prefix.svg": PREFIXED,
    "metadata.svg": f"{ROOT}<metadata><c:x xmlns:c='urn:c'>kept</c:x></metadata>{DRAWING}</svg>",
    "inline.svg": f"<svg width='8' height='8'>{DRAWING}</svg>",
}


def drawn(inside: str = "", *, behind: str = "") -> bytes:
    return f"{ROOT}{inside}{DRAWING}</svg>{behind}".encode()


WRAPPER = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{}<?xpacket end="w"?>'
OUTER = (
    f'{ROOT[:-1]} xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:T="http://www.tc260.org.cn/ns/AIGC/1.0/">'
)
PLACES = {
    "packet": (drawn(f"<metadata>{WRAPPER.format(PACKET)}</metadata>"), "xmp", "element"),
    "bare packet": (drawn(f"<metadata>{PACKET}</metadata>"), "xmp", "element"),
    "packet at the end": (f"{ROOT}{DRAWING}<metadata>{PACKET}</metadata></svg>".encode(), "xmp", "element"),
    "namespaces of the root": (
        f"{OUTER}<metadata><r:RDF><r:Description><T:AIGC>{ESCAPED}</T:AIGC></r:Description></r:RDF></metadata></svg>".encode(),
        "xmp",
        "element",
    ),
    "attribute": (
        f'{OUTER}<metadata><r:RDF><r:Description T:AIGC="{ESCAPED}"/></r:RDF></metadata></svg>'.encode(),
        "xmp",
        "attribute",
    ),
    "without metadata": (drawn(PACKET), "xmp", "element"),
    "utf-16": (drawn(f"<metadata>{PACKET}</metadata>").decode().encode("utf-16"), "xmp", "element"),
    "element": (drawn(f"<metadata><AIGC>{ESCAPED}</AIGC></metadata>"), "svg-text", "bare"),
    "description": (drawn(f"<desc>{ESCAPED}</desc>"), "svg-text", "bare"),
    "description with words": (drawn(f"<desc>words {WRAPPED} more</desc>"), "svg-text", "wrapped"),
    "root": (drawn().replace(b"<svg ", f'<svg data-aigc="{ESCAPED}" '.encode()), "svg-attribute", "bare"),
    "comment": (drawn(f"<!-- AIGC{BARE} -->"), "svg-comment", "bare"),
}  # fmt: skip


def read(data: bytes, *, thorough: bool = False) -> Reading:
    return reading_of(SVG, Sample("x.svg", data), thorough=thorough)


def write(data: bytes) -> bytes:
    return labelled(SVG, Sample("x.svg", data)).data


def test_harness() -> None:
    real = [(name, text.encode()) for name, text in FILES.items()]
    real += [("wide.svg", f"{ROOT}{DRAWING}</svg>".encode("utf-16-be")), ("mark.svg", b"\xef\xbb\xbf" + real[0][1])]
    packet = f"<metadata>{PACKET}</metadata>"
    doubled = [
        ("packets.svg", drawn(packet + packet)),
        ("element.svg", drawn(f"{packet}<desc>{ESCAPED}</desc>")),
        ("without-packet.svg", drawn(f"<desc>{ESCAPED}</desc><!-- AIGC{BARE} -->")),
    ]
    check_container(SVG, real, doubled=doubled, mutations=30)
    check_container(Svgz(), [("x.svgz", gzip.compress(real[0][1]))], mutations=30)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("thorough", [False, True])
def test_every_place_is_read(name: str, thorough: bool) -> None:
    data, carrier, shape = PLACES[name]
    reading = read(data, thorough=thorough)
    assert reading.state is State.LABELLED
    (found,) = reading.found
    assert (found.label, found.carrier, found.shape) == (LABEL, carrier, shape)


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_replaced_by_the_one(name: str) -> None:
    written = labelled(SVG, Sample("x.svg", PLACES[name][0]), PROPAGATED).data
    reading = read(written, thorough=True)
    assert [(found.label, found.carrier) for found in reading.found] == [(PROPAGATED, "xmp")]
    text = written.decode("utf-16" if name == "utf-16" else "utf-8")
    assert text.count("ContentProducer") == 1
    ElementTree.fromstring(written)
    assert DRAWING in text or "OUTER" in name or OUTER in text


@pytest.mark.parametrize("name", FILES)
def test_other_programs(name: str, tmp_path: Path) -> None:
    before, after = FILES[name].encode(), write(FILES[name].encode())
    path = tmp_path / "after.svg"
    path.write_bytes(after)
    if name != "prefix.svg":  # which exiftool does not take for SVG
        assert oracles.exiftool_label(path) == dict(LABEL.items())
    kept = [e for e in ElementTree.fromstring(before).iter() if not _is_metadata(e)]
    left = [e for e in ElementTree.fromstring(after).iter() if not _is_metadata(e)]
    assert [e.tag for e in kept if "rdf" not in e.tag and "creativecommons" not in e.tag and "purl" not in e.tag] == [
        e.tag for e in left if not any(part in e.tag for part in ("rdf", "tc260", "adobe", "creativecommons", "purl"))
    ]
    root = ElementTree.fromstring(after)
    (label,) = [e.text for e in root.iter("{http://www.tc260.org.cn/ns/AIGC/1.0/}AIGC")]
    assert label == BARE


def _is_metadata(element: ElementTree.Element) -> bool:
    return element.tag.endswith("}metadata") or element.tag == "metadata"


def test_everything_else_stays_byte_for_byte() -> None:
    data = FILES["doctype.svg"].encode()
    with Source.open(data) as source:
        (edit,) = SVG.write(source, LABEL, read(data), in_place=True).edits
    assert edit.start == edit.stop == data.index(b"<defs>")
    data = INKSCAPE.encode()
    with Source.open(data) as source:
        (edit,) = SVG.write(source, LABEL, read(data), in_place=True).edits
    assert data.index(b"</cc:Work>") < edit.start <= edit.stop <= data.index(b"</metadata>")


def test_titles_stay_first() -> None:
    written = write(FILES["title.svg"].encode())
    assert written.index(b"<desc>") < written.index(b"<metadata>") < written.index(b"<defs>")


def test_the_browser_draws_the_same(tmp_path: Path) -> None:
    pictures = []
    for number, data in enumerate((FILES["title.svg"].encode(), write(FILES["title.svg"].encode()))):
        path, shot = tmp_path / f"{number}.svg", tmp_path / f"{number}.png"
        path.write_bytes(data)
        options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=120,100")
        oracles.run(
            "chromium", *options, f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={shot}", path.as_uri()
        )
        pictures.append(oracles.pillow_hash(shot))
    assert pictures[0] == pictures[1]


def test_propagation_is_one_small_edit_in_place() -> None:
    for text in (FILES["plain.svg"], INKSCAPE):
        written = labelled(SVG, Sample("x.svg", text.encode()))
        with Source.open(written.data) as source:
            splice = SVG.write(source, PROPAGATED, reading_of(SVG, written), in_place=True)
        assert splice.moves_nothing
        assert sum(len(edit.data) for edit in splice.edits) < 4096
        assert read(applied(splice, written.data)).label == PROPAGATED


def test_latin_1_stays_latin_1() -> None:
    """What Illustrator and collections of icons declare; every byte of theirs stays."""
    packet = PACKET.replace("<rdf:RDF", "<!-- é --><rdf:RDF", 1)
    front, back = f'<?xml version="1.0" encoding="iso-8859-1"?>\n{ROOT}<title>Été</title>', "<text>naïve</text></svg>"
    for inside in ("", f"<metadata>{packet}</metadata>"):
        data = f"{front}{inside}{back}".encode("latin-1", "xmlcharrefreplace")
        assert read(data).state is (State.LABELLED if inside else State.UNLABELLED)
        written = labelled(SVG, Sample("icon.svg", data)).data
        assert written.startswith(front.encode("latin-1")[:-20]) and written.endswith(back.encode("latin-1"))
        root = ElementTree.fromstring(written)
        assert [e.text for e in root.iter() if str(e.tag).endswith("}AIGC")] == [LABEL.to_json()]
        assert root.findtext("{http://www.w3.org/2000/svg}text") == "naïve"
        found = read(written).found
        assert [each.label for each in found] == [LABEL] and b"TC260" in written[found[0].start : found[0].stop]


def test_ascii_stays_ascii() -> None:
    data = f'<?xml version="1.0" encoding="US-ASCII"?>{ROOT}<rect/></svg>'.encode()
    written = labelled(SVG, Sample("x.svg", data)).data
    assert written.isascii()
    assert ElementTree.fromstring(written) is not None
    assert read(written).label == LABEL


def test_credentials_are_noticed_and_left_alone() -> None:
    manifest = '<c2pa:manifest xmlns:c2pa="http://c2pa.org/manifest">AAAA</c2pa:manifest>'
    data = drawn(f"<metadata>{manifest}</metadata>")
    reading = read(data)
    assert [block.carrier for block in reading.blocks] == ["c2pa"]
    assert manifest.encode() in write(data)


def test_labels_behind_the_end_are_read_and_not_rewritten() -> None:
    data = drawn(behind=WRAPPED)
    assert read(data).label == LABEL
    with pytest.raises(UnreadableInput):
        write(data)


def test_labels_among_escaped_words_are_read_and_not_rewritten() -> None:
    data = drawn(f"<desc>words {ESCAPED} more</desc>")
    assert read(data).state is not State.UNLABELLED
    with pytest.raises(UnsupportedFormat):
        write(data)


def test_labelled_files_are_read_from_their_head() -> None:
    written = write(drawn("<title>t</title>") + b"\n" * 500_000)
    with Source.open(written, name="x.svg") as source:
        assert read_source(source).label == LABEL
        assert source.reads == 1


def test_what_gzip_holds_decides() -> None:
    inside = {"svgz": FILES["plain.svg"].encode(), "gzip": b"some text"}
    for name, text in inside.items():
        with Source.open(gzip.compress(text), name="file") as source:
            assert sniff(source).name == name


def test_compressed_text_stays_the_same() -> None:
    text = FILES["title.svg"].encode()
    written = labelled(Svgz(), Sample("x.svgz", gzip.compress(text))).data
    assert gzip.decompress(written) == write(text)
    members = gzip.compress(text[:50]) + gzip.compress(text[50:])
    assert gzip.decompress(labelled(Svgz(), Sample("x.svgz", members)).data) == write(text)


def test_bombs_end_at_once() -> None:
    reading = reading_of(Svgz(), Sample("x.svgz", gzip.compress(bytes(1 << 25))))
    assert (reading.state, [p.code for p in reading.problems]) == (State.UNREADABLE, ["inflates-too-far"])


ENTITIES = '<!DOCTYPE svg [<!ENTITY a "AIGC"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"", State.MALFORMED),
        (b"<svg", State.MALFORMED),
        (drawn()[:-3], State.MALFORMED),
        (b"<html/>", State.MALFORMED),
        (f"{ENTITIES}{ROOT}<desc>&b;</desc></svg>".encode(), State.UNREADABLE),
        (f"{DOCTYPE}{ROOT}&unknown;</svg>".encode(), State.UNLABELLED),
        (f'<!DOCTYPE svg SYSTEM "file:///etc/hostname">{ROOT}</svg>'.encode(), State.UNLABELLED),
        (f'<?xml version="1.0" encoding="GB18030"?>{ROOT}</svg>'.encode(), State.UNREADABLE),
        (b"<svg>" * 600 + b"</svg>" * 600, State.UNREADABLE),
        (drawn("<metadata><AIGC>not a label</AIGC></metadata>"), State.MALFORMED),
        (drawn("<text>AIGC</text>"), State.UNLABELLED),
        (f"{ROOT}\xff</svg>".encode("latin-1"), State.MALFORMED),
    ],
)
def test_states(data: bytes, state: State) -> None:
    assert survives(SVG, data).state is state
    assert read(data).state is state


@given(text=st.text(alphabet="<>/=\"' &;aAIGC:rdfRDF!-[]?x{}", max_size=120))
def test_anything_inside_is_met_with_our_errors_alone(text: str) -> None:
    survives(SVG, drawn(text))
