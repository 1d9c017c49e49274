"""The label on interlaced video: the two fields are moments of their own, and both bear it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy
import pytest
from PIL import Image

from video_clips import ffmpeg, label
from yinji.marks.overlay import Overlay

LIGHT, DARK = "color=0xd0d0d0:s=320x240:r=10:d=3", "color=0x303030:s=320x240:r=10:d=3"
ENCODERS = {
    "h264.mp4": ("libx264", "-crf", "12", "-flags", "+ilme+ildct", "-x264-params", "tff=1:interlaced=1:keyint=10"),
    "mpeg2.ts": ("mpeg2video", "-q:v", "2", "-g", "10", "-flags", "+ilme+ildct+cgop", "-sc_threshold", "1000000000"),
}


def first_frame(path: Path) -> numpy.ndarray:
    options = ("-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-")
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, *options], capture_output=True, check=True).stdout
    return numpy.frombuffer(raw, numpy.uint8).reshape(240, 320)


@pytest.mark.parametrize("name", ENCODERS)
def test_neither_field_shows_through_the_ground_of_the_other(name: str, tmp_path: Path) -> None:
    source, output = tmp_path / name, tmp_path / f"labelled-{name}"
    chain = "[0:v][1:v]blend=all_expr='if(mod(Y,2),B,A)',setfield=tff"
    ffmpeg(
        "-f", "lavfi", "-i", LIGHT, "-f", "lavfi", "-i", DARK, "-filter_complex", chain, "-c:v", *ENCODERS[name], source
    )
    drawn = label(source, output)
    left, top, _, bottom = drawn.box
    ground = first_frame(output)[top + 2 : bottom - 2, left + 5 : left + 7].mean(axis=1)
    assert abs(ground[top % 2 :: 2].mean() - ground[1 - top % 2 :: 2].mean()) > 25
    assert ground.max() < 110
    assert drawn.ink_height >= drawn.needed_height == 12
    assert drawn.contrast >= 4.5


def test_a_line_that_one_field_has_is_seen_in_both() -> None:
    ink = Image.new("L", (4, 9))
    ink.paste(255, (0, 4, 4, 5))
    overlay = Overlay(ink, ink, ink, (0, 0, 4, 9), 9.0, False)  # type: ignore[arg-type]
    fields = [overlay.field(number).ink for number in (0, 1)]
    assert [field.size for field in fields] == [(4, 5), (4, 4)]
    assert [[*field.crop((1, 0, 2, field.height)).tobytes()] for field in fields] == [[0, 0, 128, 0, 0], [0, 64, 64, 0]]
