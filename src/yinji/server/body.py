"""Bounds on every request body: how long it may be, and how slowly it may come (ASVS 5.0, 5.2.1)."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yinji.errors import LimitExceeded
from yinji.server.errors import BodyTooSlow
from yinji.server.options import ServerOptions


class BoundedBody:
    """Counts a body while it arrives, and refuses it while it arrives.

    Args:
        app: What is guarded.
        options: The bounds in time.
        limit_of: Gives the most bytes that the body of a request may have.
    """

    def __init__(self, app: ASGIApp, options: ServerOptions, limit_of: Callable[[Scope], int]) -> None:
        self._app = app
        self._options = options
        self._limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guard = _Guard(receive, self._options, self._limit_of(scope), _announced(scope))
        await self._app(scope, guard.receive, send)


def _announced(scope: Scope) -> int:
    """Returns the Content-Length, or 0 where none is given (the server has already checked its form)."""
    value = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
    return int(value) if value.isdigit() else 0


class _Guard:
    def __init__(self, receive: Receive, options: ServerOptions, limit: int, announced: int) -> None:
        self._receive = receive
        self._options = options
        self._limit = limit
        self._announced = announced
        self._taken = 0
        self._began = time.monotonic()
        self._ended = False

    async def receive(self) -> Message:
        if self._ended:
            return await self._receive()
        if self._announced > self._limit:
            await self._refuse()
        message = await self._next(self._options.idle_seconds)
        if message["type"] != "http.request":
            return message
        self._taken += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._taken > self._limit:
            await self._refuse()
        elapsed = time.monotonic() - self._began - self._options.grace_seconds
        if not self._ended and elapsed > 0 and self._taken < elapsed * self._options.least_rate:
            raise BodyTooSlow("body-too-slow")
        return message

    async def _next(self, seconds: float) -> Message:
        try:
            with anyio.fail_after(seconds):
                return await self._receive()
        except TimeoutError:
            raise BodyTooSlow("body-too-slow") from None

    async def _refuse(self) -> None:
        """Throws away what is still on its way, within bounds, then refuses."""
        await self.drain()
        raise LimitExceeded("body-too-large", limit=_megabytes(self._limit))

    async def drain(self) -> None:
        left = self._options.drain_bytes
        with anyio.move_on_after(self._options.drain_seconds):
            while left > 0 and not self._ended:
                message = await self._receive()
                left -= len(message.get("body", b""))
                self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        self._ended = True


def _megabytes(count: int) -> str:
    return f"{count / 1024 / 1024:g} MB"
