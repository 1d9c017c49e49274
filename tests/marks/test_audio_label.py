"""The rhythm on real encodings, made and decoded by the ffmpeg program."""

from __future__ import annotations

import io
import struct
import subprocess
import uuid
from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from yinji.errors import UsageError, YinjiError
from yinji.marks.audio import pool
from yinji.marks.audio.mark import AudioMark
from yinji.marks.audio.rhythm import find
from yinji.marks.base import Drawn, MarkExample, MarkRequest

SOUND = "aevalsrc='0.2*sin(2*PI*(300+200*t)*t)+0.05*random(0)|0.2*sin(2*PI*(500+100*t)*t)+0.05*random(1)':s=44100:d=2"
LOSSLESS = {
    "16.wav": ("audio/wav", "-c:a", "pcm_s16le"),
    "24.wav": ("audio/wav", "-c:a", "pcm_s24le"),
    "32.wav": ("audio/wav", "-c:a", "pcm_s32le", "-ac", "1"),
    "8.wav": ("audio/wav", "-c:a", "pcm_u8", "-ac", "1"),
    "float.wav": ("audio/wav", "-c:a", "pcm_f32le"),
    "long.wav": ("audio/wav", "-c:a", "pcm_s16le", "-rf64", "always"),
    "a-law.wav": ("audio/wav", "-c:a", "pcm_alaw", "-ac", "1", "-ar", "8000"),
    "mu-law.wav": ("audio/wav", "-c:a", "pcm_mulaw"),
    "six.wav": ("audio/wav", "-c:a", "pcm_s16le", "-ac", "6"),
    "16.aiff": ("audio/aiff", "-c:a", "pcm_s16be", "-write_id3v2", "1"),
    "24.aif": ("audio/aiff", "-c:a", "pcm_s24be", "-ac", "1"),
    "8.aiff": ("audio/aiff", "-c:a", "pcm_s8", "-ac", "1"),
    "float.aifc": ("audio/aiff", "-c:a", "pcm_f32be", "-f", "aiff"),
    "sowt.aifc": ("audio/aiff", "-c:a", "pcm_s16le", "-f", "aiff"),
    "16.flac": ("audio/flac", "-sample_fmt", "s16"),
    "24.flac": ("audio/flac", "-sample_fmt", "s32", "-ac", "1"),
}
MP3 = {
    "steady.mp3": ("audio/mpeg", "-b:a", "128k"),
    "variable.mp3": ("audio/mpeg", "-q:a", "4", "-ac", "1", "-ar", "22050", "-id3v2_version", "3"),
}
FRAMES = {
    "plain.aac": ("audio/aac", "-b:a", "128k"),
    "second.mp3": ("audio/mpeg", "-c:a", "mp2", "-f", "mp2", "-b:a", "192k"),
}
ANEW = {
    "exact.m4a": ("audio/mp4", "-c:a", "alac", "-sample_fmt", "s16p"),
    "exact.ogg": ("audio/ogg", "-c:a", "flac", "-sample_fmt", "s16"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sound")


def made(folder: Path, name: str, options: tuple[str, ...], sound: str = SOUND) -> Path:
    path = folder / name
    if not path.exists():
        tags = ("-metadata", "title=a sound")
        subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", sound, *tags, *options[1:], str(path)], check=True
        )
    return path


def marked(path: Path, media_type: str, place: str = "start") -> tuple[Path, Drawn]:
    output = path.with_name(f"{place}-{path.name}")
    with path.open("rb") as source, output.open("wb") as target:
        drawn = AudioMark().draw(source, target, MarkRequest("AI", place=place, media_type=media_type))
    return output, drawn


def decoded(path: Path, *options: str) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", str(path), *options, "-f", "s32le", "-c:a", "pcm_s32le", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert b"rror" not in done.stderr.replace(b"Estimating", b""), done.stderr
    return done.stdout


def heard(path: Path) -> list[float]:
    samples = array("i", decoded(path, "-ac", "1", "-ar", "16000"))
    return [round(at, 1) for at in find(samples, 16000)]


@pytest.mark.parametrize(
    ("name", "place"),
    [(name, "both") for name in LOSSLESS | MP3]
    + [(name, place) for name in ("16.wav", "16.flac", "steady.mp3") for place in ("start", "end")],
)
def test_rhythm_is_heard_and_the_content_is_sample_exact(folder: Path, name: str, place: str) -> None:
    options = (LOSSLESS | MP3)[name]
    path = made(folder, name, options)
    output, drawn = marked(path, options[0], place)
    rhythms = drawn.detail["labels"]
    wanted = [round(r["from"] + (0.1 if n == 0 and place != "end" else 0.4), 1) for n, r in enumerate(rhythms)]
    assert drawn.method == "spliced"
    assert heard(output) == pytest.approx(wanted, abs=0.11)
    before, after = decoded(path), decoded(output)
    at = after.find(before[: len(before) - 8000])
    assert at == 0 if place == "end" else at > 0
    assert len(after) > len(before)
    if name in LOSSLESS:
        assert before in after


@pytest.mark.parametrize("name", FRAMES)
def test_frames_are_copied(folder: Path, name: str) -> None:
    path = made(folder, name, FRAMES[name])
    output, drawn = marked(path, FRAMES[name][0])
    assert drawn.method == "spliced"
    assert output.read_bytes().endswith(path.read_bytes())
    assert heard(output) == [0.1]
    again, _ = marked(path, FRAMES[name][0], "end")
    assert again.read_bytes().startswith(path.read_bytes())
    assert len(heard(again)) == 1


@pytest.mark.parametrize(("place", "fast"), [("start", ()), ("end", ()), ("both", ("-movflags", "+faststart"))])
def test_frames_of_m4a_are_copied(folder: Path, place: str, fast: tuple[str, ...]) -> None:
    name = f"{'fast' if fast else 'plain'}.m4a"
    path = made(folder, name, ("audio/mp4", "-c:a", "aac", "-b:a", "128k", *fast))
    output, drawn = marked(path, "audio/mp4", place)
    assert drawn.method == "spliced"
    before, after = packets(path), packets(output)
    at = len(after) - len(before) if place == "start" else 0 if place == "end" else (len(after) - len(before)) // 2
    assert after[at : at + len(before)] == before
    rhythms = drawn.detail["labels"]
    wanted = [r["from"] + (0.1 if n == 0 and place != "end" else 0.4) for n, r in enumerate(rhythms)]
    assert heard(output) == pytest.approx(wanted, abs=0.15)
    assert b"a sound" in output.read_bytes()
    lasts = drawn.detail["content_seconds"] + sum(r["seconds"] for r in rhythms)
    assert len(decoded(output)) / 8 / 44100 == pytest.approx(lasts, abs=0.05)


@pytest.mark.parametrize(("name", "place"), [("two.opus", "start"), ("two.opus", "both"), ("one.opus", "end")])
def test_packets_of_opus_are_copied(folder: Path, name: str, place: str) -> None:
    path = made(
        folder, name, ("audio/ogg", "-c:a", "libopus", "-b:a", "96k", "-ac", "2" if name == "two.opus" else "1")
    )
    output, drawn = marked(path, "audio/ogg", place)
    assert drawn.method == "spliced"
    before, after = packets(path), packets(output)
    at = len(after) - len(before) if place == "start" else 0 if place == "end" else (len(after) - len(before)) // 2
    assert after[at : at + len(before)] == before
    assert len(heard(output)) == (2 if place == "both" else 1)
    assert b"a sound" in output.read_bytes()


def packets(path: Path) -> list[str]:
    """Checksums of the frames, in order."""
    command = ["ffprobe", "-v", "error", "-show_packets", "-show_data_hash", "md5", "-of", "csv", str(path)]
    lines = subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()
    return [line[line.index("MD5") :].partition(",")[0] for line in lines if "MD5" in line]


def test_enciphered_m4a_is_refused(folder: Path) -> None:
    data = made(folder, "plain.m4a", ("audio/mp4", "-c:a", "aac", "-b:a", "128k")).read_bytes()
    with pytest.raises(YinjiError) as error:
        AudioMark().draw(
            io.BytesIO(data.replace(b"mp4a", b"drms")), io.BytesIO(), MarkRequest("AI", media_type="audio/mp4")
        )
    assert error.value.code == "audio-encrypted"


@pytest.mark.parametrize("name", ANEW)
def test_lossless_sound_is_encoded_anew_and_says_so(folder: Path, name: str) -> None:
    path = made(folder, name, ANEW[name])
    output, drawn = marked(path, ANEW[name][0], "both")
    assert drawn.method == "lossless re-encode"
    assert len(heard(output)) == 2
    assert b"a sound" in output.read_bytes()
    assert decoded(path) in decoded(output)


@pytest.mark.parametrize("name", ["steady.mp3", "variable.mp3"])
def test_frames_of_mp3_are_copied_and_its_length_is_stated(folder: Path, name: str) -> None:
    path = made(folder, name, MP3[name])
    output, drawn = marked(path, "audio/mpeg")
    before, after = path.read_bytes(), output.read_bytes()
    assert after.endswith(before[2000:])
    assert after[:10] == before[:10] and b"a sound" in after
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(output)],
        capture_output=True,
        check=True,
    )
    assert float(probe.stdout) == pytest.approx(drawn.detail["content_seconds"] + 1.85, abs=0.1)


def test_flac_says_the_right_md5_and_seeks(folder: Path) -> None:
    path = made(folder, "16.flac", LOSSLESS["16.flac"])
    for place in ("start", "end"):
        output, _ = marked(path, "audio/flac", place)
        data = output.read_bytes()
        samples = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(output), "-f", "md5", "-c:a", "pcm_s16le", "-"],
            capture_output=True,
            check=True,
        )
        assert samples.stdout.strip() == b"MD5=" + data[26:42].hex().encode()
        half = decoded(output, "-ss", "2")
        assert half and decoded(output).endswith(half)


def test_labelling_again_changes_nothing(folder: Path) -> None:
    for name, options in {"16.wav": LOSSLESS["16.wav"], "steady.mp3": MP3["steady.mp3"]}.items():
        path = made(folder, name, options)
        once, _ = marked(path, options[0], "both")
        twice, drawn = marked(once, options[0], "both")
        assert drawn.detail["already"]
        assert twice.read_bytes() == once.read_bytes()


@pytest.mark.parametrize("name", ["long.wav", "long.mp3", "long.aac", "two.ogg"])
@pytest.mark.parametrize("style", ["rhythm", "speech"])
def test_labels_in_the_middle_are_not_repeated(folder: Path, name: str, style: str) -> None:
    options = {"long.wav": ("audio/wav",), "two.ogg": ("audio/ogg", *VORBIS["two.ogg"])} | BETWEEN
    path = made(folder, f"again-{name}", options[name], LONG)
    request = MarkRequest(
        "本音频由人工智能生成",
        media_type=options[name][0],
        times=("start", "end", "intervals"),
        every=10.0,
        style=style,
    )
    once = io.BytesIO()
    first = AudioMark().draw(io.BytesIO(path.read_bytes()), once, request)
    twice = io.BytesIO()
    second = AudioMark().draw(io.BytesIO(once.getvalue()), twice, request)
    assert len(first.detail["labels"]) == 4
    assert second.detail["already"] and twice.getvalue() == once.getvalue()


def test_an_mp3_that_is_shorter_than_it_says_is_told(folder: Path) -> None:
    data = made(folder, "steady.mp3", MP3["steady.mp3"]).read_bytes()
    for size, notes in ((len(data), []), (len(data) * 2 // 3, ["shorter-than-stated"])):
        drawn = AudioMark().draw(io.BytesIO(data[:size]), io.BytesIO(), MarkRequest("AI", media_type="audio/mpeg"))
        assert drawn.detail["notes"] == notes


def test_points_in_a_wav_move_along() -> None:
    form = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    cue = struct.pack("<I", 1) + struct.pack("<II4sIII", 1, 100, b"data", 0, 0, 100)
    loop = bytes(28) + struct.pack("<II", 1, 0) + struct.pack("<6I", 0, 0, 10, 20, 0, 0)
    bext = bytearray(602)
    bext[338:346] = (80_000).to_bytes(8, "little")
    chunks = [(b"fmt ", form), (b"bext", bytes(bext)), (b"data", bytes(16000)), (b"cue ", cue), (b"smpl", loop)]
    body = b"WAVE" + b"".join(id + len(data).to_bytes(4, "little") + data for id, data in chunks) + b"odd \1\0\0\0x\0"
    output = io.BytesIO()
    drawn = AudioMark().draw(
        io.BytesIO(b"RIFF" + len(body).to_bytes(4, "little") + body),
        output,
        MarkRequest("AI", media_type="audio/wav"),
    )
    data, shift = output.getvalue(), round(1.82 * 8000)
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    at = data.find(b"cue ")
    assert struct.unpack_from("<II4sIII", data, at + 12) == (1, 100 + shift, b"data", 0, 0, 100 + shift)
    assert struct.unpack_from("<II", data, data.find(b"smpl") + 8 + 44) == (10 + shift, 20 + shift)
    at = data.find(b"bext") + 8 + 338
    assert int.from_bytes(data[at : at + 8], "little") == 80_000 - shift
    assert drawn.detail["notes"] == ["bext-time-moved"]
    assert data.endswith(b"odd \1\0\0\0x\0")


@pytest.mark.parametrize(("volume", "level"), [("0.05", -32), ("1", -23), ("60", -14)])
def test_level_follows_the_content(folder: Path, volume: str, level: float) -> None:
    sound = f"sine=1200:d=2:r=16000,volume={volume}"
    path = made(folder, f"loud-{volume}.wav", ("audio/wav",), sound)
    _, drawn = marked(path, "audio/wav")
    assert drawn.detail["labels"][0]["level"] == pytest.approx(level, abs=3)


@pytest.mark.parametrize(
    ("name", "options"),
    [("six.wav", LOSSLESS["six.wav"]), ("six.opus", ("audio/ogg", "-c:a", "libopus", "-ac", "6", "-b:a", "192k"))],
)
def test_two_of_six_channels_are_as_loud_as_the_content(folder: Path, name: str, options: tuple[str, ...]) -> None:
    stereo = made(folder, "16.wav", LOSSLESS["16.wav"])
    _, wanted = marked(stereo, "audio/wav")
    output, drawn = marked(made(folder, name, options), options[0])
    assert drawn.method == "spliced"
    assert drawn.detail["labels"][0]["level"] == pytest.approx(wanted.detail["labels"][0]["level"], abs=0.5)
    assert len(heard(output)) == 1


def test_streams_of_vorbis_that_follow_each_other_stay_so(folder: Path) -> None:
    one = made(folder, "two-short.ogg", ("audio/ogg", *VORBIS["two.ogg"])).read_bytes()
    path = folder / "chain.ogg"
    path.write_bytes(one + one)
    output, drawn = marked(path, "audio/ogg", "both")
    assert (drawn.method, drawn.detail["notes"]) == ("spliced", ["ogg-chained"])
    assert drawn.detail["content_seconds"] == pytest.approx(4, abs=0.01)
    assert one + one in output.read_bytes()
    assert marked(output, "audio/ogg", "both")[1].detail["already"]


def test_what_ffmpeg_would_decode_to_noise_is_refused(folder: Path) -> None:
    wma = made(folder, "plain.wma", ("audio/x-ms-wma", "-c:a", "wmav2")).read_bytes()
    body = b"".join(struct.pack("<I", 4) + word for word in (b"data", b"DRM\0", b"key\0", b"url\0"))
    lock = uuid.UUID("2211B3FB-BD23-11D2-B4B7-00A0C955FC6E").bytes_le + struct.pack("<Q", 24 + len(body)) + body
    size, count = struct.unpack_from("<QI", wma, 16)
    locked = wma[:16] + struct.pack("<QI", size + len(lock), count + 1) + wma[28:30] + lock + wma[30:]
    options = ("audio/mpeg", "-ar", "48000", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0")
    free = bytearray(made(folder, "free.mp3", options).read_bytes())
    for at in range(0, len(free), 384):
        free[at + 2 : at + 3] = bytes((free[at + 2] & 15,))
    for data, media_type, code in (
        (locked, "audio/x-ms-wma", "audio-encrypted"),
        (free, "audio/mpeg", "mark-audio-variant"),
    ):
        with pytest.raises(YinjiError) as error:
            AudioMark().draw(io.BytesIO(data), io.BytesIO(), MarkRequest("AI", media_type=media_type))
        assert error.value.code == code


@pytest.mark.parametrize(
    ("media_type", "data", "code"),
    [
        ("audio/wav", b"RIFF\4\0\0\0WAVE", "mark-not-decodable"),
        ("audio/wav", b"", "mark-empty"),
        ("audio/ogg", b"", "mark-empty"),
        ("audio/flac", b"fLaC\x80\0\0\x22" + bytes(34), "mark-not-decodable"),
        ("audio/mpeg", b"\xff\xfb\x90\x00" + bytes(50), "mark-not-decodable"),
        ("audio/aac", b"\xff\xf1", "mark-not-decodable"),
    ],
)
def test_what_cannot_be_labelled_is_told(media_type: str, data: bytes, code: str) -> None:
    with pytest.raises(YinjiError) as error:
        AudioMark().draw(io.BytesIO(data), io.BytesIO(), MarkRequest("AI", media_type=media_type))
    assert error.value.code == code


def test_truncated_files_are_told_or_marked_whole(folder: Path) -> None:
    wav = made(folder, "16.wav", LOSSLESS["16.wav"]).read_bytes()
    with pytest.raises(YinjiError) as error:
        AudioMark().draw(io.BytesIO(wav[:-99]), io.BytesIO(), MarkRequest("AI", media_type="audio/wav"))
    assert error.value.code == "mark-truncated"
    flac = made(folder, "16.flac", LOSSLESS["16.flac"]).read_bytes()
    with pytest.raises(YinjiError) as error:
        AudioMark().draw(io.BytesIO(flac[:-999]), io.BytesIO(), MarkRequest("AI", media_type="audio/flac"))
    assert error.value.code == "mark-not-decodable"


def test_unknown_place_is_refused() -> None:
    with pytest.raises(UsageError):
        AudioMark().draw(io.BytesIO(), io.BytesIO(), MarkRequest("AI", place="middle", media_type="audio/wav"))


def test_a_process_that_dies_is_replaced(folder: Path) -> None:
    path = made(folder, "steady.mp3", MP3["steady.mp3"])
    marked(path, "audio/mpeg")
    for worker in pool.POOL.idle():
        worker.process.kill()
    with pytest.raises(YinjiError) as error:
        pool.ask({"source": str(path), "media_type": "audio/mpeg", "find": ("AI", "")})
    assert error.value.code == "audio-worker-died"
    pool.POOL.close()
    assert marked(path, "audio/mpeg")[1].method == "spliced"


def test_a_process_that_takes_too_long_is_ended(folder: Path) -> None:
    path = made(folder, "steady.mp3", MP3["steady.mp3"])
    with pytest.raises(YinjiError) as error:
        pool.ask({"source": str(path), "media_type": "audio/mpeg", "find": ("AI", "")}, seconds=0.0)
    assert error.value.code == "audio-worker-slow"


@pytest.mark.parametrize("example", list(AudioMark.examples()), ids=lambda example: example.name)
def test_examples_can_be_marked(example: MarkExample) -> None:
    output = io.BytesIO()
    drawn = AudioMark().draw(io.BytesIO(example.data), output, MarkRequest("AI", media_type=example.media_type))
    assert drawn.method == "spliced"
    assert len(output.getvalue()) > len(example.data)


def test_a_moving_picture_is_no_sound(folder: Path) -> None:
    path = folder / "picture.m4a"
    picture = ("-f", "lavfi", "-i", "color=s=64x64:d=1:r=5", "-f", "lavfi", "-i", "sine=d=1")
    subprocess.run(["ffmpeg", "-v", "error", *picture, "-f", "mp4", "-c:v", "mpeg4", str(path)], check=True)
    with pytest.raises(YinjiError) as error:
        marked(path, "audio/mp4")
    assert error.value.code == "mark-audio-variant"


VORBIS = {
    "two.ogg": ("-c:a", "libvorbis", "-q:a", "3", "-ac", "2"),
    "one.ogg": ("-c:a", "libvorbis", "-b:a", "64k", "-ac", "1", "-ar", "22050"),
    "other.ogg": ("-c:a", "vorbis", "-strict", "-2", "-ac", "2"),
}
"""By the encoder that nearly everybody uses, and by one with tables of its own."""


@pytest.mark.parametrize("name", VORBIS)
def test_labels_stand_anywhere_in_vorbis_and_every_sample_stays(folder: Path, name: str) -> None:
    path = made(folder, name, ("audio/ogg", *VORBIS[name]), LONG)
    output = path.with_name(f"labelled-{name}")
    request = MarkRequest("AI", media_type="audio/ogg", times=("start", "intervals", "end"), every=10.0)
    with path.open("rb") as source, output.open("wb") as target:
        drawn = AudioMark().draw(source, target, request)
    labels, rate = drawn.detail["labels"], _rate(path)
    assert (drawn.method, len(labels)) == ("spliced", 4)
    is_chained = name == "other.ogg"
    assert drawn.detail["notes"] == (["ogg-chained"] if is_chained else [])
    slack = 0.1 if is_chained else 0.005  # FFmpeg does not begin anew with each stream of a chain
    wanted = [labels[0]["from"] + 0.1, *(label["from"] + 0.3 for label in labels[1:3]), labels[3]["from"] + 0.45]
    assert heard(output) == pytest.approx(wanted, abs=0.13)
    before, after = decoded(path), decoded(output)
    lasts = drawn.detail["content_seconds"] + sum(label["seconds"] for label in labels)
    assert len(after) / rate == pytest.approx(lasts, abs=slack)
    at = 0
    for label, following in pairwise(labels):
        length = round((following["from"] - label["from"] - label["seconds"]) * rate) // 8 * 8 - 800
        content = after.find(before[at + 400 : at + length])
        assert content / rate == pytest.approx(label["from"] + label["seconds"] + 400 / rate, abs=slack)
        at += length + 800
    rest = iter(packets(output))
    assert all(any(packet == other for other in rest) for packet in packets(path))
    if not is_chained:
        probe = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(output)],
            capture_output=True,
            check=True,
        )
        assert float(probe.stdout) == pytest.approx(lasts, abs=0.01), "one stream, whose length players tell"
    assert b"a sound" in output.read_bytes()


def test_a_stream_of_its_own_leaves_the_pages_of_vorbis_alone(folder: Path) -> None:
    path = made(folder, "short-other.ogg", ("audio/ogg", *VORBIS["other.ogg"]))
    output, drawn = marked(path, "audio/ogg", "both")
    assert drawn.detail["notes"] == ["ogg-chained"]
    assert path.read_bytes() in output.read_bytes()
    assert output.read_bytes().count(b"a sound") == 3


def test_wma_is_encoded_anew_and_says_so(folder: Path) -> None:
    path = made(folder, "old.wma", ("audio/x-ms-wma", "-c:a", "wmav2", "-b:a", "128k"))
    output, drawn = marked(path, "audio/x-ms-wma")
    assert drawn.method == "full re-encode"
    assert heard(output) == pytest.approx([0.1], abs=0.11)
    assert "a sound".encode("utf-16-le") in output.read_bytes()


def test_markers_of_aiff_move_along(folder: Path) -> None:
    data = bytearray(made(folder, "16.aiff", LOSSLESS["16.aiff"]).read_bytes())
    data += b"MARK" + (12).to_bytes(4, "big") + struct.pack(">HHIBBH", 1, 1, 1000, 1, 65, 0)
    data[4:8] = (len(data) - 8).to_bytes(4, "big")
    output = io.BytesIO()
    drawn = AudioMark().draw(io.BytesIO(bytes(data)), output, MarkRequest("AI", media_type="audio/aiff"))
    at = output.getvalue().index(b"MARK")
    moved = int.from_bytes(output.getvalue()[at + 12 : at + 16], "big")
    assert moved == 1000 + round(drawn.detail["labels"][0]["seconds"] * 44100)


LONG = "aevalsrc='0.3*sin(2*PI*(300+20*t)*t)*gt(mod(t+0.6\\,2)\\,0.5)+0.01*random(0)':s=44100:d=25"
BETWEEN = {
    "long.mp3": ("audio/mpeg", "-b:a", "128k"),
    "varied.mp3": ("audio/mpeg", "-q:a", "3", "-ar", "22050", "-ac", "1"),
    "long.aac": ("audio/aac", "-b:a", "96k"),
    "long.opus": ("audio/ogg", "-c:a", "libopus", "-b:a", "64k", "-page_duration", "200000"),
    "long.mp2": ("audio/mpeg", "-c:a", "mp2", "-f", "mp2", "-b:a", "192k"),
    "long.aiff": ("audio/aiff",),
}


@pytest.mark.parametrize("name", BETWEEN)
def test_frames_between_labels_are_copied(folder: Path, name: str) -> None:
    path = made(folder, name, BETWEEN[name], LONG)
    output = path.with_name(f"between-{name}")
    request = MarkRequest("AI", media_type=BETWEEN[name][0], times=("start", "intervals"), every=10.0)
    with path.open("rb") as source, output.open("wb") as target:
        drawn = AudioMark().draw(source, target, request)
    assert drawn.method == "spliced"
    labels = drawn.detail["labels"]
    assert heard(output) == pytest.approx([labels[0]["from"] + 0.1, *(at["from"] + 0.3 for at in labels[1:])], abs=0.13)
    if not name.endswith("aiff"):
        before, after = packets(path), packets(output)
        rest = iter(after)
        assert all(any(packet == other for other in rest) for packet in before)
        assert len(after) > len(before)
    one, two, rate = decoded(path), decoded(output), _rate(path)
    lasts = len(one) / rate + sum(label["seconds"] for label in labels)
    assert len(two) / rate == pytest.approx(lasts, abs=0.1)
    if not name.endswith(("opus", "mp2")):  # whose decoders carry on what they heard, or how they rounded it
        for label in labels:
            begin = round((label["from"] + label["seconds"] + 0.5) * rate) // 8 * 8
            assert two[begin : begin + rate // 8 // 8 * 8] in one


def _rate(path: Path) -> int:
    """Bytes a second of what is decoded."""
    entries = ("-show_entries", "stream=sample_rate,channels", "-of", "csv=p=0")
    done = subprocess.run(["ffprobe", "-v", "error", *entries, str(path)], capture_output=True, check=True)
    rate, channels = map(int, done.stdout.split(b","))
    return 4 * rate * channels
