"""The lean path: what programs call most is answered without routing, dependencies and validation in between.

The same functions answer as behind the routes, which stay for the description of the API and for servers that are
mounted below another path; so both ways give the same answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from yinji.errors import YinjiError
from yinji.server.api import check, items

Operation = Callable[[Request], Awaitable[Response]]

OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("POST", "/v1/items"): items.publish,
    ("POST", "/v1/check"): check.look,
}


@dataclass(frozen=True, slots=True)
class _Route:
    """What permissions and metrics ask of a route."""

    path: str


class LeanPath:
    """Answers :data:`OPERATIONS` and hands everything else on.

    Args:
        app: What answers everything else.
        answer_error: Turns what was raised into an answer; faults of ours go on to the outermost layer.
    """

    def __init__(self, app: ASGIApp, answer_error: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        self._app = app
        self._answer_error = answer_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = OPERATIONS.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if operation is None or scope.get("root_path"):
            await self._app(scope, receive, send)
            return
        scope["route"] = _Route(scope["path"])
        request = Request(scope, receive)
        try:
            response = await operation(request)
        except ClientDisconnect:
            response = Response(status_code=400)  # nobody reads it
        except YinjiError as error:
            response = await self._answer_error(request, error)
        await response(scope, receive, send)
