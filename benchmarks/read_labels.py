"""What reading a label costs, as a ratio to opening a file, reading 64 KB of it and closing it.

Run: python benchmarks/read_labels.py [directory of further files]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import samples
from yinji.containers.reading import read
from yinji.containers.registry import by_name
from yinji.containers.source import Source
from yinji.testing import Sample, labelled

ROUNDS = 60
FILES = 40


def floor(path: str) -> None:
    """Open, read 64 KB, close."""
    fd = os.open(path, os.O_RDONLY)
    os.pread(fd, 65536, 0)
    os.close(fd)


def reading(path: str) -> None:
    with Source.open(path) as source:
        read(source)


def seconds(work: Callable[[str], None], paths: list[str]) -> float:
    """Median over the rounds of the mean processor time per file, which other load on the machine does not stretch."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for path in paths:
            work(path)
        rounds.append((time.process_time() - start) / len(paths))
    return statistics.median(rounds)


def photograph(kind: str) -> Path:
    """A picture of about the size people upload."""
    picture = samples.picture(size=(1200, 900))
    path = samples.directory() / f"large.{kind}"
    picture.save(path, quality=88) if kind == "jpg" else picture.save(path)
    return path


def copies(directory: Path, data: bytes, name: str) -> list[str]:
    paths = []
    for number in range(FILES):
        path = directory / f"{number}-{name}"
        path.write_bytes(data)
        paths.append(str(path))
    return paths


def main() -> None:
    cases = {
        "jpeg, labelled": ("jpeg", photograph("jpg"), True),
        "jpeg, no label": ("jpeg", photograph("jpg"), False),
        "jpeg of a camera, labelled": ("jpeg", samples.jpeg("camera"), True),
        "jpeg of a camera, no label": ("jpeg", samples.jpeg("camera"), False),
        "jpeg, progressive, no label": ("jpeg", samples.jpeg("progressive"), False),
        "png, labelled": ("png", photograph("png"), True),
        "png, no label": ("png", photograph("png"), False),
    }
    print(f"{'case':30} {'size':>9} {'floor µs':>9} {'read µs':>9} {'ratio':>6}")
    ratios = []
    with tempfile.TemporaryDirectory() as directory:
        for title, (format, path, with_label) in cases.items():
            sample = Sample(path.name, path.read_bytes())
            data = labelled(by_name(format), sample).data if with_label else sample.data
            paths = copies(Path(directory), data, path.name)
            base, cost = seconds(floor, paths), seconds(reading, paths)
            ratios.append(cost / base)
            print(f"{title:30} {len(data):9} {base * 1e6:9.1f} {cost * 1e6:9.1f} {cost / base:6.2f}")
    print(f"median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
