"""Cases about one's own posts, and appeals."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.platform.cases.model import CaseFile
from yinji.server import represent_cases
from yinji.server.access import author_of, platform_of
from yinji.server.api.shared import Cursor, ItemId, Limit, listing

router = APIRouter()

CaseId = Annotated[str, Path(max_length=64, description="Number of the case.")]
DecisionId = Annotated[str, Path(max_length=64, description="Number of the decision.")]


class NewAppeal(BaseModel):
    """An appeal; ``wants`` asks for one's declaration to be corrected, too."""

    reason: str = Field(max_length=8000)
    wants: Literal["", "not_ai", "ai_edited"] = ""


@router.get("/v1/cases", summary="List cases about your posts")
def list_cases(request: Request, cursor: Cursor = None, limit: Limit = 20) -> Response:
    """Lists the cases about one's own posts, newest first."""
    page = platform_of(request).cases.own(author_of(request), cursor=cursor, limit=limit)
    return listing(request, "cases", [represent_cases.own_job(row) for row in page.rows], page)


@router.get("/v1/cases/{case_id}", summary="Read a case about your post")
def read_case(request: Request, case_id: CaseId) -> Response:
    """Returns a case with its decisions, their policies and reasons."""
    return JSONResponse(represent_cases.own_case(platform_of(request).cases.own_case(author_of(request), case_id)))


@router.post("/v1/decisions/{decision_id}/appeal", status_code=201, summary="Appeal a decision")
def create_appeal(request: Request, decision_id: DecisionId, said: NewAppeal) -> Response:
    """Appeals a decision about one's own post, once; another reviewer judges."""
    file = platform_of(request).cases.appeal(author_of(request), decision_id, said.reason, said.wants)
    return _created(file)


@router.post("/v1/items/{item_id}/appeal", status_code=201, summary="Appeal a notice")
def create_notice_appeal(request: Request, item_id: ItemId, said: NewAppeal) -> Response:
    """Appeals the notice that one's own post bears, or asks for one's declaration to be corrected downward."""
    file = platform_of(request).cases.appeal_notice(author_of(request), item_id, said.reason, said.wants)
    return _created(file)


def _created(file: CaseFile) -> Response:
    return JSONResponse(represent_cases.own_case(file), 201, {"Location": f"/v1/cases/{file.case.id}"})
