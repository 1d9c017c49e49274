"""Runs the process that renders a video, and turns its end, its silence and its crash into errors of the package."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, Any, Final

from yinji import errors
from yinji.errors import LimitExceeded, UnreadableInput, YinjiError

SILENCE: Final = 120.0
"""Seconds without a sign of life after which the process is ended."""
_LONGEST: Final = 1 << 20


class _Watch:
    """Ends a process that has not been heard of for too long."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process = process
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self.ended = False

    def heard(self) -> None:
        self.stop()
        self._timer = threading.Timer(self._seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _end(self) -> None:
        self.ended = True
        self._process.kill()


def run(task: dict[str, Any], *, silence: float = SILENCE) -> dict[str, Any]:
    """Renders in a process of its own and returns its facts.

    Raises:
        YinjiError: Whatever the process found; ``video-worker-died`` or ``video-worker-silent`` where it could not say.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "yinji.marks.video.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    watch = _Watch(process, silence)
    watch.heard()
    answer: dict[str, Any] = {}
    try:
        if process.stdin is not None and process.stdout is not None:
            with suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(json.dumps(task).encode())
            answer = _listen(process.stdout, watch)
    finally:
        watch.stop()
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if "done" in answer:
        done: dict[str, Any] = answer["done"]
        return done
    if "error" in answer:
        raise _error(*answer["error"])
    if watch.ended:
        raise LimitExceeded("video-worker-silent", seconds=round(silence))
    raise UnreadableInput("video-worker-died")


def _listen(pipe: IO[bytes], watch: _Watch) -> dict[str, Any]:
    """Reads lines until the last word; {} where there was none."""
    while line := pipe.readline(_LONGEST):
        watch.heard()
        try:
            message = json.loads(line)
        except ValueError:
            return {}
        if isinstance(message, dict) and ("done" in message or "error" in message):
            return message
    return {}


def _error(kind: str, code: str, details: dict[str, object]) -> YinjiError:
    found = getattr(errors, kind, UnreadableInput)
    return found(code, **details) if issubclass(found, YinjiError) else UnreadableInput(code, **details)
