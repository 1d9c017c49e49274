"""What authors see of the cases about their posts, and what readers see of their reports."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from yinji.errors import UsageError
from yinji.platform.cases import rules
from yinji.platform.cases.model import Why
from yinji.server import represent_cases
from yinji.server.access import address_of, author_of, platform_of, viewer_of
from yinji.server.intake import receive_form
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View, see_other

_PAGE: Final = 20


def cases(request: Request) -> View:
    """The cases about one's own posts."""
    author, door = author_of(request), platform_of(request).cases
    found = door.own(author, cursor=request.query_params.get("cursor") or None, limit=_PAGE)
    standing = door.standing(author)
    data: dict[str, Any] = {
        "cases": [represent_cases.own_job(one) for one in found.rows],
        "next_cursor": found.next_cursor,
        "standing": represent_cases.standing(standing),
    }
    older = "/cases?" + urlencode({"cursor": found.next_cursor}) if found.next_cursor else ""
    return View("cases.html", data, {"rows": found.rows, "older": older, "standing": standing})


def reports(request: Request) -> View:
    """One's own reports and what came of them."""
    reader, door = author_of(request), platform_of(request).cases
    found = door.reports(reader, cursor=request.query_params.get("cursor") or None, limit=_PAGE)
    standing = door.standing(reader)
    data: dict[str, Any] = {
        "reports": [represent_cases.report(one) for one in found.rows],
        "next_cursor": found.next_cursor,
        "standing": represent_cases.standing(standing),
    }
    older = "/reports?" + urlencode({"cursor": found.next_cursor}) if found.next_cursor else ""
    context = {"rows": found.rows, "older": older, "standing": standing, "policy_of": rules.policies()}
    return View("reports.html", data, context)


async def report(request: Request) -> Response:
    """Takes a report from an item's page."""
    form = await receive_form(request)
    return await run_in_threadpool(_report, request, form.get("reason"), form.get("note"))


def _report(request: Request, reason: str, note: str) -> Response:
    item_id = request.path_params["item_id"]
    if reason not in frozenset(map(str, Why)):
        raise UsageError("report-reason")
    platform_of(request).cases.report(author_of(request), item_id, Why(reason), note)
    return see_other(f"/items/{item_id}?done=reported")


async def visitor_report(request: Request) -> Response:
    """Takes a report from somebody who is not signed in."""
    form = await receive_form(request)
    return await run_in_threadpool(_visitor_report, request, form.get("reason"))


def _visitor_report(request: Request, reason: str) -> Response:
    item_id = request.path_params["item_id"]
    if reason not in frozenset(map(str, Why)):
        raise UsageError("report-reason")
    cases = platform_of(request).cases
    cases.report_as_visitor(viewer_of(request), address_of(request), item_id, Why(reason))
    return see_other(f"/items/{item_id}?done=reported")


PAGES: Final[PageTable] = (
    ("/cases", "/cases.json", cases),
    ("/reports", "/reports.json", reports),
)
ACTIONS: Final[ActionTable] = (
    ("POST", "/items/{item_id}/reports", report),
    ("POST", "/items/{item_id}/visitor-reports", visitor_report),
)
