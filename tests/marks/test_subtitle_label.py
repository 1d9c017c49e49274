"""The label in subtitles, as FFmpeg reads it; and what data formats are told."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any

import pytest

import yinji
from oracles import run
from yinji.errors import Malformed, UnsupportedFormat, UsageError, YinjiError
from yinji.labels.aigc import AigcLabel
from yinji.marks.base import Drawn, MarkFinder, MarkRequest
from yinji.marks.registry import mark_for
from yinji.marks.text.subtitles import SubtitleMark

WORDS = "本文由人工智能生成"
MARK = SubtitleMark()
TYPES = {"srt": "application/x-subrip", "vtt": "text/vtt", "ass": "text/x-ssa"}
SRT = "1\n00:00:0{0},500 --> 00:00:05,000\n第一句\n<i>second</i>\n\n2\n00:00:06,000 --> 00:00:08,000\n第二句\n"
VTT = (
    "WEBVTT - a title\nLanguage: zh\n\nNOTE\n00:00.000 --> 00:09.000 is no cue\n\n"
    "first\n00:0{0}.500 --> 00:05.000 align:left\n第一句 &amp; more\n\n00:06.000 --> 00:08.000\n第二句\n"
)
ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Main,Arial,20\n\n"
    "[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Dialogue: 0,0:00:0{0}.50,0:00:05.00,Main,,0,0,0,,第一句, with a comma\n"
    "Dialogue: 0,0:00:06.00,0:00:08.00,Main,,0,0,0,,第二句\n"
)
TEXTS = {"srt": SRT, "vtt": VTT, "ass": ASS}


def mark(data: bytes, kind: str, words: str = WORDS, place: str = "start", **options: Any) -> tuple[bytes, Drawn]:
    output = io.BytesIO()
    drawn = MARK.draw(io.BytesIO(data), output, MarkRequest(words, place, media_type=TYPES[kind], **options))
    return output.getvalue(), drawn


def find(data: bytes, kind: str, words: str = WORDS, place: str = "") -> Drawn | None:
    return MARK.find(io.BytesIO(data), MarkRequest(words, place, media_type=TYPES[kind]))


def cues(data: bytes, kind: str, folder: Path) -> list[tuple[float, float, str]]:
    """Start, duration and text of each subtitle, as FFmpeg reads the file and writes SubRip."""
    path, out = folder / f"in.{kind}", folder / "out.json"
    path.write_bytes(data)
    out.write_bytes(run("ffprobe", "-v", "error", "-show_packets", "-show_data", "-of", "json", path))
    text = run("ffmpeg", "-v", "error", "-i", path, "-f", "srt", "-").decode()
    said = [block.splitlines()[2:] for block in text.replace("\r", "").strip().split("\n\n")]
    packets = json.loads(out.read_text())["packets"]
    assert len(packets) == len(said)
    times = [(float(p["pts_time"]), float(p["duration_time"])) for p in packets]
    return [(*time, " ".join(lines)) for time, lines in zip(times, said, strict=True)]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("first", [0, 1, 3])
@pytest.mark.parametrize("kind", TYPES)
def test_it_is_a_subtitle_of_two_seconds_or_more(kind: str, first: int, newline: str, tmp_path: Path) -> None:
    old = TEXTS[kind].format(first).replace("\n", newline).encode()
    before = cues(old, kind, tmp_path)
    new, drawn = mark(old, kind)
    after = cues(new, kind, tmp_path)
    assert len(after) == len(before) + 1 == 3
    (label,) = [cue for cue in after if WORDS in cue[2]]
    assert label[0] == 0 and label[1] >= 2
    assert first < 2 or label[1] <= first + 0.5, "it ends where the first words begin"
    assert [cue[:2] for cue in after if cue is not label] == [cue[:2] for cue in before]
    assert drawn.detail["seconds"] == pytest.approx(label[1])
    assert newline == "\r\n" or b"\r" not in new


@pytest.mark.parametrize("kind", TYPES)
def test_at_the_end(kind: str, tmp_path: Path) -> None:
    for ending in ("", "\n", "\n\n"):
        new, _ = mark((TEXTS[kind].format(1).rstrip() + ending).encode(), kind, place="end")
        label = cues(new, kind, tmp_path)[-1]
        assert label[:2] == (8, 4) and WORDS in label[2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("place", ["start", "end"])
@pytest.mark.parametrize("kind", TYPES)
def test_it_is_one_insertion_found_again_and_never_put_twice(kind: str, place: str, encoding: str) -> None:
    old = TEXTS[kind].format(3).encode(encoding)
    new, drawn = mark(old, kind, place=place)
    shared = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
    assert old[shared:] == new[len(new) - len(old) + shared :]
    assert "already" not in drawn.detail
    seen = find(new, kind)
    assert seen is not None and seen.place == place
    assert find(new, kind, place={"start": "end", "end": "start"}[place]) is None
    assert find(old, kind) is None
    again, drawn = mark(new, kind, place=place)
    assert again == new and drawn.detail["already"]


def test_places_above_the_words_where_the_format_has_them() -> None:
    assert b"line:0" in mark(VTT.format(0).encode(), "vtt")[0]
    assert b"{\\an8" in mark(ASS.format(0).encode(), "ass")[0] and b",Main," in mark(ASS.format(0).encode(), "ass")[0]


def test_style_sheets_and_regions_stay_in_front() -> None:
    head = "WEBVTT\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\n\nNOTE n\n\n"
    new, _ = mark((head + "a\n00:03.000 --> 00:05.000\nx\n").encode(), "vtt")
    assert new.decode() == f"{head}00:00:00.000 --> 00:00:03.000 line:0\n{WORDS}\n\na\n00:03.000 --> 00:05.000\nx\n"


def test_words_are_text(tmp_path: Path) -> None:
    new, _ = mark(VTT.format(3).encode(), "vtt", "AI生成 <b> & more")
    assert b"AI\xe7\x94\x9f\xe6\x88\x90 &lt;b&gt; &amp; more" in new
    assert find(new, "vtt", "AI生成 <b> & more") is not None


@pytest.mark.parametrize("kind", TYPES)
def test_empty_and_damaged_files(kind: str) -> None:
    if kind == "srt":
        assert WORDS in mark(b"", kind)[0].decode()
    else:
        with pytest.raises(Malformed):
            mark(b"", kind)
    with pytest.raises(Malformed):
        mark(b"nothing of the kind", kind)
    with pytest.raises(UsageError):
        mark(TEXTS[kind].format(1).encode(), kind, place="middle")
    chance = random.Random(3)
    for _ in range(100):
        broken = bytearray(TEXTS[kind].format(1).encode())
        for _ in range(chance.randrange(1, 9)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            mark(bytes(broken), kind)
        except YinjiError:
            continue


def test_through_the_front_door(tmp_path: Path) -> None:
    label = AigcLabel.first("001191110000MA0TE5T00Q10001", "x1")
    for kind in TYPES:
        result = yinji.label(TEXTS[kind].format(3).encode(), label, output=tmp_path / f"o.{kind}", filename=f"i.{kind}")
        assert result.drawn is not None and result.drawn.mark == "subtitles"
        assert yinji.conform(tmp_path / f"o.{kind}").perceived is not None
    assert isinstance(MARK, MarkFinder)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.json", "a.jsonl"])
def test_data_has_no_visible_place_and_says_what_to_do(name: str, tmp_path: Path) -> None:
    label = AigcLabel.first("001191110000MA0TE5T00Q10001", "x1")
    with pytest.raises(UnsupportedFormat) as error:
        yinji.label(b'{"a": 1}\n', label, output=tmp_path / name, filename=name)
    assert error.value.code == "data-only" and "xlsx" in error.value.advice.en
    assert not (tmp_path / name).exists()
    with pytest.raises(UnsupportedFormat):
        mark_for("text/csv")
