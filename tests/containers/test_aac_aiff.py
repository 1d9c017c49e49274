"""AAC in ADTS and AIFF: ID3 tags where players look for them, judged by other people's readers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
import samples
from yinji.containers.aac import Aac, frame_length
from yinji.containers.aiff import Aiff
from yinji.containers.model import Reading, State
from yinji.containers.reading import read
from yinji.containers.registry import by_name, sniff
from yinji.containers.source import Source
from yinji.labels.aigc import AigcLabel
from yinji.testing import LABEL, PROPAGATED, Sample, check_container, labelled, media_hash, survives

OTHER = AigcLabel.first("001191110000MA0TE5T00Q10001", "older")
VALUE = OTHER.to_json()
FRAMES = next(e.data for e in Aac.examples() if e.name == "bare.aac")


def syncsafe(value: int) -> bytes:
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def tag(*texts: tuple[str, str], padding: int = 0) -> bytes:
    body = b""
    for key, value in texts:
        text = b"\3" + f"{key}\0{value}".encode()
        body += b"TXXX" + syncsafe(len(text)) + b"\0\0" + text
    body += bytes(padding)
    return b"ID3\4\0\0" + syncsafe(len(body)) + body


LABEL_TAG = tag(("AIGC", VALUE))


def chunk(id: bytes, content: bytes) -> bytes:
    return id + len(content).to_bytes(4, "big") + content + bytes(len(content) % 2)


def aiff(*chunks: bytes, kind: bytes = b"AIFF") -> bytes:
    body = kind + b"".join(chunks)
    return b"FORM" + len(body).to_bytes(4, "big") + body


COMMON = chunk(b"COMM", b"\0\1\0\0\0\x40\0\x08" + bytes.fromhex("400bfa00000000000000"))
SOUND = chunk(b"SSND", bytes(8) + bytes(range(64)))


def reading_of(content: bytes, name: str, *, thorough: bool = True) -> Reading:
    with Source.open(content, name=name) as source:
        return read(source, thorough=thorough)


def label_in(content: bytes, name: str, label: AigcLabel = LABEL) -> bytes:
    with Source.open(content, name=name) as source:
        return labelled(by_name(sniff(source).name), Sample(name, content), label).data


@pytest.fixture(scope="module")
def aifc(sample_dir: Path) -> Path:
    path = sample_dir / "alaw.aifc"
    tone = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8001:duration=1")
    oracles.run("ffmpeg", "-v", "error", "-y", *tone, "-c:a", "pcm_alaw", "-f", "aiff", path)
    return path


def test_aac_harness(sample_dir: Path) -> None:
    path = samples.audio("aac")
    doubled = [
        ("two.aac", LABEL_TAG + tag(("AIGC", VALUE), ("note", "kept")) + FRAMES),
        ("joined.aac", LABEL_TAG + FRAMES + LABEL_TAG + FRAMES),
    ]
    check_container(Aac(), [(path.name, path.read_bytes())], doubled=doubled, mutations=60)


def test_aiff_harness(sample_dir: Path, aifc: Path) -> None:
    doubled = [
        (
            "two.aiff",
            aiff(COMMON, chunk(b"ID3 ", LABEL_TAG), SOUND, chunk(b"ID3 ", tag(("AIGC", VALUE), ("n", "kept")))),
        ),
        (
            "odd.aiff",
            aiff(COMMON, SOUND, chunk(b"AIGC", VALUE.encode()), chunk(b"NAME", b"odd"), chunk(b"ID3 ", LABEL_TAG)),
        ),
        ("anno.aiff", aiff(COMMON, chunk(b"ANNO", VALUE.encode()), SOUND, chunk(b"ID3 ", LABEL_TAG))),
    ]
    files = [(path.name, path.read_bytes()) for path in (samples.audio("aiff"), aifc)]
    check_container(Aiff(), files, doubled=doubled, mutations=60)


def test_independent_readers(sample_dir: Path, aifc: Path, tmp_path: Path) -> None:
    for path in (samples.audio("aac"), aifc):
        out = tmp_path / path.name
        first = label_in(path.read_bytes(), path.name)
        out.write_bytes(label_in(first, path.name, PROPAGATED))
        assert out.stat().st_size == len(first), "the padding takes the propagator's half"
        assert oracles.ffprobe_label(out) == dict(PROPAGATED.items())
        assert PROPAGATED.to_json() in str(oracles.exiftool(out).values())
        assert oracles.decoded_hash(out) == oracles.decoded_hash(path)
        assert oracles.stream_hash(out) == oracles.stream_hash(path)
        if path.suffix != ".aac":
            assert oracles.mutagen(out)["tags"]["TXXX:AIGC"] == [PROPAGATED.to_json()]
            assert set(oracles.exiftool_warnings(out)) <= set(oracles.exiftool_warnings(path))


def test_tagged_by_mutagen(sample_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "tagged.aiff"
    path.write_bytes(samples.audio("aiff").read_bytes())
    script = (
        "import sys; from mutagen.aiff import AIFF; from mutagen.id3 import TIT2, TXXX; f = AIFF(sys.argv[1]);"
        "f.add_tags(); f.tags.add(TIT2(encoding=3, text='歌')); f.tags.add(TXXX(encoding=3, desc='AIGC', text='{}'));"
        "f.save(padding=lambda info: 0)"
    )
    oracles.run(sys.executable, "-c", script, path)
    out = tmp_path / "out.aiff"
    out.write_bytes(label_in(path.read_bytes(), "a.aiff"))
    tags = oracles.mutagen(out)["tags"]
    assert tags["TIT2"] == ["歌"] and tags["TXXX:AIGC"] == [LABEL.to_json()]
    assert oracles.decoded_hash(out) == oracles.decoded_hash(path)


@pytest.mark.parametrize(
    ("name", "content", "carrier"),
    [
        ("a.aac", LABEL_TAG + FRAMES, "id3-txxx"),
        ("a.aac", FRAMES + b"APETAGEX"[:0] + LABEL_TAG, ""),
        ("a.aac", tag(("a", "b")) + LABEL_TAG + FRAMES, "id3-txxx"),
        ("a.aac", FRAMES + LABEL_TAG + FRAMES, "id3-txxx"),
        ("a", LABEL_TAG + FRAMES, "id3-txxx"),
        ("a.aiff", aiff(COMMON, SOUND, chunk(b"ID3 ", LABEL_TAG)), "id3-txxx"),
        ("a.aiff", aiff(COMMON, chunk(b"id3 ", LABEL_TAG), SOUND), "id3-txxx"),
        ("a.aiff", aiff(COMMON, SOUND, chunk(b"AIGC", VALUE.encode())), "aiff-text"),
        ("a.aiff", aiff(COMMON, SOUND, chunk(b"ANNO", VALUE.encode())), "aiff-text"),
        ("a.aiff", aiff(COMMON, SOUND, chunk(b"APPL", b"stocAIGC" + VALUE.encode())), "aiff-chunk"),
        ("a.aifc", aiff(COMMON, SOUND, kind=b"AIFC") + b"AIGC" + VALUE.encode(), "aiff-trailer"),
    ],
)
def test_places(name: str, content: bytes, carrier: str) -> None:
    reading = reading_of(content, name)
    if carrier:
        assert reading.state is State.LABELLED and reading.label == OTHER
        assert reading.found[0].carrier == carrier
        assert ("place" in {p.code for p in reading.found[0].problems}) is (carrier != "id3-txxx")
    out = label_in(content, name)
    assert [(f.label, f.carrier) for f in reading_of(out, name).found] == [(LABEL, "id3-txxx")]
    container = Aac() if FRAMES in content else Aiff()
    assert media_hash(container, out) == media_hash(container, content)


def test_layer_three_and_aac_are_told_apart(sample_dir: Path) -> None:
    mp3, aac = (samples.audio(kind).read_bytes() for kind in ("mp3", "aac"))
    for content, format in (
        (mp3, "mp3"),
        (aac, "aac"),
        (label_in(aac, "a.aac"), "aac"),
        (label_in(mp3, "a.mp3"), "mp3"),
    ):
        for name in (f"a.{format}", ""):
            assert reading_of(content, name).format == format
    assert reading_of(b"ADIF" + bytes(100), "a.aac").state is State.UNSUPPORTED
    assert frame_length(b"\xff\xfb\x90\x64\0\0\0") == 0 and frame_length(aac[:7]) > 7


def test_words_of_an_aiff() -> None:
    content = aiff(
        COMMON, chunk(b"NAME", b"song"), chunk(b"ANNO", b"made with suno"), SOUND, chunk(b"APPL", b"XMP " + samples.XMP)
    )
    blocks = {(block.carrier, block.key): block.value for block in reading_of(content, "a.aiff").blocks}
    assert blocks[("aiff-text", "NAME")] == "song" and blocks[("aiff-text", "ANNO")] == "made with suno"
    assert blocks[("xmp", "")] == samples.XMP


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.aac", tag(("a", "b"))),
        ("a.aac", tag(("a", "b")) + b"\xff" * 5000),
        ("a.aac", FRAMES[:9]),
        ("a.aiff", aiff(COMMON)),
        ("a.aiff", aiff(COMMON, SOUND)[:-10]),
        ("a.aiff", aiff(COMMON, SOUND, chunk(b"ID3 ", b"ID3\4\0\0\0\0\7\x7f")) + bytes(2000)),
        ("a.aiff", aiff(COMMON, b"\0\0\0\0\0\0\0\0", SOUND)),
    ],
)
def test_hostile(name: str, content: bytes) -> None:
    reading = reading_of(content, name)
    assert reading.state in (State.MALFORMED, State.UNREADABLE)
    assert all(p.text.zh and p.text.en != p.code for p in reading.problems)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from((b"ID3 ", b"AIGC", b"APPL", b"SSND")), st.binary(max_size=40))), st.binary())
def test_anything(chunks: list[tuple[bytes, bytes]], junk: bytes) -> None:
    survives(Aiff(), aiff(COMMON, *(chunk(id, content) for id, content in chunks), SOUND))
    survives(Aac(), FRAMES + junk + FRAMES)


def test_a_recorders_aiff_gets_its_sizes() -> None:
    content = b"FORM\0\0\0\0AIFF" + COMMON + b"SSND\0\0\0\0" + bytes(8) + bytes(range(1, 64))
    assert reading_of(content, "a.aiff").state is State.UNLABELLED
    out = label_in(content, "a.aiff")
    assert reading_of(out, "a.aiff").label == LABEL
    at = out.index(b"SSND")
    assert int.from_bytes(out[at + 4 : at + 8], "big") == 8 + 63
    assert int.from_bytes(out[4:8], "big") == len(out) - 8
