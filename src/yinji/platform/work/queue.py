"""The queue: put, lease, renew, end, give up. One table on SQLite and PostgreSQL alike."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, delete, func, or_, select, update

from yinji.platform import instants
from yinji.platform.schema import tasks
from yinji.platform.work.model import DEAD, WAITING, LeaseLost, Task

if TYPE_CHECKING:
    from datetime import datetime

    from yinji.platform.database import Database

LEASE: Final = timedelta(seconds=60)
"""How long a task stays with a process that is not heard of. Clocks of workers may differ by less than this."""

MAX_ATTEMPTS: Final = 10
"""Attempts after which a task is given up: with the waits between them about 17 hours."""

_LONGEST_WAIT: Final = timedelta(hours=12)
_ERROR_CHARACTERS: Final = 500


def wait_after(attempts: int) -> timedelta:
    """Returns the pause after a failed attempt: a minute after the third, hours after the eighth, never in step."""
    seconds = min(4.0**attempts, _LONGEST_WAIT.total_seconds()) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    return timedelta(seconds=seconds)


class WorkQueue:
    """Tasks as rows. Safe to share between threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._woken: list[Callable[[], None]] = []

    def on_new(self, call: Callable[[], None]) -> None:
        """Has ``call`` called when a task was put by this process and is there to be taken."""
        self._woken.append(call)

    def put(
        self,
        connection: Connection,
        kind: str,
        payload: dict[str, Any],
        *,
        key: str = "",
        due_at: datetime | None = None,
    ) -> None:
        """Adds a task in the transaction that needs it; one with the same key that is still to be done stands for both.

        A dead task of that key lives again.
        """
        now = instants.now()
        values = {
            "id": instants.uuid7(),
            "kind": kind,
            "payload": payload,
            "key": key or None,
            "state": WAITING,
            "due_at": due_at or now,
            "attempts": 0,
            "lease": None,
            "last_error": "",
            "created_at": now,
        }
        again = {name: values[name] for name in ("state", "attempts", "payload", "due_at", "lease")}
        self._database.insert_or_change(connection, tasks, values, tasks.c.key, again, tasks.c.state == DEAD)
        for call in self._woken:
            self._database.after_commit(connection, call)

    def take(self, kinds: Collection[str], most: int) -> list[Task]:
        """Leases up to ``most`` due tasks, the longest due first, whoever had them before."""
        now = instants.now()
        due = select(tasks.c.id).where(tasks.c.state == WAITING, tasks.c.due_at <= now, tasks.c.kind.in_(kinds))
        with self._database.read() as connection:
            if connection.scalar(due.limit(1)) is None:
                return []
        due = due.order_by(tasks.c.due_at).limit(most).with_for_update(skip_locked=True)
        with self._database.write() as connection:
            mine = list(connection.scalars(due))
            lease = instants.uuid7()
            connection.execute(
                update(tasks)
                .where(tasks.c.id.in_(mine))
                .values(lease=lease, due_at=now + LEASE, attempts=tasks.c.attempts + 1)
            )
            taken = select(tasks).where(tasks.c.id.in_(mine)).order_by(tasks.c.id)
            return [_task(row) for row in connection.execute(taken)]

    def renew(self, running: Collection[Task]) -> set[str]:
        """Keeps tasks for another minute and returns the numbers of those that are still this process's."""
        if not running:
            return set()
        mine = or_(*((tasks.c.id == task.id) & (tasks.c.lease == task.lease) for task in running))
        with self._database.write() as connection:
            connection.execute(update(tasks).where(mine).values(due_at=instants.now() + LEASE))
            return set(connection.scalars(select(tasks.c.id).where(mine)))

    def finish(self, connection: Connection, task: Task) -> None:
        """Ends a task in the transaction that writes its outcome.

        Raises:
            LeaseLost: Another process has it now; the transaction must not be committed.
        """
        _require_one(connection.execute(delete(tasks).where(_held(task))).rowcount, task)

    def again(
        self,
        connection: Connection,
        task: Task,
        *,
        payload: dict[str, Any] | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """Puts a task back as if it were new, further on: for work that is done in steps.

        Raises:
            LeaseLost: As for :meth:`finish`.
        """
        values: dict[str, Any] = {"lease": None, "attempts": 0, "due_at": due_at or instants.now(), "last_error": ""}
        if payload is not None:
            values["payload"] = payload
        _require_one(connection.execute(update(tasks).where(_held(task)).values(values)).rowcount, task)
        for call in self._woken:
            self._database.after_commit(connection, call)

    def failed(self, task: Task, why: str, buried: Callable[[Connection, Task], None] | None = None) -> None:
        """Puts a task back for later, or gives it up after the last attempt. Does nothing if it is another's by now."""
        over = task.attempts >= MAX_ATTEMPTS
        values = {
            "lease": None,
            "state": DEAD if over else WAITING,
            "due_at": instants.now() + wait_after(task.attempts),
            "last_error": why[:_ERROR_CHARACTERS],
        }
        with self._database.write() as connection:
            held = connection.execute(update(tasks).where(_held(task)).values(values)).rowcount
            if held and over and buried is not None:
                buried(connection, task)

    def revive(self, connection: Connection, task_id: str) -> bool:
        """Gives a dead task another ten attempts; False where there is none."""
        dead = (tasks.c.id == task_id) & (tasks.c.state == DEAD)
        values = {"state": WAITING, "attempts": 0, "due_at": instants.now(), "lease": None}
        for call in self._woken:
            self._database.after_commit(connection, call)
        return connection.execute(update(tasks).where(dead).values(values)).rowcount == 1

    def pending(self, key: str) -> Task | None:
        """Returns the task of this key that is still to be done, or dead; None when there is none."""
        with self._database.read() as connection:
            row = connection.execute(select(tasks).where(tasks.c.key == key)).one_or_none()
        return None if row is None else _task(row)

    def page(self, state: str, *, after: str, limit: int) -> list[Task]:
        """Lists tasks in one state, oldest first, from the one after ``after`` on."""
        rows = select(tasks).where(tasks.c.state == state, tasks.c.id > after).order_by(tasks.c.id).limit(limit)
        with self._database.read() as connection:
            return [_task(row) for row in connection.execute(rows)]

    def counts(self) -> dict[str, dict[str, int]]:
        """Returns how many tasks there are, by state and kind."""
        query = select(tasks.c.state, tasks.c.kind, func.count()).group_by(tasks.c.state, tasks.c.kind)
        found: dict[str, dict[str, int]] = {WAITING: {}, DEAD: {}}
        with self._database.read() as connection:
            for state, kind, count in connection.execute(query):
                found[state][kind] = count
        return found

    def oldest_due(self) -> datetime | None:
        """Returns since when the longest waiting task is due; None when nothing waits. For the gauge of queue age."""
        due = select(func.min(tasks.c.due_at)).where(tasks.c.state == WAITING, tasks.c.due_at <= instants.now())
        with self._database.read() as connection:
            found: datetime | None = connection.scalar(due)
        return found


def _held(task: Task) -> Any:
    return (tasks.c.id == task.id) & (tasks.c.lease == task.lease)


def _require_one(count: int, task: Task) -> None:
    if count != 1:
        raise LeaseLost("lease-lost", task=task.id, kind=task.kind)


def _task(row: Row[Any]) -> Task:
    return Task(
        row.id,
        row.kind,
        row.payload,
        row.key or "",
        row.state,
        row.due_at,
        row.attempts,
        row.lease or "",
        row.last_error,
        row.created_at,
    )
