"""The rhythm joined to two minutes of MP3 and AAC against encoding all of it anew, in one run: CPU seconds and ratios.

CPU time counts this process and the warm one that decodes and encodes. The first label of a kind is encoded; those that
follow on sound of the same kind and loudness take what is encoded. The budget holds for the first.
"""

import argparse
import io
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from yinji.marks.audio.mark import AudioMark
from yinji.marks.audio.pool import POOL
from yinji.marks.base import MarkRequest

BUDGET = 0.1
SOUND = "aevalsrc='0.2*sin(2*PI*(300+9*t)*t)+0.1*random(0)|0.2*sin(2*PI*(500+7*t)*t)+0.1*random(1)':s=44100:d=120"
KINDS = {
    "MP3": ("mp3", "audio/mpeg", "libmp3lame"),
    "M4A": ("m4a", "audio/mp4", "aac"),
    "AAC": ("aac", "audio/aac", "aac"),
}


def processor_seconds() -> float:
    total = time.process_time()
    for worker in POOL.idle():
        fields = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def mark(data: bytes, media_type: str, place: str) -> str:
    return AudioMark().draw(io.BytesIO(data), io.BytesIO(), MarkRequest("AI", place, media_type=media_type)).method


def costs(data: bytes, media_type: str, places: Sequence[str]) -> float:
    start = processor_seconds()
    for place in places:
        mark(data, media_type, place)
    return (processor_seconds() - start) / len(places)


def anew(path: Path, codec: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = path.with_name("anew" + path.suffix)
    cue = ("-f", "lavfi", "-i", "sine=800:d=1.8:r=44100")
    join = "[0:a]aformat=channel_layouts=stereo[c];[c][1:a]concat=n=2:v=0:a=1"
    command = ["ffmpeg", "-v", "error", "-y", "-threads", "1", *cue, "-i", str(path), "-filter_complex", join]
    subprocess.run([*command, "-c:a", codec, "-b:a", "128k", str(output)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    other = next(example.data for example in AudioMark.examples() if example.media_type == "audio/mpeg")
    with tempfile.TemporaryDirectory() as folder:
        for name, (ending, media_type, codec) in KINDS.items():
            path = Path(folder, f"sound.{ending}")
            command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", SOUND, "-c:a", codec, "-b:a", "128k", str(path)]
            subprocess.run(command, check=True)
            data = path.read_bytes()
            mark(other, "audio/mpeg", "start")
            first = costs(data, media_type, ("start", "end"))
            following = costs(data, media_type, ("start", "end") * runs)
            whole = sorted(anew(path, codec) for _ in range(3))[1]
            ratio = first / whole
            word = "kept" if ratio <= BUDGET else "missed"
            print(
                f"{name}: first {first:.3f} s, following {following:.3f} s, anew {whole:.2f} s: "
                f"{ratio:.3f}x and {following / whole:.3f}x (budget {BUDGET}x {word})"
            )


if __name__ == "__main__":
    main()
