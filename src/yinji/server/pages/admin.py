"""The operator's page: what is added by itself, passes over the back catalogue, who is told, work, accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from yinji.errors import YinjiError
from yinji.platform.cases import rules
from yinji.platform.model import Role
from yinji.platform.permissions import Permission
from yinji.platform.policy import TIERS, Policy
from yinji.platform.webhooks.model import Endpoint
from yinji.server import represent
from yinji.server.access import author_of, may, platform_of
from yinji.server.errors import BadRequest
from yinji.server.intake import receive_form
from yinji.server.pages.admin_rules import rules_of
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View, page, see_other

_ADDED: Final = ("notice", "propagation", "explicit")
_ALWAYS: Final = frozenset({"notice", "propagation"})
"""What the Measures demand of every tier (Art. 6); shown, and not offered to be switched off."""
_ACCOUNTS: Final = 50
_DIGITS: Final = 12


def admin(request: Request) -> View:
    """The whole of it on one page."""
    return _view(request)


async def decide(request: Request) -> Response:
    """Decides the policy anew."""
    form = await receive_form(request)
    return await run_in_threadpool(_acted, request, "policy", lambda: _decide(request, form.fields))


def _decide(request: Request, fields: Mapping[str, str]) -> None:
    additions = {
        str(tier): {name: name in _ALWAYS or fields.get(f"{tier}-{name}") == "on" for name in _ADDED} for tier in TIERS
    }
    replacing = fields.get("replacing", "")
    if not replacing.isdecimal():
        raise BadRequest("request-invalid", where="replacing")
    switches = {name: fields.get(name) == "on" for name in ("short_video_labels", "visitor_reports")}
    wanted = Policy.from_dict({"additions": additions, **switches})
    platform_of(request).policy.set(author_of(request), wanted, replacing=int(replacing))


def start(request: Request) -> Response:
    """Starts a pass over the back catalogue."""
    return _acted(request, "catalogue", lambda: platform_of(request).relabelling.start(author_of(request)))


def pause(request: Request) -> Response:
    """Pauses a pass."""
    number = request.path_params["number"]
    return _acted(request, "catalogue", lambda: platform_of(request).relabelling.pause(author_of(request), number))


def resume(request: Request) -> Response:
    """Resumes a pass."""
    number = request.path_params["number"]
    return _acted(request, "catalogue", lambda: platform_of(request).relabelling.resume(author_of(request), number))


async def add_webhook(request: Request) -> Response:
    """Adds an endpoint and shows its secret, once."""
    form = await receive_form(request)
    url, events = form.get("url").strip(), form.get("events").split()
    door, operator = platform_of(request).webhooks, author_of(request)
    return await run_in_threadpool(_told, request, lambda: door.create(operator, url, events))


def _told(request: Request, make: Callable[[], Endpoint]) -> Response:
    """Shows the secret that was made, once."""
    try:
        secret = make().secret
    except YinjiError as error:
        return page(request, _view(request, error=error, where="webhooks"))
    answer = page(request, _view(request, secret=secret))
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def replay_webhook(request: Request) -> Response:
    """Sends everything again from an entry of the log on."""
    form = await receive_form(request)
    return await run_in_threadpool(_acted, request, "webhooks", lambda: _replay_webhook(request, form.get("index")))


def _replay_webhook(request: Request, index: str) -> None:
    if not index.strip().isdecimal() or len(index) > _DIGITS:
        raise BadRequest("request-invalid", where="index")
    platform_of(request).webhooks.replay_from(author_of(request), request.path_params["number"], int(index))


async def turn_webhook(request: Request) -> Response:
    """Switches an endpoint on or off, gives it a new secret, or forgets it."""
    form = await receive_form(request)
    if form.get("to") == "rotated":
        door, operator, number = platform_of(request).webhooks, author_of(request), request.path_params["number"]
        return await run_in_threadpool(_told, request, lambda: door.rotate(operator, number))
    return await run_in_threadpool(_acted, request, "webhooks", lambda: _turn_webhook(request, form.get("to")))


def _turn_webhook(request: Request, to: str) -> None:
    webhooks, number = platform_of(request).webhooks, request.path_params["number"]
    if to == "removed":
        webhooks.remove(author_of(request), number)
    elif to in ("on", "off"):
        webhooks.turn(author_of(request), number, on=to == "on")
    else:
        raise BadRequest("request-invalid", where="to")


def retry(request: Request) -> Response:
    """Tries a task again that was given up."""
    task_id = request.path_params["task_id"]
    return _acted(request, "work", lambda: platform_of(request).work.retry(author_of(request), task_id))


async def open_account(request: Request) -> Response:
    """Opens an account."""
    form = await receive_form(request)
    return await run_in_threadpool(_acted, request, "accounts", lambda: _open_account(request, form.fields))


def _open_account(request: Request, fields: Mapping[str, str]) -> None:
    role = fields.get("role", "")
    if role not in set(Role):
        raise BadRequest("request-invalid", where="role")
    name, password, shown = (fields.get(key, "") for key in ("name", "password", "display_name"))
    platform_of(request).create_account(name, password, Role(role), shown, actor=author_of(request))


def _acted(request: Request, where: str, act: Any) -> Response:
    """Does something and shows the page again; where it cannot be done, the page says why beside the form."""
    try:
        act()
    except YinjiError as error:
        return page(request, _view(request, error=error, where=where))
    return see_other(f"/admin#{where}")


def _view(request: Request, *, error: YinjiError | None = None, where: str = "", secret: str = "") -> View:
    platform, viewer = platform_of(request), author_of(request)
    policy = platform.policy.get()
    passes = platform.relabelling.list(viewer)
    endpoints = platform.webhooks.list(viewer)
    counts, dead = platform.work.counts(viewer), platform.work.dead(viewer)
    accounts = platform.accounts(viewer, cursor=request.query_params.get("accounts") or None, limit=_ACCOUNTS)
    data = {
        "policy": represent.policy(policy),
        "relabellings": [one.to_dict() for one in passes],
        "webhooks": [endpoint.to_dict() for endpoint in endpoints],
        "work": {"counts": counts, "dead": [platform.work.to_dict(task) for task in dead]},
        "accounts": [represent.own_account(account) for account in accounts.rows],
    }
    context = {
        "policy": policy,
        "tiers": TIERS,
        "added": _ADDED,
        "always": _ALWAYS,
        "labels": platform.policy.short_video_choices(),
        "limits": rules.limits(),
        "passes": passes,
        "endpoints": endpoints,
        "counts": counts,
        "dead": dead,
        "accounts": accounts.rows,
        "more_accounts": accounts.next_cursor,
        "roles": tuple(Role),
        "rules": rules_of(platform, viewer),
        "may_export": may(request, Permission.AUDIT_EXPORT),
        "may_change": may(request, Permission.POLICY_WRITE),
        "secret": secret,
        "error": error,
        "where": where,
    }
    return View("admin.html", data, context, error.http_status if error else 200)


PAGES: Final[PageTable] = (("/admin", "/admin.json", admin),)
ACTIONS: Final[ActionTable] = (
    ("POST", "/admin/policy", decide),
    ("POST", "/admin/relabellings", start),
    ("POST", "/admin/relabellings/{number}/pause", pause),
    ("POST", "/admin/relabellings/{number}/resume", resume),
    ("POST", "/admin/webhooks", add_webhook),
    ("POST", "/admin/webhooks/{number}", turn_webhook),
    ("POST", "/admin/webhooks/{number}/replay", replay_webhook),
    ("POST", "/admin/work/{task_id}/retry", retry),
    ("POST", "/admin/accounts", open_account),
)
