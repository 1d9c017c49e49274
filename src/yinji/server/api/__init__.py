"""The HTTP API, version 1.

Signing in: ``POST /v1/session`` gives a token; send it as ``Authorization: Bearer TOKEN``. The cookie of a signed-in
browser works too, from our own pages only.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from yinji.server.api import audit, check, items, session, site, statistics

ROUTERS: Final[tuple[APIRouter, ...]] = (
    session.router,
    check.router,
    items.router,
    audit.router,
    statistics.router,
    site.router,
)
"""A module for each area; its router counts once it stands here."""
