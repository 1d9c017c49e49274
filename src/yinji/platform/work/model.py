"""What a task is, and what does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from yinji.errors import StorageError

if TYPE_CHECKING:
    from yinji.platform.work.run import Run

WAITING: Final = "waiting"
DEAD: Final = "dead"


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work.

    Attributes:
        kind: Which handler does it.
        payload: What the handler needs to know: references, JSON values.
        key: Two tasks of one key are one, until it is done; "" for none.
        state: ``waiting`` (or being done), ``dead`` (given up; somebody has to look).
        due_at: Not before then; for a task being done, when its lease ends.
        attempts: How often it was begun.
        lease: Whose it is now; "" when nobody's.
        last_error: Why the attempt before failed, for operators.
    """

    id: str
    kind: str
    payload: dict[str, Any] = field(hash=False)
    key: str
    state: str
    due_at: datetime
    attempts: int
    lease: str
    last_error: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Handler:
    """What does the tasks of one kind.

    Attributes:
        run: Does the task; may be called again for a task that it had begun, or even ended but not yet said so.
        buried: Called in the transaction that gives the task up, where others must be told.
        at_once: How many a pool does at a time; None for as many as it has threads. Kinds with a bound come after the
            others.
    """

    run: Callable[[Run], None]
    buried: Callable[[Connection, Task], None] | None = None
    at_once: int | None = None


Handlers = Mapping[str, Handler]


class LeaseLost(StorageError):
    """Another process does this task now, since this one was not heard of for too long."""
