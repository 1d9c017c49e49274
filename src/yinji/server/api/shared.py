"""What the operations of the API have in common: parameters, problems, listings."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.platform.model import Page

MULTIPART: Final = "multipart/form-data"
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


def listing(request: Request, name: str, rows: list[dict[str, Any]], page: Page[Any]) -> Response:
    """Answers with one page of rows under ``name``, and where the next page is (RFC 8288)."""
    headers = {}
    if page.next_cursor:
        kept = {k: v for k, v in request.query_params.items() if k != "cursor"}
        headers["Link"] = f'<{request.url.path}?{urlencode(kept | {"cursor": page.next_cursor})}>; rel="next"'
    return JSONResponse({name: rows, "next_cursor": page.next_cursor}, headers=headers)


def request_body(schema: dict[str, Any], *others: str) -> dict[str, Any]:
    """Describes a form, and other bodies that are taken as they come, for OpenAPI."""
    content: dict[str, Any] = {MULTIPART: {"schema": schema}}
    for media_type in others:
        content[media_type] = {"schema": {}}
    return {"requestBody": {"required": True, "content": content}}
