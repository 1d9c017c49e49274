"""Figures of the site (R102)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.platform.statistics.counting import MAX_DAYS
from yinji.server.pages.statistics import figures_for

router = APIRouter()

Range = Annotated[int, Query(ge=1, le=MAX_DAYS, description="So many days, up to `last`.")]
First = Annotated[date | None, Query(description="First day, in the site's zone; instead of `range`.")]
Last = Annotated[date | None, Query(description="Last day; today unless given.")]


@router.get("/v1/statistics", summary="Count posts and notices")
def read_statistics(request: Request, range: Range = 14, first: First = None, last: Last = None) -> Response:
    """Counts a span of days: posts by tier and day, declarations, what was done to the files served."""
    return JSONResponse(figures_for(request).to_dict())
