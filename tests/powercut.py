"""Cuts the power around every step of a change in place, and says what a file system shows afterwards.

    sudo .venv/bin/python tests/powercut.py [mkfs.ext4 -b 4096 | mkfs.xfs]

The disk is an image behind a loop device. After each system call that counts the image is copied as it is, mounted
elsewhere (the file system replays its journal), and the file is read, recovered and read again: it must hold all of the
old bytes or all of the new ones.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from yinji.containers import executors, journal
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice

OLD = random.Random(1).randbytes(1_000_000)
PLANS = {
    "short record": Splice.of([Edit(10, 14, b"abcd"), Edit(999_000, 999_003, b"xyz"), Edit(len(OLD), len(OLD), b"t")]),
    "long record": Splice.of([Edit(100, 100, b"inserted" * 500)]),
}
CALLS = ("setxattr", "fsync", "fdatasync", "pwrite", "removexattr", "unlink")
DISK = 320 << 20
"""Bytes of the image, mostly a hole: the least that XFS takes."""


@contextmanager
def mounted(image: Path, options: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=image.parent) as place:
        subprocess.run(["mount", "-o", options, image, place], check=True)
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", place], check=True)


def after_a_cut(image: Path, options: str, new: bytes) -> str:
    """Returns what stands in the file on a copy of the disk, and what recovery makes of it."""
    copy = image.with_name("cut.img")
    subprocess.run(["cp", "--sparse=always", image, copy], check=True)
    with mounted(copy, options) as disk:
        path, known = disk / "film.bin", {OLD: "old", new: "new"}
        before, is_left = known.get(path.read_bytes(), "torn"), journal.is_left(path)
        is_back = executors.recover(path)
        assert path.read_bytes() in known, "torn"
        return (
            f"{before:5}{'record' if is_left else '-':8}{'went back' if is_back else '-':11}{known[path.read_bytes()]}"
        )


def main(make: list[str]) -> None:
    options = "loop,nouuid" if make[0] == "mkfs.xfs" else "loop"
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "disk.img"
        image.touch()
        os.truncate(image, DISK)
        subprocess.run([*make, "-q", image], check=True)
        with mounted(image, options) as disk:
            path = disk / "film.bin"
            for name, splice in PLANS.items():
                path.write_bytes(OLD)
                os.sync()
                change = partial(executors.write_in_place, path, splice, verify=_accept)
                _cut_everywhere(name, change, partial(after_a_cut, image, options, splice.applied(OLD)))


def _accept(source: Source) -> None:
    """Takes what is to be written as it is."""


def _cut_everywhere(name: str, change: Callable[[], None], look: Callable[[], str]) -> None:
    """Carries a change out and looks after each of its calls, those of looking left alone."""
    real = {call: getattr(os, call) for call in CALLS}
    is_looking = False

    def cutting(call: str) -> Callable[..., object]:
        def then_cut(*arguments: object, **more: object) -> object:
            nonlocal is_looking
            result = real[call](*arguments, **more)
            if not is_looking:
                is_looking = True
                print(f"{name:14}after {call:12}{look()}")
                is_looking = False
            return result

        return then_cut

    for call in CALLS:
        setattr(os, call, cutting(call))
    try:
        change()
    finally:
        for call, function in real.items():
            setattr(os, call, function)
    print(f"{name:14}at the end        {look()}")


if __name__ == "__main__":
    main(sys.argv[1:] or ["mkfs.ext4", "-b", "4096"])
