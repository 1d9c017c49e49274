"""A writer killed with SIGKILL at any moment leaves whole files, and nothing that a sweep does not take away."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from yinji.containers import executors, journal
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice

KILLS = 50
SIZE = 3_000_000
SHORT = 300
"""Bytes of each of five edits, whose undo record fits into an attribute of the file."""


def write_for_ever(mode: str, path: Path) -> None:
    """Rewrites the whole file again and again, as the child process that gets killed."""
    output = path.with_name("new.bin")
    while True:
        turn = b"B" if path.read_bytes()[:1] == b"A" else b"A"
        splice = Splice.of([Edit(0, SIZE, turn * SIZE)])
        if mode == "new":
            with Source.open(path) as source:
                executors.write_new(source, splice, output, verify=lambda s: None, overwrite=True)
        else:
            edits = [Edit(at, at + SHORT, turn * SHORT) for at in range(0, SIZE, SIZE // 5)]
            for each in (Splice.of(edits), splice):
                executors.write_in_place(path, each, verify=lambda s: None)


def forked(mode: str, path: Path) -> int:
    """Starts the writer and returns its process id."""
    child = os.fork()
    if child == 0:
        try:
            write_for_ever(mode, path)
        finally:
            os._exit(1)
    return child


def is_whole(data: bytes) -> bool:
    """Whether a file is all of one turn, or an old one with all the short edits of one turn."""
    ours = {data[at : at + SHORT] for at in range(0, SIZE, SIZE // 5)}
    rest = b"".join(data[at + SHORT : at + SIZE // 5] for at in range(0, SIZE, SIZE // 5))
    return len(data) == SIZE and len(ours) == 1 and ours <= {b"A" * SHORT, b"B" * SHORT} and len(set(rest)) == 1


def leftovers(directory: Path) -> list[str]:
    return [p.name for p in directory.iterdir() if "yinji" in p.name or journal.ATTRIBUTE in os.listxattr(p)]


@pytest.mark.parametrize("mode", ["new", "in place"])
def test_fifty_kills(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "old.bin"
    path.write_bytes(b"A" * SIZE)
    chance = random.Random(mode)
    interrupted = 0
    for _ in range(KILLS):
        child = forked(mode, path)
        time.sleep(chance.uniform(0, 0.04))
        os.kill(child, signal.SIGKILL)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL, "the writer failed by itself"
        interrupted += bool(leftovers(tmp_path))
        if mode != "new":
            executors.recover(path)
        executors.sweep(tmp_path)
        assert is_whole(path.read_bytes())
        output = tmp_path / "new.bin"
        assert not output.exists() or is_whole(output.read_bytes())
        assert leftovers(tmp_path) == []
    assert interrupted > 0, "no kill hit a write: the test showed nothing"
