"""What the bar at the top of every page leads to: one line a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from yinji.platform.permissions import Permission
from yinji.server.access import may, viewer_of


@dataclass(frozen=True, slots=True)
class Place:
    """One entry.

    Attributes:
        address: Where it leads.
        icon: Name in ``icons.html``.
        words: Key of its name.
        need: Who sees it; None for everybody.
        invites: Visitors see it as well: the page then asks them to sign in.
    """

    address: str
    icon: str
    words: str
    need: Permission | None = None
    invites: bool = False


PLACES: Final = (
    Place("/", "home", "site.home"),
    Place("/publish", "plus", "site.publish", Permission.ITEM_PUBLISH, invites=True),
    Place("/verify", "verify", "site.verify"),
    Place("/review", "scale", "site.review", Permission.QUEUE_READ),
    Place("/statistics", "chart", "site.statistics", Permission.STATISTICS_READ),
    Place("/admin", "gear", "site.admin", Permission.POLICY_READ),
    Place("/audit", "list", "site.audit", Permission.AUDIT_READ),
)


def places(request: Request) -> tuple[Place, ...]:
    """Returns the entries for whoever asks."""
    visitor = viewer_of(request) is None
    return tuple(p for p in PLACES if p.need is None or may(request, p.need) or (visitor and p.invites))
