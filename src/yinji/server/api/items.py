"""Items: publish, list, read, declare."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Header, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.platform.posts import Incoming
from yinji.server import represent
from yinji.server.access import author_of, authorize, authorize_here, platform_of
from yinji.server.api.shared import Cursor, ItemId, Limit, listing, request_body
from yinji.server.declarations import OFFERED, declaration_of
from yinji.server.errors import BadRequest
from yinji.server.intake import Form, read_form, receive_form, small_body
from yinji.server.pages.item import derived as item_derived
from yinji.server.pages.item import file as item_file
from yinji.server.sinks import post_sink

router = APIRouter()

_ITEM_FORM: Final = {
    "type": "object",
    "properties": {
        "declaration": {"type": "string", "examples": [str(c) for c in OFFERED]},
        "note": {"type": "string"},
        "vocabulary": {"type": "string"},
        "statement": {"type": "string"},
        "title": {"type": "string"},
        "text": {"type": "string"},
        "annotation": {"type": "string", "description": "One of the mandatory short-video labels, where they apply."},
        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
    },
    "required": ["declaration"],
}


_KEY_HEADER: Final = "idempotency-key"
_MAX_KEY: Final = 255

IdempotencyKey = Annotated[
    str | None,
    Header(max_length=_MAX_KEY, description="Sent again with the same key, a request has the same one effect."),
]


class DeclarationChange(BaseModel):
    """What the author says now; it can only add to what was said."""

    choice: str = Field(max_length=64)
    note: str = Field("", max_length=2000)
    vocabulary: str = Field("", max_length=64)
    statement: str = Field("", max_length=32)


@router.post(
    "/v1/items",
    status_code=201,
    summary="Publish",
    openapi_extra=request_body(_ITEM_FORM, "application/x-www-form-urlencoded"),
)
async def create_item(request: Request, idempotency_key: IdempotencyKey = None) -> Response:
    """Publishes a file, words, or both, with exactly one declaration; answers when the item is durable."""
    return await publish(request)


async def publish(request: Request) -> Response:
    """Answers ``POST /v1/items``. What is small is done in one visit to a worker thread."""
    body = await small_body(request)
    if body is not None:
        return await run_in_threadpool(_publish_small, request, body)
    await authorize(request)
    kept = ExitStack()
    try:
        form = await receive_form(request, post_sink(platform_of(request), author_of(request), kept))
        return await run_in_threadpool(_published, request, form)
    finally:
        await run_in_threadpool(kept.close)


def _publish_small(request: Request, body: bytes) -> Response:
    authorize_here(request)
    with ExitStack() as kept:
        return _published(request, read_form(request, body, post_sink(platform_of(request), author_of(request), kept)))


def _published(request: Request, form: Form) -> Response:
    declaration = declaration_of(
        form.get("declaration"),
        form.get("note"),
        vocabulary_name=form.get("vocabulary"),
        statement=form.get("statement"),
    )
    files: list[Incoming] = form.files
    if not files and not form.get("text").strip():
        raise BadRequest("nothing-to-publish")
    item = platform_of(request).publish(
        author_of(request),
        title=form.get("title"),
        text=form.get("text"),
        declaration=declaration,
        file=files[0] if files else None,
        idempotency_key=_idempotency_key(request),
        annotation=form.get("annotation"),
    )
    return JSONResponse(represent.item(item), 201, {"Location": f"/v1/items/{item.id}"})


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get(_KEY_HEADER)
    if key is not None and len(key) > _MAX_KEY:
        raise BadRequest("request-invalid", where=f"header.{_KEY_HEADER}")
    return key


@router.get("/v1/items", summary="List items")
def list_items(
    request: Request, cursor: Cursor = None, limit: Limit = 20, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Lists items, newest first."""
    page = platform_of(request).feed(cursor=cursor, limit=limit, query=q)
    return listing(request, "items", [represent.item(row) for row in page.rows], page)


@router.get("/v1/items/{item_id}", summary="Read an item")
def read_item(request: Request, item_id: ItemId) -> Response:
    """Returns an item with its report, its verdict and its history."""
    return JSONResponse(represent.item(platform_of(request).item(item_id)))


@router.get("/v1/items/{item_id}/file", summary="Read an item's file", response_class=FileResponse)
def read_file(request: Request, item_id: ItemId, download: Annotated[int, Query(ge=0, le=1)] = 0) -> Response:
    """Returns the file with all its labels; ranges work."""
    return item_file(request)


@router.get("/v1/items/{item_id}/derived/{kind}", summary="Read what is made from an item", response_class=FileResponse)
def read_derived(request: Request, item_id: ItemId, kind: Literal["thumbnail", "card", "display", "web"]) -> Response:
    """Returns a thumbnail, share card, picture to show or version for the web, labelled; 202 while it is made."""
    return item_derived(request)


@router.patch("/v1/items/{item_id}/declaration", summary="Add to a declaration")
def change_declaration(request: Request, item_id: ItemId, change: DeclarationChange) -> Response:
    """Records what the author says now. The notice can rise by it, never fall."""
    declaration = declaration_of(
        change.choice, change.note, vocabulary_name=change.vocabulary, statement=change.statement
    )
    return JSONResponse(represent.item(platform_of(request).declare(author_of(request), item_id, declaration)))


@router.post("/v1/items/{item_id}/visible-label", status_code=202, summary="Add the visible label")
def add_visible_label(request: Request, item_id: ItemId) -> Response:
    """Has the label that people see or hear drawn into the served file; asked again, it answers how far that is."""
    found = platform_of(request).marking.ask(author_of(request), item_id)
    return JSONResponse(represent.visible_label(found), 202, {"Location": f"/v1/items/{item_id}/visible-label"})


@router.get("/v1/items/{item_id}/visible-label", summary="Read the state of the visible label")
def read_visible_label(request: Request, item_id: ItemId) -> Response:
    """Returns where the visible label of an item is."""
    platform = platform_of(request)
    return JSONResponse(represent.visible_label(platform.marking.of(platform.item(item_id).id)))
