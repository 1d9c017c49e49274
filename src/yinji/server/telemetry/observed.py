"""The outermost layer of the application: times every request and tells metrics, log and trace of it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yinji.platform import instants
from yinji.server.telemetry import traces
from yinji.server.telemetry.logs import RequestLog
from yinji.server.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNMATCHED: Final = "(none)"
_CLIENT_LEFT: Final = 499


class Observed:
    """Wraps the application. A caller's ``X-Request-Id`` is kept, else one is made; every answer carries it."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, log: RequestLog | None, tracer: Tracer | None) -> None:
        self._app = app
        self._metrics = metrics
        self._log = log
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        sent = headers.get("x-request-id", "")
        request_id = sent if _ID.fullmatch(sent) else instants.uuid7()
        method = scope["method"] if scope["method"] in _METHODS else "other"
        span = traces.begin(self._tracer, method, headers) if self._tracer else None
        status = _CLIENT_LEFT

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        self._metrics.begun()
        began = time.perf_counter()
        try:
            await self._app(scope, receive, send_named)
        except Exception:
            status = 500
            raise
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", _UNMATCHED)
            self._metrics.ended(method, route, status, seconds)
            if span is not None:
                traces.end(span, method, route, status)
            self._tell(scope, request_id, method, route, status, seconds)

    def _tell(self, scope: Scope, request_id: str, method: str, route: str, status: int, seconds: float) -> None:
        if self._log is None:
            return
        viewer = scope.get("state", {}).get("viewer")
        tell = self._log.error if status >= 500 else self._log.info
        tell(
            "request",
            request_id=request_id,
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            account=viewer.id if viewer else None,
        )
