"""Signing in with an account of another house and back, connecting it to an account here, and signing out there."""

from __future__ import annotations

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from yinji.errors import YinjiError
from yinji.platform.errors import NotFound, NotSignedIn, Unavailable
from yinji.platform.oidc.door import Oidc
from yinji.server.access import author_of, platform_of, viewer_of
from yinji.server.intake import receive_form
from yinji.server.pages.account import account_view, local_address, sign_in_view, signed_in
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View, page, see_other

CALLBACK: Final = "/sign-in/oidc/callback"
FAREWELL: Final = "/sign-out/done"
_ASKED: Final = "yinji-oidc"
_CONNECTING: Final = "yinji-oidc-connect"
_SAID: Final = "yinji-oidc-said"
_SIGN_OUT: Final = "/sign-out"
_SECONDS: Final = 600
_MAX_TARGET: Final = 512
_MAX_SAID: Final = 3500
"""Characters of a token that a cookie holds; without a longer one the provider asks before it signs anybody out."""


def begin(request: Request) -> Response:
    """Sends the browser to the provider; a cookie holds what its answer must fit."""
    target = local_address(request.query_params.get("next", ""))
    try:
        question = _door(request).begin(_here(request, CALLBACK))
    except YinjiError as error:
        return page(request, sign_in_view(request, target, error=error))
    answer = RedirectResponse(question.address, 303, {"Cache-Control": "no-store"})
    _keep(request, answer, _ASKED, f"{question.secret}.{target if len(target) <= _MAX_TARGET else '/'}", _SECONDS)
    return answer


def finish(request: Request) -> Response:
    """Takes the provider's answer: opens a session, or connects the identity to the account that asked for it."""
    if _kept(request, _CONNECTING):
        return _connected(request)
    secret, _, target = _kept(request, _ASKED).partition(".")
    try:
        entered = _door(request).finish(secret, request.query_params, _here(request, CALLBACK))
        answer = signed_in(request, entered.session, target)
        _keep_said(request, answer, entered.id_token if len(entered.id_token) <= _MAX_SAID else "-")
    except YinjiError as error:
        answer = page(request, sign_in_view(request, target, error=error))
    _drop(request, answer, _ASKED)
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def connect(request: Request) -> Response:
    """Asks for the password, then shows the way to the provider: a session alone is not enough to let another in."""
    form = await receive_form(request)
    return await run_in_threadpool(_connect, request, form.get("password"))


def _connect(request: Request, password: str) -> Response:
    account = author_of(request)
    try:
        platform_of(request).confirm_password(account, password)
        question = _door(request).begin(_here(request, CALLBACK), anew=True)
    except YinjiError as error:
        return page(request, account_view(request, error=error, where="connect"))
    answer = page(request, account_view(request, onward=question.address))
    _keep(request, answer, _CONNECTING, f"{question.secret}.{account.id}", _SECONDS)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _connected(request: Request) -> Response:
    secret, _, account_id = _kept(request, _CONNECTING).partition(".")
    viewer = viewer_of(request)
    try:
        if viewer is None or viewer.id != account_id:
            raise NotSignedIn("oidc-answer")
        _door(request).connect(viewer, secret, request.query_params, _here(request, CALLBACK))
        answer = see_other("/account?done=connected#connect")
    except YinjiError as error:
        shown = sign_in_view(request, "/account", error=error) if viewer is None else None
        answer = page(request, shown or account_view(request, error=error, where="connect"))
    _drop(request, answer, _CONNECTING)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def disconnect(request: Request) -> Response:
    """Lets the provider open the account no longer."""
    _door(request).disconnect(author_of(request))
    return see_other("/account?done=disconnected#connect")


def signed_out(request: Request) -> View:
    """Says that they are signed out here, and offers to sign out at the provider as well."""
    door = platform_of(request).oidc
    offered = False
    if door is not None and request.cookies.get(_said_name(request)):
        try:
            offered = bool(door.farewell("", ""))
        except Unavailable:
            offered = False
    return View("signed_out.html", {"at_provider": offered}, {"provider": door.name if door and offered else None})


def sign_out_there(request: Request) -> Response:
    """Sends the browser to the provider to sign out there; it comes back to the page that says so."""
    said = request.cookies.get(_said_name(request), "")
    address = _door(request).farewell("" if said == "-" else said, _here(request, FAREWELL))
    answer = RedirectResponse(address or FAREWELL, 303, {"Cache-Control": "no-store"})
    secure = request.app.state.options.secure
    answer.delete_cookie(_said_name(request), _SIGN_OUT, secure=secure, httponly=True, samesite="lax")
    return answer


def _door(request: Request) -> Oidc:
    door = platform_of(request).oidc
    if door is None:
        raise NotFound("page-not-found")
    return door


def _here(request: Request, path: str) -> str:
    return (request.app.state.platform.settings.public_url or str(request.base_url).rstrip("/")) + path


def _said_name(request: Request) -> str:
    return f"__Secure-{_SAID}" if request.app.state.options.secure else _SAID


def _keep_said(request: Request, answer: Response, said: str) -> None:
    """Keeps what the provider said of them in their own browser, which shows it to no page but those of signing out."""
    seconds = int(request.app.state.platform.settings.session_lifetime.total_seconds())
    secure = request.app.state.options.secure
    answer.set_cookie(
        _said_name(request), said, max_age=seconds, path=_SIGN_OUT, secure=secure, httponly=True, samesite="lax"
    )


def _name(request: Request, name: str) -> str:
    return f"__Host-{name}" if request.app.state.options.secure else name


def _kept(request: Request, name: str) -> str:
    return request.cookies.get(_name(request, name), "")


def _keep(request: Request, answer: Response, name: str, value: str, seconds: int) -> None:
    secure = request.app.state.options.secure
    answer.set_cookie(_name(request, name), value, max_age=seconds, secure=secure, httponly=True, samesite="lax")


def _drop(request: Request, answer: Response, name: str) -> None:
    secure = request.app.state.options.secure
    answer.delete_cookie(_name(request, name), secure=secure, httponly=True, samesite="lax")


PAGES: Final[PageTable] = ((FAREWELL, f"{FAREWELL}.json", signed_out),)
ACTIONS: Final[ActionTable] = (
    ("GET", "/sign-in/oidc", begin),
    ("GET", CALLBACK, finish),
    ("GET", "/sign-out/oidc", sign_out_there),
    ("POST", "/account/connection", connect),
    ("POST", "/account/connection/end", disconnect),
)
