"""Processes that decode what people uploaded, one task at a time each: a crash in there costs one task, never a server.

A helper imports a module and calls its ``work`` with each task, a JSON value, and answers with what that returns. It is
kept for the next task, since starting one costs more than most tasks do; it ends by itself when nothing comes for a
while, and it is ended when a task fails, takes too long, or was the last of many.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import IO, Any, Final

from yinji.errors import LimitExceeded, UnreadableInput
from yinji.marks.warm import Warm

_COMMAND: Final = (sys.executable, "-P", "-m", "yinji.platform.work.helper")
_LAST: Final = 200
"""Tasks of one process, so that what libraries leak stays little."""
_MOST_ANSWER: Final = 1 << 20
_SETTLES: Final = 5.0
"""Seconds between the last word of a process and its end."""


class Helpers:
    """Helpers for one kind of work, one object for the whole process. Safe to share between threads.

    Args:
        module: Name of the module whose ``work`` does the tasks.
        most: Tasks at a time; who comes later waits.
        niceness: How much the processes stand back for others, 0 to 19.
    """

    def __init__(self, module: str, *, most: int, niceness: int = 0) -> None:
        self._turns = threading.BoundedSemaphore(most)
        self._warm = Warm(partial(_Helper, (*_COMMAND, module, str(niceness))))

    def do(self, task: dict[str, Any], *, seconds: float) -> Any:
        """Has a task done and returns what came of it.

        Raises:
            UnreadableInput: It failed, or took its process down; ``reason`` says how.
            LimitExceeded: It took longer than ``seconds``.
        """
        with self._turns:
            answer = None
            while answer is None:
                with self._warm.lent() as helper:
                    answer = helper.do(task, seconds)
            return answer["done"]


class _Helper:
    """One process."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self._tasks = 0

    def ended(self) -> bool:
        """Whether it does nothing any more."""
        return self._tasks >= _LAST or self._process.poll() is not None

    def do(self, task: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """Returns ``{"done": …}``; None where the process had just ended by itself, and never saw the task."""
        self._tasks += 1
        with suppress(BrokenPipeError):
            _pipe(self._process.stdin).write(json.dumps(task).encode() + b"\n")
        line = self._answer(monotonic() + seconds)
        if line is None:
            raise LimitExceeded("helper-too-slow", seconds=round(seconds))
        if not line:
            status = self._status()
            if not status and self._tasks > 1:
                return None
            raise UnreadableInput("helper-failed", reason=f"exit {status}")
        answer: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {"failed": "half an answer"}
        if "failed" in answer:
            raise UnreadableInput("helper-failed", reason=answer["failed"])
        return answer

    def _status(self) -> int | None:
        """Returns how the process ended, which it is about to."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(_SETTLES)
        return -1

    def _answer(self, until: float) -> bytes | None:
        """Returns a line; less of one where the process ended, None where it took too long."""
        pipe, line = _pipe(self._process.stdout), b""
        waiting = select.poll()  # not select.select, which knows descriptors up to 1,023 only
        waiting.register(pipe, select.POLLIN)
        while not line.endswith(b"\n") and len(line) <= _MOST_ANSWER:
            if not waiting.poll(max(0.0, until - monotonic()) * 1000):
                return None
            piece = os.read(pipe.fileno(), 1 << 16)
            if not piece:
                break
            line += piece
        return line

    def close(self) -> None:
        """Ends the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            _pipe(pipe).close()
        self._process.kill()
        self._process.wait()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # both were asked for
    return pipe
