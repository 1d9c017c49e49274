"""Labels at the end and at intervals: only the groups of pictures that show them are encoded anew."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from video_clips import SOUND, TYPES, X264, X265, Labelled, change, ffmpeg, frames, label, streams
from yinji.errors import UsageError
from yinji.marks.base import MarkRequest
from yinji.marks.video.mark import VideoMark
from yinji.marks.video.times import Span, Times, spans_of

CLIPS = {
    "h264.mp4": (*X264, "-bf", "2", *SOUND),
    "h264.mkv": (*X264, "-bf", "2", *SOUND),
    "h264.ts": (*X264, "-bf", "2"),
    "hevc.mp4": (*X265, "-x265-params", "keyint=10:open-gop=0:bframes=2:log-level=none", "-tag:v", "hvc1"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "10"),
    "av1.mp4": ("-c:v", "libsvtav1", "-preset", "12", "-g", "10"),
}


def made(folder: Path, name: str, seconds: float = 8) -> Path:
    path = folder / name
    inputs = ["-f", "lavfi", "-i", f"testsrc2=s=160x120:r=10:d={seconds}"]
    if "-c:a" in CLIPS[name]:
        inputs += ["-f", "lavfi", "-i", f"sine=d={seconds}"]
    ffmpeg(*inputs, *CLIPS[name], path)
    return path


@pytest.mark.parametrize("name", CLIPS)
def test_pictures_between_labels_are_copied(name: str, tmp_path: Path) -> None:
    source, output = made(tmp_path, name), tmp_path / f"labelled-{name}"
    drawn = label(source, output, times=("start", "end"))
    assert drawn.method == "smart-render"
    first, last = drawn.detail["labels"]
    assert (first["from"], first["seconds"]) == (0, pytest.approx(2, abs=0.11))
    assert last["from"] == pytest.approx(6, abs=0.11)
    assert last["from"] + last["seconds"] == pytest.approx(8, abs=0.11)
    before, after = frames(source), frames(output)
    assert [pts for pts, _ in before] == [pts for pts, _ in after]
    same = [number for number, (a, b) in enumerate(zip(before, after, strict=True)) if a == b]
    assert same == [*range(same[0], same[-1] + 1)]
    assert same[0] <= 30 and same[-1] >= 49
    if not name.endswith(".ts"):  # which ffmpeg cannot seek in exactly
        labelled = Labelled(source, output, drawn)
        assert all(change(labelled, at) > 12 for at in (0.0, 1.8, 6.1, 7.8))
        assert change(labelled, 4.0) == 0
        assert frames(source, "-ss", "4.5")[:3] == frames(output, "-ss", "4.5")[:3]
    if "-c:a" in CLIPS[name]:
        assert streams(source, "-map", "0:a") == streams(output, "-map", "0:a")


def test_labels_come_again_and_again(tmp_path: Path) -> None:
    source, output = made(tmp_path, "h264.mp4", 16), tmp_path / "out.mp4"
    drawn = label(source, output, times=("start", "intervals"), every=5.0)
    assert [round(each["from"]) for each in drawn.detail["labels"]] == [0, 5, 10]
    assert drawn.method == "smart-render"
    assert drawn.detail["frames_encoded"] < 90
    assert frames(source)[120:] == frames(output)[120:]
    found = VideoMark().find(io.BytesIO(output.read_bytes()), MarkRequest("AI生成", media_type=TYPES["mp4"]))
    assert found is not None and found.detail["from_second"] == 0


def test_a_label_at_the_end_alone(tmp_path: Path) -> None:
    source, output = made(tmp_path, "h264.mp4"), tmp_path / "out.mp4"
    drawn = label(source, output, times=("end",))
    assert drawn.detail["cut"] is None
    assert frames(source)[:60] == frames(output)[:60]
    found = VideoMark().find(io.BytesIO(output.read_bytes()), MarkRequest("AI生成", media_type=TYPES["mp4"]))
    assert found is not None and found.detail["from_second"] == pytest.approx(6, abs=0.3)


def test_labels_too_close_are_refused(tmp_path: Path) -> None:
    source = made(tmp_path, "h264.mp4", 1)
    with pytest.raises(UsageError):
        label(source, tmp_path / "out.mp4", times=("intervals",), every=3.0)


def test_spans() -> None:
    assert Times(("start", "end"), 20).spans(0, 100) == [Span(0, 20), Span(80, 100)]
    assert Times(("start", "end"), 20).spans(0, 30) == [Span(0, 30)]
    assert Times(("start", "intervals"), 20, 40).spans(0, 100) == [Span(0, 20), Span(40, 60)]
    assert Times(("continuous",), 20).spans(5, 9) == [Span(5, 9)]
    assert Times(("start",), 20).spans(0, 10) == [Span(0, 10)]
    assert spans_of([0, 10, 20, 30], [Span(15, 30)]) == [False, True, True, False]


def test_labels_that_should_come_again_are_looked_for(tmp_path: Path) -> None:
    source, once, again = made(tmp_path, "h264.mp4", 24), tmp_path / "once.mp4", tmp_path / "again.mp4"
    wish = MarkRequest("AI生成", min_seconds=1.0, media_type="video/mp4", times=("start", "intervals"), every=8.0)
    for output, request in ((once, replace(wish, times=("start",), every=0.0)), (again, wish)):
        with source.open("rb") as original, output.open("wb") as marked:
            VideoMark().draw(original, marked, request)
    for path, seen in ((once, 0), (again, 2)):
        with path.open("rb") as file:
            found = VideoMark().find(file, wish)
        assert found is not None
        assert found.detail["intervals"] == {"wanted": 2, "seen": seen}
