"""FLAC: files of ffmpeg and mutagen, judged by other people's readers and by the decoder's own checksum."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
import samples
from yinji.containers.flac import COMMENT, PADDING, Flac
from yinji.containers.model import Reading, State
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.errors import UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.testing import LABEL, PROPAGATED, Sample, applied, check_container, labelled, media_hash, survives

PEER = Path(__file__).parents[1] / "fixtures" / "peers" / "metatoolkit-0.1.1.flac"
BARE = next(e.data for e in Flac.examples() if e.name == "bare.flac")
INFO, FRAME = BARE[8:42], BARE[42:]
OTHER = AigcLabel.first("001191110000MA0TE5T00Q10001", "older")
VALUE = OTHER.to_json()
PICTURE = 6


def flac(*metas: tuple[int, bytes]) -> bytes:
    blocks = [(0, INFO), *metas]
    out = b"fLaC"
    for number, (type, content) in enumerate(blocks):
        last = 0x80 if number == len(blocks) - 1 else 0
        out += bytes((type | last,)) + len(content).to_bytes(3, "big") + content
    return out + FRAME


def comments(*entries: str) -> bytes:
    out = b"\4\0\0\0test" + len(entries).to_bytes(4, "little")
    for entry in entries:
        out += len(entry.encode()).to_bytes(4, "little") + entry.encode()
    return out


def id3(key: str, value: str) -> bytes:
    text = b"\3" + f"{key}\0{value}".encode()
    size = bytes(len(text) >> s & 0x7F for s in (21, 14, 7, 0))
    whole = bytes(len(text) + 10 >> s & 0x7F for s in (21, 14, 7, 0))
    return b"ID3\4\0\0" + whole + b"TXXX" + size + b"\0\0" + text


def reading_of(content: bytes, *, thorough: bool = True) -> Reading:
    with Source.open(content, name="a.flac") as source:
        return read(source, thorough=thorough)


def label_in(content: bytes, label: AigcLabel = LABEL) -> bytes:
    return labelled(Flac(), Sample("a.flac", content), label).data


@pytest.fixture(scope="module")
def files(sample_dir: Path) -> list[Path]:
    """ffmpeg's own file, one with a cover and no padding, and one without comments."""
    plain = samples.audio("flac")
    cover, bare = sample_dir / "cover.flac", sample_dir / "nothing.flac"
    for path in (cover, bare):
        shutil.copyfile(plain, path)
    script = (
        "import sys; from mutagen.flac import FLAC, Picture; f = FLAC(sys.argv[1]); p = Picture();"
        "p.data = open(sys.argv[3], 'rb').read(); p.mime = 'image/png';"
        "f.add_picture(p); f['title'] = '歌'; f.save(padding=lambda info: 0);"
        "g = FLAC(sys.argv[2]); g.delete()"
    )
    oracles.run(sys.executable, "-c", script, cover, bare, samples.png("rgb"))
    return [plain, cover, bare]


def test_harness(files: list[Path]) -> None:
    two = comments(f"AIGC={VALUE}", "TITLE=kept", f"aigc={VALUE}")
    doubled = [
        ("entries.flac", flac((COMMENT, two))),
        ("blocks.flac", flac((COMMENT, comments(f"AIGC={VALUE}")), (COMMENT, comments("A=kept", f"AIGC={VALUE}")))),
        ("padding.flac", flac((COMMENT, comments(f"AIGC={VALUE}")), (PADDING, VALUE.encode()))),
        ("id3.flac", id3("AIGC", VALUE) + flac((COMMENT, comments(f"AIGC={VALUE}")))),
        ("far.flac", flac((COMMENT, two), (PICTURE, bytes(70_000)), (PADDING, bytes(9000)))),
    ]
    check_container(Flac(), [(p.name, p.read_bytes()) for p in files], doubled=doubled, mutations=60)


def test_independent_readers(files: list[Path], tmp_path: Path) -> None:
    for path in files:
        out = tmp_path / path.name
        out.write_bytes(label_in(label_in(path.read_bytes()), PROPAGATED))
        assert oracles.ffprobe_label(out) == oracles.exiftool_label(out) == dict(PROPAGATED.items())
        tags = oracles.mutagen(out)["tags"]
        assert PROPAGATED.to_json() in str(tags)
        assert oracles.decoded_hash(out) == oracles.decoded_hash(path)
        assert oracles.stream_hash(out) == oracles.stream_hash(path)
        assert set(oracles.exiftool_warnings(out)) <= set(oracles.exiftool_warnings(path))
    check = "import sys; from mutagen.flac import FLAC; sys.stdout.buffer.write(FLAC(sys.argv[1]).pictures[0].data)"
    assert oracles.run(sys.executable, "-c", check, tmp_path / "cover.flac") == samples.png("rgb").read_bytes()


def test_the_examples_decode() -> None:
    for example in Flac.examples():
        for content in (example.data, label_in(example.data)):
            oracles.run("ffmpeg", "-v", "error", "-xerror", "-i", "-", "-f", "null", "-", input=content)


def test_padding_takes_the_label(files: list[Path]) -> None:
    plain = files[0].read_bytes()
    first = label_in(plain)
    assert len(first) == len(plain), "ffmpeg leaves padding"
    assert len(label_in(first, PROPAGATED)) == len(plain)
    covered = label_in(files[1].read_bytes())
    with Source.open(covered) as source:
        splice = Flac().write(source, PROPAGATED, reading_of(covered), in_place=True)
    assert splice.moves_nothing and sum(len(edit.data) for edit in splice.edits) < 1024
    assert applied(splice, covered).count(b"post-42") == 1


def test_padding_behind_a_picture_is_shared() -> None:
    content = flac((COMMENT, comments("TITLE=x")), (PICTURE, b"P" * 60_000), (PADDING, bytes(8000)))
    out = label_in(content)
    assert len(out) == len(content) and out[-len(FRAME) :] == FRAME
    again = label_in(out, PROPAGATED)
    assert len(again) == len(out) and again.count(b"P" * 60_000) == 1


@pytest.mark.parametrize(
    ("content", "carrier", "problem"),
    [
        (flac((COMMENT, comments(f"AIGC={VALUE}"))), "vorbis-comment", None),
        (flac((COMMENT, comments(f'AIGC={{"AIGC":{VALUE}}}'))), "vorbis-comment", None),
        (flac((PADDING, bytes(9)), (COMMENT, comments("A=1", f"Aigc={VALUE}"))), "vorbis-comment", "key-case"),
        (flac((COMMENT, comments(f"COMMENT={VALUE}"))), "vorbis-comment", "key-name"),
        (flac((COMMENT, comments(VALUE))), "vorbis-comment", "no-key"),
        (flac((COMMENT, comments()), (COMMENT, comments(f"AIGC={VALUE}"))), "vorbis-comment", "flac-second-comments"),
        (flac((PADDING, comments(f"AIGC={VALUE}"))), "flac-padding", "place"),
        (id3("AIGC", VALUE) + BARE, "id3-txxx", "place"),
        (BARE + b"TAG" + bytes(125), "", None),
    ],
)
def test_places(content: bytes, carrier: str, problem: str | None) -> None:
    for thorough in (False, True):
        reading = reading_of(content, thorough=thorough)
        assert reading.format == "flac"
        assert [found.carrier for found in reading.found] == ([carrier] if carrier else [])
        assert not carrier or reading.label == OTHER
        assert problem is None or problem in {p.code for p in reading.found[0].problems}
    out = label_in(content)
    assert out.count(b"ContentProducer") == 1
    assert [(f.label, f.carrier) for f in reading_of(out).found] == [(LABEL, "vorbis-comment")]
    assert media_hash(Flac(), out) == media_hash(Flac(), content)


def test_emptied_in_place_is_no_clean_file() -> None:
    reading = reading_of(flac((COMMENT, comments("AIGC=" + " " * len(VALUE)))))
    assert reading.state is State.MALFORMED and "label-emptied" in {p.code for p in reading.found[0].problems}


def test_an_id3_tag_does_not_hide_the_format(tmp_path: Path) -> None:
    content = id3("note", "x") + flac((COMMENT, comments(f"AIGC={VALUE}")))
    out = tmp_path / "a.flac"
    out.write_bytes(label_in(content))
    assert oracles.ffprobe_label(out) == dict(LABEL.items())


def test_c2pa_in_an_id3_tag_is_noticed() -> None:
    body = b"\0application/x-c2pa-manifest-store\0\0c2pa manifest store\0" + b"\0\0\0\x10jumbc2pa"
    size = bytes(len(body) >> s & 0x7F for s in (21, 14, 7, 0))
    whole = bytes(len(body) + 10 >> s & 0x7F for s in (21, 14, 7, 0))
    content = b"ID3\4\0\0" + whole + b"GEOB" + size + b"\0\0" + body + BARE
    assert "c2pa" in {block.carrier for block in reading_of(content).blocks}


def test_a_block_never_outgrows_24_bits() -> None:
    entry = b"METADATA_BLOCK_PICTURE=" + bytes((1 << 24) - 100)
    content = flac((COMMENT, b"\0\0\0\0\1\0\0\0" + len(entry).to_bytes(4, "little") + entry))
    with Source.open(content, name="a.flac") as source, pytest.raises(UnsupportedFormat) as raised:
        Flac().write(source, LABEL, reading_of(content), in_place=False)
    assert raised.value.code == "flac-too-large"


def test_peer(tmp_path: Path) -> None:
    reading = reading_of(PEER.read_bytes())
    assert reading.state is State.LABELLED and reading.found[0].carrier == "vorbis-comment"
    out = tmp_path / "out.flac"
    out.write_bytes(label_in(PEER.read_bytes()))
    assert oracles.ffprobe_label(out) == dict(LABEL.items())
    before, after = oracles.mutagen(PEER)["tags"], oracles.mutagen(out)["tags"]
    assert str(after).count("ContentProducer") == 1 and len(after) == len(before)


def test_reads_are_few(files: list[Path]) -> None:
    for content, most in ((files[0].read_bytes(), 4), (label_in(files[0].read_bytes()), 1)):
        with Source.open(content, name="a.flac") as source:
            read(source)
            assert source.reads <= most and source.bytes_read <= 18_000


@pytest.mark.parametrize(
    "content",
    [
        BARE[:42],
        BARE[:20],
        b"fLaC",
        flac((COMMENT, comments("A=1")[:-1])),
        flac((COMMENT, b"\0\0\0\0\xff\xff\xff\xff")),
        flac((COMMENT, b"\xff\xff\xff\xff")),
        flac((127, b"")),
        flac((0, INFO)),
        b"fLaC\x84\0\0\0" + FRAME,
        BARE[:42] + b"\0\0\0\0",
        flac((COMMENT, b"\0\0\0\0" + (200_000).to_bytes(4, "little") + bytes(800_000))),
    ],
)
def test_hostile(content: bytes) -> None:
    reading = reading_of(content)
    assert reading.state in (State.MALFORMED, State.UNREADABLE)
    assert all(p.text.zh and p.text.en != p.code for p in reading.problems)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 7), st.binary(max_size=60))))
def test_any_blocks(metas: list[tuple[int, bytes]]) -> None:
    survives(Flac(), flac(*metas))
