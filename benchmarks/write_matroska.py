"""What a label costs on a large Matroska file: a new file and in place, beside a plain copy of the same file.

Run: ``python benchmarks/write_matroska.py [MEGABYTES] [DIRECTORY]``. One file as ffmpeg writes films, with a Cluster
for some megabytes, and one of nothing but keyframes, which has a Cluster for each. Prints ratios of processor time in
the same run, best of several, so that a busy disk does not show. Needs ffmpeg.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from yinji.containers import executors, readback
from yinji.containers.matroska.container import Matroska
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.labels.aigc import AigcLabel

LABEL = AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
NEXT = LABEL.propagated("001191110000MA0TE5T00Q20001", "post-42")
ROUNDS = 5
KINDS = {
    "a Cluster for some megabytes": ("testsrc2=s=640x360:r=25:d=20", "mpeg4", "-g", "250"),
    "a Cluster for every frame": ("testsrc2=s=320x180:r=1000:d=1", "mjpeg"),
}


def film(path: Path, megabytes: int, pattern: str, codec: str, *more: str) -> None:
    """Makes a short film and repeats it, without encoding it again, until it has the size."""
    short = path.with_suffix(".short.mkv")
    _ffmpeg("-f", "lavfi", "-i", pattern, "-c:v", codec, "-q:v", "2", *more, short)
    times = max(0, megabytes * 1_000_000 // short.stat().st_size - 1)
    _ffmpeg("-stream_loop", str(times), "-i", short, "-c", "copy", path)
    short.unlink()


def _ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(("ffmpeg", "-v", "error", "-y", *arguments), check=True)


def label_new(path: Path, out: Path) -> None:
    with Source.open(path) as source:
        reading = read(source, thorough=True)
        splice = Matroska().write(source, LABEL, reading, in_place=False)
        size, runs = source.size + splice.growth, readback.moved(source.runs, splice)
        executors.write_new(
            source,
            splice,
            out,
            verify=lambda copy: readback.check(copy, LABEL, reading, size, runs=runs),
            overwrite=True,
            durable=False,
        )


def label_in_place(path: Path, label: AigcLabel) -> None:
    with Source.open(path) as source:
        reading = read(source, thorough=True)
        splice = Matroska().write(source, label, reading, in_place=True)
        size, runs = source.size + splice.growth, readback.moved(source.runs, splice)
    executors.write_in_place(path, splice, verify=lambda copy: readback.check(copy, label, reading, size, runs=runs))


def thorough(path: Path) -> None:
    with Source.open(path) as source:
        read(source, thorough=True)


def best(work: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> float:
    times = []
    for _ in range(ROUNDS):
        prepare()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def fresh(source: Path, copy: Path) -> None:
    """Makes a copy that is on the disk already, so that a small write does not pay for flushing a large one."""
    shutil.copyfile(source, copy)
    with copy.open("rb+") as file:
        os.fsync(file.fileno())


def measure(source: Path) -> None:
    out, copy = source.with_name("out.mkv"), source.with_name("copy.mkv")
    floor = best(lambda: shutil.copyfile(source, copy), lambda: copy.unlink(missing_ok=True))
    rows = {
        "new file": best(lambda: label_new(source, out), lambda: out.unlink(missing_ok=True)),
        "in place": best(lambda: label_in_place(copy, LABEL), lambda: fresh(source, copy)),
        "propagated in place": best(lambda: label_in_place(copy, NEXT), lambda: label_in_place(copy, LABEL)),
        "thorough reading": best(lambda: thorough(copy)),
    }
    print(f"  copyfile {floor * 1e3:.1f} ms")
    for name, seconds in rows.items():
        print(f"  {name:22} {seconds * 1e3:8.2f} ms  x{seconds / floor:.4f} of a copy")


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        source = Path(folder) / "in.mkv"
        for name, how in KINDS.items():
            film(source, megabytes, *how)
            print(f"{source.stat().st_size / 1e6:.0f} MB Matroska, {name}, best of {ROUNDS}")
            measure(source)


if __name__ == "__main__":
    main()
