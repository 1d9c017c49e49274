"""One case as its author sees it, and the appeal."""

from __future__ import annotations

from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from yinji.errors import Refused, YinjiError
from yinji.labels.declaration import Declared
from yinji.platform.cases import rules
from yinji.platform.cases.model import CaseFile, State
from yinji.platform.deciding import DECLARED_RANK
from yinji.platform.model import Item
from yinji.server import present, present_cases, represent, represent_cases
from yinji.server.access import author_of, platform_of
from yinji.server.intake import receive_form
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View, page, see_other


def own_case(request: Request) -> View:
    """A case with its decisions, their reasons, and the form for an appeal."""
    return _case(request, platform_of(request).cases.own_case(author_of(request), request.path_params["case_id"]))


def contest(request: Request) -> View:
    """The form for an appeal against a notice, or one's own declaration."""
    return _contest(request)


async def appeal(request: Request) -> Response:
    """Appeals the last decision of a case."""
    form = await receive_form(request)
    return await run_in_threadpool(_appeal, request, form.get("reason"), form.get("wants"))


def _appeal(request: Request, reason: str, wants: str) -> Response:
    door, author = platform_of(request).cases, author_of(request)
    file = door.own_case(author, request.path_params["case_id"])
    if not file.decisions:
        raise Refused("appeal-final")
    try:
        door.appeal(author, file.decisions[-1].id, reason, wants)
    except YinjiError as error:
        return page(request, _case(request, file, reason=reason, wants=wants, error=error))
    return see_other(f"/cases/{file.case.id}?done=appealed")


async def post_contest(request: Request) -> Response:
    """Appeals a notice."""
    form = await receive_form(request)
    return await run_in_threadpool(_post_contest, request, form.get("reason"), form.get("wants"))


def _post_contest(request: Request, reason: str, wants: str) -> Response:
    item_id = request.path_params["item_id"]
    try:
        file = platform_of(request).cases.appeal_notice(author_of(request), item_id, reason, wants)
    except YinjiError as error:
        if error.http_status == 404:
            raise
        return page(request, _contest(request, reason=reason, wants=wants, error=error))
    return see_other(f"/cases/{file.case.id}?done=appealed")


def _case(
    request: Request, file: CaseFile, *, reason: str = "", wants: str = "", error: YinjiError | None = None
) -> View:
    author = author_of(request)
    item = platform_of(request).item(file.case.item_id)
    context = {
        "file": file,
        "item": item,
        "n": present.notice_of(item.report),
        "steps": present_cases.steps(file, author),
        "policy_of": rules.policies(),
        "may_appeal": file.case.state in (State.DECIDED, State.AWAITING) and bool(file.decisions),
        "done": request.query_params.get("done") == "appealed",
        "action": f"/cases/{file.case.id}/appeal",
    }
    form = _form(item, reason, wants, error)
    return View("case.html", represent_cases.own_case(file), context | form, error.http_status if error else 200)


def _contest(request: Request, *, reason: str = "", wants: str = "", error: YinjiError | None = None) -> View:
    item = platform_of(request).item(request.path_params["item_id"])
    if item.author.id != author_of(request).id:
        raise Refused("not-the-author")
    context = {"item": item, "n": present.notice_of(item.report), "action": f"/items/{item.id}/appeal"}
    form = _form(item, reason, wants, error)
    return View("contest.html", represent.item(item), context | form, error.http_status if error else 200)


def _form(item: Item, reason: str, wants: str, error: YinjiError | None) -> dict[str, Any]:
    rank = DECLARED_RANK[item.declaration.choice]
    lower = [str(c) for c in (Declared.AI_EDITED, Declared.NOT_AI) if DECLARED_RANK[c] < rank]
    return {"lower": lower, "reason": reason, "wants": wants, "error": error}


PAGES: Final[PageTable] = (
    ("/cases/{case_id}", "/cases/{case_id}.json", own_case),
    ("/items/{item_id}/appeal", "/items/{item_id}/appeal.json", contest),
)
ACTIONS: Final[ActionTable] = (
    ("POST", "/cases/{case_id}/appeal", appeal),
    ("POST", "/items/{item_id}/appeal", post_contest),
)
