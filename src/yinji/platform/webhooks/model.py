"""Endpoints and deliveries as values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row

from yinji.errors import UsageError
from yinji.platform import instants

ACTIVE: Final = "active"
DISABLED: Final = "disabled"
PENDING: Final = "pending"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"

_PATTERN: Final = re.compile(r"\*|[a-z_]{1,32}\.(\*|[a-z_]{1,32})")
_MOST_PATTERNS: Final = 50


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Somebody who is told.

    Attributes:
        events: Which: ``item.published``, ``item.*``, ``*``.
        state: ``active`` or ``disabled``.
        position: Index in the audit log of the next entry to look at.
        failing_since: Since when no attempt succeeded; None while they do.
        secret: Only where it was just made: it is shown once.
    """

    id: str
    url: str
    events: tuple[str, ...]
    state: str
    position: int
    failing_since: datetime | None
    created_at: datetime
    secret: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON; the secret where it is to be shown."""
        shown = {
            "id": self.id,
            "url": self.url,
            "events": list(self.events),
            "state": self.state,
            "position": self.position,
            "failing_since": instants.to_text(self.failing_since) if self.failing_since else None,
            "created_at": instants.to_text(self.created_at),
        }
        return shown | ({"secret": self.secret} if self.secret else {})


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint.

    Attributes:
        id: Goes out as ``webhook-id``, the same for every attempt.
        position: Index of the event in the audit log.
        state: ``pending``, ``delivered`` or ``failed``.
        status: HTTP status of the last attempt; None where no answer came.
        error: Why no answer came.
    """

    id: str
    endpoint_id: str
    position: int
    event: str
    state: str
    attempts: int
    status: int | None
    error: str
    updated_at: datetime

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "updated_at": instants.to_text(self.updated_at)
        }


def checked_events(events: object) -> tuple[str, ...]:
    """Passes a choice of events.

    Raises:
        UsageError: None, too many, or something that is no name of events.
    """
    if not isinstance(events, list | tuple) or not 0 < len(events) <= _MOST_PATTERNS:
        raise UsageError("webhook-events")
    if any(not isinstance(event, str) or not _PATTERN.fullmatch(event) for event in events):
        raise UsageError("webhook-events")
    return tuple(dict.fromkeys(events))


def wants(events: tuple[str, ...], event: str) -> bool:
    """Tells whether an event was chosen."""
    return "*" in events or event in events or f"{event.partition('.')[0]}.*" in events


def endpoint_of(row: Row[Any], secret: str = "") -> Endpoint:
    """Builds the value from its row."""
    return Endpoint(
        row.id, row.url, tuple(row.events), row.state, row.position, row.failing_since, row.created_at, secret
    )


def delivery_of(row: Row[Any]) -> Delivery:
    """Builds the value from its row."""
    return Delivery(**{name: getattr(row, name) for name in Delivery.__slots__})
