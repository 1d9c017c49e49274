"""Office documents: the harness over real files, every form of the property, and what other programs read."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

import documents
import oracles
from yinji.containers.model import Reading, State
from yinji.containers.ooxml import encrypted as ooxml_encrypted
from yinji.containers.ooxml.container import Docx
from yinji.containers.reading import read as read_source
from yinji.containers.registry import by_name
from yinji.containers.source import Source
from yinji.errors import WouldBreakCredentials
from yinji.testing import LABEL, PROPAGATED, Sample, applied, check_container, labelled, reading_of

DOCX = Docx()
JSON = LABEL.to_json()
XML = JSON.replace('"', "&quot;")
FMTID = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
CUSTOM, TYPES, RELS = "docProps/custom.xml", "[Content_Types].xml", "_rels/.rels"
OWN = {CUSTOM, TYPES, RELS}
PROPERTIES = dict(zip(("bare", "properties", "strict"), (e.data for e in DOCX.examples()), strict=True))
ORIGINAL = PROPERTIES["properties"]
FOREIGN = documents.part(ORIGINAL, CUSTOM).decode()


def with_properties(*properties: str, data: bytes = ORIGINAL) -> bytes:
    return documents.repacked(
        data, {CUSTOM: FOREIGN.replace("</Properties>", "".join(properties) + "</Properties>").encode()}
    )


def prop(value: str = XML, *, name: str = "AIGC", type: str = "lpwstr", fmtid: str = FMTID, pid: str = "9") -> str:
    return f'<property fmtid="{fmtid}" pid="{pid}" name="{name}"><vt:{type}>{value}</vt:{type}></property>'


def read(data: bytes, *, thorough: bool = False) -> Reading:
    return reading_of(DOCX, Sample("x.docx", data), thorough=thorough)


FORMS: dict[str, tuple[bytes, set[str]]] = {
    "as the guide has it": (with_properties(prop()), set()),
    "raw quotes": (with_properties(prop(JSON)), set()),
    "in a CDATA section": (with_properties(prop(f"<![CDATA[{JSON}]]>")), set()),
    "behind a comment": (with_properties("<!-- <property> -->", prop()), set()),
    "lpstr": (with_properties(prop(type="lpstr")), {"ooxml-type"}),
    "bstr": (with_properties(prop(type="bstr")), {"ooxml-type"}),
    "lower case": (with_properties(prop(name="aigc")), {"key-case"}),
    "another name": (with_properties(prop(name="Provenance")), {"key-name"}),
    "another fmtid": (with_properties(prop(fmtid="{00000000-0000-0000-0000-000000000000}")), {"ooxml-fmtid"}),
    "a pid twice": (with_properties(prop(pid="2")), {"ooxml-pid"}),
    "pid 1": (with_properties(prop(pid="1")), {"ooxml-pid"}),
    "wrapped": (with_properties(prop('{"AIGC":' + JSON + "}")), set()),
    "utf-16": (
        documents.repacked(
            ORIGINAL,
            {
                CUSTOM: FOREIGN.replace("UTF-8", "UTF-16")
                .replace("</Properties>", prop() + "</Properties>")
                .encode("utf-16")
            },
        ),
        set(),
    ),
    "not registered": (
        documents.repacked(
            PROPERTIES["bare"], {CUSTOM: FOREIGN.replace("</Properties>", prop() + "</Properties>").encode()}
        ),
        {"ooxml-unrelated"},
    ),
    "another part name": (
        documents.repacked(
            with_properties(prop()),
            {
                CUSTOM: None,
                "extra/own.xml": documents.part(with_properties(prop()), CUSTOM),
                RELS: documents.part(ORIGINAL, RELS).replace(b"/docProps/custom.xml", b"extra/own.xml"),
            },
        ),
        set(),
    ),
    "a data part": (
        documents.repacked(ORIGINAL, {"customXml/aigcMetadata1.xml": f"<a><AIGC>{XML}</AIGC></a>".encode()}),
        {"place"},
    ),
    "the description": (
        documents.repacked(
            ORIGINAL,
            {"docProps/app.xml": documents.part(ORIGINAL, "docProps/app.xml").replace(b"Yinji example", XML.encode())},
        ),
        {"key-name", "place"},
    ),
}


def test_harness() -> None:
    doubled = [
        ("two.docx", with_properties(prop(), prop(name="aigc", pid="10"))),
        (
            "elsewhere.docx",
            documents.repacked(FORMS["a data part"][0], {CUSTOM: documents.part(with_properties(prop()), CUSTOM)}),
        ),
    ]
    check_container(DOCX, [("real.docx", documents.office("docx"))], doubled=doubled, mutations=40)


@pytest.mark.parametrize("kind", ["xlsx", "pptx"])
def test_harness_of_the_others(kind: str) -> None:
    check_container(by_name(kind), [(f"real.{kind}", documents.office(kind))], mutations=15)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("thorough", [False, True])
def test_every_form_is_read(name: str, thorough: bool) -> None:
    data, problems = FORMS[name]
    reading = read(data, thorough=thorough)
    assert reading.state is State.LABELLED
    (found,) = reading.found
    assert found.label == LABEL
    assert {problem.code for problem in found.problems} == problems


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_replaced_by_the_one(name: str) -> None:
    written = labelled(DOCX, Sample("x.docx", FORMS[name][0]), PROPAGATED).data
    (found,) = read(written, thorough=True).found
    assert (found.label, found.carrier, found.problems) == (PROPAGATED, "ooxml-custom", ())
    everything = b"".join(documents.part(written, part) for part in documents.entries(written))
    assert everything.replace(b"\0", b"").count(b"ContentProducer") == 1


@pytest.mark.parametrize("data", PROPERTIES.values(), ids=PROPERTIES)
def test_three_parts_change_and_no_other(data: bytes) -> None:
    written = labelled(DOCX, Sample("x.docx", data)).data
    before, after = documents.entries(data), documents.entries(written)
    assert {k: v for k, v in after.items() if k not in OWN} == {k: v for k, v in before.items() if k not in OWN}
    assert set(after) == {*before, CUSTOM}
    assert list(after)[:2] == list(before)[:2]


def test_strict_documents_get_strict_namespaces() -> None:
    written = labelled(DOCX, Sample("x.docx", PROPERTIES["strict"])).data
    assert b"http://purl.oclc.org/ooxml/officeDocument/customProperties" in documents.part(written, CUSTOM)
    assert b"http://purl.oclc.org/ooxml/officeDocument/relationships/customProperties" in documents.part(written, RELS)


def test_other_properties_stay_as_bytes_and_numbers_stay_unique() -> None:
    written = documents.part(labelled(DOCX, Sample("x.docx", ORIGINAL)).data, CUSTOM).decode()
    head, _, _ = FOREIGN.partition("</Properties>")
    assert written.startswith(head)
    pids = re.findall(r'pid="(\d+)"', written)
    assert len(pids) == len(set(pids)) == 3


def test_an_emptied_property_is_a_trace_of_removal() -> None:
    for value in ("", "   "):
        reading = read(with_properties(prop(value)))
        told = [p.code for item in (reading, *reading.found) for p in item.problems]
        assert (reading.state, told) == (State.MALFORMED, ["label-emptied"])


def test_the_application_and_the_author_are_told() -> None:
    blocks = {(block.carrier, block.key): block.value for block in read(documents.office("docx")).blocks}
    assert blocks["ooxml-app", "Application"] == "Microsoft Macintosh Word"
    assert blocks["ooxml-core", "creator"] == "作者"


@pytest.mark.parametrize("kind", documents.OFFICE)
def test_other_programs(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{kind}"
    path.write_bytes(labelled(by_name(kind), Sample(path.name, documents.office(kind))).data)
    assert oracles.exiftool(path)["XML:AIGC"] == dict(LABEL.items()) or oracles.exiftool_label(path) == dict(
        LABEL.items()
    )
    assert oracles.exiftool_warnings(path) == []
    assert documents.unzip_accepts(path)


def test_openpyxl_reads_the_label_beside_the_other_properties(tmp_path: Path) -> None:
    import openpyxl

    path = tmp_path / "x.xlsx"
    path.write_bytes(labelled(by_name("xlsx"), Sample(path.name, documents.office("xlsx"))).data)
    properties = {p.name: p.value for p in openpyxl.load_workbook(path).custom_doc_props.props}
    assert properties == {"Project": "项目 <A>", "Pages": 3, "AIGC": JSON}


def test_libreoffice_opens_labelled_documents_and_keeps_the_label(tmp_path: Path) -> None:
    paths = []
    for kind in documents.OFFICE:
        paths.append(tmp_path / f"{kind}.{kind}")
        paths[-1].write_bytes(labelled(by_name(kind), Sample(paths[-1].name, documents.office(kind))).data)
    saved = tmp_path / "saved"
    for kind, pdf in documents.converted(paths, "pdf", saved).items():
        assert pdf.read_bytes().startswith(b"%PDF-"), kind
    again = documents.converted(paths[:1], "odt", saved)["docx"]
    with Source.open(again) as source:
        reading = read_source(source)
    assert (reading.format, reading.label) == ("odt", LABEL)


def test_propagation_is_a_small_write_in_place() -> None:
    written = labelled(DOCX, Sample("x.docx", documents.office("docx")))
    with Source.open(written.data) as source:
        splice = DOCX.write(source, PROPAGATED, reading_of(DOCX, written), in_place=True)
    assert splice.moves_nothing
    assert sum(len(edit.data) for edit in splice.edits) < 600
    assert read(applied(splice, written.data)).label == PROPAGATED


def test_few_reads() -> None:
    for data in (documents.office("pptx"), labelled(DOCX, Sample("x.docx", documents.office("docx"))).data):
        reading = read(data)
        assert reading.reads <= 4
        assert reading.bytes_read <= 40_000


def signed(*references: str) -> bytes:
    space = 'xmlns="http://www.w3.org/2000/09/xmldsig#"'
    signature = f"<Signature {space}><Object><Manifest>{''.join(references)}</Manifest></Object></Signature>"
    return documents.repacked(ORIGINAL, {"_xmlsignatures/sig1.xml": signature.encode()})


TRANSFORM = "http://schemas.openxmlformats.org/package/2006/RelationshipTransform"
GROUP = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties"
CHOSEN = (
    '<Reference URI="/_rels/.rels?ContentType=x"><Transforms>'
    f'<Transform Algorithm="{TRANSFORM}">{{}}</Transform></Transforms></Reference>'
)


@pytest.mark.parametrize(
    ("reference", "refused"),
    [
        ('<Reference URI="/word/document.xml?ContentType=x"/>', False),
        (CHOSEN.format('<RelationshipReference SourceId="rId1"/>'), False),
        (CHOSEN.format(f'<RelationshipsGroupReference SourceType="{GROUP}"/>'), True),
        ('<Reference URI="/_rels/.rels?ContentType=x"/>', True),
        ('<Reference URI="/docProps/custom.xml?ContentType=x"/>', True),
    ],
)
def test_signatures_are_noticed_and_broken_by_nobody(reference: str, refused: bool) -> None:
    data = signed(reference)
    assert [b.key for b in read(data).blocks if b.carrier == "document-signature"] == ["_xmlsignatures/sig1.xml"]
    if refused:
        with pytest.raises(WouldBreakCredentials):
            labelled(DOCX, Sample("x.docx", data))
    else:
        assert read(labelled(DOCX, Sample("x.docx", data)).data).label == LABEL


def locked(*names: str) -> bytes:
    """A compound file with these streams in its directory (MS-CFB 2.2)."""
    header = bytearray(512)
    header[:8] = ooxml_encrypted.MAGIC
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<I", header, 48, 1)
    struct.pack_into("<109I", header, 76, 0, *[0xFFFFFFFF] * 108)
    table = struct.pack("<128I", 0xFFFFFFFD, 2, 0xFFFFFFFE, *[0xFFFFFFFF] * 125)
    rows = []
    for name in ("Root Entry", *names):
        text = name.encode("utf-16-le")
        rows.append((text.ljust(64, b"\0") + struct.pack("<H", len(text) + 2)).ljust(128, b"\0"))
    return bytes(header) + table + b"".join(rows).ljust(1024, b"\0")


@pytest.mark.parametrize("ending", ["docx", "xlsx", "pptx", ""])
def test_a_document_under_a_password_cannot_be_told(ending: str) -> None:
    names = ("a", "b", "c", "d", "EncryptionInfo", "EncryptedPackage")
    reading = read_source(Source.open(locked(*names), name=f"x.{ending}" if ending else ""))
    assert (reading.format, reading.state) == (ending or "docx", State.UNREADABLE)
    assert [problem.code for problem in reading.problems] == ["ooxml-encrypted"]
    old = read_source(Source.open(locked("WordDocument"), name="x.doc"))
    assert (old.format, old.state) == ("ole", State.UNSUPPORTED)


@pytest.mark.parametrize(
    ("part", "content", "code"),
    [
        (CUSTOM, b"<!DOCTYPE x [<!ENTITY a 'b'>]><Properties/>", "zip-doctype"),
        (CUSTOM, b"<Properties><property", "zip-xml"),
        (CUSTOM, None, "zip-missing"),
        (RELS, None, "zip-missing"),
        (RELS, b"<Relationships>&x;</Relationships>", "zip-xml"),
        ("docprops/CUSTOM.xml", b"<Properties/>", "ooxml-equivalent-names"),
        (CUSTOM, b"<Properties>" + b" " * (4 << 20) + b"</Properties>", "zip-bomb"),
        (CUSTOM, b"<a>" * 200 + b"</a>" * 200, "too-deep"),
    ],
)
def test_what_cannot_be_read_is_not_called_unlabelled(part: str, content: bytes | None, code: str) -> None:
    reading = read(documents.repacked(ORIGINAL, {part: content}))
    assert reading.state in (State.MALFORMED, State.UNREADABLE)
    assert code in [problem.code for problem in reading.problems]


def test_credentials_are_noticed() -> None:
    data = documents.repacked(ORIGINAL, {"META-INF/content_credential.c2pa": b"manifest"})
    assert [block.key for block in read(data).blocks if block.carrier == "c2pa"] == ["META-INF/content_credential.c2pa"]
