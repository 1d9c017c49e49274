"""Processes that decode and encode sound, kept warm: starting FFmpeg costs more than most labels.

A file that makes one end, or be silent for too long, costs one process and nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any, Final

from yinji import errors
from yinji.errors import LimitExceeded, UnreadableInput, YinjiError
from yinji.marks.warm import Warm

SECONDS: Final = 1800.0
"""The longest that one file may take."""
_LONGEST: Final = 1 << 20


class _Worker:
    """One process, used by one thread at a time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "yinji.marks.audio.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, task: dict[str, Any]) -> dict[str, Any] | None:
        """Sends a task and returns the answer; None when the process ended instead."""
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            return None
        with suppress(OSError, ValueError):
            stdin.write(json.dumps(task).encode() + b"\n")
            stdin.flush()
            answer = json.loads(stdout.readline(_LONGEST))
            if isinstance(answer, dict):
                return answer
        return None

    def ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    def close(self) -> None:
        self.process.kill()
        with suppress(OSError):
            self.process.communicate()


POOL: Final = Warm(_Worker)


def ask(task: dict[str, Any], *, seconds: float = SECONDS) -> dict[str, Any]:
    """Has a task done and returns its facts.

    Raises:
        YinjiError: Whatever the process found, or ``audio-worker-died`` or ``audio-worker-slow``.
    """
    with POOL.lent() as worker:
        answer = _answer(worker, task, seconds)
    if "error" in answer:
        raise _error(*answer["error"])
    done: dict[str, Any] = answer["done"]
    return done


def _answer(worker: _Worker, task: dict[str, Any], seconds: float) -> dict[str, Any]:
    late = threading.Event()

    def end() -> None:
        late.set()
        worker.process.kill()

    watch = threading.Timer(seconds, end)
    watch.daemon = True
    watch.start()
    try:
        answer = worker.ask(task)
    finally:
        watch.cancel()
    if answer is None and late.is_set():
        raise LimitExceeded("audio-worker-slow", seconds=round(seconds))
    if answer is None:
        raise UnreadableInput("audio-worker-died")
    return answer


def _error(kind: str, code: str, details: dict[str, object]) -> YinjiError:
    found = getattr(errors, kind, UnreadableInput)
    return found(code, **details) if issubclass(found, YinjiError) else UnreadableInput(code, **details)
