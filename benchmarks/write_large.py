"""What a label costs on a large film: into a new file and in place, beside a plain copy of the same file.

Run: ``python benchmarks/write_large.py [MEGABYTES] [DIRECTORY]``. MP4 with its ``moov`` behind and in front of the
media; Matroska as ffmpeg writes films, with a Cluster for some megabytes, and one of nothing but keyframes, which has a
Cluster for each. The public ``label`` and ``propagate``, with undo record and read-back. Prints ratios of the same run,
each the best of several rounds in which all take turns: waiting for the disk, to a copy that waits for it too, and in
brackets the medians; not waiting, to a copy that does not; and processor time alone, to that of a copy. Needs ffmpeg.
"""

from __future__ import annotations

import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import yinji

LABEL = yinji.AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
PROPAGATOR = "001191110000MA0TE5T00Q20001"
ROUNDS = 7


class Spent(NamedTuple):
    """Seconds by the clock, and of the processor."""

    wall: float
    processor: float


def movie(path: Path, megabytes: int, *, first: bool) -> None:
    """Makes an MP4 whose media box is filled up to the size, its ``moov`` in front of or behind it."""
    small = path.with_suffix(".small.mp4")
    pattern = ("-f", "lavfi", "-i", "testsrc2=d=10", "-c:v", "mpeg4", "-q:v", "1")
    _ffmpeg(*pattern, *(("-movflags", "+faststart") if first else ()), small)
    content = small.read_bytes()
    at = content.index(b"mdat") - 4
    size = struct.unpack_from(">I", content, at)[0]
    filling = megabytes * 1_000_000 - len(content)
    with path.open("wb") as out:
        out.write(content[:at] + struct.pack(">I", size + filling) + content[at + 4 : at + size])
        _fill(out, filling)
        out.write(content[at + size :])
    small.unlink()


def _fill(out: BinaryIO, length: int) -> None:
    block = bytes(range(256)) * 4096
    while length > 0:
        out.write(block[: min(length, len(block))])
        length -= len(block)


def clusters(path: Path, megabytes: int, *encoded: str) -> None:
    """Makes a short Matroska film and repeats it, without encoding it again, until it has the size."""
    short = path.with_suffix(".short.mkv")
    _ffmpeg("-f", "lavfi", "-i", *encoded, "-q:v", "2", short)
    times = max(0, megabytes * 1_000_000 // short.stat().st_size - 1)
    _ffmpeg("-stream_loop", str(times), "-i", short, "-c", "copy", path)
    short.unlink()


def _ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(("ffmpeg", "-v", "error", "-y", *arguments), check=True)


FILMS: dict[str, Callable[[Path, int], None]] = {
    "MP4, moov last": partial(movie, first=False),
    "MP4, moov first": partial(movie, first=True),
    "MKV, a Cluster for some megabytes": lambda path, size: clusters(
        path, size, "testsrc2=s=640x360:r=25:d=20", "-c:v", "mpeg4", "-g", "250"
    ),
    "MKV, a Cluster for every frame": lambda path, size: clusters(
        path, size, "testsrc2=s=320x180:r=1000:d=1", "-c:v", "mjpeg"
    ),
}


def once(work: Callable[[], object], prepare: Callable[[], object]) -> Spent:
    prepare()
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - processor)


def rounds(what: dict[str, tuple[Callable[[], object], ...]]) -> tuple[dict[str, Spent], dict[str, Spent]]:
    """Does all works in turn, again and again; returns the best of each, and the medians."""
    spent: dict[str, list[Spent]] = {name: [] for name in what}
    for _ in range(ROUNDS):
        for name, work in what.items():
            spent[name].append(once(*work))
    picked = (
        {name: Spent(*(pick(seconds) for seconds in zip(*each, strict=True))) for name, each in spent.items()}
        for pick in (min, statistics.median)
    )
    return next(picked), next(picked)


def copied(source: Path, copy: Path, *, durable: bool) -> None:
    shutil.copyfile(source, copy)
    if durable:
        with copy.open("rb+") as file:
            os.fsync(file.fileno())


def works(source: Path, copy: Path, out: Path, *, durable: bool) -> dict[str, tuple[Callable[[], object], ...]]:
    """Returns what is measured, each with what has to come before it."""

    def label(**where: object) -> object:
        return yinji.label(where.pop("of"), LABEL, metadata_only=True, durable=durable, **where)  # type: ignore[arg-type]

    def propagate() -> object:
        return yinji.propagate(copy, propagator=PROPAGATOR, propagate_id="post-42", in_place=True, durable=durable)

    def fresh() -> None:
        copied(source, copy, durable=True)  # so that a small write does not pay for flushing a large one

    def labelled() -> None:
        fresh()
        yinji.label(copy, LABEL, metadata_only=True, in_place=True)

    return {
        "copy": (lambda: copied(source, copy, durable=durable), lambda: copy.unlink(missing_ok=True)),
        "new file": (lambda: label(of=source, output=out), lambda: out.unlink(missing_ok=True)),
        "in place": (lambda: label(of=copy, in_place=True), fresh),
        "propagated in place": (propagate, labelled),
        "thorough reading": (lambda: yinji.read(source, thorough=True), lambda: None),
    }


def measure(source: Path, folder: Path) -> None:
    copy, out = folder / f"copy{source.suffix}", folder / f"out{source.suffix}"
    waiting, usual = rounds(works(source, copy, out, durable=True))
    free, _ = rounds(works(source, copy, out, durable=False))
    floor, usual_floor, floor_free = waiting.pop("copy"), usual.pop("copy"), free.pop("copy")
    print(f"  copy {floor.wall * 1e3:.1f} ms with flush ({usual_floor.wall * 1e3:.1f})", end="")
    print(f", {floor_free.wall * 1e3:.1f} ms without, {floor_free.processor * 1e3:.1f} ms of processor")
    for name, spent in waiting.items():
        ratios = (
            f"{spent.wall / floor.wall:.4f}x waiting ({usual[name].wall / usual_floor.wall:.4f}x)",
            f"{free[name].wall / floor_free.wall:.4f}x not waiting",
            f"{free[name].processor / floor_free.processor:.4f}x processor",
        )
        print(f"  {name:20} {spent.wall * 1e3:7.2f} ms   {'   '.join(ratios)}")


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as name:
        for film, make in FILMS.items():
            source = Path(name) / f"in.{film[:3].lower()}"
            make(source, megabytes)
            print(f"{film}, {source.stat().st_size / 1e6:.0f} MB, best of {ROUNDS} (median)")
            measure(source, Path(name))


if __name__ == "__main__":
    main()
