"""The door to the work for the floors above: run it, look at it, give dead tasks another life."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from yinji.platform import words
from yinji.platform.audit import AuditLog
from yinji.platform.errors import NotFound
from yinji.platform.model import Account
from yinji.platform.permissions import Permission, require
from yinji.platform.work.model import DEAD, Handler, Task
from yinji.platform.work.pool import Pool
from yinji.platform.work.queue import WorkQueue

if TYPE_CHECKING:
    from datetime import datetime

    from yinji.platform.database import Database


class Work:
    """The queue with everything that can do its tasks."""

    def __init__(self, database: Database, audit: AuditLog, queue: WorkQueue) -> None:
        self._database = database
        self._audit = audit
        self._queue = queue
        self._handlers: dict[str, Handler] = {}
        self._looks: list[Callable[[], None]] = []

    def handle(self, kind: str, handler: Handler) -> None:
        """Says what does the tasks of a kind."""
        self._handlers[kind] = handler

    def at_each_look(self, call: Callable[[], None]) -> None:
        """Has ``call`` called whenever a pool looks for work, about every second: it may put some."""
        self._looks.append(call)

    def pool(self, threads: int) -> Pool:
        """Returns what works the queue off while its block is open, or with ``drain()`` here and now."""
        return Pool(self._database, self._queue, self._handlers, threads, self._looks)

    def dead(self, actor: Account, *, after: str = "", limit: int = 100) -> tuple[Task, ...]:
        """Lists the tasks that were given up, oldest first, from the one after ``after`` on.

        Raises:
            Refused: The account may not.
        """
        require(actor, Permission.WORK_READ)
        return tuple(self._queue.page(DEAD, after=after, limit=limit))

    def counts(self, actor: Account) -> dict[str, dict[str, int]]:
        """Returns how many tasks there are: ``{"waiting": {kind: count}, "dead": {kind: count}}``.

        Raises:
            Refused: The account may not.
        """
        require(actor, Permission.WORK_READ)
        return self._queue.counts()

    def oldest_due(self) -> datetime | None:
        """Returns since when the longest waiting task is due, or None: the age of the queue, for the metrics."""
        return self._queue.oldest_due()

    def retry(self, actor: Account, task_id: str) -> None:
        """Gives a dead task another ten attempts.

        Raises:
            Refused: The account may not.
            NotFound: No dead task of this number.
        """
        require(actor, Permission.WORK_MANAGE)
        with self._database.write() as connection:
            if not words.is_number(task_id) or not self._queue.revive(connection, task_id):
                raise NotFound("task-not-found")
            self._audit.append(connection, "work.retried", actor=actor.id, subject=task_id)

    def to_dict(self, task: Task) -> dict[str, Any]:
        """Returns a task as the API shows it."""
        return {
            "id": task.id,
            "kind": task.kind,
            "payload": task.payload,
            "state": task.state,
            "attempts": task.attempts,
            "due_at": task.due_at.isoformat(),
            "created_at": task.created_at.isoformat(),
            "last_error": task.last_error,
        }
