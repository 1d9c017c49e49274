"""Reports: what readers say of a label, what came of it, and how somebody stands."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.platform.cases.model import Why
from yinji.server import represent_cases
from yinji.server.access import address_of, author_of, platform_of, viewer_of
from yinji.server.api.shared import Cursor, ItemId, Limit, listing

router = APIRouter()


class NewReport(BaseModel):
    """A report: ``unlabelled`` AI content, or ``wrongly_labelled``."""

    reason: Literal["unlabelled", "wrongly_labelled"]
    note: str = Field("", max_length=2000)


@router.post("/v1/items/{item_id}/reports", status_code=201, summary="Report an item")
def create_report(request: Request, item_id: ItemId, said: NewReport) -> Response:
    """Reports an item. Reports of one item make one case; sent again, a report replaces one's earlier one."""
    report = platform_of(request).cases.report(author_of(request), item_id, Why(said.reason), said.note)
    return JSONResponse(represent_cases.report(report), 201, {"Location": "/v1/reports"})


class VisitorReport(BaseModel):
    """A report of somebody who is not signed in."""

    reason: Literal["unlabelled", "wrongly_labelled"]


@router.post("/v1/items/{item_id}/visitor-reports", status_code=202, summary="Report an item without an account")
def create_visitor_report(request: Request, item_id: ItemId, said: VisitorReport) -> Response:
    """Reports an item where the operator takes such reports. They are few for one address, and nobody is told more."""
    cases = platform_of(request).cases
    cases.report_as_visitor(viewer_of(request), address_of(request), item_id, Why(said.reason))
    return JSONResponse({"item_id": item_id, "reason": said.reason}, 202)


@router.get("/v1/reports", summary="List your reports")
def list_reports(request: Request, cursor: Cursor = None, limit: Limit = 20) -> Response:
    """Lists one's own reports with what was decided and why, newest first."""
    page = platform_of(request).cases.reports(author_of(request), cursor=cursor, limit=limit)
    return listing(request, "reports", [represent_cases.report(row) for row in page.rows], page)


@router.get("/v1/policies", summary="List policies")
def list_policies(request: Request) -> Response:
    """Lists what decisions can rest on, with the clause and the decisions each can bear."""
    return JSONResponse({"policies": [represent_cases.policy(one) for one in platform_of(request).cases.policies()]})


@router.get("/v1/strikes", summary="How you stand")
def own_strikes(request: Request) -> Response:
    """Returns one's own strikes, when each expires, and what follows from them."""
    return JSONResponse(represent_cases.standing(platform_of(request).cases.standing(author_of(request))))
