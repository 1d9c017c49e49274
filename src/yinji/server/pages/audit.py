"""The audit log, for those who may read it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from yinji.server import represent
from yinji.server.access import platform_of
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View, page

_PAGE: Final = 50


def audit(request: Request) -> View:
    """The newest entries."""
    return _view(request, None)


def verify(request: Request) -> Response:
    """Recomputes the whole chain and shows its end."""
    return page(request, _view(request, platform_of(request).audit_verify()))


def _view(request: Request, verified: tuple[int, str] | None) -> View:
    found = platform_of(request).audit_entries(cursor=request.query_params.get("cursor") or None, limit=_PAGE)
    data: dict[str, Any] = {
        "entries": [represent.audit_entry(entry) for entry in found.rows],
        "next_cursor": found.next_cursor,
    }
    older = "/audit?" + urlencode({"cursor": found.next_cursor}) if found.next_cursor else ""
    return View("audit.html", data, {"entries": found.rows, "verified": verified, "older": older})


PAGES: Final[PageTable] = (("/audit", "/audit.json", audit),)
ACTIONS: Final[ActionTable] = (("POST", "/audit", verify),)
