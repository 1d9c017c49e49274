"""A video that bears the label is not labelled twice: its frames keep what they have, others get what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from video_clips import X264, ffmpeg, frames
from yinji.marks.base import Drawn, MarkRequest
from yinji.marks.video.mark import VideoMark

WORDS = "AI生成"
OTHERS = (WORDS, "AI合成", "AI-generated")


def label(source: Path, output: Path, **more: object) -> Drawn:
    wish = {"words": WORDS, "wordings": OTHERS, "min_seconds": 1.0, "media_type": "video/mp4", **more}
    with source.open("rb") as original, output.open("wb") as marked:
        return VideoMark().draw(original, marked, MarkRequest(**wish))  # type: ignore[arg-type]


def seen(path: Path, words: str = WORDS) -> Drawn | None:
    with path.open("rb") as file:
        return VideoMark().find(file, MarkRequest(words, min_seconds=1.0, media_type="video/mp4"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("again") / "plain.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240:r=10:d=6", *X264, path)
    return path


@pytest.fixture(scope="module")
def once(plain: Path) -> Path:
    output = plain.parent / "once.mp4"
    assert "already" not in label(plain, output).detail
    return output


def test_a_label_that_is_there_is_told_and_nothing_changes(once: Path, tmp_path: Path) -> None:
    again = label(once, tmp_path / "again.mp4")
    assert (tmp_path / "again.mp4").read_bytes() == once.read_bytes()
    assert again.detail["already"] is True
    assert (again.method, again.place, again.detail["labels"]) == ("found", "bottom-right", [{"from": 0, "seconds": 1}])
    assert again.ink_height >= again.needed_height == 12


def test_intervals_are_added_to_a_label_at_the_start_and_not_drawn_twice(once: Path, tmp_path: Path) -> None:
    more, again = tmp_path / "more.mp4", tmp_path / "again.mp4"
    drawn = label(once, more, times=("start", "intervals"), every=3.0)
    assert [at["from"] for at in drawn.detail["labels"]] == [0, 3]
    assert drawn.detail["frames_encoded"] == drawn.detail["frames_labelled_before"] == 10
    before, after = frames(once), frames(more)
    changed = [number for number, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    assert changed == [*range(30, 40)]
    assert label(more, again, times=("start", "intervals"), every=3.0).detail["already"] is True
    assert again.read_bytes() == more.read_bytes()


def test_a_longer_label_goes_on_in_the_tones_of_the_one_that_stands(once: Path, tmp_path: Path) -> None:
    longer = tmp_path / "longer.mp4"
    drawn = label(once, longer, min_seconds=2.0)
    assert (drawn.detail["seconds"], drawn.detail["frames_labelled_before"]) == (2.0, 10)
    found, first = seen(longer), seen(once)
    assert found is not None and found.detail["labels"] == [{"from": 0, "seconds": 2.0, "place": "bottom-right"}]
    assert first is not None and drawn.contrast == pytest.approx(first.contrast, abs=2)


@pytest.mark.parametrize("words", OTHERS[1:])
def test_other_words_take_another_place(words: str, once: Path, tmp_path: Path) -> None:
    output = tmp_path / "other.mp4"
    drawn = label(once, output, words=words, place="bottom-right")
    assert (drawn.place, drawn.detail["instead_of"]) == ("bottom-left", "bottom-right")
    first, second = seen(output), seen(output, words)
    assert first is not None and first.place == "bottom-right"
    assert second is not None and second.place == "bottom-left"
