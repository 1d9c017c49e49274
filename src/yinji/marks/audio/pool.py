"""Processes that decode and encode sound, kept warm: starting FFmpeg costs more than most labels.

A file that makes one end, or be silent for too long, costs one process and nothing else.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any, Final

from yinji import errors
from yinji.errors import LimitExceeded, UnreadableInput, YinjiError

SECONDS: Final = 1800.0
"""The longest that one file may take."""
_IDLE: Final = 2
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

    def close(self) -> None:
        self.process.kill()
        with suppress(OSError):
            self.process.communicate()


class Pool:
    """Warm processes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []

    def ask(self, task: dict[str, Any], *, seconds: float = SECONDS) -> dict[str, Any]:
        """Has a task done and returns its facts.

        Raises:
            YinjiError: Whatever the process found, or ``audio-worker-died`` or ``audio-worker-slow``.
        """
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        worker = worker or _Worker()
        late = threading.Event()

        def end() -> None:
            late.set()
            worker.process.kill()

        watch = threading.Timer(seconds, end)
        watch.daemon = True
        watch.start()
        answer = None
        try:
            answer = worker.ask(task)
        finally:
            watch.cancel()
            self._give_back(worker, keep=answer is not None)
        if answer is None:
            if late.is_set():
                raise LimitExceeded("audio-worker-slow", seconds=round(seconds))
            raise UnreadableInput("audio-worker-died")
        if "error" in answer:
            raise _error(*answer["error"])
        done: dict[str, Any] = answer["done"]
        return done

    def processes(self) -> list[int]:
        """The ids of the processes that wait."""
        with self._lock:
            return [worker.process.pid for worker in self._idle]

    def _give_back(self, worker: _Worker, *, keep: bool) -> None:
        with self._lock:
            keep = keep and len(self._idle) < _IDLE
            if keep:
                self._idle.append(worker)
        if not keep:
            worker.close()

    def close(self) -> None:
        with self._lock:
            workers, self._idle = self._idle, []
        for worker in workers:
            worker.close()

    def forget(self) -> None:
        """After a fork the pipes belong to the parent."""
        self._lock = threading.Lock()
        self._idle = []


def _error(kind: str, code: str, details: dict[str, object]) -> YinjiError:
    found = getattr(errors, kind, UnreadableInput)
    return found(code, **details) if issubclass(found, YinjiError) else UnreadableInput(code, **details)


POOL: Final = Pool()
atexit.register(POOL.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.forget)
