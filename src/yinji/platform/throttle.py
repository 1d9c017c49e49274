"""Fewer and fewer attempts to sign in with one name, counted in the database so that a restart forgives nothing."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, delete, select, update

from yinji.platform import instants
from yinji.platform.errors import TooManyAttempts
from yinji.platform.schema import sign_in_attempts as attempts

if TYPE_CHECKING:
    from yinji.platform.database import Database

FREE: Final = 5
"""Attempts before the first wait."""

_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(minutes=15)
_FORGOTTEN: Final = timedelta(hours=24)
_CLOCKS_APART: Final = timedelta(minutes=1)
"""A wait that is longer by more than this was set before the clock went back, and counts no more."""


def _digest(name_key: str) -> str:
    """People mistype passwords into the field for the name, so names tried are not kept as they are."""
    return hashlib.sha256(name_key.encode("utf-8", "surrogatepass")).hexdigest()


def wait_after(failures: int) -> timedelta:
    """Returns how long to wait after so many failures in a row: nothing, then 30 s, doubling up to 15 minutes."""
    if failures < FREE:
        return timedelta(0)
    doublings = min(failures - FREE, 16)
    return min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)


class Throttle:
    """Counts an attempt before the password is looked at: guesses made at the same moment count like all others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def admit(self, name_key: str) -> int:
        """Counts one attempt.

        Returns:
            Attempts in a row, this one included.

        Raises:
            TooManyAttempts: Not yet; ``details["seconds"]`` says how long to wait.
        """
        key, arrived = _digest(name_key), instants.now()
        with self._database.write() as connection:
            first = {"name_sha256": key, "failures": 0, "last_at": arrived, "next_at": arrived}
            self._database.insert_new(connection, attempts, first)
            row = connection.execute(select(attempts).where(attempts.c.name_sha256 == key).with_for_update()).one()
            now = instants.now()  # whoever waited for the row is not judged by the time of its arrival
            if row.next_at > now:
                left, wait = row.next_at - now, wait_after(row.failures)
                if wait and left <= wait + _CLOCKS_APART:
                    raise TooManyAttempts("too-many-attempts", seconds=ceil(left.total_seconds()))
            failures = 1 if now - row.last_at > _FORGOTTEN else int(row.failures) + 1
            connection.execute(
                update(attempts)
                .where(attempts.c.name_sha256 == key)
                .values(failures=failures, last_at=now, next_at=now + wait_after(failures))
            )
        return failures

    def forgive(self, connection: Connection, name_key: str) -> None:
        """Starts counting anew after a right password."""
        connection.execute(delete(attempts).where(attempts.c.name_sha256 == _digest(name_key)))

    def expire(self, connection: Connection) -> None:
        connection.execute(delete(attempts).where(attempts.c.last_at < instants.now() - _FORGOTTEN))
