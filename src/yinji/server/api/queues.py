"""Queues and jobs: claim, release, decide."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.platform.cases.deciding import Said
from yinji.platform.cases.model import Outcome
from yinji.server import represent_cases
from yinji.server.access import author_of, platform_of
from yinji.server.api.shared import Cursor, Limit, listing

router = APIRouter()

JobId = Annotated[str, Path(max_length=64, description="Number of the job.")]
QueueName = Annotated[str, Path(max_length=64, description="Name of the queue; `all` for every queue.")]


class NewDecision(BaseModel):
    """A decision: its policy and its reason go to the author and to those who reported."""

    decision: Outcome
    policy: str = Field(max_length=64)
    reason: str = Field(max_length=8000)
    version: str = Field("", max_length=64, description="`version` of the job as it was looked at.")
    copies: bool = Field(False, description="Decide posts with the same medium alike.")
    bad_faith: bool = Field(False, description="With `false_report`: the reports were made in bad faith.")
    annotation: str = Field("", max_length=32, description="With `annotate`: the short-video label that fits.")


@router.get("/v1/queues", summary="List queues")
def list_queues(request: Request) -> Response:
    """Lists the queues with what waits in them."""
    queues = platform_of(request).cases.queues(author_of(request))
    return JSONResponse({"queues": [represent_cases.queue(one) for one in queues]})


@router.get("/v1/queues/{name}/jobs", summary="List jobs")
def list_jobs(
    request: Request,
    name: QueueName,
    view: Annotated[Literal["waiting", "mine", "done"], Query(description="Which jobs.")] = "waiting",
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response:
    """Lists the jobs of a queue: what waits, the most urgent first; one's own claims; or what is decided."""
    cases = platform_of(request).cases
    page = cases.jobs(author_of(request), _queue(name), view=view, cursor=cursor, limit=limit)
    return listing(request, "jobs", [represent_cases.job(row) for row in page.rows], page)


@router.post("/v1/queues/{name}/next", summary="Next up")
def next_job(request: Request, name: QueueName) -> Response:
    """Claims the most urgent job; 204 when nothing waits."""
    file = platform_of(request).cases.next_up(author_of(request), _queue(name))
    return Response(status_code=204) if file is None else JSONResponse(represent_cases.case_file(file))


@router.get("/v1/jobs/{job_id}", summary="Read a job")
def read_job(request: Request, job_id: JobId) -> Response:
    """Returns everything about a job."""
    return JSONResponse(represent_cases.case_file(platform_of(request).cases.job(author_of(request), job_id)))


@router.post("/v1/jobs/{job_id}/claim", summary="Claim a job")
def claim_job(request: Request, job_id: JobId) -> Response:
    """Takes a job for a while; asked again, makes the while longer."""
    return JSONResponse(represent_cases.case_file(platform_of(request).cases.claim(author_of(request), job_id)))


@router.delete("/v1/jobs/{job_id}/claim", status_code=204, summary="Release a job")
def release_job(
    request: Request,
    job_id: JobId,
    skip: Annotated[bool, Query(description="Do not offer it to me as the next one again.")] = False,
) -> Response:
    """Gives a job back to its queue."""
    platform_of(request).cases.release(author_of(request), job_id, skip=skip)
    return Response(status_code=204)


@router.post("/v1/jobs/{job_id}/decision", status_code=201, summary="Decide a job")
def create_decision(request: Request, job_id: JobId, made: NewDecision) -> Response:
    """Decides a claimed job; verdict, notice, file and history follow. Sent twice, a decision counts once."""
    said = Said(made.decision, made.policy, made.reason, made.version, made.copies, made.bad_faith, made.annotation)
    decision = platform_of(request).cases.decide(author_of(request), job_id, said)
    return JSONResponse(represent_cases.decision(decision), 201, {"Location": f"/v1/jobs/{job_id}"})


def _queue(name: str) -> str | None:
    return None if name == "all" else name
