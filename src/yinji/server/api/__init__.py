"""The HTTP API, version 1.

Signing in: make an API key on your account's page, or have ``POST /v1/session`` give a token, and send either as
``Authorization: Bearer …`` (a key also as ``X-API-Key``). The cookie of a signed-in
browser works too, from our own pages only.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from yinji.server.api import (
    agreements,
    appeals,
    audit,
    check,
    export,
    items,
    keys,
    operator,
    queues,
    reports,
    session,
    site,
    soft_bindings,
    statistics,
    vocabularies,
    webhooks,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    session.router,
    keys.router,
    check.router,
    soft_bindings.router,
    items.router,
    agreements.router,
    reports.router,
    queues.router,
    appeals.router,
    audit.router,
    export.router,
    statistics.router,
    operator.router,
    vocabularies.router,
    webhooks.router,
    site.router,
)
"""A module for each area; its router counts once it stands here."""
