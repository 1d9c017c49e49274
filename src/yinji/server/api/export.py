"""Everything out: the full export, and the evidence pack for app stores and authorities."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from yinji.server.access import author_of, platform_of
from yinji.server.api.shared import Cursor
from yinji.server.files import disposition

router = APIRouter()


@router.get("/v1/export", summary="Export all records", response_class=StreamingResponse)
def export_all(request: Request, cursor: Cursor = None) -> Response:
    """Streams every record of the site as JSON lines; go on from the last `cursor` line where it broke off."""
    lines = platform_of(request).export.lines(author_of(request), cursor)
    return StreamingResponse(lines, media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})


@router.get("/v1/audit/pack", summary="Evidence pack", response_class=StreamingResponse)
def evidence_pack(request: Request) -> Response:
    """Returns one ZIP that shows how the site labels: rules, notices, samples, checkpoint (R101)."""
    pack = platform_of(request).pack
    chunks = pack.chunks(author_of(request))
    headers = {"Content-Disposition": disposition(pack.filename(), inline=False), "Cache-Control": "no-store"}
    return StreamingResponse(chunks, media_type="application/zip", headers=headers)
