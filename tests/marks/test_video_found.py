"""The label on video is found again, with the seconds for which it is seen, and is not found where there is none."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest

from yinji.errors import YinjiError
from yinji.marks.base import Drawn, MarkFinder, MarkRequest
from yinji.marks.video.mark import VideoMark

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "10")


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def request(**more: object) -> MarkRequest:
    return MarkRequest(**{"words": "AI生成", "min_seconds": 2.0, "media_type": "video/mp4", **more})  # type: ignore[arg-type]


def found(path: Path, **more: object) -> Drawn | None:
    return VideoMark().find(io.BytesIO(path.read_bytes()), request(**more))


def labelled(source: Path, output: Path, **more: object) -> Drawn:
    with source.open("rb") as original, output.open("wb") as marked:
        return VideoMark().draw(original, marked, request(**more))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("found") / "plain.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240:r=10:d=3", *X264, path)
    return path


def test_what_was_drawn_is_found(plain: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    drawn = labelled(plain, output, place="top-left")
    seen = found(output)
    assert seen is not None
    assert (seen.place, seen.box, seen.needed_height) == ("top-left", drawn.box, drawn.needed_height)
    assert seen.ink_height >= seen.needed_height
    assert seen.contrast >= 4.5
    assert seen.detail["from_second"] == 0
    assert seen.detail["seconds"] == pytest.approx(drawn.detail["seconds"], abs=0.01)
    assert seen.detail["duration"] == pytest.approx(3, abs=0.1)
    assert found(output, place="bottom-left") is None
    assert found(output, words="人工智能") is None
    assert isinstance(VideoMark(), MarkFinder)


def test_a_turned_and_recompressed_label_is_found(plain: Path, tmp_path: Path) -> None:
    turned, output, again = (tmp_path / n for n in ("turned.mp4", "out.mp4", "again.mkv"))
    ffmpeg("-i", plain, "-c", "copy", "-metadata:s:v", "rotate=90", turned)
    labelled(turned, output)
    seen = found(output)
    assert seen is not None and seen.place == "bottom-right"
    ffmpeg("-i", output, *X264, "-crf", "32", again)
    seen = found(again, media_type="video/x-matroska")
    assert seen is not None and seen.detail["seconds"] == pytest.approx(2, abs=0.11)


def test_a_label_that_comes_late_or_stays_is_told(plain: Path, tmp_path: Path) -> None:
    output, late, whole = (tmp_path / n for n in ("out.mp4", "late.mp4", "whole.mp4"))
    labelled(plain, output)
    chain = "[0:v][1:v]concat=n=2"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240:r=10:d=1", "-i", output, "-filter_complex", chain, *X264, late)
    seen = found(late)
    assert seen is not None and seen.detail["from_second"] == pytest.approx(1, abs=0.21)
    labelled(plain, whole, times=("continuous",))
    seen = found(whole)
    assert seen is not None and seen.detail["seconds"] == pytest.approx(3, abs=0.11)


def test_no_label_is_not_found(plain: Path) -> None:
    assert found(plain) is None


def test_nothing_to_see_is_told(plain: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    for data in (b"", plain.read_bytes()[:300]):
        broken.write_bytes(data)
        with pytest.raises(YinjiError):
            found(broken)
