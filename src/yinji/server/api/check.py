"""``POST /v1/check``: look at a file, keep nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.server.access import authorize, authorize_here, platform_of
from yinji.server.api.shared import MULTIPART, request_body
from yinji.server.errors import BadRequest
from yinji.server.intake import Form, raw_filename, read_file, read_form, receive_file, receive_form, small_body
from yinji.server.sinks import Checked, LookSink, check_sink

router = APIRouter()


_FILE_FORM: Final = {
    "type": "object",
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
    "required": ["file"],
}


@router.post("/v1/check", summary="Check a file", openapi_extra=request_body(_FILE_FORM, "application/octet-stream"))
async def check(request: Request) -> Response:
    """Reads one file, as a form or as the body itself, and keeps nothing of it."""
    return await look(request)


async def look(request: Request) -> Response:
    """Answers ``POST /v1/check``. What is small is done in one visit to a worker thread."""
    body = await small_body(request)
    if body is not None:
        return await run_in_threadpool(_look_at, request, body)
    await authorize(request)
    if _is_form(request):
        return _answer(_only(await receive_form(request, _sink(request))))
    filename = raw_filename(request)
    return _answer(await receive_file(request, filename, _sink(request)(filename)))


def _look_at(request: Request, body: bytes) -> Response:
    authorize_here(request)
    if _is_form(request):
        return _answer(_only(read_form(request, body, _sink(request))))
    filename = raw_filename(request)
    return _answer(read_file(body, filename, _sink(request)(filename)))


def _sink(request: Request) -> Callable[[str], LookSink[Checked]]:
    platform = platform_of(request)
    return check_sink(platform, platform.settings.max_upload_bytes)


def _only(form: Form) -> Checked:
    if len(form.files) != 1:
        raise BadRequest("file-missing")
    only: Checked = form.files[0]
    return only


def _answer(checked: Checked) -> Response:
    return JSONResponse(checked.report)


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith(MULTIPART)
