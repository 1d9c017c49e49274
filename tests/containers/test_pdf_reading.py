"""Reading PDFs: strings, filters, and hostile files that must end quickly in a clear answer (R62, R63)."""

from __future__ import annotations

import base64
import io
import json
import zlib
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
import pdf_files
from yinji import media_digest
from yinji.containers.model import Reading, State
from yinji.containers.pdf import filters as pdf_filters
from yinji.containers.pdf import text as pdf_text
from yinji.containers.pdf.container import Pdf
from yinji.containers.pdf.lexer import Dictionary, IncompleteError, Name, Ref, String, Window
from yinji.containers.pdf.samples import plain, with_streams
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.errors import LimitExceeded, Malformed, YinjiError
from yinji.limits import Limits
from yinji.testing import LABEL, PROPAGATED, Sample, labelled, reading_of, survives

PDF = Pdf()
JSON = LABEL.to_json()


def reading(data: bytes) -> Reading:
    return reading_of(PDF, Sample("page.pdf", data))


def with_info(entries: bytes, *, prefix: bytes = b"") -> bytes:
    """A small file whose information dictionary is spelt by hand."""
    bodies = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>", b"<< %s >>" % entries]
    out, rows = b"%PDF-1.4\n", b"0000000000 65535 f\r\n"
    for number, body in enumerate(bodies, 1):
        rows += b"%010d 00000 n\r\n" % len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    tail = b"xref\n0 4\n%strailer\n<< /Size 4 /Root 1 0 R /Info 3 0 R %s>>\nstartxref\n%d\n%%%%EOF\n"
    return out + tail % (rows, prefix, len(out))


@pytest.mark.parametrize(
    "value",
    [
        b"(" + JSON.encode() + b")",
        b"(" + JSON.replace("{", "\\173").replace('"', "\\042").encode() + b")",
        b"(" + JSON.replace(",", ",\\\r\n").encode() + b")",
        b"<" + JSON.encode().hex().encode() + b">",
        b"<"
        + "\n".join(("feff" + JSON.encode("utf-16-be").hex())[i : i + 9] for i in range(0, 999, 9)).encode()
        + b">",
        b"(" + b"\xef\xbb\xbf" + JSON.encode() + b")",
        b"% a comment )\n(" + JSON.encode() + b") % another\n",
    ],
    ids=["literal", "octal", "continued", "hex", "utf-16", "utf-8", "comments"],
)
@pytest.mark.parametrize("key", [b"/AIGC ", b"/#41IGC\n"])
def test_spellings_of_the_value(key: bytes, value: bytes) -> None:
    answer = reading(with_info(b"/Title (x) " + key + value + b" /Producer (y)"))
    assert [(found.label, found.problems) for found in answer.found] == [(LABEL, ())]
    assert {block.key for block in answer.blocks} == {"Title", "AIGC", "Producer"}


def test_utf_8_without_its_mark_is_read_and_named() -> None:
    value = JSON.replace("20261122", "编号").encode()
    answer = reading(with_info(b"/AIGC (" + value + b")"))
    assert answer.label is not None
    assert answer.label.produce_id == "编号-7f3a9c"
    assert "pdf-text-encoding" in {problem.code for problem in answer.found[0].problems}


def test_wrong_values_are_no_silent_none() -> None:
    for value in (b"/Name", b"42", b"<< /Label (1) >>", b"(not a label)"):
        assert reading(with_info(b"/AIGC " + value)).state is State.MALFORMED


def test_two_entries_are_two_labels_and_one_write_leaves_one() -> None:
    data = with_info(b"/AIGC (%s) /AIGC (%s)" % (JSON.encode(), PROPAGATED.to_json().encode()))
    assert len(reading(data).found) == 2
    after = reading(labelled(PDF, Sample("page.pdf", data)).data)
    assert [found.label for found in after.found] == [LABEL]


def test_value_behind_a_reference(sample_dir: Path) -> None:
    with pikepdf.open(io.BytesIO(pdf_files.pypdf())) as pdf:
        pdf.docinfo["/AIGC"] = pdf.make_indirect(pikepdf.String(JSON))
        out = io.BytesIO()
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert reading(out.getvalue()).label == LABEL


def test_hidden_object_beside_the_table() -> None:
    assert [b.value for b in reading(pdf_files.hybrid(beside=True)).blocks] == ["hidden"]


def test_other_writers_labels(sample_dir: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_files.pikepdf())))
    writer.add_metadata({"/AIGC": JSON})
    out = io.BytesIO()
    writer.write(out)
    assert reading(out.getvalue()).label == LABEL
    with pikepdf.open(io.BytesIO(pdf_files.chromium())) as pdf:
        pdf.docinfo["/AIGC"] = JSON.replace("001191110000MA0TE5T00Q10001", "某公司")
        again = io.BytesIO()
        pdf.save(again, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    label = reading(again.getvalue()).label
    assert label is not None
    assert label.producer == "某公司"


def test_xmp_and_sizes_of_reads(sample_dir: Path) -> None:
    data = pdf_files.pikepdf()
    block = next(b for b in reading(data).blocks if b.carrier == "xmp")
    assert isinstance(block.value, bytes)
    assert b"xmpmeta" in block.value
    assert 0 < block.start < block.stop <= len(data)
    labelled_file = labelled(PDF, Sample("page.pdf", pdf_files.chromium())).data
    with Source.open(labelled_file, name="page.pdf") as source:
        quick = read(source)
    assert quick.label == LABEL
    assert quick.bytes_read <= 8192 + 1024


def test_a_manifest_is_noticed(sample_dir: Path) -> None:
    with pikepdf.open(io.BytesIO(pdf_files.pypdf())) as pdf:
        file = pdf.make_stream(b"\0\0\0\x20jumb c2pa")
        entry = pikepdf.Dictionary(Type=pikepdf.Name.Filespec, AFRelationship=pikepdf.Name("/C2PA_Manifest"))
        entry.EF = pikepdf.Dictionary(F=file)
        pdf.Root.AF = pikepdf.Array([pdf.make_indirect(entry)])
        out = io.BytesIO()
        pdf.save(out)
    assert [b.value for b in reading(out.getvalue()).blocks if b.carrier == "c2pa"] == [b"\0\0\0\x20jumb c2pa"]


def test_damage_shows_the_label_or_cannot_tell() -> None:
    for sample in (plain(), with_streams(), pdf_files.hybrid()):
        whole = labelled(PDF, Sample("page.pdf", sample)).data
        moved = whole.replace(b"startxref\n", b"startxref\n9")
        assert reading(moved).label == LABEL
        assert "pdf" in reading(moved).problems[-1].code
        assert reading(sample.replace(b"startxref\n", b"startxref\n9")).state is State.MALFORMED
    assert reading(b"%PDF-1.7\nnothing").state is State.MALFORMED


def test_a_place_without_cross_reference_is_said_in_words() -> None:
    whole = labelled(PDF, Sample("page.pdf", plain())).data
    for sample, state in ((plain(), State.MALFORMED), (whole, State.LABELLED)):
        number = int(sample.rpartition(b"startxref\n")[2].split()[0])
        moved = sample.replace(b"startxref\n%d" % number, b"startxref\n%d" % (number + 3))
        result = reading(moved)
        (problem,) = result.problems
        assert (result.state, problem.code) == (state, "pdf-no-xref")
        assert str(number + 3) in problem.text.zh and str(number + 3) in problem.text.en
        assert "None" not in problem.text.zh + problem.text.en


def test_a_missing_object_stream_is_said_in_words() -> None:
    rows = b"".join(row.to_bytes(4, "big") for row in ((0 << 24), (2 << 24 | 9 << 8), (1 << 24 | 9 << 8)))
    head = b"<< /Type /XRef /W [1 2 1] /Size 3 /Root 1 0 R /Length %d >>" % len(rows)
    data = b"%%PDF-1.5\n2 0 obj\n%s\nstream\n%s\nendstream\nendobj\nstartxref\n9\n%%%%EOF\n" % (head, rows)
    result = reading(data)
    (problem,) = result.problems
    assert (result.state, problem.code) == (State.MALFORMED, "pdf-no-object-stream")
    assert "9" in problem.text.zh and "9" in problem.text.en


def chain(sections: list[bytes]) -> bytes:
    return b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" + b"".join(sections)


LOOP = b"xref\n0 1\n0000000000 65535 f\r\ntrailer\n<< /Size 1 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"


def bomb(level: int = 9) -> bytes:
    data = zlib.compress(b"\0" * (1 << 26), level)
    head = b"<< /Type /XRef /W [1 2 1] /Size 9999999 /Root 1 0 R /Filter /FlateDecode /Length %d >>" % len(data)
    return b"%%PDF-1.5\n5 0 obj\n%s\nstream\n%s\nendstream\nendobj\nstartxref\n9\n%%%%EOF\n" % (head, data)


def own_length() -> bytes:
    """An object stream whose length is inside itself."""
    data = with_streams()
    return data.replace(b"/First", b"/Length 1 0 R /First", 1)


HOSTILE = {
    "prev-loop": chain([LOOP % (44, 44)]),
    "prev-far": chain([LOOP % (10**15, 44)]),
    "prev-negative": chain([LOOP.replace(b"%d >>", b"-5 >>") % 44]),
    "count": chain([b"xref\n0 9999999999\n0000000000 65535 f\r\ntrailer\n<<>>\nstartxref\n44\n%%EOF\n"]),
    "subsections": chain([b"xref\n" + b"0 0\n" * 150_000 + b"trailer\n<<>>\nstartxref\n44\n%%EOF\n"]),
    "nested-arrays": with_info(b"/AIGC " + b"[" * 100_000),
    "nested-dictionaries": with_info(b"/AIGC " + b"<< /A " * 100_000),
    "parentheses": with_info(b"/AIGC " + b"(" * 1_100_000),
    "open-hex": with_info(b"/AIGC <" + b"41" * 1_000_000),
    "long-number": with_info(b"/AIGC " + b"9" * 1_000_000),
    "comments": with_info(b"/AIGC " + b"%\n" * 500_000),
    "many-entries": with_info(b"/A (x) " * 60_000),
    "bomb": bomb(),
    "own-length": own_length(),
    "self-reference": with_info(b"/AIGC 3 0 R"),
    "objects": b"%PDF-1.4\n" + b"1 0 obj " * 150_000,
    "trailers": b"%PDF-1.4\n" + b"trailer << /Root 1 0 R " * 20_000,
    "nothing-but-startxref": b"%PDF-startxref 0 startxref 5",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_files_cannot_tell(name: str) -> None:
    answer = survives(PDF, HOSTILE[name], f"{name}.pdf")
    assert answer.state in (State.MALFORMED, State.UNREADABLE)
    assert answer.problems or answer.found[0].problems


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_mutations(data: st.DataObject) -> None:
    base = data.draw(
        st.sampled_from([plain(), with_streams(), pdf_files.hybrid(), with_info(b"/AIGC (%s)" % JSON.encode())])
    )
    result = bytearray(base)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(result) - 1))
        token = data.draw(
            st.sampled_from([b"", b"<<", b">>", b"[", b"(", b"9999999999", b"R", b"/Prev 9", b"\0", b"-1"])
        )
        result[at : at + data.draw(st.integers(0, 12))] = token
    survives(PDF, bytes(result), "mutated.pdf")


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300))
def test_any_bytes_lex_or_raise_our_errors(data: bytes) -> None:
    with Source.open(b"") as source:
        window = Window(data, 0, final=True)
        try:
            value, stop = window.value(0, source.element)
        except YinjiError:
            return
        assert 0 < stop <= len(data)
        assert Window(data[:stop], 0, final=True).value(0, source.element)[0] == value


def lexed(data: bytes, *, final: bool = True) -> object:
    with Source.open(b"") as source:
        return Window(data, 0, final=final).value(0, source.element)[0]


def test_objects() -> None:
    value = lexed(b"<</A[1 -2.5 .5 true null/N#20x(a(b)\\)\\n\\051)<4 1>]/B 12 0 R/C<</D 1>>%c\n>>")
    assert isinstance(value, Dictionary)
    items = value.get("A")
    assert isinstance(items, list)
    assert items[:6] == [1, -2.5, 0.5, True, None, Name("N x")]
    assert [item.data for item in items[6:] if isinstance(item, String)] == [b"a(b))\n)", b"A"]
    assert value.get("B") == Ref(12, 0)
    for part in (b"<< /A (x", b"<41", b"/Nam", b"12", b"[ 1 2", b"<"):
        with pytest.raises(IncompleteError):
            lexed(part, final=False)
    for wrong in (b"", b")", b"]", b">>", b"<< /A >>", b"<< 1 2 >>", b"[ >>", b"<4x>", b"(x"):
        with pytest.raises(Malformed):
            lexed(wrong)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
def test_text_strings(text: str) -> None:
    token = pdf_text.token(pdf_text.encoded(text))
    value = lexed(token + b" ")
    assert isinstance(value, String)
    if not text.startswith("\ufeff") and "\x1b" not in text:
        assert pdf_text.decoded(value.data) == (text, True)


def test_pdf_doc_encoding_agrees_with_pikepdf() -> None:
    for byte in range(256):
        data = bytes((0x41, byte))
        ours, _ = pdf_text.decoded(data)
        theirs = str(pikepdf.String(data))
        if byte not in (0x7F, 0x9F, 0xAD):
            assert ours == theirs, hex(byte)


def unfiltered(data: bytes, name: str, **parameters: int) -> bytes:
    return pdf_filters.decode(data, name, pdf_filters.Parameters(**parameters), cap=1 << 20, path="")


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_filters_agree_with_other_encoders(data: bytes) -> None:
    assert unfiltered(zlib.compress(data), "FlateDecode") == data
    assert unfiltered(data.hex().encode() + b">", "ASCIIHexDecode") == data
    assert unfiltered(base64.a85encode(data) + b"~>", "ASCII85Decode") == data
    from pypdf.filters import RunLengthDecode

    runs = b"".join(bytes((257 - 5, byte)) for byte in data) + b"\x80"
    assert (
        unfiltered(runs, "RunLengthDecode") == RunLengthDecode.decode(runs) == b"".join(bytes((b,)) * 5 for b in data)
    )


def test_lzw_sample_of_the_standard() -> None:
    data = bytes.fromhex("800B6050220C0C8501")
    assert unfiltered(data, "LZWDecode") == bytes((45, 45, 45, 45, 45, 65, 45, 45, 45, 66))


@pytest.mark.parametrize("kind", [10, 11, 12, 13, 14, 15])
def test_predictors_agree_with_pillow(kind: int) -> None:
    from PIL import Image

    picture = Image.radial_gradient("L").resize((40, 24)).convert("RGB")
    raw = picture.tobytes()
    rows = [raw[i : i + 120] for i in range(0, len(raw), 120)]
    out, above = bytearray(), bytes(120)
    for number, row in enumerate(rows):
        tag = kind - 10 if kind < 15 else number % 5
        out.append(tag)
        for i, byte in enumerate(row):
            left, up, corner = (row[i - 3], above[i], above[i - 3]) if i >= 3 else (0, above[i], 0)
            estimate = left + up - corner
            paeth = sorted((left, up, corner), key=lambda v: abs(estimate - v))[0]
            out.append((byte - (0, left, up, (left + up) // 2, paeth)[tag]) & 0xFF)
        above = row
    coded = zlib.compress(bytes(out))
    assert unfiltered(coded, "FlateDecode", predictor=kind, colors=3, columns=40) == raw


def test_filters_are_bounded() -> None:
    for name, data in (("FlateDecode", zlib.compress(b"\0" * (1 << 22))), ("RunLengthDecode", b"\x81\0" * 40_000)):
        with pytest.raises(LimitExceeded):
            unfiltered(data, name)
    for name, data in (
        ("FlateDecode", b"not zlib"),
        ("ASCIIHexDecode", b"zz>"),
        ("ASCII85Decode", b"v~>"),
        ("DCTDecode", b""),
    ):
        with pytest.raises(Malformed):
            unfiltered(data, name)


def test_limits_are_obeyed(sample_dir: Path) -> None:
    with Source.open(pdf_files.pikepdf(), name="a.pdf", limits=Limits(elements=20)) as source:
        assert read(source).state is State.UNREADABLE


def test_report_of_a_reading_is_json() -> None:
    data = labelled(PDF, Sample("page.pdf", plain())).data
    told = json.loads(json.dumps(reading(data).to_dict()))
    assert told["labels"][0]["carrier"] == "pdf-info"
    at = told["labels"][0]["offset"]
    assert data[at : at + 5] == b"/AIGC"


def test_a_broken_row_that_the_label_does_not_need() -> None:
    """The label is read and written; the digest needs every row, so it is not guessed at."""
    data = plain()
    row = data.index(b"0000000121 00000 n")
    damaged = data[:row] + b"00/" + data[row + 3 :]
    assert reading_of(PDF, Sample("a.pdf", damaged)).state is State.UNLABELLED
    labelled_now = labelled(PDF, Sample("a.pdf", damaged))
    assert [found.label for found in reading_of(PDF, labelled_now).found] == [LABEL]
    for file in (damaged, labelled_now.data):
        with pytest.raises(Malformed) as refused:
            media_digest(file, filename="a.pdf")
        assert refused.value.code == "pdf-media"


def updated(data: bytes, body: bytes, trailer: bytes) -> bytes:
    """The file with one more revision: the first free number is the information dictionary ``body``, "" for none."""
    previous = data[data.rindex(b"startxref") + 9 :].split()[0]
    number = 40
    out = data + (b"%d 0 obj\n%s\nendobj\n" % (number, body) if body else b"")
    table = len(out)
    rows = b"%d 1\n%010d 00000 n\r\n" % (number, len(data)) if body else b"0 1\n0000000000 65535 f\r\n"
    info = b"/Info %d 0 R " % number if body else b""
    return out + b"xref\n%strailer\n<< /Size 41 %s/Prev %s %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        rows, info, previous, trailer, table,
    )  # fmt: skip


@pytest.mark.parametrize("sample", ["table", "streams"])
def test_label_that_an_update_took_out_is_no_absence_of_one(sample: str, tmp_path: Path) -> None:
    """The old bytes are all there: exiftool says of its own deletions that they are reversible."""
    whole = labelled(PDF, Sample("page.pdf", plain() if sample == "table" else with_streams())).data
    path = tmp_path / "page.pdf"
    path.write_bytes(whole)
    oracles.run("exiftool", "-q", "-overwrite_original", "-PDF:all=", path)
    root = b"/Root 1 0 R"
    for data in (path.read_bytes(), updated(whole, b"<< /Title (Mine) >>", root)):
        for thorough in (False, True):
            answer = reading_of(PDF, Sample("page.pdf", data), thorough=thorough)
            assert answer.state is State.MALFORMED and answer.label is None
            codes = {problem.code for found in answer.found for problem in found.problems}
            assert codes == {"label-emptied", "pdf-label-taken-out"}
        again = labelled(PDF, Sample("page.pdf", data))
        assert [found.label for found in reading_of(PDF, again).found] == [LABEL]
    relabelled = updated(whole, b"<< /Title (Mine) /AIGC (" + PROPAGATED.to_json().encode() + b") >>", root)
    assert [found.label for found in reading(relabelled).found] == [PROPAGATED]


def test_two_revisions_may_share_a_stream_of_hidden_objects() -> None:
    """Acrobat copies ``/XRefStm`` from trailer to trailer; nothing is read twice for it."""
    data = pdf_files.hybrid()
    shared = data[data.rindex(b"/XRefStm") :].split()[1]
    data = updated(data, b"", b"/Root 1 0 R /Info 5 0 R /XRefStm " + shared)
    assert {block.key: block.value for block in reading(data).blocks}["Title"] == "hidden"
    assert reading_of(PDF, labelled(PDF, Sample("page.pdf", data))).label == LABEL
