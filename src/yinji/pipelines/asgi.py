"""ASGI: every page that an application answers with carries the interface label (GB 45438-2025 5.6, Measures Art. 4).

::

    from yinji.pipelines.asgi import InterfaceLabel

    app.add_middleware(InterfaceLabel)  # Starlette, FastAPI
    app = InterfaceLabel(app, paths=("/chat",))  # any ASGI application

A bar with the label becomes the first thing in the body of every HTML page, and answers of JSON and of event streams
carry a header; see docs/interface.md. Nothing but the standard library is needed.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from html import escape
from typing import Any, Final

from yinji.errors import UsageError
from yinji.marks.interface import component
from yinji.marks.interface.words import ALL, TIERS, said

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

HEADER: Final = b"yinji-label"
"""Tells programs what the bar tells people: ``tier=is``."""
PLACES: Final = ("top", "bottom")
_SEEN: Final = "yinji.interface-label"
_LONGEST_HEAD: Final = 256 * 1024
_TAGS: Final = re.compile(
    rb"""<!--.*?(?:-->|\Z)|<(script|style|title|textarea|template|noscript)\b.*?(?:</\1\s*>|\Z)
    |(?P<body><body\b(?:"[^"]*"|'[^']*'|[^>"'])*>)""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_HEAD_END: Final = re.compile(rb"</head\s*>", re.IGNORECASE)
_DOCUMENT: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype|html)\b", re.DOTALL | re.IGNORECASE)
_PRESENT: Final = re.compile(rb"\s*<yinji-label\b", re.IGNORECASE)
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_NOT_ASCII: Final = re.compile(r"utf-?(?:16|32|7)|ucs|iso-2022|hz-gb|cp037|ebcdic", re.IGNORECASE)
_NONCE: Final = re.compile(rb"(?:script-src(?:-elem)?|default-src)[^;]*'nonce-([A-Za-z0-9+/_=-]+)'", re.IGNORECASE)
_NO_LONGER_TRUE: Final = frozenset({b"content-md5", b"digest", b"content-digest", b"repr-digest", b"accept-ranges"})
_LOG: Final = logging.getLogger(__name__)


class InterfaceLabel:
    """Adds the label to what an application answers with.

    Args:
        app: The application.
        language: ``zh``, ``en`` or ``both``; "" for the language that each page says it is in.
        place: ``top`` or ``bottom`` of the window.
        tier: ``is``, ``may`` or ``suspected``.
        paths: Beginnings of the paths that are labelled; empty for all.
        href: A page that says where the content comes from.
        address: Where the component is served; each version of it has an address of its own below this.

    Raises:
        UsageError: No such language, place or tier.
    """

    def __init__(
        self,
        app: App,
        *,
        language: str = "",
        place: str = "top",
        tier: str = "is",
        paths: Sequence[str] = (),
        href: str = "",
        address: str = "/.yinji",
    ) -> None:
        if place not in PLACES:
            raise UsageError("no-such-place", place=place, places=", ".join(PLACES))
        if tier not in TIERS:
            raise UsageError("no-such-tier", tier=tier, tiers=", ".join(TIERS))
        self._app = app
        self._paths = tuple(paths)
        self._script = f"{address.rstrip('/')}/{component.digest()}/{component.NAME}"
        words = said(ALL if tier == "is" else TIERS[tier], language or "zh")
        attributes = {"variant": "bar", "place": place, "tier": tier, "language": language, "href": href}
        told = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items() if value)
        spoken = "en" if language == "en" else "zh-CN"
        # Character references stand in any encoding that holds ASCII.
        self._label = f'<yinji-label{told}><span lang="{spoken}">{escape(words)}</span></yinji-label>'.encode(
            "ascii", "xmlcharrefreplace"
        )
        self._header = (HEADER, f"tier={tier}".encode())
        self._version = f"-yl{component.digest()[:8]}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the component itself, passes what is not for it, and labels the rest."""
        if scope["type"] != "http" or scope.get(_SEEN):
            await self._app(scope, receive, send)
            return
        path = str(scope.get("path", ""))
        if path == str(scope.get("root_path", "")) + self._script or path == self._script:
            await _answer_script(scope, send)
            return
        if self._paths and not path.startswith(self._paths):
            await self._app(scope, receive, send)
            return
        inner = {**scope, _SEEN: True, "headers": [self._asked(*pair) for pair in scope.get("headers", [])]}
        script = str(scope.get("root_path", "")) + self._script
        await self._app(inner, receive, _Labeller(self, scope, send, script))

    def _asked(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        """Gives an application its own validators back; those of another version of the label are none of its."""
        return (
            (name, value.replace(self._version, b""))
            if name.lower() in (b"if-none-match", b"if-match")
            else (name, value)
        )

    def insertion(self, script: str, headers: Headers) -> bytes:
        """Returns the label and the element that loads the component, by the policy of the page."""
        policy = b"; ".join(value for name, value in headers if name.lower() == b"content-security-policy")
        nonce = _NONCE.search(policy)
        allowed = b' nonce="' + nonce[1] + b'"' if nonce else b""
        source = escape(script).encode("ascii", "xmlcharrefreplace")
        return self._label + b'<script type="module" src="' + source + b'"' + allowed + b"></script>"

    def answered(self, headers: Headers) -> Headers:
        """Returns the headers of a labelled answer."""
        return [*((n, v) for n, v in headers if n.lower() != HEADER), self._header]

    def page(self, headers: Headers, growth: int) -> Headers:
        """Returns the headers of a page that has grown."""
        new: Headers = []
        for name, value in headers:
            lower = name.lower()
            if lower == b"content-length" and value.isdigit():
                value = str(int(value) + growth).encode()
            elif lower == b"etag" and value.endswith(b'"'):
                value = value[:-1] + self._version + b'"'
            if lower not in _NO_LONGER_TRUE:
                new.append((name, value))
        return new


class _Labeller:
    """The ``send`` of one answer: holds the start back until it is known whether the page grows."""

    def __init__(self, owner: InterfaceLabel, scope: Scope, send: Send, script: str) -> None:
        self._owner = owner
        self._scope = scope
        self._send = send
        self._script = script
        self._start: Message | None = None
        self._held = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] == "http.response.body" and self._start is not None:
            await self._body(message)
        else:
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        headers: Headers = [(bytes(n), bytes(v)) for n, v in message.get("headers", [])]
        kind = _first(headers, b"content-type").partition(";")[0].strip().lower()
        if kind not in ("text/html", "application/xhtml+xml"):
            labelled = kind in ("application/json", "text/event-stream", "text/plain") or kind.endswith("+json")
            await self._send({**message, "headers": self._owner.answered(headers) if labelled else headers})
            return
        message = {**message, "headers": self._owner.answered(headers)}
        if kind != "text/html" or (why := _untouchable(self._scope, message["status"], headers)):
            if kind != "text/html" or why not in ("", "status"):
                _LOG.warning("no label on %s: %s", self._scope.get("path"), why if kind == "text/html" else kind)
            await self._send(message)
            return
        if self._scope.get("method") == "HEAD":
            # Of a page nobody made, the length is not known.
            kept = [(n, v) for n, v in message["headers"] if n.lower() != b"content-length"]
            await self._send({**message, "headers": self._owner.page(kept, 0)})
            return
        self._start = message

    async def _body(self, message: Message) -> None:
        self._held += message.get("body", b"")
        more = bool(message.get("more_body", False))
        if more and len(self._held) < _LONGEST_HEAD and _place(self._held, ended=False) is None:
            return
        start, self._start = self._start, None
        assert start is not None
        at = _place(self._held, ended=True)
        if at is not None and not _PRESENT.match(self._held, at):
            new = self._owner.insertion(self._script, start["headers"])
            self._held = self._held[:at] + new + self._held[at:]
            start = {**start, "headers": self._owner.page(start["headers"], len(new))}
        await self._send(start)
        held, self._held = self._held, b""
        await self._send({"type": "http.response.body", "body": held, "more_body": more})


def label_field(tier: str = "is", language: str = "zh") -> dict[str, str]:
    """Returns the member ``yinji_label`` of a JSON answer, for clients that show the label beside it.

    Raises:
        UsageError: No such tier or language.
    """
    if tier not in TIERS:
        raise UsageError("no-such-tier", tier=tier, tiers=", ".join(TIERS))
    return {"tier": tier, "language": language, "words": said(TIERS[tier], language)}


def label_event(tier: str = "is", language: str = "zh") -> str:
    """Returns the server-sent event ``label`` with which a stream begins, before its first word.

    Raises:
        UsageError: No such tier or language.
    """
    return f"event: label\ndata: {json.dumps(label_field(tier, language), ensure_ascii=False)}\n\n"


def _untouchable(scope: Scope, status: int, headers: Headers) -> str:
    """Says why a page is left as it is, or nothing."""
    charset = _CHARSET.search(_first(headers, b"content-type"))
    if status < 200 or status in (204, 205, 206, 304):
        return "status"
    if _first(headers, b"content-encoding").strip().lower() not in ("", "identity"):
        return "compressed before this middleware; add the compression outside it"
    if charset is not None and _NOT_ASCII.match(charset[1]):
        return f"charset {charset[1]}"
    if "no-transform" in _first(headers, b"cache-control").lower():
        return "Cache-Control: no-transform"
    if _first(headers, b"content-disposition").strip().lower().startswith("attachment"):
        return "a download; label the file itself"
    return ""


def _place(data: bytes, *, ended: bool) -> int | None:
    """Returns where the body begins; of a whole document without a body element, where its head ends."""
    for found in _TAGS.finditer(data):
        if found["body"] is not None:
            rest = data[found.end() :].lstrip()
            # What may become a label of ours is waited for, so that no second one is put before it.
            waits = not ended and rest and b"<yinji-label".startswith(rest)
            return None if waits else found.end()
    if not ended or not _DOCUMENT.match(data):
        return None
    head = _HEAD_END.search(data)
    return head.end() if head else None


def _first(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")


async def _answer_script(scope: Scope, send: Send) -> None:
    body = component.script()
    headers = [
        (b"content-type", component.MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"public, max-age=31536000, immutable"),
        (b"x-content-type-options", b"nosniff"),
    ]
    known = scope.get("method") in ("GET", "HEAD")
    await send({"type": "http.response.start", "status": 200 if known else 405, "headers": headers if known else []})
    await send({"type": "http.response.body", "body": body if scope.get("method") == "GET" else b""})
