"""Label on the start of a 60 s 1080p H.264 video against a full re-encode with ffmpeg, in one run: CPU time and ratio.

CPU time counts the processes started.
"""

import argparse
import resource
import subprocess
import tempfile
from pathlib import Path

import yinji
from yinji.marks.base import MarkRequest
from yinji.marks.face import FONT
from yinji.marks.video.mark import VideoMark

BUDGET = 0.06


def spent() -> float:
    """CPU seconds so far of this process and of those that have ended."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--gop", type=int, default=60, help="frames from keyframe to keyframe")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, label, full = (Path(folder, name) for name in ("source.mp4", "label.mp4", "full.mp4"))
        pictures = f"testsrc2=s=1920x1080:r=30:d={arguments.seconds}"
        ffmpeg(
            *("-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", f"sine=d={arguments.seconds}"),
            *("-c:v", "libx264", "-preset", "veryfast", "-g", str(arguments.gop), "-c:a", "aac", source),
        )
        before = spent()
        with source.open("rb") as original, label.open("wb") as marked:
            drawn = VideoMark().draw(original, marked, MarkRequest("AI生成", min_seconds=2.0, media_type="video/mp4"))
        ours = spent() - before
        font = Path(yinji.__file__).parent / "marks" / "fonts" / FONT
        words = f"drawtext=fontfile={font}:text=AI生成:fontsize=64:fontcolor=white:x=w-tw-24:y=h-th-24"
        before = spent()
        ffmpeg(
            "-i",
            source,
            "-vf",
            f"{words}:enable='lt(t,2)'",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-c:a",
            "copy",
            full,
        )
        theirs = spent() - before
        print(
            f"{source.stat().st_size:,} bytes, {drawn.method}, {drawn.detail['frames_encoded']} frames encoded: "
            f"full re-encode {theirs:.1f} CPU s, Yinji {ours:.2f} CPU s, ratio {ours / theirs:.3f}, budget {BUDGET}"
        )


if __name__ == "__main__":
    main()
