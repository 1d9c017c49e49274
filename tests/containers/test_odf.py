"""OpenDocument files: the harness over files that LibreOffice saved, and what it reads in labelled ones."""

from __future__ import annotations

from pathlib import Path

import pytest

import documents
from yinji.containers.model import State
from yinji.containers.odf import Odt
from yinji.containers.reading import read as read_source
from yinji.containers.registry import by_name
from yinji.containers.source import Source
from yinji.errors import WouldBreakCredentials
from yinji.testing import LABEL, PROPAGATED, Sample, check_container, labelled, reading_of

ODT = Odt()
FIELDS, BARE = (example.data for example in ODT.examples())
META = documents.part(FIELDS, "meta.xml").decode()
XML = LABEL.to_json().replace('"', "&quot;")
FIELD = f'<meta:user-defined meta:name="AIGC">{XML}</meta:user-defined>'


def with_fields(*fields: str) -> bytes:
    return documents.repacked(
        FIELDS, {"meta.xml": META.replace("</office:meta>", "".join(fields) + "</office:meta>").encode()}
    )


@pytest.mark.parametrize("kind", ["odt", "ods", "odp", "odg"])
def test_harness(kind: str) -> None:
    doubled = [("two.odt", with_fields(FIELD, FIELD.replace("AIGC", "aigc")))] if kind == "odt" else []
    check_container(by_name(kind), doubled=doubled, mutations=25)


def test_real_files_and_what_libreoffice_makes_of_the_label(tmp_path: Path) -> None:
    """Two runs of LibreOffice: one saves the originals, one opens the labelled files and saves them again."""
    source, target = tmp_path / "a", tmp_path / "b"
    source.mkdir()
    (source / "x.docx").write_bytes(documents.office("docx"))
    real = documents.converted([source / "x.docx"], "odt", tmp_path)["x"].read_bytes()
    check_container(ODT, [("real.odt", real)], mutations=10)
    written = labelled(ODT, Sample("x.odt", real)).data
    before, after = documents.entries(real), documents.entries(written)
    assert {k for k in after if after[k] != before.get(k)} == {"meta.xml"}
    assert next(iter(after)) == "mimetype"
    assert after["mimetype"][2] == 0
    (tmp_path / "x.odt").write_bytes(written)
    assert documents.unzip_accepts(tmp_path / "x.odt")
    saved = documents.converted([tmp_path / "x.odt"], "docx", target)["x"]
    with Source.open(saved) as file:
        reading = read_source(file)
    assert (reading.format, reading.label) == ("docx", LABEL)


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        (FIELD, set()),
        (FIELD.replace("AIGC", "aigc"), {"key-case"}),
        (FIELD.replace("AIGC", "other"), {"key-name"}),
        (f"<meta:keyword>{XML}</meta:keyword>", {"key-name", "place"}),
    ],
)
def test_every_form_is_read_and_replaced_by_the_one(fields: str, codes: set[str]) -> None:
    data = with_fields(fields)
    (found,) = reading_of(ODT, Sample("x.odt", data)).found
    assert (found.label, {problem.code for problem in found.problems}) == (LABEL, codes)
    written = labelled(ODT, Sample("x.odt", data), PROPAGATED).data
    assert documents.part(written, "meta.xml").count(b"ContentProducer") == 1
    assert "项目 A" in documents.part(written, "meta.xml").decode()


def test_a_document_without_metadata_gets_it_listed() -> None:
    written = labelled(ODT, Sample("x.odt", BARE)).data
    assert b'full-path="meta.xml"' in documents.part(written, "META-INF/manifest.xml")


def test_a_document_under_a_password_cannot_be_told() -> None:
    manifest = documents.part(FIELDS, "META-INF/manifest.xml").replace(
        b'full-path="meta.xml" manifest:media-type="text/xml"/>',
        b'full-path="meta.xml" manifest:media-type="text/xml"><manifest:encryption-data/></manifest:file-entry>',
    )
    data = documents.repacked(FIELDS, {"meta.xml": bytes(range(128, 256)), "META-INF/manifest.xml": manifest})
    reading = reading_of(ODT, Sample("x.odt", data))
    assert (reading.state, [p.code for p in reading.problems]) == (State.UNREADABLE, ["odf-encrypted"])


@pytest.mark.parametrize(("uri", "refused"), [("content.xml", False), ("meta.xml", True)])
def test_signatures_are_noticed_and_broken_by_nobody(uri: str, refused: bool) -> None:
    signature = f'<document-signatures><Signature><Reference URI="{uri}"/></Signature></document-signatures>'
    data = documents.repacked(FIELDS, {"META-INF/documentsignatures.xml": signature.encode()})
    assert "document-signature" in {block.carrier for block in reading_of(ODT, Sample("x.odt", data)).blocks}
    if refused:
        with pytest.raises(WouldBreakCredentials):
            labelled(ODT, Sample("x.odt", data))
    else:
        assert reading_of(ODT, labelled(ODT, Sample("x.odt", data))).label == LABEL
