"""Agreements, and what an author may do with items and account beyond publishing: withdraw, copy, erase."""

from __future__ import annotations

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from yinji.errors import Refused, YinjiError
from yinji.platform.agreements.texts import UNMARKED
from yinji.server import represent
from yinji.server.access import author_of, cookie_name, platform_of, viewer_of
from yinji.server.files import serve_file
from yinji.server.intake import receive_form
from yinji.server.pages.account import local_address
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View, page, see_other


def agreement(request: Request) -> View:
    """The version of an agreement in force, and the button that accepts it."""
    platform, viewer = platform_of(request), viewer_of(request)
    current = platform.agreements.in_force(request.path_params["name"])
    mine = platform.agreements.acceptances(viewer) if viewer else ()
    known = next((one.at for one in mine if (one.name, one.version) == (current.name, current.version)), None)
    context = {"agreement": current, "accepted_at": known, "next": request.query_params.get("next", "")}
    return View("agreement.html", represent.agreement(current), context)


async def accept(request: Request) -> Response:
    """Accepts it."""
    form = await receive_form(request)
    name, target = request.path_params["name"], local_address(form.get("next") or "/account")
    await run_in_threadpool(platform_of(request).agreements.accept, author_of(request), name, form.get("accept"))
    return see_other(target)


def withdraw(request: Request) -> View:
    """Asks once more before an item is taken from view."""
    item = platform_of(request).item(request.path_params["item_id"])
    data = {"id": item.id, "keep_days": platform_of(request).settings.retention.days}
    return View("withdraw.html", data, {"item": item, "days": data["keep_days"]})


async def post_withdraw(request: Request) -> Response:
    """Takes it from view."""
    form = await receive_form(request)
    if not form.get("confirm"):
        raise Refused("not-confirmed")
    await run_in_threadpool(
        platform_of(request).withdrawing.withdraw, author_of(request), request.path_params["item_id"]
    )
    return see_other("/")


def unmarked(request: Request) -> View:
    """The agreement that precedes a copy, and the copies that were made."""
    return _unmarked(request, None)


def _unmarked(request: Request, error: YinjiError | None) -> View:
    platform, viewer = platform_of(request), author_of(request)
    item = platform.item(request.path_params["item_id"])
    current = platform.agreements.in_force(UNMARKED)
    copies = platform.unmarked.recipients(viewer, item.id)
    data = {"agreement": represent.agreement(current), "copies": [represent.unmarked_copy(copy) for copy in copies]}
    context = {"item": item, "agreement": current, "copies": copies, "error": error}
    return View("unmarked.html", data, context, error.http_status if error else 200)


async def post_unmarked(request: Request) -> Response:
    """Makes a copy, once the agreement is accepted."""
    form = await receive_form(request)
    return await run_in_threadpool(_make, request, form.get("accept"))


def _make(request: Request, version: str) -> Response:
    item_id = request.path_params["item_id"]
    try:
        platform_of(request).unmarked.make(author_of(request), item_id, accept=version)
    except Refused as error:
        return page(request, _unmarked(request, error))
    return see_other(f"/items/{item_id}/unmarked")


def unmarked_file(request: Request) -> Response:
    """Answers with the file of a copy."""
    path = request.path_params
    file = platform_of(request).unmarked.file(author_of(request), path["item_id"], path["copy_id"])
    return serve_file(request, file, download=True)


def erase(request: Request) -> View:
    """Says what erasing an account means, and asks for the password."""
    return _erase(request, None)


def _erase(request: Request, error: YinjiError | None) -> View:
    days = platform_of(request).settings.retention.days
    own = platform_of(request).has_password(author_of(request))
    context = {"days": days, "error": error, "has_password": own}
    return View("erase.html", {"keep_days": days}, context, error.http_status if error else 200)


async def post_erase(request: Request) -> Response:
    """Erases the account of whoever asks."""
    form = await receive_form(request)
    return await run_in_threadpool(_erase_now, request, form.get("password"))


def _erase_now(request: Request, password: str) -> Response:
    try:
        platform_of(request).erasing.erase_own(author_of(request), password)
    except YinjiError as error:
        return page(request, _erase(request, error))
    response = see_other("/")
    options = request.app.state.options
    response.delete_cookie(cookie_name(options.secure), secure=options.secure, httponly=True, samesite="lax")
    return response


PAGES: Final[PageTable] = (
    ("/agreements/{name}", "/agreements/{name}.json", agreement),
    ("/items/{item_id}/withdraw", "/items/{item_id}/withdraw.json", withdraw),
    ("/items/{item_id}/unmarked", "/items/{item_id}/unmarked.json", unmarked),
    ("/account/erase", "/account/erase.json", erase),
)
ACTIONS: Final[ActionTable] = (
    ("POST", "/agreements/{name}", accept),
    ("POST", "/items/{item_id}/withdraw", post_withdraw),
    ("POST", "/items/{item_id}/unmarked", post_unmarked),
    ("GET", "/items/{item_id}/unmarked/{copy_id}", unmarked_file),
    ("POST", "/account/erase", post_erase),
)
