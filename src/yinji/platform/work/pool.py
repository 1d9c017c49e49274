"""Threads that work the queue off, and the one that supervises them.

The supervisor leases tasks in batches, keeps the leases of those that run, and looks every second, or at once when this
process put a task. Whatever decodes media runs in processes of its own further down, so that threads are enough here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Self

from yinji.errors import StorageError, YinjiError
from yinji.platform.work.model import Handler, Handlers, LeaseLost, Task
from yinji.platform.work.queue import LEASE, MAX_ATTEMPTS, WorkQueue
from yinji.platform.work.run import Run

if TYPE_CHECKING:
    from yinji.platform.database import Database

LOOK_EVERY: Final = 1.0
"""Seconds between two looks for tasks that other processes put."""

RENEW_EVERY: Final = LEASE.total_seconds() / 4

_log = logging.getLogger("yinji.work")


class Pool:
    """Works the queue off while its block is open; on leaving, what runs is ended or put back.

    Args:
        database: Where the outcome goes.
        queue: What to work off.
        handlers: Who does which kind; other kinds are left to others.
        threads: How many tasks at a time.
        looks: Called before each look for work; they may put some.
    """

    def __init__(
        self,
        database: Database,
        queue: WorkQueue,
        handlers: Handlers,
        threads: int,
        looks: Sequence[Callable[[], None]] = (),
    ) -> None:
        self._looks = looks
        self._database = database
        self._queue = queue
        self._handlers = handlers
        self._threads = threads
        self._running: dict[str, Run] = {}
        self._guard = threading.Lock()
        self._woken = threading.Event()
        self._stop = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="yinji-work", daemon=True)

    def __enter__(self) -> Self:
        self._queue.on_new(self._woken.set)
        self._supervisor.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._woken.set()
        self._supervisor.join()

    def drain(self) -> int:
        """Does every task that is due, here and now, and returns how many attempts that took."""
        attempts = 0
        self._look_around()
        while batch := self._queue.take(tuple(self._handlers), 1):
            for task in batch:
                self._attempt(self._begin(task))
                attempts += 1
        return attempts

    def _supervise(self) -> None:
        renewed = time.monotonic()
        with ThreadPoolExecutor(self._threads, thread_name_prefix="yinji-work") as threads:
            while not self._stop.is_set():
                self._woken.clear()
                try:
                    if time.monotonic() - renewed >= RENEW_EVERY:
                        renewed = time.monotonic()
                        self._renew()
                    self._look_around()
                    self._lease(threads)
                except StorageError as error:
                    _log.warning("the queue cannot be reached: %s", error)
                except Exception:  # whatever it is, work goes on: without the supervisor this process does none
                    _log.exception("looking for work failed")
                self._woken.wait(LOOK_EVERY)

    def _look_around(self) -> None:
        for look in self._looks:
            look()

    def _lease(self, threads: ThreadPoolExecutor) -> None:
        with self._guard:
            running = Counter(run.task.kind for run in self._running.values())
        free = self._threads - running.total()
        bounded = {kind: handler.at_once for kind, handler in self._handlers.items() if handler.at_once is not None}
        others = tuple(kind for kind in self._handlers if kind not in bounded)
        for kinds, room in ((others, free), *(((kind,), most - running[kind]) for kind, most in bounded.items())):
            if (most := min(free, room)) > 0:
                taken = self._queue.take(kinds, most)
                free -= len(taken)
                for task in taken:
                    threads.submit(self._attempt, self._begin(task))

    def _begin(self, task: Task) -> Run:
        run = Run(self._database, self._queue, task)
        with self._guard:
            self._running[task.id] = run
        return run

    def _renew(self) -> None:
        with self._guard:
            running = dict(self._running)
        ours = self._queue.renew([run.task for run in running.values()])
        for number, run in running.items():
            if number not in ours:
                run.lose()

    def _attempt(self, run: Run) -> None:
        """Does one task; no fault in it ends the thread or loses the task."""
        handler = self._handlers[run.task.kind]
        try:
            if run.task.attempts > 1 and not run.task.last_error:
                _log.warning("task %s (%s) taken over: its worker was not heard of", run.task.id, run.task.kind)
            if run.task.attempts > MAX_ATTEMPTS:
                self._queue.failed(run.task, run.task.last_error or "its process died, each time", handler.buried)
                return
            handler.run(run)
            if not run.ended:
                with run.write() as connection:
                    run.finish(connection)
        except LeaseLost:
            _log.warning("task %s (%s) went to another worker", run.task.id, run.task.kind)
        except Exception as error:  # a worker outlives every fault in the work; the row keeps what went wrong
            why = str(error) if isinstance(error, YinjiError) else f"{type(error).__name__}: {error}"
            _log.warning("task %s (%s), attempt %d: %s", run.task.id, run.task.kind, run.task.attempts, why)
            self._give_back(run.task, why, handler)
        finally:
            with self._guard:
                self._running.pop(run.task.id, None)
            self._woken.set()

    def _give_back(self, task: Task, why: str, handler: Handler) -> None:
        try:
            self._queue.failed(task, why, handler.buried)
        except StorageError as error:  # the lease runs out by itself
            _log.warning("task %s cannot be given back: %s", task.id, error)
