"""Signing in and out, and opening an author's account."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from yinji.errors import Refused, YinjiError
from yinji.platform.agreements.texts import TERMS
from yinji.platform.model import Account, Role
from yinji.server import represent
from yinji.server.access import author_of, cookie_name, platform_of, session_token
from yinji.server.intake import receive_form
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View, page, see_other


def sign_in(request: Request) -> View:
    """The form."""
    return sign_in_view(request, request.query_params.get("next", ""))


async def post_sign_in(request: Request) -> Response:
    """Opens a session and sets its cookie."""
    form = await receive_form(request)
    name, target = form.get("name"), form.get("next")
    return await run_in_threadpool(_enter, request, name, form.get("password"), target)


def _enter(request: Request, name: str, password: str, target: str) -> Response:
    try:
        token = platform_of(request).sign_in(name, password)
    except YinjiError as error:
        return page(request, sign_in_view(request, target, name, error))
    return signed_in(request, token, target)


def join(request: Request) -> View:
    """The form."""
    return _join_view(request)


async def post_join(request: Request) -> Response:
    """Opens an author's account and signs it in."""
    form = await receive_form(request)
    fields = (form.get("name"), form.get("password"), form.get("display_name"), form.get("accept"))
    return await run_in_threadpool(_register, request, *fields)


def _register(request: Request, name: str, password: str, display_name: str, accept: str) -> Response:
    if not request.app.state.options.open_registration:
        raise Refused("registration-closed")
    platform = platform_of(request)
    try:
        if accept != platform.agreements.in_force(TERMS).version:
            raise Refused("agreement-not-accepted")
        joined = platform.create_account(name, password, Role.CREATOR, display_name)
        platform.agreements.accept(joined, TERMS, accept)
        token = platform.sign_in(name, password)
    except YinjiError as error:
        return page(request, _join_view(request, name, display_name, error))
    return signed_in(request, token, "/publish")


def account(request: Request) -> View:
    """Who is signed in, and the keys by which other systems act for them."""
    return account_view(request)


async def make_key(request: Request) -> Response:
    """Makes an API key and shows its secret, once."""
    form = await receive_form(request)
    return await run_in_threadpool(_make_key, request, form.get("key_name"))


def _make_key(request: Request, name: str) -> Response:
    try:
        _, secret = platform_of(request).keys.create(author_of(request), name)
    except YinjiError as error:
        return page(request, account_view(request, error=error))
    answer = page(request, account_view(request, secret=secret))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def end_key(request: Request) -> Response:
    """Ends one of the keys."""
    platform_of(request).keys.revoke(author_of(request), request.path_params["key_id"])
    return see_other("/account#keys")


def account_view(
    request: Request, *, secret: str = "", error: YinjiError | None = None, where: str = "keys", onward: str = ""
) -> View:
    """Returns the page of whoever is signed in.

    Args:
        request: Whose.
        secret: A key that was just made, to be shown once.
        error: What went wrong, to be shown beside the form that it is about.
        where: That form: ``keys`` or ``connect``.
        onward: The provider's address, where a connection to it has begun.
    """
    viewer = author_of(request)
    keys = platform_of(request).keys.of(viewer)
    data = represent.own_account(viewer) | {"keys": [represent.api_key(key) for key in keys]}
    agreements = platform_of(request).agreements
    acceptances = [
        {"name": one.name, "version": one.version, "title": agreements.in_force(one.name).title}
        for one in agreements.acceptances(viewer)
    ]
    context = {
        "keys": keys,
        "secret": secret,
        "error": error,
        "where": where,
        "acceptances": acceptances,
        "done": request.query_params.get("done", ""),
        "connection": _connection(request, viewer),
        "onward": onward,
    }
    return View("account.html", data, context, error.http_status if error else 200)


def _connection(request: Request, viewer: Account) -> dict[str, Any] | None:
    """Returns how the account stands with the provider; None where there is none, or where it has no password."""
    door = platform_of(request).oidc
    if door is None or not platform_of(request).has_password(viewer):
        return None
    return {"name": door.name, "connected": door.connected(viewer)}


def sign_out(request: Request) -> Response:
    """Ends the session."""
    platform_of(request).sign_out(session_token(request))
    response = see_other("/sign-out/done")
    options = request.app.state.options
    response.delete_cookie(cookie_name(options.secure), secure=options.secure, httponly=True, samesite="lax")
    return response


def signed_in(request: Request, token: str, target: str) -> Response:
    """Gives the browser its session, and sends it on."""
    response = see_other(local_address(target))
    secure = request.app.state.options.secure
    lifetime = int(request.app.state.platform.settings.session_lifetime.total_seconds())
    response.set_cookie(
        cookie_name(secure), token, max_age=lifetime, path="/", secure=secure, httponly=True, samesite="lax"
    )
    return response


def local_address(target: str) -> str:
    """Returns ``target`` if it is a path on this site, else the start page: nobody is sent elsewhere."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if plain and "\\" not in target else "/"


def sign_in_view(request: Request, target: str, name: str = "", error: YinjiError | None = None) -> View:
    """Returns the form, with the way to the provider where there is one."""
    door = platform_of(request).oidc
    context = {
        "next": target,
        "name": name,
        "error": error,
        "provider": door and door.name,
        "begin": "/sign-in/oidc" + (f"?{urlencode({'next': target})}" if target else ""),
    }
    data = {"fields": ["name", "password", "next"], "oidc": door is not None}
    return View("sign_in.html", data, context, error.http_status if error else 200)


def _join_view(request: Request, name: str = "", display_name: str = "", error: YinjiError | None = None) -> View:
    data = {
        "fields": ["name", "display_name", "password", "accept"],
        "open": request.app.state.options.open_registration,
    }
    terms = platform_of(request).agreements.in_force(TERMS)
    context = {"name": name, "display_name": display_name, "error": error, "terms": terms}
    return View("join.html", data, context, error.http_status if error else 200)


PAGES: Final[PageTable] = (
    ("/sign-in", "/sign-in.json", sign_in),
    ("/join", "/join.json", join),
    ("/account", "/account.json", account),
)
ACTIONS: Final[ActionTable] = (
    ("POST", "/sign-in", post_sign_in),
    ("POST", "/sign-out", sign_out),
    ("POST", "/join", post_join),
    ("POST", "/account/keys", make_key),
    ("POST", "/account/keys/{key_id}/end", end_key),
)
