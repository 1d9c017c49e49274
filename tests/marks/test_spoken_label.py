"""The spoken label: the clips themselves, what codecs leave of them, and where a file says them."""

from __future__ import annotations

import io
import subprocess
from array import array
from pathlib import Path

import pytest

from yinji.errors import UsageError
from yinji.marks.audio import speech
from yinji.marks.audio.mark import AudioMark
from yinji.marks.audio.rhythm import level_beside
from yinji.marks.base import Drawn, MarkRequest

ZH, EN = speech.CLIPS
RATE = 16000
MUSIC = "aevalsrc='0.2*sin(2*PI*(220+110*floor(mod(t*4\\,5)))*t)+0.02*random(0)':s=44100:d=3"


def made(folder: Path, name: str, *options: str, sound: str = MUSIC) -> Path:
    path = folder / name
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", sound, *options, str(path)], check=True)
    return path


def marked(path: Path, media_type: str, **more: object) -> tuple[Path, Drawn]:
    output = path.with_name(f"labelled-{path.name}")
    request = MarkRequest(**{"words": ZH, "media_type": media_type, "style": "speech", **more})  # type: ignore[arg-type]
    with path.open("rb") as source, output.open("wb") as target:
        return output, AudioMark().draw(source, target, request)


def samples(path: Path) -> array[float]:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    return array("f", subprocess.run(command, capture_output=True, check=True).stdout)


def test_clips_speak_at_the_pace_of_the_standard() -> None:
    pace = speech.per_minute(ZH)
    assert pace is not None and 120 <= pace <= 160
    assert speech.per_minute(EN) is None
    for words in (ZH, EN):
        sound = speech.speech(words, RATE, -23)
        whole = array("h", (round(32767 * value) for value in sound))
        assert level_beside(whole, RATE, 1) == pytest.approx(-23, abs=0.7)
        assert max(map(abs, speech.speech(words, RATE, 0))) < 1


@pytest.mark.parametrize(
    ("name", "media_type", "options"),
    [
        ("a.wav", "audio/wav", ()),
        ("a.flac", "audio/flac", ()),
        ("a.mp3", "audio/mpeg", ("-b:a", "32k", "-ac", "1", "-ar", "22050")),
        ("a.m4a", "audio/mp4", ("-c:a", "aac", "-b:a", "48k")),
        ("a.opus", "audio/ogg", ("-c:a", "libopus", "-b:a", "16k")),
    ],
)
def test_it_is_spliced_and_found_in_what_a_codec_leaves(
    tmp_path: Path, name: str, media_type: str, options: tuple[str, ...]
) -> None:
    output, drawn = marked(made(tmp_path, name, *options), media_type)
    assert drawn.method == "spliced"
    assert drawn.words == ZH
    assert drawn.detail["form"] == "speech"
    found = speech.find(samples(output), RATE, ZH)
    assert [round(at, 1) for at, _ in found] == [pytest.approx(0.1, abs=0.11)]
    assert found[0][1] > 0.8
    assert not speech.find(samples(output), RATE, EN)
    again, twice = marked(output, media_type)
    assert twice.detail["already"]
    assert again.read_bytes() == output.read_bytes()


def test_words_do_as_well_as_the_rhythm_and_not_the_other_way_round(tmp_path: Path) -> None:
    """5.3 a asks for one of them; who asks for words wants to be understood."""
    output, _ = marked(made(tmp_path, "a.wav"), "audio/wav", place="both")
    again, drawn = marked(output, "audio/wav", place="both", style="rhythm")
    assert drawn.detail["already"] and (drawn.words, drawn.detail["form"]) == (ZH, "speech")
    assert again.read_bytes() == output.read_bytes()
    rhythm, drawn = marked(made(tmp_path, "b.wav"), "audio/wav", style="rhythm")
    assert drawn.detail["form"] == "rhythm"
    both, drawn = marked(rhythm, "audio/wav")
    assert not drawn.detail["already"] and drawn.words == ZH
    found = AudioMark().find(io.BytesIO(both.read_bytes()), MarkRequest(ZH, media_type="audio/wav"))
    assert found is not None and [label["form"] for label in found.detail["labels"]] == ["speech", "rhythm"]
    english, _ = marked(made(tmp_path, "c.wav"), "audio/wav", words=EN)
    _, drawn = marked(english, "audio/wav", style="rhythm")
    assert not drawn.detail["already"], "not the words that are asked for"


def test_both_languages_follow_each_other(tmp_path: Path) -> None:
    output, drawn = marked(made(tmp_path, "a.wav"), "audio/wav", words=f"{ZH}。{EN}.", place="end")
    assert drawn.words == f"{ZH}。{EN}"
    first, second = (speech.find(samples(output), RATE, words)[0][0] for words in (ZH, EN))
    assert 3 < first < first + 3.9 < second
    with pytest.raises(UsageError):
        marked(tmp_path / "a.wav", "audio/wav", words="AI")


def test_other_sound_is_not_taken_for_it(tmp_path: Path) -> None:
    rhythm, _ = marked(made(tmp_path, "music.wav"), "audio/wav", style="rhythm")
    noise = made(tmp_path, "noise.wav", sound="anoisesrc=d=6:c=pink")
    other = speech.speech(EN, RATE, -20) + speech.speech(EN, RATE, -20)
    for sound in (samples(rhythm), samples(noise), other, array("f")):
        assert not speech.find(sound, RATE, ZH)


@pytest.mark.parametrize("style", ["rhythm", "speech"])
@pytest.mark.parametrize("name", ["long.wav", "long.flac"])
def test_labels_at_intervals_stand_in_pauses(tmp_path: Path, name: str, style: str) -> None:
    pauses = "aevalsrc='0.3*sin(2*PI*300*t)*gt(mod(t+0.6\\,2)\\,0.5)':s=16000:d=25"
    path = made(tmp_path, name, "-c:a", "pcm_s16le" if name.endswith("wav") else "flac", sound=pauses)
    media_type = "audio/wav" if name.endswith("wav") else "audio/flac"
    output, drawn = marked(path, media_type, times=("start", "intervals", "end"), every=10.0, style=style)
    labels = drawn.detail["labels"]
    assert len(labels) == 4
    assert drawn.place == "start+intervals+end"
    before, after = samples(path), samples(output)
    assert len(after) / RATE == pytest.approx(25 + sum(label["seconds"] for label in labels), abs=0.01)
    ends = [round(label["from"] * RATE) for label in labels[1:]]
    starts = [round((label["from"] + label["seconds"]) * RATE) for label in labels[:-1]]
    for start, end in zip(starts, ends, strict=True):
        assert after[start + 50 : end - 50].tobytes() in before.tobytes()
    for number, label in enumerate(labels[1:3], 1):
        content = label["from"] - sum(other["seconds"] for other in labels[:number])
        assert content == pytest.approx(10 * number, abs=1.6)
        assert (content + 0.6) % 2 < 0.55


def test_what_cannot_be_asked_for_is_told() -> None:
    for more in ({"style": "song"}, {"times": ("sometimes",)}, {"times": ("intervals",), "every": 2.0}):
        with pytest.raises(UsageError):
            request = MarkRequest("AI", media_type="audio/wav", **more)  # type: ignore[arg-type]
            AudioMark().draw(io.BytesIO(), io.BytesIO(), request)
