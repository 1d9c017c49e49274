"""One attempt at one task, as its handler sees it."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from yinji.platform.work.model import LeaseLost, Task
from yinji.platform.work.queue import WorkQueue

if TYPE_CHECKING:
    from yinji.platform.database import Database


class Run:
    """One attempt. A handler that neither finishes it nor puts it back has it finished when it returns."""

    def __init__(self, database: Database, queue: WorkQueue, task: Task) -> None:
        self.task = task
        self.ended = False
        self._database = database
        self._queue = queue
        self._lost = threading.Event()

    def lose(self) -> None:
        """Notes that another process has the task now."""
        self._lost.set()

    def check(self) -> None:
        """Passes while the task is ours.

        Raises:
            LeaseLost: It is another process's.
        """
        if self._lost.is_set():
            raise LeaseLost("lease-lost", task=self.task.id, kind=self.task.kind)

    def write(self) -> AbstractContextManager[Connection]:
        """Opens a writing transaction."""
        return self._database.write()

    def finish(self, connection: Connection) -> None:
        """Ends the task in the transaction that writes its outcome.

        Raises:
            LeaseLost: Another process has it; leave the transaction with this error.
        """
        self._queue.finish(connection, self.task)
        self.ended = True

    def again(
        self, connection: Connection, payload: dict[str, Any] | None = None, *, due_at: datetime | None = None
    ) -> None:
        """Puts the task back, further on, in the transaction that writes what was done so far.

        Raises:
            LeaseLost: As for :meth:`finish`.
        """
        self._queue.again(connection, self.task, payload=payload, due_at=due_at)
        self.ended = True
