"""An item on somebody else's page: the work in its mount with the notice, in a frame or as oEmbed (R87)."""

from __future__ import annotations

import re
from html import escape
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.platform.errors import NotFound
from yinji.platform.model import Item
from yinji.server import represent
from yinji.server.access import platform_of
from yinji.server.language import language_of
from yinji.server.pages.tables import ActionTable
from yinji.server.present import notice_of
from yinji.server.rendering import View, page
from yinji.server.security import PAGE_POLICY

_FRAMED: Final = {
    "Content-Security-Policy": PAGE_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *"),
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cross-Origin-Opener-Policy": "unsafe-none",
}
"""Any page may frame this one; it has no forms and shows nothing that depends on who is signed in."""

_ITEM: Final = re.compile(r"/items/([0-9a-f-]{36})/?")
_WIDTH: Final = 640
_HEIGHT: Final = 560


def embed(request: Request) -> Response:
    """The frame."""
    item = platform_of(request).item(request.path_params["item_id"])
    response = page(request, _view(request, item))
    response.headers.update(_FRAMED)
    return response


def oembed(request: Request) -> Response:
    """Answers with an oEmbed 1.0 document for the address of an item; the notice is in its title and in the frame.

    Raises:
        NotFound: The address is not that of an item here.
    """
    match = _ITEM.fullmatch(urlsplit(request.query_params.get("url", "")[:2048]).path)
    if match is None:
        raise NotFound("item-not-found")
    item = platform_of(request).item(match[1])
    title = _title(item, language_of(request))
    frame = escape(f"{site_of(request)}/embed/items/{item.id}")
    html = f'<iframe src="{frame}" width="{_WIDTH}" height="{_HEIGHT}" title="{escape(title)}" loading="lazy"></iframe>'
    answer = {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "author_name": item.author.display_name or item.author.name,
        "provider_name": request.app.state.site_name.pick(language_of(request)),
        "provider_url": site_of(request),
        "html": html,
        "width": _WIDTH,
        "height": _HEIGHT,
    }
    return JSONResponse(
        answer, headers={"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    )


def _view(request: Request, item: Item) -> View:
    address = f"{site_of(request)}/items/{item.id}"
    context: dict[str, Any] = {"item": item, "n": notice_of(item.report), "address": address}
    return View("embed.html", represent.item(item), context)


def _title(item: Item, language: str) -> str:
    """Returns the item's title with its notice: whoever shows only the title shows the notice too."""
    name = item.title or item.filename or item.text[:60]
    notice = notice_of(item.report)
    return f"{name} · {notice.short.pick(language)}" if notice else name


def site_of(request: Request) -> str:
    """Returns the address of this site as others reach it, without a slash at the end."""
    settings = platform_of(request).settings
    return settings.public_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"


ACTIONS: Final[ActionTable] = (
    ("GET", "/embed/items/{item_id}", embed),
    ("GET", "/oembed", oembed),
)
