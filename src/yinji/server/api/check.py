"""``POST /v1/check``: look at a file, keep nothing."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.server.access import platform_of
from yinji.server.api.shared import MULTIPART, request_body
from yinji.server.errors import BadRequest
from yinji.server.intake import raw_filename, receive_file, receive_form
from yinji.server.sinks import Checked, check_sink

router = APIRouter()


_FILE_FORM: Final = {
    "type": "object",
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
    "required": ["file"],
}


@router.post("/v1/check", summary="Check a file", openapi_extra=request_body(_FILE_FORM, "application/octet-stream"))
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


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith(MULTIPART)
