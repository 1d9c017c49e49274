"""Signing in with an account of another house: to the provider, and back with its answer."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from yinji.errors import YinjiError
from yinji.platform.errors import NotFound
from yinji.platform.oidc.door import Oidc
from yinji.server.access import platform_of
from yinji.server.pages.account import local_address, sign_in_view, signed_in
from yinji.server.pages.tables import ActionTable
from yinji.server.rendering import page

CALLBACK: Final = "/sign-in/oidc/callback"
_COOKIE: Final = "yinji-oidc"
_SECONDS: Final = 600
_MAX_TARGET: Final = 512


def begin(request: Request) -> Response:
    """Sends the browser to the provider; a cookie holds what its answer must fit."""
    target = local_address(request.query_params.get("next", ""))
    try:
        question = _door(request).begin(_redirect_uri(request))
    except YinjiError as error:
        return page(request, sign_in_view(request, target, error=error))
    answer = RedirectResponse(question.address, 303, {"Cache-Control": "no-store"})
    kept = f"{question.secret}.{target if len(target) <= _MAX_TARGET else '/'}"
    secure = request.app.state.options.secure
    answer.set_cookie(_cookie(request), kept, max_age=_SECONDS, secure=secure, httponly=True, samesite="lax")
    return answer


def finish(request: Request) -> Response:
    """Takes the provider's answer and opens a session."""
    secret, _, target = request.cookies.get(_cookie(request), "").partition(".")
    try:
        token = _door(request).finish(secret, request.query_params, _redirect_uri(request))
        answer = signed_in(request, token, target)
    except YinjiError as error:
        answer = page(request, sign_in_view(request, target, error=error))
    answer.delete_cookie(_cookie(request), secure=request.app.state.options.secure, httponly=True, samesite="lax")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _door(request: Request) -> Oidc:
    door = platform_of(request).oidc
    if door is None:
        raise NotFound("page-not-found")
    return door


def _redirect_uri(request: Request) -> str:
    return (request.app.state.platform.settings.public_url or str(request.base_url).rstrip("/")) + CALLBACK


def _cookie(request: Request) -> str:
    return f"__Host-{_COOKIE}" if request.app.state.options.secure else _COOKIE


ACTIONS: Final[ActionTable] = (
    ("GET", "/sign-in/oidc", begin),
    ("GET", CALLBACK, finish),
)
