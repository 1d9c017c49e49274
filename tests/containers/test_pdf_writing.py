"""A label goes into a PDF by an incremental update, and other people's readers find it there (R59)."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pikepdf
import pypdf
import pytest

import pdf_files
from oracles import exiftool_label, pdfinfo, run
from yinji.containers import xmp
from yinji.containers.pdf.container import Pdf
from yinji.containers.reading import read_as
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.errors import Encrypted, Malformed, UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.testing import LABEL, PROPAGATED, Sample, applied, check_container, labelled, media_hash, reading_of

PDF = Pdf()
KINDS = sorted(pdf_files.ENCRYPTIONS)
PRODUCERS = (
    "chromium",
    "pikepdf",
    "pikepdf-streams",
    "pypdf",
    "without-info",
    "linearized",
    "linearized-streams",
    "hybrid",
    "junk-in-front",
    "junk-behind",
)


@pytest.fixture(scope="module")
def files(sample_dir: Path) -> dict[str, bytes]:
    return pdf_files.producers()


def plan(data: bytes, label: AigcLabel = LABEL) -> Splice:
    with Source.open(data, name="page.pdf") as source:
        return PDF.write(source, label, read_as(PDF, source, thorough=True), in_place=False)


def written(data: bytes, label: AigcLabel = LABEL) -> bytes:
    return labelled(PDF, Sample("page.pdf", data), label).data


def test_harness(files: dict[str, bytes]) -> None:
    chosen = ("chromium", "pikepdf-streams", "linearized", "hybrid", "without-info")
    check_container(PDF, [(f"{name}.pdf", files[name]) for name in chosen], mutations=30)


def test_harness_encrypted(sample_dir: Path) -> None:
    check_container(PDF, [("owner.pdf", pdf_files.encrypted("rc4-128"))], mutations=20)


@pytest.mark.parametrize("name", PRODUCERS)
def test_everyone_reads_it_and_nothing_else_changed(name: str, files: dict[str, bytes], tmp_path: Path) -> None:
    old = files[name]
    new = written(old)
    path = tmp_path / "page.pdf"
    path.write_bytes(new)
    wanted = dict(LABEL.items())
    assert new.startswith(old)
    assert json.loads(pdfinfo(path)["AIGC"]) == wanted
    if name != "junk-in-front":  # exiftool refuses such a file, labelled or not
        assert exiftool_label(path) == wanted
    assert b"No syntax or stream encoding errors" in run("qpdf", "--check", path)
    with pikepdf.open(io.BytesIO(old)) as before, pikepdf.open(io.BytesIO(new)) as after:
        assert json.loads(str(after.docinfo["/AIGC"])) == wanted
        kept = {key: str(value) for key, value in after.docinfo.items() if key != "/AIGC"}
        assert kept == {key: str(value) for key, value in before.docinfo.items()}
        assert before.open_metadata().pdfa_status == after.open_metadata().pdfa_status
        if "/ID" in before.trailer:
            assert after.trailer.ID[0] == before.trailer.ID[0]
            assert after.trailer.ID[1] != before.trailer.ID[1]
    metadata = pypdf.PdfReader(io.BytesIO(new)).metadata
    assert metadata is not None
    assert json.loads(metadata["/AIGC"]) == wanted
    assert pdf_files.rendered(old, tmp_path) == pdf_files.rendered(new, tmp_path)
    assert media_hash(PDF, old) == media_hash(PDF, new)


@pytest.mark.parametrize("name", PRODUCERS)
def test_cross_reference_stays_of_its_kind(name: str, files: dict[str, bytes]) -> None:
    old = files[name]
    added = written(old)[len(old) :]
    uses_stream = name in ("pikepdf-streams", "linearized-streams")
    assert (b"/Type /XRef" in added) is uses_stream
    assert (b"\ntrailer\n" in added) is not uses_stream


@pytest.mark.parametrize("name", PRODUCERS)
def test_propagation_is_one_small_exchange(name: str, files: dict[str, bytes], tmp_path: Path) -> None:
    once = written(files[name])
    splice = plan(once, PROPAGATED)
    assert splice.moves_nothing
    assert sum(len(edit.data) for edit in splice.edits) < 2048
    twice = applied(splice, once)
    assert [found.label for found in reading_of(PDF, Sample("page.pdf", twice)).found] == [PROPAGATED]
    path = tmp_path / "page.pdf"
    path.write_bytes(twice)
    assert json.loads(pdfinfo(path)["AIGC"]) == dict(PROPAGATED.items())
    assert b"No syntax or stream encoding errors" in run("qpdf", "--check", path)


def test_a_longer_value_is_another_update(files: dict[str, bytes]) -> None:
    once = written(files["pikepdf"])
    long = PROPAGATED.propagated("x", "y", reserved2="S" * 4000)
    twice = written(once, long)
    assert twice.startswith(once)
    assert reading_of(PDF, Sample("page.pdf", twice)).label == long


@pytest.mark.parametrize("producer", ["a(b)c\\d)(", "深圳市某某公司", "émoji 😀", "line\nfeed"])
def test_any_text_reads_back(producer: str, files: dict[str, bytes], tmp_path: Path) -> None:
    label = AigcLabel.first(producer, "1")
    new = written(files["pypdf"], label)
    assert reading_of(PDF, Sample("page.pdf", new)).label == label
    with pikepdf.open(io.BytesIO(new)) as pdf:
        assert json.loads(str(pdf.docinfo["/AIGC"])) == dict(label.items())


@pytest.mark.parametrize("kind", KINDS)
def test_encryption_is_kept(kind: str, sample_dir: Path, tmp_path: Path) -> None:
    old = pdf_files.encrypted(kind)
    assert reading_of(PDF, Sample("page.pdf", old)).problems == ()
    new = written(old)
    assert new.startswith(old)
    assert b"ContentProducer" not in new[len(old) :]
    for data, label in ((new, LABEL), (written(new, PROPAGATED), PROPAGATED)):
        path = tmp_path / "page.pdf"
        path.write_bytes(data)
        assert json.loads(pdfinfo(path)["AIGC"]) == dict(label.items())
        assert b"No syntax or stream encoding errors" in run("qpdf", "--check", path)
        with pikepdf.open(io.BytesIO(data)) as pdf, pikepdf.open(io.BytesIO(old)) as before:
            assert pdf.is_encrypted
            assert pdf.allow == before.allow
            assert str(pdf.docinfo["/Title"]) == str(before.docinfo["/Title"])
        answer = reading_of(PDF, Sample("page.pdf", data))
        assert [found.label for found in answer.found] == [label]
        assert {block.key: block.value for block in answer.blocks}["Title"] == "标题 (一) \\ end"
    assert pdf_files.rendered(old, tmp_path) == pdf_files.rendered(new, tmp_path)


@pytest.mark.parametrize("bits", ["128", "256"])
def test_a_user_password_cannot_tell(bits: str, sample_dir: Path) -> None:
    data = pdf_files.qpdf("--encrypt", "user", "owner", bits, "--")
    answer = reading_of(PDF, Sample("page.pdf", data))
    assert str(answer.state) == "unreadable"
    assert [problem.code for problem in answer.problems] == ["pdf-password"]
    with pytest.raises(Encrypted):
        plan(data)


@pytest.mark.parametrize("bits", ["128", "256"])
def test_a_password_closes_what_shows_no_label_and_leaves_plain_metadata_open(bits: str, sample_dir: Path) -> None:
    """Without an information dictionary too: what cannot be opened is never called unlabelled (design, rule 6)."""
    with pikepdf.open(io.BytesIO(pdf_files.pikepdf(with_xmp=False))) as pdf:
        del pdf.trailer["/Info"]
        out = io.BytesIO()
        pdf.save(out)
    lock = ("--encrypt", "user", "owner", bits, *(("--use-aes=y",) if bits == "128" else ()))
    bare = reading_of(PDF, Sample("page.pdf", pdf_files.qpdf(*lock, "--", data=out.getvalue())))
    assert (bare.state, [problem.code for problem in bare.problems]) == ("unreadable", ["pdf-password"])
    data = pdf_files.qpdf(*lock, "--cleartext-metadata", "--", data=with_copy(LABEL, compressed=True))
    answer = reading_of(PDF, Sample("page.pdf", data))
    assert [(found.carrier, found.label) for found in answer.found] == [("xmp", LABEL)]
    assert [problem.code for problem in answer.problems] == ["pdf-partly-locked"]
    with pytest.raises(Encrypted) as refused:
        plan(data)
    assert refused.value.code == "pdf-password"


def with_copy(label: AigcLabel, *, compressed: bool) -> bytes:
    """A labelled file whose XMP packet repeats a label, as other writers leave it."""
    with pikepdf.open(io.BytesIO(written(pdf_files.pikepdf()))) as pdf:
        packet = xmp.with_label(pdf.Root.Metadata.read_bytes(), label.to_json())
        pdf.Root.Metadata = pdf.make_stream(packet, Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML)
        out = io.BytesIO()
        pdf.save(out, compress_streams=compressed, static_id=True)
    return out.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_copy_in_xmp(compressed: bool, sample_dir: Path, tmp_path: Path) -> None:
    mirrored = reading_of(PDF, Sample("page.pdf", with_copy(LABEL, compressed=compressed)))
    assert [found.carrier for found in mirrored.found] == ["pdf-info"]
    assert [problem.code for problem in mirrored.problems] == ["pdf-xmp-mirror"]
    differing = with_copy(PROPAGATED, compressed=compressed)
    answer = reading_of(PDF, Sample("page.pdf", differing))
    assert len(answer.found) == 2
    assert "several-labels" in [problem.code for problem in answer.problems]
    new = written(differing)
    path = tmp_path / "page.pdf"
    path.write_bytes(new)
    assert exiftool_label(path) == dict(LABEL.items())
    after = reading_of(PDF, Sample("page.pdf", new))
    assert [found.label for found in after.found] == [LABEL]
    assert after.problems == ()
    with pikepdf.open(io.BytesIO(new)) as pdf:
        assert pdf.open_metadata()["dc:title"] == "标题"
    assert media_hash(PDF, differing) == media_hash(PDF, new)
    assert b"No syntax or stream encoding errors" in run("qpdf", "--check", path)


def test_other_spellings_in_the_dictionary_are_replaced(sample_dir: Path) -> None:
    with pikepdf.open(io.BytesIO(pdf_files.pikepdf())) as pdf:
        pdf.docinfo["/aigc"] = LABEL.to_json()
        pdf.docinfo["/TC260"] = PROPAGATED.to_json(wrapped=True)
        out = io.BytesIO()
        pdf.save(out)
    assert len(reading_of(PDF, Sample("page.pdf", out.getvalue())).found) == 2
    answer = reading_of(PDF, Sample("page.pdf", written(out.getvalue())))
    assert [(found.label, found.problems) for found in answer.found] == [(LABEL, ())]
    with pikepdf.open(io.BytesIO(pdf_files.pikepdf())) as pdf:
        pdf.docinfo["/Keywords"] = "see " + LABEL.to_json()
        out = io.BytesIO()
        pdf.save(out)
    with pytest.raises(UnsupportedFormat):
        plan(out.getvalue())


def test_refuses_a_broken_file(files: dict[str, bytes]) -> None:
    broken = files["pikepdf"].replace(b"startxref", b"startxxxx")
    with pytest.raises(Malformed):
        plan(broken)
