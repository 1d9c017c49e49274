"""Group commit: what arrives while one transaction waits for the disk goes into the next one, together.

Whoever comes first leads: it carries out everything that waits, its own job among it, in one transaction, and hands the
lead to the first that came meanwhile. Nobody waits for a timer, and somebody alone is served at once. Each job is
answered after the commit that holds it, never before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from sqlalchemy import Connection

from yinji.platform.errors import Unavailable

if TYPE_CHECKING:
    from yinji.platform.database import Database

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")

MOST: Final = 32
"""Jobs in one transaction, so that nobody waits long for others."""


class _Waiting(Generic[Job, Outcome]):
    """One job and the thread that waits for it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.woken = threading.Event()
        self.ended = False
        self.outcome: Outcome | None = None
        self.error: BaseException | None = None


class Grouped(Generic[Job, Outcome]):
    """Carries out jobs in common transactions.

    Args:
        database: Where.
        carry_out: Does some jobs in a writing transaction and returns what came of each, in order. It may be called
            again for the same jobs after a transaction that failed.
    """

    def __init__(self, database: Database, carry_out: Callable[[Connection, Sequence[Job]], Sequence[Outcome]]) -> None:
        self._database = database
        self._carry_out = carry_out
        self._guard = threading.Lock()
        self._waiting: list[_Waiting[Job, Outcome]] = []
        self._led = False

    def do(self, job: Job) -> Outcome:
        """Returns what came of a job, once it is durable.

        A job that fails fails alone: those beside it are carried out one by one.

        Raises:
            YinjiError: Whatever the job itself raises, or the database.
        """
        mine: _Waiting[Job, Outcome] = _Waiting(job)
        with self._guard:
            self._waiting.append(mine)
            leads, self._led = not self._led, True
        if not leads:
            mine.woken.wait()
        if not mine.ended:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.outcome  # type: ignore[return-value]  # no error, so there is an outcome

    def _lead(self) -> None:
        with self._guard:
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        try:
            self._together(group)
        except BaseException as error:
            for one in group:
                one.error = one.error or error
            raise
        finally:
            for one in group:
                one.ended = True
                one.woken.set()
            with self._guard:
                heir = self._waiting[0] if self._waiting else None
                self._led = heir is not None
            if heir is not None:
                heir.woken.set()

    def _together(self, group: list[_Waiting[Job, Outcome]]) -> None:
        try:
            with self._database.write() as connection:
                outcomes = self._carry_out(connection, [one.job for one in group])
        except Exception as error:
            if len(group) == 1 or (isinstance(error, Unavailable) and not self._database.answers()):
                for one in group:
                    one.error = error
                return
            for one in group:
                self._together([one])
            return
        for one, outcome in zip(group, outcomes, strict=True):
            one.outcome = outcome
