"""What a terminal shows: a line while work takes long, and colours unless somebody wants none."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from yinji.cli import waiting
from yinji.cli.show import width


def test_a_terminal_shows_what_takes_long_and_is_left_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    monkeypatch.setattr(waiting, "_PATIENCE", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    with open(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with waiting.waiting("folder/影片.mp4"):
            first = os.read(ours, 1024).decode()
        rest = os.read(ours, 1024).decode()
    os.close(ours)
    assert "影片.mp4" in first and "folder" not in first
    assert rest.endswith("\r\x1b[K")


def test_a_pipe_sees_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(waiting, "_PATIENCE", 0.0)
    with waiting.waiting("film.mp4"):
        pass
    assert capsys.readouterr().err == ""


def test_the_line_fits_narrow_terminals() -> None:
    line = waiting._line("一个名字很长很长很长很长很长很长很长的影片.mp4", 12, 40)
    assert width(line) < 40 and ".mp4" in line and "12" in line


@pytest.mark.parametrize("no_color", ["", "1"])
def test_no_color_holds_for_results_and_errors(no_color: str) -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "yinji", "read", "no-such-file"]
    subprocess.run(command, stdout=theirs, stderr=theirs, env={**os.environ, "NO_COLOR": no_color}, check=False)
    os.close(theirs)
    said = os.read(ours, 4096)
    os.close(ours)
    assert b"no-such-file" in said
    assert (b"\x1b[" in said) is not bool(no_color)
