"""What protects answers and unsafe requests: headers, and the check that a request comes from our own pages."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yinji.server.errors import CrossSite

PAGE_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""For pages. ``blob:`` shows a chosen picture in the preview before it is published; it never leaves the browser."""

FILE_POLICY: Final = "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""For uploaded content: nothing in it may run or load (ASVS 5.0, 5.3.1)."""

_HEADERS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HSTS: Final = "max-age=31536000"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN: Final = frozenset({"same-origin", "none"})


def protecting_headers(*, secure: bool) -> dict[str, str]:
    """Returns the headers of every answer; ``secure`` adds HSTS."""
    return _HEADERS | ({"Strict-Transport-Security": _HSTS} if secure else {})


class SecurityHeaders:
    """Adds the protecting headers to every answer that has not set its own."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = protecting_headers(secure=secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_protected)


def refuse_cross_site(method: str, headers: Headers) -> None:
    """Passes if an unsafe request comes from our own pages, or from a program that is no browser.

    Sec-Fetch-Site decides where the browser sends it, Origin against Host where it does not. A bearer token is proof
    enough: no other site can make a browser send one.

    Raises:
        CrossSite: Another site is behind it.
    """
    if method in _SAFE_METHODS or headers.get("authorization", "").lower().startswith("bearer "):
        return
    site = headers.get("sec-fetch-site")
    if site is not None:
        if site not in _OWN:
            raise CrossSite("cross-site")
        return
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host", ""):
        raise CrossSite("cross-site")
