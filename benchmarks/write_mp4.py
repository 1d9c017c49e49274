"""What a label costs on a large MP4: in place and into a new file, beside a plain copy of the same file.

Run: ``python benchmarks/write_mp4.py [MEGABYTES] [DIRECTORY]``. Prints ratios of the same run, best of several; on a
busy machine only differences above a factor of two mean anything. Needs ffmpeg for the short clip it starts from.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from yinji.containers.bmff.container import Mp4
from yinji.containers.executors import write_in_place, write_new
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.errors import ReadBackMismatch
from yinji.labels.aigc import AigcLabel

LABEL = AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
NEXT = LABEL.propagated("001191110000MA0TE5T00Q20001", "post-42")
ROUNDS = 5


def clip(path: Path, megabytes: int, *, first: bool) -> None:
    """Makes a clip whose media box is filled up to the size, its ``moov`` in front of or behind it."""
    small = path.with_suffix(".small.mp4")
    command = ("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=d=10", "-c:v", "mpeg4", "-q:v", "1")
    subprocess.run([*command, *(("-movflags", "+faststart") if first else ()), small], check=True)
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


def verify(label: AigcLabel) -> Callable[[Source], None]:
    def check(source: Source) -> None:
        if read(source, thorough=True).label != label:
            raise ReadBackMismatch("read-back-mismatch", path=source.name, state="")

    return check


def label_in_place(path: Path, label: AigcLabel) -> None:
    with Source.open(path) as source:
        splice = Mp4().write(source, label, read(source, thorough=True), in_place=True)
    write_in_place(path, splice, verify=verify(label))


def label_new(path: Path, out: Path, *, durable: bool) -> None:
    with Source.open(path) as source:
        splice = Mp4().write(source, LABEL, read(source, thorough=True), in_place=False)
        write_new(source, splice, out, verify=verify(LABEL), overwrite=True, durable=durable)


def best(work: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> float:
    times = []
    for _ in range(ROUNDS):
        prepare()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def flushed(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def fresh(source: Path, copy: Path) -> None:
    """Makes a copy that is already on the disk, so that a small write does not pay for flushing a large one."""
    shutil.copyfile(source, copy)
    flushed(copy)


def plan_and_write(path: Path, label: AigcLabel) -> None:
    """The in-place write without undo record and flush: what the plan itself costs."""
    with Source.open(path) as source:
        splice = Mp4().write(source, label, read(source, thorough=True), in_place=True)
        fd = os.open(path, os.O_RDWR)
        moving = next((edit.start for edit in splice.edits if edit.growth), source.size)
        try:
            for edit in splice.edits:
                if edit.stop <= moving and not edit.growth:
                    os.pwrite(fd, edit.data, edit.start)
            rest = Splice(tuple(edit for edit in splice.edits if edit.start >= moving))
            behind = [p if isinstance(p, bytes) else (max(p[0], moving), p[1]) for p in rest.pieces(source.size)]
            tail = b"".join(
                p if isinstance(p, bytes) else source.read(p[0], p[1] - p[0])
                for p in behind
                if isinstance(p, bytes) or p[0] < p[1]
            )
            os.pwrite(fd, tail, moving)
        finally:
            os.close(fd)


def durable_copy(source: Path, copy: Path) -> None:
    shutil.copyfile(source, copy)
    flushed(copy)


def measure(source: Path) -> None:
    out, copy = source.with_name("out.mp4"), source.with_name("copy.mp4")
    floor = best(lambda: shutil.copyfile(source, copy), lambda: copy.unlink(missing_ok=True))
    durable = best(lambda: durable_copy(source, copy), lambda: copy.unlink(missing_ok=True))
    rows = {
        "in place, unflushed": (floor, best(lambda: plan_and_write(copy, LABEL), lambda: fresh(source, copy))),
        "in place": (durable, best(lambda: label_in_place(copy, LABEL), lambda: fresh(source, copy))),
        "propagated in place": (durable, best(lambda: label_in_place(copy, NEXT), lambda: label_in_place(copy, LABEL))),
        "new file, unflushed": (floor, best(lambda: label_new(source, out, durable=False), lambda: _gone(out))),
        "new file": (durable, best(lambda: label_new(source, out, durable=True), lambda: _gone(out))),
        "read": (floor, best(lambda: read(Source.open(copy)))),
    }
    print(f"  copyfile {floor * 1e3:.1f} ms, with flush {durable * 1e3:.1f} ms")
    for name, (unit, seconds) in rows.items():
        print(
            f"  {name:22} {seconds * 1e3:8.2f} ms  x{seconds / unit:.4f} of a copy{' with flush' * (unit is durable)}"
        )


def _gone(path: Path) -> None:
    path.unlink(missing_ok=True)


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        for first in (False, True):
            source = Path(folder) / "in.mp4"
            clip(source, megabytes, first=first)
            print(f"{megabytes} MB MP4, moov {'first' if first else 'last'}, best of {ROUNDS}")
            measure(source)


if __name__ == "__main__":
    main()
