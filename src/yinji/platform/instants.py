"""Times, UTC RFC 3339, and numbers that sort by them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from uuid import UUID

_PLAYED: ContextVar[timedelta | None] = ContextVar("played", default=None)


def now() -> datetime:
    """Returns the present, in UTC."""
    played = _PLAYED.get()
    return datetime.now(UTC) if played is None else datetime.now(UTC) + played


@contextmanager
def playing(at: datetime) -> Iterator[None]:
    """Has the present begin at ``at`` and go on from there, for whatever this thread does in the block.

    For what a demo plays, and says it plays. Whoever plays several times keeps them in order, since the log does.
    """
    token = _PLAYED.set(at - datetime.now(UTC))
    try:
        yield
    finally:
        _PLAYED.reset(token)


def to_text(at: datetime) -> str:
    """Writes a time with six decimals, so that texts sort as times do."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def from_text(text: str) -> datetime:
    """Reads a time that :func:`to_text` wrote."""
    return datetime.fromisoformat(text)


def uuid7() -> str:
    """Returns a version 7 UUID: milliseconds, then their fraction in 12 bits (RFC 9562 section 6.2 method 3)."""
    nanoseconds = time.time_ns()
    if (played := _PLAYED.get()) is not None:
        nanoseconds += round(played.total_seconds() * 1e9)
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = (rest << 12) // 1_000_000
    number = (milliseconds & (1 << 48) - 1) << 80
    number |= 0x7 << 76 | fraction << 64
    number |= 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=number))


def uuid7_floor(at: datetime) -> str:
    """Returns what every version 7 UUID made at that time or later is above, and every earlier one below."""
    return str(UUID(int=int(at.timestamp() * 1000) << 80))
