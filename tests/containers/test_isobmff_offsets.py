"""Absolute offsets in ISO base media files after bytes in front of the media have moved."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

import bmff
import oracles
import samples
from yinji.containers import executors
from yinji.containers.bmff.container import Mp4
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.errors import Malformed, UnsupportedFormat
from yinji.testing import LABEL, applied

FTYP = bmff.box(b"ftyp", b"isom", bytes(4), b"isom")
MARK = b"the first chunk of the media ..."


def plan(content: bytes, *, in_place: bool = False) -> Splice:
    with Source.open(content, name="a.mp4") as source:
        return Mp4().write(source, LABEL, read(source, thorough=True), in_place=in_place)


def labelled(content: bytes) -> bytes:
    out = applied(plan(content), content)
    with Source.open(out, name="a.mp4") as source:
        assert read(source, thorough=True).label == LABEL
    return out


def moov(*tables: bytes, dref: bytes = bmff.box(b"url ", b"\0\0\0\1"), extra: bytes = b"") -> bytes:
    dinf = bmff.box(b"dinf", bmff.box(b"dref", struct.pack(">II", 0, 1), dref))
    minf = bmff.box(b"minf", dinf, bmff.box(b"stbl", *tables))
    return bmff.box(b"moov", bmff.box(b"mvhd", bytes(100)), bmff.box(b"trak", bmff.box(b"mdia", minf)), extra)


def at_mark(content: bytes) -> int:
    return content.index(MARK)


def stco(*offsets: int) -> bytes:
    return bmff.box(b"stco", struct.pack(f">II{len(offsets)}I", 0, len(offsets), *offsets))


def co64(*offsets: int) -> bytes:
    return bmff.box(b"co64", struct.pack(f">II{len(offsets)}Q", 0, len(offsets), *offsets))


def test_chunk_offsets_of_both_widths() -> None:
    for table, path, code in ((stco, "stco", "I"), (co64, "co64", "Q")):
        size = len(FTYP + moov(table(0, 0)))
        content = FTYP + moov(table(size + 8, size + 12)) + bmff.box(b"mdat", MARK)
        out = labelled(content)
        (payload,) = bmff.payloads(out, f"moov/trak/mdia/minf/stbl/{path}")
        assert struct.unpack(f">II2{code}", payload) == (0, 2, at_mark(out), at_mark(out) + 4)


def test_only_offsets_behind_the_header_move() -> None:
    front = FTYP + bmff.box(b"mdat", b"early")
    size = len(front + moov(stco(0, 0)))
    content = front + moov(stco(len(FTYP) + 8, size + 8)) + bmff.box(b"mdat", MARK)
    out = labelled(content)
    (payload,) = bmff.payloads(out, "moov/trak/mdia/minf/stbl/stco")
    assert struct.unpack(">4I", payload)[2:] == (len(FTYP) + 8, at_mark(out))


def test_large_media_box_and_64_bit_movie() -> None:
    def movie(offset: int) -> bytes:
        small = moov(co64(offset))
        return struct.pack(">I4sQ", 1, b"moov", len(small) + 8) + small[8:]

    content = FTYP + movie(len(FTYP + movie(0)) + 16) + bmff.box(b"mdat", MARK, large=True)
    out = labelled(content)
    (payload,) = bmff.payloads(out, "moov/trak/mdia/minf/stbl/co64")
    assert struct.unpack(">IIQ", payload)[2] == at_mark(out)


def test_last_media_box_without_an_end() -> None:
    open_ended = struct.pack(">I4s", 0, b"mdat") + MARK
    size = len(FTYP + moov(stco(0)))
    content = FTYP + moov(stco(size + 8)) + open_ended
    out = labelled(content)
    assert struct.unpack(">III", bmff.payloads(out, "moov/trak/mdia/minf/stbl/stco")[0])[2] == at_mark(out)
    appended = applied(plan(content, in_place=True), content)
    assert [name for name, *_ in bmff.walk(appended) if "/" not in name] == ["ftyp", "free", "mdat", "moov"]
    assert bmff.payloads(appended, "mdat") == [MARK]
    assert struct.unpack(">III", bmff.payloads(appended, "moov/trak/mdia/minf/stbl/stco")[0])[2] == at_mark(appended)


def test_tables_that_outgrow_32_bits_become_co64(tmp_path: Path) -> None:
    """A sparse file of over 4 GiB, whose last chunk crosses the limit only because the label moves it."""
    size = len(FTYP + moov(stco(0, 0)))
    last = (1 << 32) - 600
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.write(FTYP + moov(stco(size + 16, last)))
        file.write(struct.pack(">I4sQ", 1, b"mdat", last + len(MARK) - size))
        file.seek(last)
        file.write(MARK)
    with Source.open(path) as source:
        splice = Mp4().write(source, LABEL, read(source, thorough=True), in_place=False)
        *front, media = splice.pieces(source.size)
        header = b"".join(p if isinstance(p, bytes) else source.read(p[0], p[1] - p[0]) for p in front)
        start, stop = media
        assert (start, stop) == (size, source.size) and source.read(stop - len(MARK), len(MARK)) == MARK
    (payload,) = bmff.payloads(header, "moov/trak/mdia/minf/stbl/co64")
    grown = 113 + len(LABEL.to_json()) + 1024 + 2 * 4
    assert splice.growth == grown == len(header) - start
    assert struct.unpack(">II2Q", payload) == (0, 2, size + 16 + grown, last + grown)


def test_fragment_tables(sample_dir: Path, tmp_path: Path) -> None:
    path = samples.video("mp4", "fragmented")
    content = path.read_bytes()
    assert bmff.payloads(content, "mfra/tfra"), "the sample has a random access index"
    out = labelled(content)
    moofs = {start for name, start, _, _ in bmff.walk(out) if name == "moof"}
    for payload in bmff.payloads(out, "mfra/tfra"):
        count = struct.unpack_from(">I", payload, 12)[0]
        assert payload[0] == 1 and count
        width = (len(payload) - 16) // count
        offsets = {struct.unpack_from(">Q", payload, 16 + n * width + 8)[0] for n in range(count)}
        assert offsets <= moofs
    for traf in bmff.payloads(out, "moof/traf/tfhd"):
        if traf[3] & 1:
            assert struct.unpack_from(">Q", traf, 8)[0] in moofs
    (mfro,) = bmff.payloads(out, "mfra/mfro")
    start = next(start for name, start, _, _ in bmff.walk(out) if name == "mfra")
    assert struct.unpack(">II", mfro)[1] == len(out) - start


def test_base_data_offset() -> None:
    tfhd = bmff.box(b"tfhd", struct.pack(">IIQ", 1, 1, len(FTYP + moov())))
    moof = bmff.box(b"moof", bmff.box(b"mfhd", bytes(8)), bmff.box(b"traf", tfhd))
    out = labelled(FTYP + moov() + moof + bmff.box(b"mdat", MARK))
    (payload,) = bmff.payloads(out, "moof/traf/tfhd")
    assert out[struct.unpack(">IIQ", payload)[2] + 4 :][:4] == b"moof"


def test_index_in_front_of_the_header() -> None:
    movie = moov()
    moof = bmff.box(b"moof", bmff.box(b"mfhd", bytes(8)))
    sidx = bmff.box(b"sidx", struct.pack(">IIIIIHH", 0, 1, 1000, 0, len(movie), 0, 0))
    out = labelled(FTYP + sidx + movie + moof + bmff.box(b"mdat", MARK))
    end = next(stop for name, _, _, stop in bmff.walk(out) if name == "sidx")
    first = struct.unpack_from(">I", bmff.payloads(out, "sidx")[0], 16)[0]
    assert out[end + first + 4 :][:4] == b"moof"


FAR = (1 << 64) - 1
MOOF = bmff.box(b"moof", bmff.box(b"mfhd", bytes(8)))
OUT_OF_RANGE = {
    "co64": FTYP + moov(co64(FAR)) + MOOF,
    "tfhd": FTYP + moov() + bmff.box(b"moof", bmff.box(b"traf", bmff.box(b"tfhd", struct.pack(">IIQ", 1, 1, FAR)))),
    "tfra": FTYP
    + moov()
    + MOOF
    + bmff.box(b"mfra", bmff.box(b"tfra", struct.pack(">IIIIQQ3x", 1 << 24, 1, 0, 1, 0, FAR))),
    "sidx": FTYP + bmff.box(b"sidx", struct.pack(">IIIIIHH", 0, 1, 1000, 0, (1 << 32) - 1, 0, 0)) + moov() + MOOF,
}


@pytest.mark.parametrize("name", OUT_OF_RANGE)
def test_positions_that_no_field_could_hold(name: str) -> None:
    content = OUT_OF_RANGE[name]
    with Source.open(content, name="a.mp4") as source, pytest.raises(Malformed):
        Mp4().write(source, LABEL, read(source, thorough=True), in_place=False)


@pytest.mark.parametrize("flags", [0, 1])
def test_auxiliary_information_offsets(flags: int) -> None:
    def saio(offset: int) -> bytes:
        return bmff.box(b"saio", struct.pack(">I", flags), b"cenc\0\0\0\0" * flags, struct.pack(">II", 1, offset))

    size = len(FTYP + moov(saio(0)))
    out = labelled(FTYP + moov(saio(size + 8)) + bmff.box(b"mdat", MARK))
    (payload,) = bmff.payloads(out, "moov/trak/mdia/minf/stbl/saio")
    assert struct.unpack(">I", payload[-4:])[0] == at_mark(out)


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("based", [False, True])
def test_item_locations(version: int, based: bool) -> None:
    def meta(offset: int) -> bytes:
        count, item = (">I", ">I") if version == 2 else (">H", ">H")
        method = b"" if version == 0 else b"\0\0"
        base, extent = (offset, 0) if based else (0, offset)
        entry = struct.pack(item, 1) + method + struct.pack(">HIHII", 0, base, 1, extent, len(MARK))
        inside = struct.pack(item, 2) + b"\0\1" + struct.pack(">HIHII", 0, 0, 1, 4, 4) if version else b""
        head = bytes((version, 0, 0, 0, 0x44, 0x40)) + struct.pack(count, 2 if inside else 1)
        return bmff.box(b"meta", bytes(4), bmff.hdlr(b"pict"), bmff.box(b"iloc", head, entry, inside))

    size = len(FTYP + moov(extra=meta(0)))
    out = labelled(FTYP + moov(extra=meta(size + 8)) + bmff.box(b"mdat", MARK))
    (payload,) = bmff.payloads(out, "moov/meta/iloc")
    assert struct.pack(">I", at_mark(out)) in payload
    if version:
        assert payload.endswith(struct.pack(">HIHII", 0, 0, 1, 4, 4))


def test_media_in_other_files_keeps_its_offsets() -> None:
    outside = moov(stco(4096), dref=bmff.box(b"url ", bytes(4), b"file:///b\0"))
    out = labelled(FTYP + outside + bmff.box(b"mdat", MARK))
    assert struct.unpack(">III", bmff.payloads(out, "moov/trak/mdia/minf/stbl/stco")[0])[2] == 4096
    two = bmff.box(b"url ", bytes(4), b"b\0") + bmff.box(b"url ", b"\0\0\0\1")
    with pytest.raises(UnsupportedFormat, match="other files"):
        plan(FTYP + moov(stco(4096), dref=two) + bmff.box(b"mdat", MARK))


def test_count_larger_than_its_table_is_refused() -> None:
    table = bmff.box(b"stco", struct.pack(">III", 0, 0xFFFFFFFF, 0))
    with pytest.raises(Malformed, match="declares 4294967295 entries"):
        plan(FTYP + moov(table) + bmff.box(b"mdat", MARK))


def test_new_file_of_a_sparse_original_plays(sample_dir: Path, tmp_path: Path) -> None:
    """A real movie whose media box is 64 bits wide, written by hand, keeps its frames."""
    content = samples.video("mp4").read_bytes()
    spans = {name: (start, body, stop) for name, start, body, stop in bmff.walk(content) if "/" not in name}
    start, body, stop = spans["mdat"]
    assert content[start - 8 : start] == bmff.box(b"free"), "ffmpeg leaves room for the wide header"
    wide = content[: start - 8] + bmff.box(b"mdat", content[body:stop], large=True) + content[stop:]
    path = tmp_path / "wide.mp4"
    path.write_bytes(wide)
    out = tmp_path / "out.mp4"
    with Source.open(path) as source:
        splice = Mp4().write(source, LABEL, read(source, thorough=True), in_place=False)
        executors.write_new(source, splice, out, verify=lambda _: None, overwrite=False, durable=False)
    assert oracles.ffprobe_label(out) == dict(LABEL.items())
    assert oracles.stream_hash(out) == oracles.stream_hash(path)
