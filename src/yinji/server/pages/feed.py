"""The feed, and the search in it."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request

from yinji.platform.model import Account, Item
from yinji.platform.picture_sizes import Size
from yinji.server import represent
from yinji.server.access import platform_of
from yinji.server.language import language_of
from yinji.server.pages.tables import PageTable
from yinji.server.present import Notice, notice_of
from yinji.server.rendering import View, environment, speech

AI_COOKIE: Final = "ai"
AI_CHOICES: Final = ("show", "dim", "fold")
_PAGE: Final = 20
_KEPT: Final = 256
"""Rendered posts in memory; one shows 600 characters of its words at most."""


def ai_preference(request: Request) -> str:
    """Returns how the reader wants to see AI content. It changes how pictures look, never a notice."""
    for value in (request.query_params.get("ai"), request.cookies.get(AI_COOKIE)):
        if value in AI_CHOICES:
            return value
    return AI_CHOICES[0]


class _Look(NamedTuple):
    """How somebody sees the feed: language, zone of time, the day it is there ("today 09:12"), AI content dimmed."""

    language: str
    zone: tzinfo
    today: date
    dim: bool


class _Shown(NamedTuple):
    """All that a post in the feed shows of an item, by the same names."""

    id: str
    author: Account
    title: str
    text: str
    filename: str
    media_type: str
    size: int
    published_at: datetime

    @classmethod
    def of(cls, item: Item) -> _Shown:
        return cls(
            item.id,
            item.author,
            item.title,
            item.text,
            item.filename,
            item.media_type,
            item.size,
            item.published_at,
        )


def feed(request: Request) -> View:
    """The newest items, or those that a search finds."""
    query = request.query_params.get("q", "").strip()
    cursor = request.query_params.get("cursor") or None
    page = platform_of(request).feed(cursor=cursor, limit=_PAGE, query=query)
    data = {"items": [represent.item(row) for row in page.rows], "next_cursor": page.next_cursor, "query": query}
    twin = "/feed.json" + (f"?{urlencode({'q': query})}" if query else "")
    sizes, ai = platform_of(request).picture_sizes, ai_preference(request)
    zone = request.app.state.options.zone
    look = _Look(language_of(request), zone, datetime.now(zone).date(), ai == "dim")
    posts: list[dict[str, Any]] = []
    for row in page.rows:
        notice = notice_of(row.report)
        article = _article(look, _Shown.of(row), notice, sizes.of(row), lazy=bool(posts))
        posts.append({"notice": notice, "article": article})
    context = {"posts": posts, "older": _older(query, page.next_cursor), "ai": ai, "twin_address": twin}
    return View("feed.html", data, context)


@lru_cache(maxsize=_KEPT)
def _article(look: _Look, item: _Shown, notice: Notice | None, size: Size | None, *, lazy: bool) -> Markup:
    """Returns one post; those that look alike are rendered once."""
    values = {"item": item, "n": notice, "size": size, "lazy": lazy, "dim": look.dim}
    html = environment().get_template("feed_post.html").render({**speech(look.language, look.zone), **values})
    return Markup(html)  # noqa: S704 - a template of ours, with escaping on


def _older(query: str, cursor: str | None) -> str:
    if cursor is None:
        return ""
    return "/?" + urlencode(({"q": query} if query else {}) | {"cursor": cursor})


PAGES: Final[PageTable] = (("/", "/feed.json", feed),)
