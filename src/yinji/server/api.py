"""The HTTP API, version 1.

Signing in: ``POST /v1/session`` gives a token; send it as ``Authorization: Bearer TOKEN``. The cookie of a signed-in
browser works too, from our own pages only.
"""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji import __version__
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.model import Draft, Page
from yinji.server import represent
from yinji.server.access import ROUTES, author_of, needs_account, platform_of, session_token
from yinji.server.declarations import OFFERED, declaration_of
from yinji.server.errors import BadRequest
from yinji.server.intake import Form, raw_filename, receive_file, receive_form
from yinji.server.pages.item import file as item_file
from yinji.server.sinks import Checked, check_sink, draft_sink

router = APIRouter()

_MULTIPART: Final = "multipart/form-data"
_FILE_FORM: Final = {
    "type": "object",
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
    "required": ["file"],
}
_ITEM_FORM: Final = {
    "type": "object",
    "properties": {
        "declaration": {"enum": [str(c) for c in OFFERED]},
        "note": {"type": "string"},
        "title": {"type": "string"},
        "text": {"type": "string"},
        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
    },
    "required": ["declaration"],
}
_PROBLEM: Final = {
    "description": "What went wrong and what to do next (RFC 9457), in both languages.",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "code", "zh", "en"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "instance": {"type": "string"},
                    "code": {"type": "string"},
                    "zh": {"type": "object"},
                    "en": {"type": "object"},
                },
            }
        }
    },
}
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {"4XX": _PROBLEM, "5XX": _PROBLEM}

ItemId = Annotated[str, Path(max_length=64, description="Number of the item.")]
Cursor = Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=100, description="Rows a page.")]
IdempotencyKey = Annotated[
    str | None,
    Header(max_length=255, description="Sent again with the same key, a request has the same one effect."),
]


class Credentials(BaseModel):
    """Name and password of a local account."""

    name: str = Field(max_length=200)
    password: str = Field(max_length=1024)


class DeclarationChange(BaseModel):
    """What the author says now; it can only add to what was said."""

    choice: Declared
    note: str = Field("", max_length=2000)


def _body(schema: dict[str, Any], *others: str) -> dict[str, Any]:
    content: dict[str, Any] = {_MULTIPART: {"schema": schema}}
    for media_type in others:
        content[media_type] = {"schema": {}}
    return {"requestBody": {"required": True, "content": content}}


@router.post("/v1/session", status_code=201, summary="Sign in")
def create_session(request: Request, credentials: Credentials) -> Response:
    """Gives a bearer token for a name and a password."""
    token = platform_of(request).sign_in(credentials.name, credentials.password)
    return JSONResponse({"token": token, "token_type": "Bearer"}, 201, {"Cache-Control": "no-store"})


@router.delete("/v1/session", status_code=204, summary="Sign out")
def delete_session(request: Request) -> Response:
    """Ends the session of the token that is sent along."""
    platform_of(request).sign_out(session_token(request))
    return Response(status_code=204)


@router.post("/v1/check", summary="Check a file", openapi_extra=_body(_FILE_FORM, "application/octet-stream"))
async def check(request: Request) -> Response:
    """Reads one file, as a form or as the body itself, and keeps nothing of it."""
    limit = request.app.state.platform.settings.max_upload_bytes
    open_sink = check_sink(platform_of(request), limit)
    if _is_form(request):
        form = await receive_form(request, open_sink)
        if len(form.files) != 1:
            raise BadRequest("file-missing")
        checked: Checked = form.files[0]
    else:
        filename = raw_filename(request)
        checked = await receive_file(request, filename, open_sink(filename))
    return JSONResponse(checked.report)


@router.post(
    "/v1/items",
    status_code=201,
    summary="Publish",
    openapi_extra=_body(_ITEM_FORM, "application/x-www-form-urlencoded"),
)
async def create_item(request: Request, idempotency_key: IdempotencyKey = None) -> Response:
    """Publishes a file, words, or both, with exactly one declaration; answers when the item is durable."""
    form = await receive_form(request, draft_sink(platform_of(request), author_of(request)))
    declaration = declaration_of(form.get("declaration"), form.get("note"))
    return await run_in_threadpool(_publish, request, form, declaration, idempotency_key)


def _publish(request: Request, form: Form, declaration: Declaration, idempotency_key: str | None) -> Response:
    drafts: list[Draft] = form.files
    if not drafts and not form.get("text").strip():
        raise BadRequest("nothing-to-publish")
    item = platform_of(request).publish(
        author_of(request),
        title=form.get("title"),
        text=form.get("text"),
        declaration=declaration,
        draft_id=drafts[0].id if drafts else None,
        idempotency_key=idempotency_key,
    )
    return JSONResponse(represent.item(item), 201, {"Location": f"/v1/items/{item.id}"})


@router.get("/v1/items", summary="List items")
def list_items(
    request: Request, cursor: Cursor = None, limit: Limit = 20, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Lists items, newest first."""
    page = platform_of(request).feed(cursor=cursor, limit=limit, query=q)
    return _listing(request, "items", [represent.item(row) for row in page.rows], page)


@router.get("/v1/items/{item_id}", summary="Read an item")
def read_item(request: Request, item_id: ItemId) -> Response:
    """Returns an item with its report, its verdict and its history."""
    return JSONResponse(represent.item(platform_of(request).item(item_id)))


@router.get("/v1/items/{item_id}/file", summary="Read an item's file", response_class=FileResponse)
def read_file(request: Request, item_id: ItemId, download: Annotated[int, Query(ge=0, le=1)] = 0) -> Response:
    """Returns the file with all its labels; ranges work."""
    return item_file(request)


@router.patch("/v1/items/{item_id}/declaration", summary="Add to a declaration")
def change_declaration(request: Request, item_id: ItemId, change: DeclarationChange) -> Response:
    """Records what the author says now. The notice can rise by it, never fall."""
    declaration = declaration_of(change.choice, change.note)
    return JSONResponse(represent.item(platform_of(request).declare(author_of(request), item_id, declaration)))


@router.get("/v1/audit/entries", summary="List the audit log")
def list_audit(request: Request, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Lists the log, newest first."""
    page = platform_of(request).audit_entries(cursor=cursor, limit=limit)
    return _listing(request, "entries", [represent.audit_entry(row) for row in page.rows], page)


@router.get("/v1/audit/checkpoint", summary="Check the audit log")
def audit_checkpoint(request: Request) -> Response:
    """Recomputes the whole log and returns its size and the hash at its end."""
    size, chain_hash = platform_of(request).audit_verify()
    return JSONResponse({"size": size, "chain_hash": chain_hash})


@router.get("/.well-known/yinji.json", summary="About this site")
def about(request: Request) -> Response:
    """Says who this site is as a propagator, which rules it follows and where its API begins."""
    settings = request.app.state.platform.settings
    return JSONResponse(
        {
            "name": {"zh": settings.site_name.zh, "en": settings.site_name.en},
            "software": {"name": "yinji", "version": __version__},
            "propagator": settings.propagator,
            "sample_propagator": settings.is_sample_propagator,
            "regime": settings.regime,
            "api": "/v1",
            "openapi": "/v1/openapi.json",
            "max_upload_bytes": settings.max_upload_bytes,
        }
    )


@router.get("/healthz", summary="Health")
def health(request: Request) -> Response:
    """Tells whether the database answers and files can be kept."""
    healthy = platform_of(request).healthy()
    return JSONResponse({"healthy": healthy}, 200 if healthy else 503)


@router.get("/v1/openapi.json", summary="This description")
def openapi(request: Request) -> Response:
    """Returns OpenAPI 3.1, with what each operation needs beside it."""
    description: dict[str, Any] = request.app.openapi()
    components = description.setdefault("components", {})
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            need = ROUTES[(method.upper(), path)]
            operation["x-permission"] = str(need)
            if needs_account(need):
                operation["security"] = [{"bearer": []}]
    return JSONResponse(description)


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith(_MULTIPART)


def _listing(request: Request, name: str, rows: list[dict[str, Any]], page: Page[Any]) -> Response:
    headers = {}
    if page.next_cursor:
        kept = {k: v for k, v in request.query_params.items() if k != "cursor"}
        headers["Link"] = f'<{request.url.path}?{urlencode(kept | {"cursor": page.next_cursor})}>; rel="next"'
    return JSONResponse({name: rows, "next_cursor": page.next_cursor}, headers=headers)
