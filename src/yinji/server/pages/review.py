"""The review desk: the queue, one case with everything about it, and the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from yinji.errors import Refused, UsageError, YinjiError
from yinji.platform.cases import rules
from yinji.platform.cases.deciding import Said
from yinji.platform.cases.model import FIRST, ON_APPEAL, CaseFile, Outcome, State
from yinji.platform.cases.queueing import VIEWS, WAITING_VIEW
from yinji.platform.errors import Conflict
from yinji.platform.permissions import Permission
from yinji.server import present, present_cases, represent_cases
from yinji.server.access import author_of, may, platform_of
from yinji.server.files import INLINE
from yinji.server.intake import Form, receive_form
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View, page, see_other

_PAGE: Final = 20


@dataclass(frozen=True, slots=True)
class Typed:
    """What the reviewer has filled in so far."""

    outcome: str = ""
    policy: str = ""
    reason: str = ""
    copies: bool = False
    bad_faith: bool = False
    annotation: str = ""

    @classmethod
    def of(cls, form: Form) -> Typed:
        ticked = (bool(form.get("copies")), bool(form.get("bad_faith")))
        return cls(form.get("decision"), form.get("policy"), form.get("reason"), *ticked, form.get("annotation"))


def review(request: Request) -> View:
    """The queue."""
    return _view(request, None)


def case(request: Request) -> View:
    """One case."""
    file = platform_of(request).cases.job(author_of(request), request.path_params["job_id"])
    return _view(request, file)


async def take_next(request: Request) -> Response:
    """Claims the most urgent case and opens it."""
    form = await receive_form(request)
    return await run_in_threadpool(_take_next, request, form.get("queue") or None)


def _take_next(request: Request, queue: str | None) -> Response:
    file = platform_of(request).cases.next_up(author_of(request), queue)
    kept = {"queue": queue} if queue else {}
    if file is None:
        return see_other("/review?" + urlencode(kept | {"done": "empty"}))
    return see_other(f"/review/{file.case.id}" + (f"?{urlencode(kept)}" if kept else ""))


def claim(request: Request) -> Response:
    """Claims one case."""
    job_id = request.path_params["job_id"]
    try:
        platform_of(request).cases.claim(author_of(request), job_id)
    except (Conflict, Refused) as error:
        return page(request, _view(request, platform_of(request).cases.job(author_of(request), job_id), error=error))
    return see_other(f"/review/{job_id}")


async def release(request: Request) -> Response:
    """Gives a case back, or skips it."""
    form = await receive_form(request)
    job_id, skip = request.path_params["job_id"], form.get("skip") == "1"
    await run_in_threadpool(platform_of(request).cases.release, author_of(request), job_id, skip=skip)
    return see_other("/review?done=released")


async def decide(request: Request) -> Response:
    """Takes a decision and goes on to the queue."""
    form = await receive_form(request)
    return await run_in_threadpool(_decide, request, Typed.of(form), form.get("version"))


def _decide(request: Request, typed: Typed, version: str) -> Response:
    cases, job_id = platform_of(request).cases, request.path_params["job_id"]
    reviewer = author_of(request)
    try:
        if typed.outcome not in frozenset(map(str, Outcome)):
            raise UsageError("decision-policy", policy=typed.policy, outcome=typed.outcome)
        outcome = Outcome(typed.outcome)
        said = Said(outcome, typed.policy, typed.reason, version, typed.copies, typed.bad_faith, typed.annotation)
        decision = cases.decide(reviewer, job_id, said)
    except YinjiError as error:
        if error.http_status not in (400, 403, 409):
            raise
        return page(request, _view(request, cases.job(reviewer, job_id), typed=typed, error=error))
    return see_other(f"/review/{job_id}?done={decision.id}")


def _view(
    request: Request, file: CaseFile | None, *, typed: Typed | None = None, error: YinjiError | None = None
) -> View:
    cases, viewer = platform_of(request).cases, author_of(request)
    queue, view = request.query_params.get("queue") or None, request.query_params.get("view", WAITING_VIEW)
    view = view if view in VIEWS else WAITING_VIEW
    cursor = request.query_params.get("cursor") or None
    found = cases.jobs(viewer, queue, view=view, cursor=cursor, limit=_PAGE)
    queues = cases.queues(viewer)
    kept = {name: value for name, value in (("queue", queue or ""), ("view", view)) if value}
    data: dict[str, Any] = {
        "queues": [represent_cases.queue(one) for one in queues],
        "jobs": [represent_cases.job(one) for one in found.rows],
        "next_cursor": found.next_cursor,
        "job": None if file is None else represent_cases.case_file(file),
    }
    context = {
        "queues": queues,
        "queue": queue,
        "view": view,
        "views": VIEWS,
        "waiting": sum(one.waiting for one in queues),
        "kept": "?" + urlencode(kept),
        "rows": [present_cases.row(one, viewer, INLINE) for one in found.rows],
        "older": "/review?" + urlencode(kept | {"cursor": found.next_cursor}) if found.next_cursor else "",
        "minutes": int(rules.limits().claim.total_seconds() // 60),
        "can_work": may(request, Permission.CASE_WORK),
        "done": request.query_params.get("done", "")[:36],
        "file": file,
        "error": error,
        "typed": typed or Typed(),
    }
    if file is not None:
        context |= _case_context(request, file)
    return View("review.html", data, context, error.http_status if error else 200)


def _case_context(request: Request, file: CaseFile) -> dict[str, Any]:
    viewer = author_of(request)
    item = platform_of(request).item(file.case.item_id)
    row = present_cases.row(file.case, viewer, INLINE)
    seen = platform_of(request).sightings.of(item.id, item.kind if item.filename else "")
    found = present_cases.with_sightings(item.report, seen or ())
    on_appeal = file.case.state in (State.APPEALED, State.JUDGING)
    labels = platform_of(request).policy.short_video_choices() if item.kind == "video" else ()
    outcomes = ON_APPEAL if on_appeal else tuple(o for o in FIRST if labels or o is not Outcome.ANNOTATE)
    policies = rules.policies()
    return {
        "row": row,
        "item": item,
        "n": present.notice_of(item.report),
        "evidence": present_cases.evidence(found),
        "marks": present_cases.marks(found),
        "spans": present_cases.spans(found),
        "looking": seen is None,
        "steps": present_cases.steps(file, viewer),
        "outcomes": [str(outcome) for outcome in outcomes],
        "policies": [one for one in policies.values() if any(o in one.outcomes for o in outcomes)],
        "policy_of": policies,
        "labels": () if on_appeal else labels,
        "playable": item.media_type.startswith(("video/", "audio/")) and item.media_type in INLINE,
        "open_case": file.case.state in (State.OPEN, State.CLAIMED, State.APPEALED, State.JUDGING),
    }


PAGES: Final[PageTable] = (
    ("/review", "/review.json", review),
    ("/review/{job_id}", "/review/{job_id}.json", case),
)
ACTIONS: Final[ActionTable] = (
    ("POST", "/review/next", take_next),
    ("POST", "/review/{job_id}/claim", claim),
    ("POST", "/review/{job_id}/release", release),
    ("POST", "/review/{job_id}/decision", decide),
)
