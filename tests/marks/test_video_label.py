"""The label on video: real encoders' clips, judged by the ffmpeg command line."""

import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from video_clips import FAST, SOUND, X264, X265, Labelled, change, ffmpeg, frames, label, picture, probe, streams
from yinji.errors import LimitExceeded, Truncated, UnreadableInput, UnsupportedFormat, UsageError, YinjiError
from yinji.marks.base import Drawn
from yinji.marks.video import process as video_process

PICTURE = "testsrc2=s=320x240:r=10"
BFRAMES = ("-bf", "2", "-x264-params", "b-pyramid=normal")
HDR = (
    "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:hdr10=1:repeat-headers=0:log-level=none:keyint=10:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"
)
CLIPS: dict[str, tuple[str, ...]] = {
    "plain.mp4": (*X264, *BFRAMES, *SOUND),
    "faststart.mp4": (*X264, *SOUND, "-movflags", "+faststart"),
    "baseline.mov": (*X264, "-profile:v", "baseline", *SOUND),
    "fragmented.mp4": (*X264, *BFRAMES, *SOUND, "-movflags", "frag_keyframe+empty_moov"),
    "plain.mkv": (*X264, *BFRAMES, *SOUND),
    "plain.ts": (*X264, *BFRAMES, *SOUND),
    "plain.flv": (*X264, *SOUND),
    "plain.avi": (*X264, *BFRAMES, "-c:a", "mp3"),
    "motion.avi": ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-c:a", "mp3"),
    "closed.ts": ("-c:v", "mpeg2video", "-g", "10", "-bf", "2", "-flags", "+cgop", "-sc_threshold", "1000000000"),
    "fields.ts": (
        "-c:v",
        "mpeg2video",
        "-g",
        "10",
        "-flags",
        "+ilme+ildct+cgop",
        "-vf",
        "setfield=tff",
        "-sc_threshold",
        "1000000000",
    ),
    "closed.mp4": (*X265, "-x265-params", "keyint=10:open-gop=0:log-level=none", "-tag:v", "hvc1"),
    "open.mp4": (*X265, "-x265-params", "keyint=10:min-keyint=10:open-gop=1:bframes=3:b-adapt=0:log-level=none"),
    "inband.mp4": (*X265, "-x265-params", "keyint=10:log-level=none:repeat-headers=1", "-tag:v", "hev1"),
    "hdr.mp4": (*X265, "-pix_fmt", "yuv420p10le", "-x265-params", HDR, "-tag:v", "hvc1"),
    "ten.mp4": (*X264, "-pix_fmt", "yuv422p10le"),
    "interlaced.mp4": ("-c:v", "libx264", "-g", "10", "-flags", "+ilme+ildct", "-x264-params", "tff=1"),
    "anamorphic.mp4": ("-vf", "setsar=4/3", *X264),
    "vp8.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "10"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "10"),
    "av1.mp4": ("-c:v", "libsvtav1", "-preset", "12", "-g", "10"),
    "variable.mp4": ("-vf", "select='lt(n\\,8)+not(mod(n\\,3))'", "-fps_mode", "vfr", *X264, "-g", "5", *BFRAMES),
}
WHOLE: dict[str, tuple[str, ...]] = {
    "single.mp4": ("-c:v", "libx264", *FAST, "-g", "999"),
    "opengop.mp4": ("-c:v", "libx264", "-preset", "veryfast", "-x264-params", "open-gop=1:keyint=10:bframes=3"),
    "short.mp4": ("-t", "1.2", *X264, *SOUND),
    "divx.avi": ("-c:v", "mpeg4", "-q:v", "3", "-bf", "2", "-c:a", "mp3"),
    "one.mp4": ("-frames:v", "1", *X264),
}


def make(path: Path, options: tuple[str, ...], seconds: float = 4) -> Path:
    inputs = ["-f", "lavfi", "-i", f"{PICTURE}:d={seconds}"]
    if "-c:a" in options:
        inputs += ["-f", "lavfi", "-i", f"sine=d={seconds}"]
    ffmpeg(*inputs, *options, path)
    return path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Labelled]:
    folder = tmp_path_factory.mktemp("clips")
    made: dict[str, Labelled] = {}

    def get(name: str) -> Labelled:
        if name not in made:
            source = make(folder / name, {**CLIPS, **WHOLE}[name])
            output = folder / f"labelled-{name}"
            made[name] = Labelled(source, output, label(source, output))
        return made[name]

    return get


@pytest.mark.parametrize("name", CLIPS)
def test_head_is_rendered_and_the_rest_copied(name: str, clips: Callable[[str], Labelled]) -> None:
    labelled = clips(name)
    drawn = labelled.drawn
    assert drawn.method == "smart-render"
    cut = drawn.detail["frames_encoded"]
    before, after = frames(labelled.source), frames(labelled.output)
    assert [pts for pts, _ in before] == [pts for pts, _ in after]
    assert before[cut:] == after[cut:]
    assert len(before) - cut >= 4
    assert all(a[1] != b[1] for a, b in zip(before[:cut], after[:cut], strict=True))
    assert 2.0 <= drawn.detail["seconds"] < 2.3
    assert drawn.detail["cut"] >= 2.0
    assert drawn.ink_height >= drawn.needed_height == 12
    assert drawn.contrast >= 4.5
    if "-c:a" in CLIPS[name]:
        assert streams(labelled.source, "-map", "0:a") == streams(labelled.output, "-map", "0:a")
    facts = "stream=codec_tag_string,profile,width,height,pix_fmt,color_range,color_space,color_transfer,field_order"
    assert probe(labelled.source, facts) == probe(labelled.output, facts)


@pytest.mark.parametrize("name", ["plain.mp4", "open.mp4", "vp9.webm", "plain.mkv"])
def test_label_is_seen_for_two_seconds_and_not_after(name: str, clips: Callable[[str], Labelled]) -> None:
    labelled = clips(name)
    assert all(change(labelled, at) > 12 for at in (0.0, 1.0, 1.9))
    assert change(labelled, labelled.drawn.detail["cut"] + 0.2) == 0


@pytest.mark.parametrize("name", ["plain.mp4", "open.mp4", "closed.mp4", "baseline.mov"])
def test_seeking_lands_on_the_same_frames(name: str, clips: Callable[[str], Labelled]) -> None:
    labelled = clips(name)
    for at in ("2.5", "3.1"):
        assert frames(labelled.source, "-ss", at) == frames(labelled.output, "-ss", at)
    assert len(frames(labelled.output, "-ss", "1.5")) == len(frames(labelled.source, "-ss", "1.5"))


@pytest.mark.parametrize("name", WHOLE)
def test_without_a_place_to_cut_everything_is_encoded(name: str, clips: Callable[[str], Labelled]) -> None:
    labelled = clips(name)
    assert labelled.drawn.method == "full re-encode"
    assert labelled.drawn.detail["cut"] is None
    before, after = frames(labelled.source), frames(labelled.output)
    assert [pts for pts, _ in before] == [pts for pts, _ in after]
    assert labelled.drawn.detail["frames_encoded"] == len(after)
    assert labelled.drawn.detail["seconds"] == pytest.approx(min(2.0, len(after) / 10))
    assert change(labelled, 0) > 12


def ink_rows(path: Path, drawn: Drawn, at: float, size: str) -> int:
    """Rows with ink in the box, on a grey clip: the words are what differs most from the ground."""
    grey = picture(path, at, size).convert("L").crop(drawn.box)
    ground = sorted(grey.tobytes())[len(grey.tobytes()) // 2]
    dark = [abs(v - ground) > 90 for v in grey.tobytes()]
    rows = [y for y in range(grey.height) if sum(dark[y * grey.width : (y + 1) * grey.width]) >= 2]
    return rows[-1] - rows[0] + 1


@pytest.mark.parametrize(
    ("filters", "after", "displayed"),
    [
        ("null", (), (320, 180)),
        ("null", ("-metadata:s:v", "rotate=90"), (180, 320)),
        ("null", ("-metadata:s:v", "rotate=180"), (320, 180)),
        ("null", ("-metadata:s:v", "rotate=270"), (180, 320)),
        ("setsar=3/2", (), (480, 180)),
        ("setsar=2/3", (), (320, 270)),
    ],
)
def test_ink_is_high_enough_as_displayed(
    filters: str, after: tuple[str, ...], displayed: tuple[int, int], tmp_path: Path
) -> None:
    made, source, output = tmp_path / "made.mp4", tmp_path / "source.mp4", tmp_path / "output.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=gray:s=320x180:r=10:d=2.5", "-vf", filters, *X264, made)
    ffmpeg("-i", made, "-c", "copy", *after, source)
    drawn = label(source, output)
    assert tuple(drawn.detail["displayed"]) == displayed
    needed = -(-min(displayed) * 5 // 100)
    assert drawn.needed_height == needed
    size = f"{displayed[0]}:{displayed[1]}"
    assert all(ink_rows(output, drawn, at, size) >= needed for at in (0.0, 1.0, 1.9))
    left, top, right, bottom = drawn.box
    assert displayed[0] * 0.6 < left < right <= displayed[0]
    assert displayed[1] * 0.6 < top < bottom <= displayed[1]
    shown = picture(output, 1, size)
    outside = shown.crop((0, 0, displayed[0], top - 8)).convert("L")
    assert max(outside.tobytes()) - min(outside.tobytes()) < 12
    entries = "stream=sample_aspect_ratio:stream_side_data=rotation"
    assert probe(source, entries) == probe(output, entries)


@pytest.mark.parametrize(("place", "corner"), [("top-left", (0, 0)), ("bottom-left", (0, 1)), ("top-right", (1, 0))])
def test_places(place: str, corner: tuple[int, int], clips: Callable[[str], Labelled], tmp_path: Path) -> None:
    drawn = label(clips("plain.mp4").source, tmp_path / "out.mp4", place=place)
    left, top, right, bottom = drawn.box
    assert (left > 160, top > 120) == (bool(corner[0]), bool(corner[1]))
    assert (right > 160, bottom > 120) == (bool(corner[0]), bool(corner[1]))


def test_light_and_dark_grounds_get_ink_that_holds(tmp_path: Path) -> None:
    source, output = tmp_path / "blink.mp4", tmp_path / "out.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=white:s=320x240:r=10:d=2.5", "-vf", "lutyuv=y='val'", *X264, tmp_path / "w.mp4")
    blink = "geq=lum='if(mod(floor(T*3)\\,2)\\,235\\,16)':cb=128:cr=128"
    ffmpeg("-f", "lavfi", "-i", "color=gray:s=320x240:r=10:d=2.5", "-vf", blink, *X264, source)
    drawn = label(source, output)
    assert drawn.contrast >= 4.5
    for white in (tmp_path / "w.mp4",):
        assert label(white, output).detail["ink"] == "dark"


def test_sound_in_avi_states_its_length_as_before(clips: Callable[[str], Labelled]) -> None:
    labelled = clips("plain.avi")
    facts = ("-select_streams", "a", "-show_entries", "stream=nb_frames,duration,time_base", "-of", "csv")
    said = [
        subprocess.run(["ffprobe", "-v", "error", *facts, str(path)], capture_output=True, check=True).stdout
        for path in (labelled.source, labelled.output)
    ]
    assert said[0] == said[1]


def test_continuous_label_stays(clips: Callable[[str], Labelled], tmp_path: Path) -> None:
    source, output = clips("plain.mp4").source, tmp_path / "out.mp4"
    drawn = label(source, output, times=("continuous",))
    assert drawn.method == "full re-encode"
    assert drawn.detail["seconds"] == pytest.approx(4)
    assert change(Labelled(source, output, drawn), 3.8) > 12
    with pytest.raises(UsageError):
        label(source, output, times=("sometimes",))


def test_everything_else_in_an_mp4_stays(clips: Callable[[str], Labelled], tmp_path: Path) -> None:
    words, cover = tmp_path / "words.srt", tmp_path / "cover.png"
    words.write_text("1\n00:00:01,000 --> 00:00:03,000\nHallo\n")
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", cover)
    chapters = tmp_path / "chapters.txt"
    chapters.write_text(";FFMETADATA1\ntitle=Rich\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=One\n")
    for suffix, subtitles in (("mp4", "mov_text"), ("mov", "mov_text")):
        source, output = tmp_path / f"rich.{suffix}", tmp_path / f"out.{suffix}"
        inputs = ("-i", clips("plain.mp4").source, "-i", words, "-i", chapters, "-i", cover)
        maps = ("-map", "0", "-map", "1", "-map_metadata", "2") + (("-map", "3") if suffix == "mp4" else ())
        more = ("-disposition:v:1", "attached_pic") if suffix == "mp4" else ("-timecode", "01:00:00:00")
        ffmpeg(*inputs, *maps, "-c", "copy", "-c:s", subtitles, *more, source)
        label(source, output)
        assert streams(source) == streams(output)
        entries = (
            "format_tags:chapter=start,end:chapter_tags:stream=codec_name,duration,start_time,nb_frames:stream_tags"
        )
        assert probe(source, entries) == probe(output, entries)
        assert len(frames(output)) == 40


def test_everything_else_in_matroska_stays(clips: Callable[[str], Labelled], tmp_path: Path) -> None:
    source, output, cover, words = (tmp_path / n for n in ("rich.mkv", "out.mkv", "cover.jpg", "words.srt"))
    words.write_text("1\n00:00:01,000 --> 00:00:03,000\nHallo\n")
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", cover)
    attached = ("-attach", cover, "-metadata:s:t", "mimetype=image/jpeg", "-metadata", "title=Rich")
    ffmpeg("-i", clips("plain.mp4").source, "-i", words, "-map", "0", "-map", "1", "-c", "copy", *attached, source)
    label(source, output)
    assert streams(source, "-map", "0:a", "-map", "0:s") == streams(output, "-map", "0:a", "-map", "0:s")
    entries = "stream=codec_name,start_time:stream_tags=language,title,filename,mimetype:stream_disposition"
    assert probe(source, entries) == probe(output, entries)
    assert "title=Rich" in probe(output, "format_tags")


def test_playing_that_begins_later_is_labelled_from_there(clips: Callable[[str], Labelled], tmp_path: Path) -> None:
    """An edit list that skips the first second: the label is on screen for two seconds of what is played."""
    source, output = tmp_path / "edit.mp4", tmp_path / "out.mp4"
    data = bytearray(clips("faststart.mp4").source.read_bytes())
    at = data.index(b"elst")
    duration, start = struct.unpack_from(">Ii", data, at + 12)
    struct.pack_into(">Ii", data, at + 12, duration - 1000, start + 10240)
    source.write_bytes(data)
    drawn = label(source, output)
    assert drawn.detail["seconds"] == 2.0
    assert drawn.detail["frames_encoded"] == 30
    labelled = Labelled(source, output, drawn)
    assert change(labelled, 0.0) > 12
    assert change(labelled, 1.9) > 12
    assert change(labelled, 2.2) == 0


def test_labelling_again_finds_ids(clips: Callable[[str], Labelled], tmp_path: Path) -> None:
    for name in ("plain.mp4", "open.mp4"):
        first = clips(name)
        again = tmp_path / name
        assert label(first.output, again, place="top-left").method == "smart-render"
        cut = first.drawn.detail["frames_encoded"]
        assert frames(again)[cut:] == frames(first.source)[cut:]


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    source = tmp_path / "sound.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", source)
    with pytest.raises(UnsupportedFormat, match="no moving picture"):
        label(source, tmp_path / "out.mp4")
    unknown = tmp_path / "old.mov"
    ffmpeg("-f", "lavfi", "-i", f"{PICTURE}:d=1", "-c:v", "prores_ks", unknown)
    with pytest.raises(UnsupportedFormat, match="prores"):
        label(unknown, tmp_path / "out.mov")
    with pytest.raises(UsageError):
        label(source, tmp_path / "out.mp4", place="middle")


def test_what_is_enciphered_or_empty_is_refused(clips: Callable[[str], Labelled], tmp_path: Path) -> None:
    source, output = tmp_path / "closed.mp4", tmp_path / "out.mp4"
    source.write_bytes(clips("plain.mp4").source.read_bytes().replace(b"avc1", b"encv"))
    with pytest.raises(YinjiError) as caught:
        label(source, output)
    assert caught.value.code == "video-encrypted"
    source.write_bytes(b"")
    with pytest.raises(YinjiError) as caught:
        label(source, output)
    assert caught.value.code == "mark-not-decodable"


def test_damage_is_told(clips: Callable[[str], Labelled], tmp_path: Path) -> None:
    whole = clips("faststart.mp4").source.read_bytes()
    source, output = tmp_path / "bad.mp4", tmp_path / "out.mp4"
    source.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Truncated):
        label(source, output)
    hurt = bytearray(whole)
    for at in range(hurt.index(b"mdat") + 4, len(hurt), 64):
        hurt[at] ^= 0x5A
    source.write_bytes(hurt)
    with pytest.raises(YinjiError):
        label(source, output)
    source.write_bytes(whole[:200] + bytes(300))
    with pytest.raises(YinjiError):
        label(source, output)
    with pytest.raises(LimitExceeded):
        label(clips("plain.mp4").source, output, max_pixels=1000)


def test_broken_tables_end_in_an_error(clips: Callable[[str], Labelled], tmp_path: Path) -> None:
    whole = clips("faststart.mp4").source.read_bytes()
    source, output = tmp_path / "bad.mp4", tmp_path / "out.mp4"
    for kind, value in ((b"stsz", 0x7FFFFFFF), (b"stco", 0xFFFFFFF0), (b"stsc", 0x10000000), (b"stts", 0x40000000)):
        data = bytearray(whole)
        at = data.index(kind) + (12 if kind == b"stsz" else 8)
        struct.pack_into(">I", data, at, value)
        source.write_bytes(data)
        with pytest.raises(YinjiError):
            label(source, output)


def folders() -> set[str]:
    return {p.name for p in Path(tempfile.gettempdir()).glob("yinji-video-*")}


def test_a_killed_worker_is_an_error_and_leaves_nothing(
    clips: Callable[[str], Labelled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = clips("single.mp4").source, tmp_path / "out.mp4"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # other tests may be at work in the common one
    before = folders()
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def popen(*arguments: object, **more: object) -> subprocess.Popen[bytes]:
        process = real(*arguments, **more)  # type: ignore[call-overload]
        started.append(process)
        threading.Timer(0.3, lambda: os.kill(process.pid, signal.SIGKILL)).start()
        return process

    monkeypatch.setattr(video_process.subprocess, "Popen", popen)
    with pytest.raises(UnreadableInput) as caught:
        label(source, output)
    assert caught.value.code == "video-worker-died"
    assert caught.value.exit_code == 4
    assert output.stat().st_size == 0
    assert started[0].poll() is not None
    assert folders() <= before


def test_a_silent_worker_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    task = {"source": str(pipe), "output": str(tmp_path / "o"), "folder": str(tmp_path), "media_type": "video/mp4"}
    wish = dict.fromkeys(("words", "place"), "") | dict.fromkeys(("min_height", "min_seconds", "max_pixels"), 1)
    start = time.monotonic()
    with pytest.raises(LimitExceeded) as caught:
        video_process.run({**task, "wish": wish}, silence=1.0)
    assert caught.value.code == "video-worker-silent"
    assert time.monotonic() > start


def test_the_worker_keeps_its_limits() -> None:
    code = (
        "import resource, yinji.marks.video.worker as w; w._limit();"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0] <= w.MOST_MEMORY,"
        " resource.getrlimit(resource.RLIMIT_CPU)[0] <= w.MOST_SECONDS, resource.getrlimit(resource.RLIMIT_CORE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "0"]
