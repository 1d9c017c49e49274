"""The audit log."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.server import represent
from yinji.server.access import platform_of
from yinji.server.api.shared import Cursor, Limit, listing

router = APIRouter()


@router.get("/v1/audit/entries", summary="List the audit log")
def list_audit(request: Request, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Lists the log, newest first."""
    page = platform_of(request).audit_entries(cursor=cursor, limit=limit)
    return listing(request, "entries", [represent.audit_entry(row) for row in page.rows], page)


@router.get("/v1/audit/checkpoint", summary="Check the audit log")
def audit_checkpoint(request: Request) -> Response:
    """Recomputes the whole log and returns its size and the hash at its end."""
    size, chain_hash = platform_of(request).audit_verify()
    return JSONResponse({"size": size, "chain_hash": chain_hash})
