"""What the bar at the top of every page leads to: one line a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from yinji.platform.permissions import Permission
from yinji.server.access import may


@dataclass(frozen=True, slots=True)
class Place:
    """One entry.

    Attributes:
        address: Where it leads.
        icon: Name in ``icons.html``.
        words: Key of its name.
        need: Who sees it; None for everybody, also where the page itself then asks to sign in.
    """

    address: str
    icon: str
    words: str
    need: Permission | None = None


PLACES: Final = (
    Place("/", "home", "site.home"),
    Place("/publish", "plus", "site.publish"),
    Place("/verify", "verify", "site.verify"),
    Place("/review", "scale", "site.review", Permission.QUEUE_READ),
    Place("/statistics", "chart", "site.statistics", Permission.STATISTICS_READ),
    Place("/admin", "gear", "site.admin", Permission.POLICY_READ),
    Place("/audit", "list", "site.audit", Permission.AUDIT_READ),
)


def places(request: Request) -> tuple[Place, ...]:
    """Returns the entries for whoever asks."""
    return tuple(place for place in PLACES if place.need is None or may(request, place.need))
