"""WMA and WMV: files of ffmpeg, judged by other people's readers."""

from __future__ import annotations

import struct
import uuid
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
from yinji.containers.asf.container import Asf, Wma
from yinji.containers.asf.objects import DESCRIPTION, EXTENDED, EXTENSION, FILE, FRAME, LIBRARY, PADDING, entry, make
from yinji.containers.model import Reading, State
from yinji.containers.reading import read
from yinji.containers.registry import by_name, sniff
from yinji.containers.source import Source
from yinji.errors import UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.testing import LABEL, PROPAGATED, Sample, applied, check_container, labelled, media_hash, survives

OTHER = AigcLabel.first("001191110000MA0TE5T00Q10001", "older")
VALUE = OTHER.to_json()
DRM = uuid.UUID("2211B3FB-BD23-11D2-B4B7-00A0C955FC6E").bytes_le
XMP = uuid.UUID("BE7ACFCB-97A9-42E8-9C71-999491E3AFAC").bytes_le
PACKET = (
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    "<rdf:Description xmlns:TC260='http://www.tc260.org.cn/ns/AIGC/1.0/'><TC260:AIGC>"
    f"{VALUE}</TC260:AIGC></rdf:Description></rdf:RDF></x:xmpmeta>"
).encode()
DATA = make(uuid.UUID("75B22636-668E-11CF-A6D9-00AA0062CE6C").bytes_le, bytes(26) + bytes(range(64)))


def extended(*pairs: tuple[str, str]) -> bytes:
    return make(EXTENDED, len(pairs).to_bytes(2, "little") + b"".join(entry(*pair) for pair in pairs))


def library(name: str, value: str) -> bytes:
    key, text = ((each + "\0").encode("utf-16-le") for each in (name, value))
    return make(LIBRARY, b"\1\0" + struct.pack("<HHHHI", 0, 0, len(key), 0, len(text)) + key + text)


def described(text: str) -> bytes:
    raw = (text + "\0").encode("utf-16-le")
    return make(DESCRIPTION, struct.pack("<5H", 0, 0, 0, len(raw), 0) + raw)


def asf(*objects: bytes, inner: bytes = b"", behind: bytes = b"") -> bytes:
    clock = bytes.fromhex("11d2d3abbaa9cf118ee600c00c205365") + b"\6\0"
    extension = make(EXTENSION, clock + len(inner).to_bytes(4, "little") + inner)
    length = 30 + FRAME + 80 + len(extension) + sum(map(len, objects))
    whole = length + len(DATA) + len(behind)
    body = make(FILE, bytes(16) + whole.to_bytes(8, "little") + bytes(56)) + extension + b"".join(objects)
    guid = uuid.UUID("75B22630-668E-11CF-A6D9-00AA0062CE6C").bytes_le
    head = guid + length.to_bytes(8, "little") + (2 + len(objects)).to_bytes(4, "little") + b"\1\2"
    return head + body + DATA + behind


def walked(content: bytes) -> list[bytes]:
    """The naive walk over the header: the count and every size must fit, and the file's own size too."""
    (length, count) = struct.unpack("<QI", content[16:28])
    at, found = 30, []
    for _ in range(count):
        (size,) = struct.unpack("<Q", content[at + 16 : at + 24])
        found.append(content[at : at + 16])
        if found[-1] == FILE:
            assert struct.unpack("<Q", content[at + 40 : at + 48]) == (len(content),)
        at += size
    assert at == length
    return found


def reading_of(content: bytes, *, thorough: bool = True) -> Reading:
    with Source.open(content, name="a.wmv") as source:
        return read(source, thorough=thorough)


def label_in(content: bytes, label: AigcLabel = LABEL, name: str = "a.wmv") -> bytes:
    with Source.open(content, name=name) as source:
        return labelled(by_name(sniff(source).name), Sample(name, content), label).data


@pytest.fixture(scope="module")
def files(sample_dir: Path) -> list[Path]:
    sound, film = sample_dir / "tone.wma", sample_dir / "film.wmv"
    tone = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=1")
    picture = ("-f", "lavfi", "-i", "testsrc2=d=1:s=160x120")
    oracles.run("ffmpeg", "-v", "error", "-y", *tone, "-c:a", "wmav2", sound)
    oracles.run("ffmpeg", "-v", "error", "-y", *picture, *tone, "-metadata", "title=一个音", film)
    return [sound, film]


def test_harness(files: list[Path]) -> None:
    doubled = [
        ("two.wmv", asf(extended(("AIGC", VALUE), ("WM/Title", "kept"), ("aigc", VALUE)))),
        ("library.wmv", asf(extended(("AIGC", VALUE)), inner=library("AIGC", VALUE))),
        ("description.wmv", asf(described(VALUE), extended(("AIGC", VALUE)), make(PADDING, bytes(3000)))),
    ]
    check_container(Wma(), [(files[0].name, files[0].read_bytes())], mutations=60)
    check_container(Asf(), [(files[1].name, files[1].read_bytes())], doubled=doubled, mutations=60)


def test_independent_readers(files: list[Path], tmp_path: Path) -> None:
    for path in files:
        out = tmp_path / path.name
        first = label_in(path.read_bytes(), name=path.name)
        out.write_bytes(label_in(first, PROPAGATED, path.name))
        assert out.stat().st_size == len(first), "the padding takes the propagator's half"
        assert oracles.ffprobe_label(out) == dict(PROPAGATED.items())
        tags = oracles.mutagen(out)["tags"]
        assert PROPAGATED.to_json() in str(tags)
        assert oracles.decoded_hash(out) == oracles.decoded_hash(path)
        assert oracles.stream_hash(out) == oracles.stream_hash(path)
        assert len(walked(out.read_bytes())) == len(walked(path.read_bytes())) + 1
    assert oracles.ffprobe(out)["format"]["tags"]["title"] == "一个音"
    assert set(oracles.exiftool_warnings(out)) <= set(oracles.exiftool_warnings(files[1]))


@pytest.mark.parametrize(
    ("content", "carrier", "problem"),
    [
        (asf(extended(("AIGC", VALUE))), "asf-extended", None),
        (asf(extended(("WM/Title", "a"), ("Aigc", VALUE))), "asf-extended", "key-case"),
        (asf(extended(("WM/Comments", VALUE))), "asf-extended", "key-name"),
        (asf(inner=library("AIGC", VALUE)), "asf-library", "place"),
        (asf(described(VALUE)), "asf-description", "key-name"),
        (asf(behind=make(XMP, PACKET)), "xmp", "place"),
    ],
)
def test_places(content: bytes, carrier: str, problem: str | None) -> None:
    for thorough in (False, True):
        reading = reading_of(content, thorough=thorough)
        assert reading.state is State.LABELLED and reading.label == OTHER
        assert reading.found[0].carrier == carrier
        assert problem is None or problem in {p.code for p in reading.found[0].problems}
    out = label_in(content)
    assert [(f.label, f.carrier) for f in reading_of(out).found] == [(LABEL, "asf-extended")]
    assert media_hash(Asf(), out) == media_hash(Asf(), content)
    walked(out)


def test_padding_elsewhere_is_used() -> None:
    content = asf(extended(("WM/Title", "a")), described("x"), make(PADDING, bytes(9000)))
    out = label_in(content)
    assert len(out) == len(content) and out[-len(DATA) :] == DATA
    walked(out)
    with Source.open(out, name="a.wmv") as source:
        splice = Asf().write(source, PROPAGATED, read(source, thorough=True), in_place=True)
    assert splice.moves_nothing and sum(len(edit.data) for edit in splice.edits) < 4096
    walked(applied(splice, out))


def test_protected_media_still_takes_a_label() -> None:
    content = asf(make(DRM, bytes(40)))
    assert "asf-encrypted" in {p.code for b in reading_of(content).blocks for p in b.problems}
    assert reading_of(label_in(content)).label == LABEL


def test_emptied_in_place_is_no_clean_file() -> None:
    reading = reading_of(asf(extended(("AIGC", " " * len(VALUE)))))
    assert reading.state is State.MALFORMED and "label-emptied" in {p.code for p in reading.found[0].problems}


def test_a_value_never_outgrows_its_length() -> None:
    long = AigcLabel("1", LABEL.producer, "x", "S" * 33_000, LABEL.propagator, "x", "")
    with pytest.raises(UnsupportedFormat) as raised:
        label_in(asf(), long)
    assert raised.value.code == "asf-too-long"


def test_reads_are_few(files: list[Path]) -> None:
    for path in files:
        content = label_in(path.read_bytes(), name=path.name)
        for data, most in ((content, 2), (path.read_bytes(), 3)):
            with Source.open(data, name=path.name) as source:
                read(source)
                assert source.reads <= most


def test_words_are_read() -> None:
    content = asf(extended(("WM/EncodingSettings", "made with suno"), ("WM/Title", "歌")), described("说明"))
    blocks = {(block.carrier, block.key): block.value for block in reading_of(content).blocks}
    assert blocks[("asf-extended", "WM/Title")] == "歌" and blocks[("asf-description", "Description")] == "说明"


@pytest.mark.parametrize(
    "content",
    [
        asf()[:-10],
        asf()[:100],
        asf()[: -len(DATA)],
        asf(make(EXTENDED, b"\xff\xff")),
        asf(make(EXTENDED, b"\1\0\xff\xff")),
        asf(make(LIBRARY, b"\1\0" + b"\xff" * 12)),
        asf(inner=make(LIBRARY, b"\1\0" + b"\xff" * 12)),
        asf(make(DESCRIPTION, b"\xff" * 10)),
        asf(PADDING + bytes(8)),
        asf(PADDING + b"\xff" * 8),
        asf(make(PADDING, b"") * 100_001),
    ],
)
def test_hostile(content: bytes) -> None:
    reading = reading_of(content)
    assert reading.state in (State.MALFORMED, State.UNREADABLE)
    assert all(p.text.zh and p.text.en != p.code for p in reading.problems)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from((EXTENDED, LIBRARY, DESCRIPTION, PADDING)), st.binary(max_size=60))))
def test_any_objects(objects: list[tuple[bytes, bytes]]) -> None:
    survives(Asf(), asf(*(make(id, content) for id, content in objects)))
