"""Processes that do one kind of work, kept warm: starting one costs more than most of what it does.

Each is used by one thread at a time. One whose work ends in an exception is not used again.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, Protocol, TypeVar

_IDLE: Final = 2


class Process(Protocol):
    """What is kept."""

    def ended(self) -> bool:
        """Whether it is gone."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


P = TypeVar("P", bound=Process)


class Warm(Generic[P]):
    """Warm processes of one kind.

    Args:
        start: Starts one; what it raises is let through.
    """

    def __init__(self, start: Callable[[], P]) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._idle: list[P] = []
        atexit.register(self.close)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    @contextmanager
    def lent(self) -> Iterator[P]:
        """Lends a process that lives; it is kept only if the work ends without an exception."""
        process = self._waiting() or self._start()
        try:
            yield process
        except BaseException:
            process.close()
            raise
        with self._lock:
            keep = len(self._idle) < _IDLE
            if keep:
                self._idle.append(process)
        if not keep:
            process.close()

    def _waiting(self) -> P | None:
        """Takes a process that waits and was not ended meanwhile, such as by a system short of memory."""
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if not process.ended():
                    return process
                process.close()
        return None

    def idle(self) -> list[P]:
        """The processes that wait."""
        with self._lock:
            return list(self._idle)

    def close(self) -> None:
        """Ends the processes that wait."""
        with self._lock:
            processes, self._idle = self._idle, []
        for process in processes:
            process.close()

    def _forget(self) -> None:
        """After a fork the pipes belong to the parent."""
        self._lock = threading.Lock()
        self._idle = []
