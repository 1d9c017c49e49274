"""Labels on sound are found again behind every codec, told apart by where they stand, and not found in other sound."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest

from yinji.errors import YinjiError
from yinji.marks.audio.mark import AudioMark
from yinji.marks.audio.speech import CLIPS
from yinji.marks.base import Drawn, MarkFinder, MarkRequest

ZH, EN = CLIPS
MUSIC = "aevalsrc='0.2*sin(2*PI*(200+100*floor(mod(t*5\\,7)))*t)+0.02*random(0)':s=44100:d=12"
SPOKEN = "aevalsrc='0.3*pow(sin(2*PI*(120+20*sin(t*3))*t)\\,9)*(0.5+0.5*sin(t*9))':s=16000:d=12"
BEEPS = "aevalsrc='0.3*sin(2*PI*800*t)*lt(mod(t\\,0.24)\\,0.12)':s=16000:d=8"
ELSEWHERE = {
    "far.mp3": ("audio/mpeg", "-b:a", "64k", "-ac", "1"),
    "far.aac": ("audio/aac", "-b:a", "48k"),
    "far.opus": ("audio/ogg", "-c:a", "libopus", "-b:a", "16k"),
    "far.m4a": ("audio/mp4", "-c:a", "aac", "-b:a", "32k", "-ar", "22050"),
}


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def labelled(path: Path, **more: object) -> bytes:
    output = io.BytesIO()
    request = MarkRequest(**{"words": ZH, "media_type": "audio/wav", **more})  # type: ignore[arg-type]
    AudioMark().draw(io.BytesIO(path.read_bytes()), output, request)
    return output.getvalue()


def found(data: bytes, media_type: str = "audio/wav", **more: str) -> Drawn | None:
    return AudioMark().find(io.BytesIO(data), MarkRequest(**{"words": ZH, "media_type": media_type, **more}))


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("found") / "music.wav"
    ffmpeg("-f", "lavfi", "-i", MUSIC, path)
    return path


@pytest.fixture(scope="module", params=["rhythm", "speech"])
def everywhere(request: pytest.FixtureRequest, music: Path) -> tuple[str, Path]:
    path = music.with_name(f"{request.param}.wav")
    times = ("start", "intervals", "end")
    path.write_bytes(labelled(music, style=request.param, times=times, every=10.0))
    return request.param, path


def test_three_places_are_told_apart(everywhere: tuple[str, Path]) -> None:
    style, path = everywhere
    drawn = found(path.read_bytes())
    assert drawn is not None
    assert drawn.place == "start"
    assert drawn.detail["form"] == style
    assert drawn.words == (ZH if style == "speech" else "短长 短短")
    assert [label["place"] for label in drawn.detail["labels"]] == ["start", "middle", "end"]
    assert all(label["level"] == pytest.approx(-17, abs=3) for label in drawn.detail["labels"])
    assert drawn.detail.get("per_minute") == (156 if style == "speech" else None)
    other = found(path.read_bytes(), style="rhythm" if style == "speech" else "speech")
    assert other is None
    assert isinstance(AudioMark(), MarkFinder)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_coding_again_leaves_them_to_be_found(everywhere: tuple[str, Path], name: str) -> None:
    style, path = everywhere
    coded = path.with_name(f"{style}-{name}")
    ffmpeg("-i", path, *ELSEWHERE[name][1:], coded)
    drawn = found(coded.read_bytes(), ELSEWHERE[name][0])
    assert drawn is not None
    assert [label["form"] for label in drawn.detail["labels"]] == [style] * 3


@pytest.mark.parametrize("sound", [MUSIC, SPOKEN, BEEPS, "anoisesrc=d=8", "anullsrc=d=3,atrim=end=3"])
def test_other_sounds_are_no_label(tmp_path: Path, sound: str) -> None:
    path = tmp_path / "other.wav"
    ffmpeg("-f", "lavfi", "-i", sound, path)
    assert found(path.read_bytes()) is None


def test_another_language_is_another_label(music: Path) -> None:
    english = labelled(music, words=EN, style="speech", place="end")
    assert found(english) is None
    drawn = found(english, words=EN)
    assert drawn is not None and drawn.place == "end"


def test_nothing_to_hear_is_told() -> None:
    for data in (b"", b"RIFF\4\0\0\0WAVE"):
        with pytest.raises(YinjiError):
            found(data)
