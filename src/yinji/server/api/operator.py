"""What operators decide and look after: policy, passes over the back catalogue, work, accounts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.platform.model import Role
from yinji.platform.policy import Policy
from yinji.server import represent
from yinji.server.access import author_of, platform_of
from yinji.server.api.shared import Cursor, Limit, listing

router = APIRouter()

Number = Annotated[str, Path(max_length=64, description="Number of the pass.")]
TaskId = Annotated[str, Path(max_length=64, description="Number of the task.")]


class NewPolicy(BaseModel):
    """A decision, in the place of the version that was looked at."""

    additions: dict[str, dict[str, bool]] = Field(default_factory=dict)
    short_video_labels: bool = False
    visitor_reports: bool = True
    replacing: int | None = Field(None, ge=0)


class NewAccount(BaseModel):
    """An account to open."""

    name: str = Field(max_length=200)
    password: str = Field(max_length=1024)
    role: Role
    display_name: str = Field("", max_length=200)


@router.get("/v1/policy", summary="Read the policy")
def read_policy(request: Request) -> Response:
    """Returns what is added by itself, now and in the versions before."""
    policy = platform_of(request).policy
    return JSONResponse(
        {
            "policy": represent.policy(policy.get()),
            "history": [represent.policy(version) for version in policy.history(author_of(request))],
        }
    )


@router.put("/v1/policy", summary="Decide the policy anew")
def write_policy(request: Request, wanted: NewPolicy) -> Response:
    """Decides anew; what the law demands cannot be switched off."""
    decided = Policy.from_dict(wanted.model_dump(include={"additions", "short_video_labels", "visitor_reports"}))
    made = platform_of(request).policy.set(author_of(request), decided, replacing=wanted.replacing)
    return JSONResponse(represent.policy(made))


@router.get("/v1/relabellings", summary="List passes over the catalogue")
def list_relabellings(request: Request) -> Response:
    """Lists passes with how far they are, newest first."""
    passes = platform_of(request).relabelling.list(author_of(request))
    return JSONResponse({"relabellings": [one.to_dict() for one in passes]})


@router.post("/v1/relabellings", status_code=201, summary="Start a pass over the catalogue")
def start_relabelling(request: Request) -> Response:
    """Looks at every item again by the rules in force, and labels files anew where the notice rose."""
    return JSONResponse(platform_of(request).relabelling.start(author_of(request)).to_dict(), 201)


@router.post("/v1/relabellings/{number}/pause", summary="Pause a pass")
def pause_relabelling(request: Request, number: Number) -> Response:
    """Stops after the item at hand."""
    return JSONResponse(platform_of(request).relabelling.pause(author_of(request), number).to_dict())


@router.post("/v1/relabellings/{number}/resume", summary="Resume a pass")
def resume_relabelling(request: Request, number: Number) -> Response:
    """Goes on where it stopped."""
    return JSONResponse(platform_of(request).relabelling.resume(author_of(request), number).to_dict())


@router.get("/v1/work", summary="Look at the work")
def read_work(request: Request) -> Response:
    """Counts the tasks, and lists those that were given up."""
    work, viewer = platform_of(request).work, author_of(request)
    return JSONResponse({"counts": work.counts(viewer), "dead": [work.to_dict(task) for task in work.dead(viewer)]})


@router.post("/v1/work/{task_id}/retry", status_code=204, summary="Try a task again")
def retry_task(request: Request, task_id: TaskId) -> Response:
    """Gives a task that was given up another life."""
    platform_of(request).work.retry(author_of(request), task_id)
    return Response(status_code=204)


@router.get("/v1/accounts", summary="List accounts")
def list_accounts(request: Request, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Lists accounts, newest first."""
    page = platform_of(request).accounts(author_of(request), cursor=cursor, limit=limit)
    return listing(request, "accounts", [represent.own_account(row) for row in page.rows], page)


@router.post("/v1/accounts", status_code=201, summary="Open an account")
def create_account(request: Request, new: NewAccount) -> Response:
    """Opens an account of any role."""
    made = platform_of(request).create_account(
        new.name, new.password, new.role, new.display_name, actor=author_of(request)
    )
    answer: dict[str, Any] = represent.own_account(made)
    return JSONResponse(answer, 201)
