"""A writer killed with SIGKILL at any moment leaves whole files, and nothing that a sweep does not take away."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from yinji.containers import executors
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice

KILLS = 50
SIZE = 3_000_000


def write_for_ever(mode: str, path: Path) -> None:
    """Rewrites the whole file again and again, as the child process that gets killed."""
    output = path.with_name("new.bin")
    turn = path.read_bytes()[:1]
    while True:
        turn = b"B" if turn == b"A" else b"A"
        splice = Splice.of([Edit(0, SIZE, turn * SIZE)])
        if mode == "new":
            with Source.open(path) as source:
                executors.write_new(source, splice, output, verify=lambda s: None, overwrite=True)
        else:
            executors.write_in_place(path, splice, verify=lambda s: None)


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
    return len(data) == SIZE and data in (b"A" * SIZE, b"B" * SIZE)


@pytest.mark.parametrize("mode", ["new", "in_place"])
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
        left = [name for name in os.listdir(tmp_path) if "yinji" in name]
        interrupted += bool(left)
        if mode == "in_place":
            executors.recover(path)
        executors.sweep(tmp_path)
        assert is_whole(path.read_bytes())
        output = tmp_path / "new.bin"
        assert not output.exists() or is_whole(output.read_bytes())
        assert [name for name in os.listdir(tmp_path) if "yinji" in name] == []
    assert interrupted > 0, "no kill hit a write: the test showed nothing"
