"""A line on the terminal that says what takes long, and for how long already; it goes when the work is done."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from yinji.cli.language import say

_PATIENCE: Final = 2.0
"""Seconds after which people wonder whether anything happens."""
_TICK: Final = 1.0


@contextmanager
def waiting(name: str) -> Iterator[None]:
    """Names a file on stderr while work on it goes on for more than two seconds; on a terminal only."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    done = threading.Event()
    ticker = threading.Thread(target=_tick, args=(name, done), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()


def _tick(name: str, done: threading.Event) -> None:
    began = time.monotonic()
    shown = False
    pause = _PATIENCE
    while not done.wait(pause):
        seconds = round(time.monotonic() - began)
        sys.stderr.write(f"\r\x1b[K{_line(name, seconds, _columns())}")
        sys.stderr.flush()
        shown, pause = True, _TICK
    if shown:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _line(name: str, seconds: int, columns: int) -> str:
    """The line, short enough not to wrap: of a long name its end, which has the ending."""
    from yinji.cli.show import clip, width

    tail = say(f"……已用 {seconds} 秒", f" … {seconds} s")
    shown = clip(Path(name).name)
    while shown and width(shown + tail) >= columns:
        shown = shown[1:]
    return shown + tail


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80
