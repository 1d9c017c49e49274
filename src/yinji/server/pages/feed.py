"""The feed, and the search in it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request

from yinji.server import represent
from yinji.server.access import platform_of
from yinji.server.pages.tables import PageTable
from yinji.server.present import notice_of
from yinji.server.rendering import View

AI_COOKIE: Final = "ai"
AI_CHOICES: Final = ("show", "dim", "fold")
_PAGE: Final = 20


def ai_preference(request: Request) -> str:
    """Returns how the reader wants to see AI content. It changes how pictures look, never a notice."""
    for value in (request.query_params.get("ai"), request.cookies.get(AI_COOKIE)):
        if value in AI_CHOICES:
            return value
    return AI_CHOICES[0]


def feed(request: Request) -> View:
    """The newest items, or those that a search finds."""
    query = request.query_params.get("q", "").strip()
    cursor = request.query_params.get("cursor") or None
    page = platform_of(request).feed(cursor=cursor, limit=_PAGE, query=query)
    data = {"items": [represent.item(row) for row in page.rows], "next_cursor": page.next_cursor, "query": query}
    sizes = platform_of(request).picture_sizes
    twin = "/feed.json" + (f"?{urlencode({'q': query})}" if query else "")
    context = {
        "posts": [{"item": row, "notice": notice_of(row.report), "size": sizes.of(row)} for row in page.rows],
        "older": _older(query, page.next_cursor),
        "ai": ai_preference(request),
        "twin_address": twin,
    }
    return View("feed.html", data, context)


def _older(query: str, cursor: str | None) -> str:
    if cursor is None:
        return ""
    return "/?" + urlencode(({"q": query} if query else {}) | {"cursor": cursor})


PAGES: Final[PageTable] = (("/", "/feed.json", feed),)
