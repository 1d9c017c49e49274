"""Publishing: the file or the words and the declaration on one screen; what the file says is shown before it goes out.

Words alone go out at once. A file is read first: the answer to the upload is the same form with what was found, the
choices that are left, and a preview of the notice; sending it publishes. A script only saves the reload in between.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from yinji.errors import YinjiError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.errors import Conflict, NotFound
from yinji.platform.model import Draft, Item
from yinji.platform.publishing import MAX_TEXT, MAX_TITLE
from yinji.server import present, represent
from yinji.server.access import author_of, platform_of
from yinji.server.declarations import OFFERED, choices, declaration_of
from yinji.server.errors import BadRequest
from yinji.server.intake import Form, receive_form
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View, page, see_other
from yinji.server.sinks import draft_sink


@dataclass(frozen=True, slots=True)
class Typed:
    """What the author has filled in so far; ``once`` tells the same form, sent twice, from another."""

    title: str = ""
    text: str = ""
    declaration: str = ""
    note: str = ""
    annotation: str = ""
    once: str = ""

    @classmethod
    def of(cls, form: Form) -> Typed:
        return cls(**{name: form.get(name) for name in cls.__slots__})


def publish(request: Request) -> View:
    """The empty form."""
    return _form(request, None, Typed())


def draft(request: Request) -> View:
    """The form with a file that was read and not published yet."""
    value = platform_of(request).draft(author_of(request), request.path_params["draft_id"])
    return _form(request, value, Typed())


async def post(request: Request) -> Response:
    """Takes the first form: a file becomes a draft, words alone are published."""
    form = await receive_form(request, draft_sink(platform_of(request), author_of(request)), lenient=True)
    typed = Typed.of(form)
    if form.refused:
        view = await run_in_threadpool(_form, request, None, typed, refused=form.refused[0].error)
        return page(request, view)
    if form.files:
        view = await run_in_threadpool(_form, request, form.files[0], typed)
        return page(request, view)
    return await run_in_threadpool(_send, request, None, typed)


async def post_draft(request: Request) -> Response:
    """Publishes a draft."""
    form = await receive_form(request)
    return await run_in_threadpool(_send_draft, request, Typed.of(form))


def _send_draft(request: Request, typed: Typed) -> Response:
    try:
        value = platform_of(request).draft_to_publish(author_of(request), request.path_params["draft_id"])
    except Conflict as published:  # sent twice: the first time counted
        return _to_item(str(published.details["item_id"]))
    except NotFound as gone:
        return page(request, _form(request, None, typed, refused=gone))
    return _send(request, value, typed)


def _send(request: Request, value: Draft | None, typed: Typed) -> Response:
    if value is None and not typed.text.strip():
        return page(request, _form(request, None, typed, problem="nothing"))
    try:
        declaration = declaration_of(typed.declaration, typed.note)
    except BadRequest:
        return page(request, _form(request, value, typed, problem="declaration"))
    if _annotations(request, value) and not typed.annotation:
        return page(request, _form(request, value, typed, problem="annotation"))
    try:
        item_id = _published(request, value, typed, declaration, typed.once or None).id
    except YinjiError as error:
        if error.code == "draft-published":
            return _to_item(str(error.details["item_id"]))
        return page(request, _form(request, value, typed, refused=error))
    return _to_item(item_id)


def _published(request: Request, value: Draft | None, typed: Typed, declaration: Declaration, key: str | None) -> Item:
    try:
        return platform_of(request).publish(
            author_of(request),
            title=typed.title,
            text=typed.text,
            declaration=declaration,
            draft_id=value.id if value else None,
            annotation=typed.annotation,
            idempotency_key=key,
        )
    except Conflict as error:
        if error.code != "idempotency-key-reused":
            raise
        return _published(request, value, typed, declaration, None)  # somebody went back and wrote something else


def _to_item(item_id: str) -> Response:
    return see_other(f"/items/{item_id}?done=published")


def _annotations(request: Request, value: Draft | None) -> tuple[Any, ...]:
    """Returns the mandatory short-video labels where one must be chosen (R89); () elsewhere."""
    policy = platform_of(request).policy
    if value is None or value.kind != "video" or not policy.get().short_video_labels:
        return ()
    return policy.short_video_choices()


def _form(
    request: Request, value: Draft | None, typed: Typed, *, problem: str = "", refused: YinjiError | None = None
) -> View:
    locked = bool(value and value.report["verdict"]["locked"])
    offered = choices(locked=locked)
    limit = request.app.state.platform.settings.max_upload_bytes
    data: dict[str, Any] = {
        "draft": represent.draft(value) if value else None,
        "choices": [choice.to_dict() for choice in offered],
        "max_upload_bytes": limit,
    }
    allowed = {choice.value for choice in offered if not choice.ruled_out}
    context: dict[str, Any] = {
        "draft": value,
        "title": typed.title,
        "text": typed.text,
        "note": typed.note,
        "declaration": typed.declaration if typed.declaration in allowed else "",
        "choices": offered,
        "locked": locked,
        "limit": limit,
        "problem": problem,
        "annotations": _annotations(request, value),
        "annotation": typed.annotation,
        "once": typed.once or secrets.token_urlsafe(16),
        "most": {"title": MAX_TITLE, "text": MAX_TEXT},
        "refused": refused,
        "previews": (),
        "fixed": None,
        "findings": (),
        "signature": (),
    }
    if value is not None:
        context |= _of_draft(request, value)
    status = refused.http_status if refused else 422 if problem else 200
    return View("publish.html", data, context, status)


def _of_draft(request: Request, value: Draft) -> dict[str, Any]:
    platform = platform_of(request)
    previews = [
        {"value": str(c), "notice": present.notice_of(platform.preview(value, Declaration(c)))}
        for c in (Declared(choice) for choice in OFFERED)
    ]
    locked = value.report["verdict"]["locked"]
    return {
        "previews": previews,
        "fixed": present.notice_of(value.report) if locked else None,
        "findings": present.findings_of(value.report),
        "signature": present.signature_of(value.report),
    }


PAGES: Final[PageTable] = (
    ("/publish", "/publish.json", publish),
    ("/publish/{draft_id}", "/publish/{draft_id}.json", draft),
)
ACTIONS: Final[ActionTable] = (
    ("POST", "/publish", post),
    ("POST", "/publish/{draft_id}", post_draft),
)
