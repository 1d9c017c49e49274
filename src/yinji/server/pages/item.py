"""One item: the work in its mount, where it came from, and how its notice changed."""

from __future__ import annotations

from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from yinji.platform.errors import NotFound
from yinji.platform.model import Change, Item
from yinji.platform.permissions import Permission
from yinji.server import present, represent
from yinji.server.access import author_of, may, platform_of, viewer_of
from yinji.server.declarations import choices_above, declaration_of
from yinji.server.files import serve_file
from yinji.server.intake import receive_form
from yinji.server.language import words
from yinji.server.pages.embed import site_of
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View, see_other
from yinji.texts import Text

_DONE: Final = ("published", "declared", "asked")


def item(request: Request) -> View:
    """The page of one item."""
    value = platform_of(request).item(request.path_params["item_id"])
    data = represent.item(value)
    return View("item.html", data, _context(request, value))


def _context(request: Request, value: Item) -> dict[str, Any]:
    report = value.report
    label = next((found for found in report["labels"] if "Label" in found), None)
    viewer = viewer_of(request)
    own = viewer is not None and viewer.id == value.author.id
    done = request.query_params.get("done", "")
    return {
        "item": value,
        "address": f"{site_of(request)}/items/{value.id}",
        "n": present.notice_of(report),
        "size": platform_of(request).picture_sizes.of(value),
        "answer": present.answer_of(report),
        "reasons": [present.text(reason) for reason in report["verdict"]["reasons"]],
        "article": present.article_of(report),
        "version": f"{report['verdict']['regime']} {report['verdict']['regime_version']}",
        "uploaded": label,
        "chip": present.integrity_chip(report),
        "here": _here(value, label is not None),
        "reason": value.propagation.get("reason") if value.propagation["state"] in ("unsupported", "failed") else None,
        "written": value.propagation.get("label"),
        "findings": present.findings_of(report),
        "signature": present.signature_of(report),
        "served_size": value.served_size,
        "choices": choices_above(value.declaration.choice) if own else (),
        "visible": _visible(request, value, own=own),
        "annotation": _annotation(request, value),
        "changes": [_step(change) | _label_of(request, change) for change in value.history],
        "own": own and may(request, Permission.ITEM_WITHDRAW_OWN),
        "done": done if (own and done in _DONE) or done == "reported" else "",
        "may_report": _may_report(request, own=own),
        "may_contest": own and (present.notice_of(report) is not None or value.declaration.choice.says_ai),
        "error": None,
    }


def _may_report(request: Request, *, own: bool) -> bool:
    if viewer_of(request) is None:
        return platform_of(request).cases.visitors_may_report()
    return not own and may(request, Permission.REPORT_CREATE)


def _visible(request: Request, value: Item, *, own: bool) -> dict[str, Any] | None:
    """Returns what the author sees of the visible label: the offer, how far it is, or why it cannot be."""
    if not own or value.verdict["tier"] == "none":
        return None
    found = platform_of(request).marking.of(value.id)
    if found is None:
        return {"state": "offered", "reason": None, "percent": 0}
    return {"state": found.state, "reason": found.reason, "percent": found.percent}


def _annotation(request: Request, value: Item) -> Text | None:
    """Returns the mandatory short-video label to show; the one that needs none is stored and not shown (R90)."""
    choices = platform_of(request).policy.short_video_choices()
    return next((c.words for c in choices if c.id == value.annotation and c.displayed), None)


def _here(value: Item, had_label: bool) -> str:
    """Returns which sentence tells what was done to the file here."""
    state = value.propagation["state"]
    if not value.filename:
        return "here_text_written" if state == "written" else "here_text"
    if state == "written":
        return "here_written" if had_label else "here_first"
    return f"here_{state}"


def _step(change: Change) -> dict[str, Any]:
    """Puts one change into words."""
    outcome = (
        ("outcome", "outcome"),
        ("declare", "choice"),
        ("declare", "declaration"),
        ("tier", "tier"),
        ("propagation", "state"),
    )
    keys = (f"{area}.{change.detail[name]}" for area, name in outcome if name in change.detail)
    more = next((words()[key] for key in keys if key in words()), Text("", ""))
    return {"at": change.at, "event": change.event, "more": more}


def _label_of(request: Request, change: Change) -> dict[str, Any]:
    choices = platform_of(request).policy.short_video_choices()
    named = [one.words for one in choices if one.id == change.detail.get("annotation")]
    return {"more": named[0]} if change.event == "item.annotated" and named else {}


def file(request: Request) -> Response:
    """Answers with the file that readers get."""
    served = platform_of(request).served_file(request.path_params["item_id"])
    return serve_file(request, served, download=request.query_params.get("download") == "1")


def derived(request: Request) -> Response:
    """Answers with a thumbnail, share card or web version of what readers get; 202 while a worker still makes it.

    With ``else=file`` whatever cannot be made sends the browser to the file itself.
    """
    item_id, kind = request.path_params["item_id"], request.path_params["kind"]
    try:
        made = platform_of(request).derivatives.get(item_id, kind)
    except NotFound:
        if request.query_params.get("else") != "file":
            raise
        return see_other(f"/items/{item_id}/file")
    if made is None:
        return Response(status_code=202, headers={"Retry-After": "5"})
    return serve_file(request, made, download=False)


async def add_visible_label(request: Request) -> Response:
    """Has the visible label drawn into the served file."""
    item_id = request.path_params["item_id"]
    await run_in_threadpool(platform_of(request).marking.ask, author_of(request), item_id)
    return see_other(f"/items/{item_id}?done=asked#visible")


async def declare(request: Request) -> Response:
    """Adds to the author's declaration."""
    form = await receive_form(request)
    declaration = declaration_of(form.get("declaration"), form.get("note"))
    item_id = request.path_params["item_id"]
    await run_in_threadpool(platform_of(request).declare, author_of(request), item_id, declaration)
    return see_other(f"/items/{item_id}?done=declared")


PAGES: Final[PageTable] = (("/items/{item_id}", "/items/{item_id}.json", item),)
ACTIONS: Final[ActionTable] = (
    ("GET", "/items/{item_id}/file", file),
    ("GET", "/items/{item_id}/derived/{kind}", derived),
    ("POST", "/items/{item_id}/declaration", declare),
    ("POST", "/items/{item_id}/visible-label", add_visible_label),
)
