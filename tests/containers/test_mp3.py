"""MP3: real files from ffmpeg and mutagen, judged by other people's readers."""

from __future__ import annotations

import shutil
import struct
import sys
from pathlib import Path

import pytest

import oracles
import samples
from yinji.containers import executors
from yinji.containers.model import Reading, State
from yinji.containers.mp3 import Mp3
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.labels.aigc import AigcLabel
from yinji.testing import LABEL, PROPAGATED, applied, check_container

PEER = Path(__file__).parents[1] / "fixtures" / "peers" / "metatoolkit-0.1.1.mp3"
BARE = next(e.data for e in Mp3.examples() if "bare" in e.name)
OTHER = AigcLabel.first("001191110000MA0TE5T00Q10001", "older")
VALUE = OTHER.to_json()


def syncsafe(value: int) -> bytes:
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def frame(name: bytes, body: bytes, flags: int = 0) -> bytes:
    return name + syncsafe(len(body)) + struct.pack(">H", flags) + body


def tag(*frames: bytes, padding: int = 0, footer: bool = False) -> bytes:
    body = b"".join(frames) + bytes(padding)
    head = b"\4\0" + bytes((0x10 if footer else 0,)) + syncsafe(len(body))
    return b"ID3" + head + body + (b"3DI" + head if footer else b"")


def txxx(key: str, value: str) -> bytes:
    return frame(b"TXXX", b"\3" + f"{key}\0{value}".encode())


def ape(*items: tuple[str, str], header: bool = True) -> bytes:
    body = b"".join(struct.pack("<II", len(v.encode()), 0) + k.encode() + b"\0" + v.encode() for k, v in items)
    flags = 1 << 31 if header else 0
    fields = struct.pack("<III", 2000, len(body) + 32, len(items))
    head = b"APETAGEX" + fields + struct.pack("<I", flags | 1 << 29) + bytes(8) if header else b""
    return head + body + b"APETAGEX" + fields + struct.pack("<I", flags) + bytes(8)


ID3V1 = b"TAG" + b"Song".ljust(124, b"\0") + b"\xff"
LYRICS = b"LYRICSBEGININD0000200" + b"000021LYRICS200"


def real_files() -> list[Path]:
    return [samples.audio("mp3"), *(samples.audio("mp3", kind) for kind in ("v23", "v24", "untagged"))]


def reading_of(content: bytes, *, thorough: bool = True) -> Reading:
    with Source.open(content, name="a.mp3") as source:
        return read(source, thorough=thorough)


def labelled(content: bytes, label: AigcLabel = LABEL) -> bytes:
    with Source.open(content, name="a.mp3") as source:
        return applied(Mp3().write(source, label, read(source, thorough=True), in_place=False), content)


def written(path: Path, out: Path, label: AigcLabel = LABEL) -> Path:
    with Source.open(path) as source:
        splice = Mp3().write(source, label, read(source, thorough=True), in_place=False)
        executors.write_new(source, splice, out, verify=lambda _: None, overwrite=False, durable=False)
    return out


def test_harness(sample_dir: Path) -> None:
    doubled = [
        ("two-tags.mp3", tag(txxx("AIGC", VALUE)) + tag(txxx("AIGC", VALUE), txxx("note", "kept")) + BARE),
        ("ape.mp3", tag(txxx("AIGC", VALUE)) + BARE + ape(("AIGC", VALUE), ("Title", "kept"))),
        ("appended.mp3", tag(txxx("AIGC", VALUE)) + BARE + tag(txxx("AIGC", VALUE), txxx("n", "kept"), footer=True)),
        ("joined.mp3", tag(txxx("AIGC", VALUE)) + BARE + tag(txxx("AIGC", VALUE)) + BARE),
        ("one-tag.mp3", tag(txxx("AIGC", VALUE), txxx("between", "kept"), txxx("aigc", VALUE)) + BARE),
    ]
    check_container(Mp3(), [(p.name, p.read_bytes()) for p in real_files()], doubled=doubled, mutations=60)


def test_independent_readers(sample_dir: Path, tmp_path: Path) -> None:
    for path in real_files():
        first = written(path, tmp_path / path.name)
        out = written(first, tmp_path / f"again-{path.name}", PROPAGATED)
        assert oracles.ffprobe_label(first) == dict(LABEL.items())
        assert oracles.ffprobe_label(out) == dict(PROPAGATED.items())
        assert oracles.mutagen(out)["tags"].pop("TXXX:AIGC") == [PROPAGATED.to_json()]
        assert PROPAGATED.to_json() in str(oracles.exiftool(out).values())
        assert oracles.stream_hash(out) == oracles.stream_hash(path)
        assert oracles.decoded_hash(out) == oracles.decoded_hash(path)
        assert out.stat().st_size == first.stat().st_size, "propagation uses the padding"
        assert set(oracles.exiftool_warnings(out)) <= set(oracles.exiftool_warnings(path))


def test_version_and_other_frames_stay(sample_dir: Path, tmp_path: Path) -> None:
    for kind, version in (("v23", 3), ("v24", 4)):
        path = samples.audio("mp3", kind)
        before, out = path.read_bytes(), written(path, tmp_path / path.name)
        after = out.read_bytes()
        assert before[3] == after[3] == version
        length = 10 + int.from_bytes(before[14:18], "big")
        assert after[10 : 10 + length] == before[10 : 10 + length]
        assert oracles.mutagen(out)["tags"]["TIT2"] == ["一个音"]


def test_tagged_by_mutagen(sample_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "tagged.mp3"
    shutil.copyfile(samples.audio("mp3", "untagged"), path)
    script = (
        "import sys; from mutagen.id3 import APIC, COMM, ID3, TENC, TIT2, TXXX, WOAS; t = ID3();"
        "t.add(TIT2(encoding=1, text='歌'));"
        "t.add(APIC(encoding=3, mime='image/jpeg', type=3, desc='', data=bytes(90000)));"
        "t.add(COMM(encoding=1, lang='eng', desc='', text='made with suno')); t.add(WOAS(url='https://suno.com'));"
        "t.add(TXXX(encoding=1, desc='aigc', text='{}')); t.add(TENC(encoding=3, text='Suno AI'));"
        "t.save(sys.argv[1], v2_version=int(sys.argv[2]), v1=2)"
    )
    for version in ("3", "4"):
        oracles.run(sys.executable, "-c", script, path, version)
        reading = reading_of(path.read_bytes())
        words = {(b.carrier, b.key): b.value for b in reading.blocks}
        assert words[("id3-comm", "")] == "made with suno" and words[("id3-woas", "WOAS")] == "https://suno.com"
        assert words[("id3-tenc", "TENC")] == "Suno AI" and words[("id3-tit2", "TIT2")] == "歌"
        out = written(path, tmp_path / f"out{version}.mp3")
        before, after = oracles.mutagen(path)["tags"], oracles.mutagen(out)["tags"]
        assert after.pop("TXXX:AIGC") == [LABEL.to_json()] and before.pop("TXXX:aigc")
        assert after == before
        assert out.read_bytes()[-128:] == path.read_bytes()[-128:], "the ID3v1 tag stays"


def test_words_of_an_id3v1_tag_are_said_again_in_the_new_tag_that_hides_it(tmp_path: Path) -> None:
    """FFmpeg and many players pass ID3v1 over where there is ID3v2: a song must not lose its name for its label."""
    old = b"TAG" + b"Song".ljust(30, b"\0") + "歌手".encode("gbk").ljust(30) + b"Album".ljust(30) + b"2026"
    old += b"words".ljust(28, b"\0") + b"\0\x05\x05"
    path = tmp_path / "v1.mp3"
    path.write_bytes(samples.audio("mp3", "untagged").read_bytes() + old)
    out = written(path, tmp_path / "out.mp3")
    before, after = (oracles.ffprobe(each)["format"]["tags"] for each in (path, out))
    assert after.pop("AIGC") == LABEL.to_json() and after.pop("artist")
    before.pop("artist", None)  # bytes that are no UTF-8: FFmpeg passes them over in one tag and guesses in the other
    assert after == before and len(after) >= 5
    assert out.read_bytes().endswith(old) and b"TPE1\0\0\0\5\0\0\0" + "歌手".encode("gbk") in out.read_bytes()
    assert oracles.stream_hash(out) == oracles.stream_hash(path)


def test_peer(tmp_path: Path) -> None:
    reading = reading_of(PEER.read_bytes())
    assert reading.state is State.LABELLED and reading.found[0].carrier == "id3-txxx"
    out = written(PEER, tmp_path / "out.mp3")
    assert [f.label for f in reading_of(out.read_bytes()).found] == [LABEL]
    assert oracles.ffprobe_label(out) == dict(LABEL.items())
    assert oracles.mutagen(out)["tags"]["TXXX:generator"] == ["metatoolkit"]
    assert oracles.stream_hash(out) == oracles.stream_hash(PEER)


@pytest.mark.parametrize(
    ("content", "carrier"),
    [
        (tag(txxx("AIGC", VALUE)) + BARE, "id3-txxx"),
        (tag(txxx("a", "b")) + tag(txxx("AIGC", VALUE)) + BARE, "id3-txxx"),
        (BARE + tag(txxx("AIGC", VALUE), footer=True), "id3-txxx"),
        (BARE + tag(txxx("AIGC", VALUE), footer=True) + ID3V1, "id3-txxx"),
        (BARE + ape(("AIGC", VALUE)), "ape"),
        (BARE + ape(("Aigc", VALUE), header=False) + LYRICS + ID3V1, "ape"),
        (tag(frame(b"SEEK", struct.pack(">I", len(BARE)))) + BARE + tag(txxx("AIGC", VALUE)) + BARE, "id3-txxx"),
        (tag(frame(b"COMM", b"\3eng\0" + VALUE.encode())) + BARE, "id3-comm"),
    ],
)
def test_places(content: bytes, carrier: str) -> None:
    for thorough in (False, True):
        reading = reading_of(content, thorough=thorough)
        assert reading.state is State.LABELLED and reading.label == OTHER
        assert reading.found[0].carrier == carrier
    out = labelled(content)
    assert out.startswith(b"ID3") and out.count(b"ContentProducer") == 1
    assert [(f.label, f.carrier) for f in reading_of(out).found] == [(LABEL, "id3-txxx")]


def test_label_behind_the_audio_is_named() -> None:
    problems = {p.code for p in reading_of(BARE + tag(txxx("AIGC", VALUE), footer=True)).found[0].problems}
    assert "id3-place" in problems
    assert "id3-place" not in {p.code for p in reading_of(tag(txxx("AIGC", VALUE)) + BARE).found[0].problems}


def test_tail_stays_byte_for_byte() -> None:
    tail = ape(("Title", "x"), ("AIGC", VALUE)) + LYRICS + ID3V1
    out = labelled(BARE + tail)
    assert out.endswith(ape(("Title", "x")) + LYRICS + ID3V1)
    assert labelled(BARE + LYRICS + ID3V1).endswith(BARE + LYRICS + ID3V1)


def test_xing_and_audio_are_untouched(sample_dir: Path, tmp_path: Path) -> None:
    path = samples.audio("mp3")
    content = path.read_bytes()
    out = labelled(content)
    with Source.open(content) as old, Source.open(out) as new:
        audio = [[c[a:b] for a, b in Mp3().media(s)] for c, s in ((content, old), (out, new))]
    assert (audio[0] == audio[1] and b"Xing" in audio[0][0][:64]) or b"Info" in audio[0][0][:64]


def test_reading_stays_at_the_head(sample_dir: Path) -> None:
    content = labelled(samples.audio("mp3").read_bytes())
    with Source.open(content, name="a.mp3") as source:
        assert read(source).label == LABEL
        assert source.reads == 1 and source.bytes_read == 4096


@pytest.mark.parametrize(
    ("head", "ending", "claimed"),
    [
        (b"ID3\4\0\0\0\0\0\0\xff\xfb\x90\x00", "mp3", True),
        (b"ID3\4\0\0\0\0\0\0\xff\xf1\x50\x80", "aac", False),
        (b"ID3\4\0\0\xff\0\0\0", "mp3", False),
        (b"\xff\xfb\x90\x64" + bytes(60), "mp3", True),
        (b"\xff\xf3\x40\xc4" + bytes(60), "", True),
        (b"\xff\xf1\x50\x80" + bytes(60), "mp3", False),
        (b"\xff\xf9\x50\x80" + bytes(60), "aac", False),
        (b"\xff\xff\xff\xff" + bytes(60), "mp3", False),
        (b"\xff\xfe\x41\x00\x49\x00", "txt", False),
        (b"\xff\xd8\xff\xe0", "jpg", False),
    ],
)
def test_score(head: bytes, ending: str, claimed: bool) -> None:
    assert (Mp3().score(head, ending) > 0) is claimed


def test_other_audio_behind_a_tag_is_not_called_unlabelled() -> None:
    for audio in (b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(200), b"", b"\xff" * 5000):
        reading = reading_of(tag(txxx("a", "b")) + audio)
        assert reading.state is State.MALFORMED and {"mp3-no-audio", "aac-no-audio"} & {
            p.code for p in reading.problems
        }
