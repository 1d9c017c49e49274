"""Video clips made and judged by the ffmpeg command line, and the label on them."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from yinji.marks.base import Drawn, MarkRequest
from yinji.marks.video.mark import VideoMark

TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
    "ts": "video/mp2t",
    "flv": "video/x-flv",
    "avi": "video/x-msvideo",
}
FAST = ("-preset", "ultrafast")
X264 = ("-c:v", "libx264", *FAST, "-g", "10")
X265 = ("-c:v", "libx265", *FAST)
HASHES = ("-fps_mode", "passthrough", "-f", "framemd5", "-")
PNG = ("-f", "image2pipe", "-c:v", "png", "-")
SOUND = ("-c:a", "aac", "-b:a", "64k")


class Labelled(NamedTuple):
    source: Path
    output: Path
    drawn: Drawn


def ffmpeg(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return done.stdout


def label(source: Path, output: Path, **more: object) -> Drawn:
    request = MarkRequest(
        "AI生成",
        **{"min_seconds": 2.0, "media_type": TYPES[source.suffix[1:]], **more},  # type: ignore[arg-type]
    )
    with source.open("rb") as original, output.open("wb") as marked:
        return VideoMark().draw(original, marked, request)


def frames(path: Path, *before: str) -> list[tuple[str, ...]]:
    """Decoded frames as (pts, hash), with an error on the least fault."""
    done = subprocess.run(
        ("ffmpeg", "-v", "error", "-err_detect", "explode", *before, "-i", path, "-map", "0:v:0", *HASHES),
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    rows = [line.split(",") for line in done.stdout.splitlines() if not line.startswith("#")]
    guessed = path.suffix == ".avi"  # which says only when a picture is decoded
    return [(str(n) if guessed else row[2].strip(), row[5].strip()) for n, row in enumerate(rows)]


def streams(path: Path, *which: str) -> str:
    return ffmpeg("-i", path, *(which or ("-map", "0", "-map", "-0:v:0")), "-c", "copy", "-f", "streamhash", "-")


def probe(path: Path, *entries: str) -> str:
    return subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", *entries, "-of", "compact", path],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def picture(path: Path, at: float, size: str = "") -> Image.Image:
    scaled = ("-vf", f"scale={size}") if size else ()
    data = subprocess.run(
        ("ffmpeg", "-v", "error", "-ss", str(at), "-i", path, "-frames:v", "1", *scaled, *PNG),
        capture_output=True,
        check=True,
    ).stdout
    return Image.open(io.BytesIO(data)).convert("RGB")


def change(labelled: Labelled, at: float, size: str = "") -> float:
    """Mean difference between output and source within the label's box."""
    boxes = [picture(p, at, size).crop(labelled.drawn.box).tobytes() for p in (labelled.source, labelled.output)]
    return sum(abs(a - b) for a, b in zip(*boxes, strict=True)) / len(boxes[0])
