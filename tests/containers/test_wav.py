"""WAV, RF64 and BW64: files of ffmpeg and of recorders, judged by a walker of our own and by other people's readers."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
import samples
from yinji.containers import executors
from yinji.containers.model import Reading, State
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.containers.wav.container import Rf64, Wav
from yinji.errors import UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.testing import LABEL, PROPAGATED, Sample, applied, check_container, labelled, media_hash, survives

OTHER = AigcLabel.first("001191110000MA0TE5T00Q10001", "older")
VALUE = OTHER.to_json()
SAMPLES = bytes(range(200))
ENDLESS = b"\xff\xff\xff\xff"


def chunk(id: bytes, content: bytes, *, pad: bool = True) -> bytes:
    return id + struct.pack("<I", len(content)) + content + (b"\0" if pad and len(content) % 2 else b"")


FORMAT = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8))
DATA = chunk(b"data", SAMPLES)
LABELLED = chunk(b"AIGC", VALUE.encode())


def form(*chunks: bytes, size: bytes | None = None) -> bytes:
    body = b"".join(chunks)
    return b"RIFF" + (struct.pack("<I", 4 + len(body)) if size is None else size) + b"WAVE" + body


def id3(value: str, *more: bytes) -> bytes:
    text = b"\3AIGC\0" + value.encode()
    frames = b"TXXX" + bytes(n >> s & 0x7F for n in [len(text)] for s in (21, 14, 7, 0)) + b"\0\0" + text
    body = frames + b"".join(more)
    return b"ID3\4\0\0" + bytes(len(body) >> s & 0x7F for s in (21, 14, 7, 0)) + body


def info(*entries: tuple[bytes, str]) -> bytes:
    return chunk(b"LIST", b"INFO" + b"".join(chunk(key, text.encode() + b"\0") for key, text in entries))


def walked(content: bytes) -> list[tuple[bytes, bytes]]:
    """The naive walk that other programs do: sizes as written, even padding, to the end of the form."""
    assert content[:4] == b"RIFF" and content[8:12] == b"WAVE"
    (size,) = struct.unpack("<I", content[4:8])
    found, at = [], 12
    while at < 8 + size:
        (length,) = struct.unpack("<I", content[at + 4 : at + 8])
        found.append((content[at : at + 4], content[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    assert at == 8 + size
    return found


def reading_of(content: bytes, *, thorough: bool = True) -> Reading:
    with Source.open(content, name="a.wav") as source:
        return read(source, thorough=thorough)


def label_in(content: bytes, label: AigcLabel = LABEL) -> bytes:
    return labelled(Wav(), Sample("a.wav", content), label).data


def made(directory: Path, name: str, *options: str) -> Path:
    """A second of tone by ffmpeg, once a session."""
    path = directory / f"wav-{name}.wav"
    if not path.exists():
        tone = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8001:duration=1")
        out = oracles.run("ffmpeg", "-v", "error", *tone, *options, "-f", "wav", "-") if name == "pipe" else b""
        if name == "pipe":
            path.write_bytes(out)
        else:
            oracles.run("ffmpeg", "-v", "error", "-y", *tone, *options, path)
    return path


def real_files(directory: Path) -> list[Path]:
    return [
        samples.audio("wav"),
        made(directory, "pipe"),
        made(directory, "odd", "-c:a", "pcm_u8"),
        made(directory, "bext", "-write_bext", "1", "-metadata", "description=a tone", "-metadata", "title=一个音"),
        made(directory, "float", "-c:a", "pcm_f32le"),
        made(directory, "adpcm", "-c:a", "adpcm_ms"),
    ]


def test_harness(sample_dir: Path) -> None:
    doubled = [
        ("two-chunks.wav", form(FORMAT, LABELLED, DATA, LABELLED)),
        ("id3.wav", form(FORMAT, DATA, chunk(b"id3 ", id3(VALUE, b"TIT2\0\0\0\2\0\0\3a")), LABELLED)),
        ("info.wav", form(FORMAT, info((b"AIGC", VALUE), (b"INAM", "kept")), DATA, LABELLED)),
        ("trailer.wav", form(FORMAT, DATA, LABELLED) + b"AIGC=" + VALUE.encode()),
    ]
    files = [(p.name, p.read_bytes()) for p in real_files(sample_dir)]
    check_container(Wav(), files, doubled=doubled, mutations=60)


def test_harness_beyond_4_gib(sample_dir: Path) -> None:
    path = made(sample_dir, "rf64", "-rf64", "always")
    check_container(Rf64(), [(path.name, path.read_bytes())], mutations=60)


def test_naive_walkers_read_the_exact_value(sample_dir: Path) -> None:
    for path in real_files(sample_dir):
        content = path.read_bytes()
        for label in (LABEL, PROPAGATED):
            content = label_in(content, label)
            chunks = walked(content)
            assert [value for id, value in chunks if id == b"AIGC"] == [label.to_json().encode()]
        assert [i for i, _ in chunks if i not in (b"LIST", b"fact", b"bext")] == [b"fmt ", b"data", b"AIGC", b"JUNK"]


def test_independent_readers(sample_dir: Path, tmp_path: Path) -> None:
    for path in [*real_files(sample_dir)[1:4], made(sample_dir, "rf64", "-rf64", "always")]:
        out = tmp_path / path.name
        container = Rf64() if "rf64" in path.name else Wav()
        out.write_bytes(labelled(container, Sample(path.name, path.read_bytes())).data)
        assert oracles.decoded_hash(out) == oracles.decoded_hash(path)
        assert oracles.stream_hash(out) == oracles.stream_hash(path)
        assert oracles.ffprobe(out)["format"].get("tags") == oracles.ffprobe(path)["format"].get("tags")
        value = oracles.run("exiftool", "-u", "-b", "-Unknown_AIGC", out)
        assert json.loads(value.rstrip(b"\0")) == dict(LABEL.items())
        if container.name == "wav":  # exiftool counts the 32-bit size of RF64
            assert set(oracles.exiftool_warnings(out)) <= set(oracles.exiftool_warnings(path))


def test_mutagen_reads_the_rest(sample_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "tagged.wav"
    path.write_bytes(samples.audio("wav").read_bytes())
    script = (
        "import sys; from mutagen.wave import WAVE; from mutagen.id3 import TIT2, TXXX; f = WAVE(sys.argv[1]);"
        "f.add_tags(); f.tags.add(TIT2(encoding=3, text='歌'));"
        "f.tags.add(TXXX(encoding=3, desc='AIGC', text=sys.argv[2]));"
        "f.save()"
    )
    oracles.run(sys.executable, "-c", script, path, VALUE)
    reading = reading_of(path.read_bytes())
    assert reading.label == OTHER and reading.found[0].carrier == "id3-txxx"
    assert "place" in {problem.code for problem in reading.found[0].problems}
    out = tmp_path / "out.wav"
    out.write_bytes(label_in(path.read_bytes()))
    tags = oracles.mutagen(out)["tags"]
    assert tags["TIT2"] == ["歌"] and "TXXX:AIGC" not in tags
    assert [found.carrier for found in reading_of(out.read_bytes()).found] == ["riff-chunk"]


@pytest.mark.parametrize(
    ("content", "carrier", "problem"),
    [
        (form(FORMAT, DATA, LABELLED), "riff-chunk", None),
        (form(FORMAT, LABELLED, DATA), "riff-chunk", None),
        (form(FORMAT, DATA, chunk(b"AIGC", b'{"AIGC":' + VALUE.encode() + b"}")), "riff-chunk", None),
        (form(FORMAT, DATA, chunk(b"aigc", VALUE.encode())), "riff-chunk", "key-case"),
        (form(FORMAT, DATA, chunk(b"JUNK", VALUE.encode())), "riff-chunk", "key-name"),
        (form(FORMAT, DATA, chunk(b"ABCD", b"..AIGC" + VALUE.encode())), "riff-chunk", None),
        (form(FORMAT, DATA, chunk(b"id3 ", id3(VALUE))), "id3-txxx", "place"),
        (form(FORMAT, chunk(b"ID3 ", id3(VALUE)), DATA), "id3-txxx", "place"),
        (form(FORMAT, info((b"ISFT", "x"), (b"AIGC", VALUE)), DATA), "riff-info", "place"),
        (form(FORMAT, info((b"ICMT", VALUE)), DATA), "riff-info", "key-name"),
        (
            form(FORMAT, chunk(b"iXML", b"<BWFXML><NOTE>" + VALUE.encode() + b"</NOTE></BWFXML>"), DATA),
            "riff-chunk",
            None,
        ),
        (form(FORMAT, chunk(b"bext", VALUE.encode().ljust(602, b"\0")), DATA), "riff-bext", "key-name"),
        (form(FORMAT, DATA) + LABELLED, "riff-chunk", None),
        (form(FORMAT, DATA, size=b"\0\0\0\0") + LABELLED, "riff-chunk", None),
        (form(FORMAT, chunk(b"data", SAMPLES[:-1], pad=False), LABELLED), "riff-chunk", None),
        (form(FORMAT, b"data" + ENDLESS + SAMPLES, LABELLED, size=ENDLESS), "riff-chunk", None),
        (form(FORMAT, DATA) + b"\0\0\0AIGC" + VALUE.encode(), "riff-trailer", "after-end"),
    ],
)
def test_places(content: bytes, carrier: str, problem: str | None) -> None:
    for thorough in (False, True):
        reading = reading_of(content, thorough=thorough)
        assert reading.state is State.LABELLED and reading.label == OTHER
        assert reading.found[0].carrier == carrier
        assert problem is None or problem in {p.code for p in reading.found[0].problems}
    out = label_in(content)
    assert out.count(b"ContentProducer") == 1
    assert [(f.label, f.carrier) for f in reading_of(out).found] == [(LABEL, "riff-chunk")]
    assert dict(walked(out))[b"AIGC"] == LABEL.to_json().encode()
    assert media_hash(Wav(), out) == media_hash(Wav(), content)
    assert SAMPLES[:-1] in out and out.index(SAMPLES[:-1]) == content.index(SAMPLES[:-1]), "no sample moves"


def test_blanked_in_place_is_no_clean_file() -> None:
    for blank in (b" ", b"\0"):
        reading = reading_of(form(FORMAT, DATA, chunk(b"AIGC", blank * len(VALUE))))
        assert reading.state is State.MALFORMED
        assert "label-emptied" in {p.code for p in reading.found[0].problems}


def test_words_of_other_chunks() -> None:
    bext = b"a take".ljust(256, b"\0") + b"ElevenLabs".ljust(32, b"\0")
    packet = samples.XMP
    content = form(
        FORMAT,
        info((b"ISFT", "ElevenLabs v2"), (b"ICMT", "made with suno")),
        chunk(b"bext", bext.ljust(602, b"\0") + b"A=PCM,F=48000\r\n"),
        chunk(b"iXML", b"<BWFXML><PROJECT>x</PROJECT></BWFXML>"),
        chunk(b"_PMX", packet),
        chunk(b"C2PA", b"\0\0\0\x20jumb"),
        DATA,
    )
    blocks = {(b.carrier, b.key): b.value for b in reading_of(content).blocks}
    assert blocks[("riff-info", "ISFT")] == "ElevenLabs v2" and blocks[("riff-info", "ICMT")] == "made with suno"
    assert blocks[("riff-bext", "Description")] == "a take" and blocks[("riff-bext", "Originator")] == "ElevenLabs"
    assert blocks[("riff-bext", "CodingHistory")] == "A=PCM,F=48000"
    assert blocks[("riff-ixml", "")] == "<BWFXML><PROJECT>x</PROJECT></BWFXML>"
    assert blocks[("xmp", "")] == packet and ("c2pa", "C2PA") in blocks


def test_recorders_sizes_are_written() -> None:
    for size, data_size in ((ENDLESS, ENDLESS), (bytes(4), bytes(4)), (b"\x24\xf0\xff\x7f", b"\0\xf0\xff\x7f")):
        content = form(FORMAT, b"data" + data_size + SAMPLES, size=size)
        reading = reading_of(content)
        assert reading.state is State.UNLABELLED
        assert "wav-open-size" in {p.code for b in reading.blocks for p in b.problems}
        assert dict(walked(label_in(content)))[b"data"] == SAMPLES
    empty = form(FORMAT, chunk(b"data", b""))
    assert dict(walked(label_in(empty)))[b"data"] == b""


def test_rf64_sizes(sample_dir: Path) -> None:
    content = made(sample_dir, "rf64", "-rf64", "always").read_bytes()
    out = labelled(Rf64(), Sample("a.wav", content)).data
    assert out[:8] == b"RF64" + ENDLESS and struct.unpack("<Q", out[20:28])[0] == len(out) - 8
    assert out[28:36] == content[28:36]
    stale = content[:20] + bytes(16) + content[36:]
    again = labelled(Rf64(), Sample("a.wav", stale)).data
    assert struct.unpack("<QQ", again[20:36]) == (len(again) - 8, struct.unpack("<Q", content[28:36])[0])


def test_beyond_4_gib_without_reading_it(tmp_path: Path) -> None:
    """A sparse file of 5 GiB: the samples are never read."""
    path, length = tmp_path / "long.wav", 5 << 30
    head = b"RF64" + ENDLESS + b"WAVE" + chunk(b"ds64", struct.pack("<QQQI", 72 + length, length, length, 0))
    with path.open("wb") as file:
        file.write(head + FORMAT + b"data" + ENDLESS)
        file.truncate(80 + length)
    with Source.open(path) as source:
        splice = Rf64().write(source, LABEL, read(source, thorough=True), in_place=True)
        assert source.bytes_read < 16384
    executors.write_in_place(path, splice, verify=lambda _: None)
    with Source.open(path) as source:
        reading = read(source)
        assert (reading.format, reading.label) == ("rf64", LABEL)
        assert source.reads <= 3 and source.bytes_read < 8192


def test_a_form_never_outgrows_its_size(tmp_path: Path) -> None:
    path, length = tmp_path / "full.wav", 0xFFFFFFF0 - 44
    with path.open("wb") as file:
        file.write(form(FORMAT, b"data" + struct.pack("<I", length), size=struct.pack("<I", 36 + length)))
        file.truncate(44 + length)
    with Source.open(path) as source:
        reading = read(source)
        with pytest.raises(UnsupportedFormat) as raised:
            Wav().write(source, LABEL, reading, in_place=True)
    assert raised.value.code == "wav-too-large" and "RF64" in raised.value.advice.en


def test_reads_are_few(sample_dir: Path) -> None:
    plain = samples.audio("wav").read_bytes()
    for content, most in ((plain, 1), (label_in(plain), 2)):
        with Source.open(content, name="a.wav") as source:
            read(source)
            assert source.reads <= most and source.bytes_read <= 4096 + 4096


def test_propagation_is_one_small_write(sample_dir: Path) -> None:
    content = label_in(samples.audio("wav").read_bytes())
    with Source.open(content, name="a.wav") as source:
        splice = Wav().write(source, PROPAGATED, read(source, thorough=True), in_place=True)
    assert len(splice.edits) == 1 and splice.moves_nothing and len(splice.edits[0].data) < 1300
    assert applied(splice, content).count(b"post-42") == 1


@pytest.mark.parametrize(
    "content",
    [
        form(FORMAT),
        form(FORMAT, DATA)[:-10],
        form(FORMAT, DATA, LABELLED)[:-100],
        form(FORMAT, DATA, LABELLED)[: -len(LABELLED)],
        form(FORMAT, b"\1\2\3\4\0\0\0\0", DATA),
        form(FORMAT, DATA, chunk(b"LIST", b"INFOISFT\xff\xff\xff\x7f")),
        form(FORMAT, DATA, chunk(b"id3 ", b"ID3\4\0\0\0\0\7\x7f")) + bytes(2000),
        form(FORMAT, b"data\xff\xff\xff\x7e" + SAMPLES),
        b"RF64" + ENDLESS + b"WAVE" + chunk(b"ds64", bytes(8)) + FORMAT + DATA,
        b"RF64" + ENDLESS + b"WAVE" + chunk(b"ds64", bytes(24) + ENDLESS) + FORMAT + DATA,
    ],
)
def test_hostile(content: bytes) -> None:
    reading = reading_of(content)
    assert reading.state in (State.MALFORMED, State.UNREADABLE)
    assert all(p.text.zh and p.text.en != p.code for p in reading.problems)


def test_many_chunks_are_bounded() -> None:
    reading = reading_of(form(FORMAT, chunk(b"abcd", b"") * 120_000, DATA))
    assert reading.state is State.UNREADABLE


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from((b"AIGC", b"LIST", b"data", b"id3 ", b"JUNK", b"bext")), st.binary(max_size=40)))
)
def test_any_chunks(chunks: list[tuple[bytes, bytes]]) -> None:
    survives(Wav(), form(FORMAT, *(chunk(id, content) for id, content in chunks), DATA))


def test_ffmpeg_still_opens_it_as_a_pipe(sample_dir: Path, tmp_path: Path) -> None:
    out = label_in(made(sample_dir, "pipe").read_bytes())
    command = ["ffmpeg", "-v", "error", "-i", "-", "-f", "md5", "-"]
    done = [
        subprocess.run(command, input=data, capture_output=True)
        for data in (out, made(sample_dir, "pipe").read_bytes())
    ]
    assert done[0].stdout == done[1].stdout and done[0].returncode == 0
