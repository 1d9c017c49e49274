"""Webhooks: who is told of what happens here (Standard Webhooks 1.0.0)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.server.access import author_of, platform_of
from yinji.server.api.shared import Cursor, Limit, listing

router = APIRouter()

Number = Annotated[str, Path(max_length=64, description="Number of the endpoint.")]


class NewEndpoint(BaseModel):
    """An address, and the events it wants to hear of: ``item.published``, ``item.*`` or ``*``."""

    url: str = Field(max_length=2000)
    events: list[str] = Field(min_length=1, max_length=50)


class From(BaseModel):
    """From where on in the audit log."""

    index: int = Field(ge=0)


@router.post("/v1/webhooks", status_code=201, summary="Add an endpoint")
def add_webhook(request: Request, new: NewEndpoint) -> Response:
    """Adds an endpoint. Its secret is in this answer and nowhere else."""
    made = platform_of(request).webhooks.create(author_of(request), new.url, new.events)
    return JSONResponse(made.to_dict(), 201)


@router.get("/v1/webhooks", summary="List endpoints")
def list_webhooks(request: Request) -> Response:
    """Lists all endpoints, without their secrets."""
    rows = platform_of(request).webhooks.list(author_of(request))
    return JSONResponse({"webhooks": [row.to_dict() for row in rows]})


@router.delete("/v1/webhooks/{number}", status_code=204, summary="Remove an endpoint")
def remove_webhook(request: Request, number: Number) -> Response:
    """Forgets an endpoint and the list of what was sent to it."""
    platform_of(request).webhooks.remove(author_of(request), number)
    return Response(status_code=204)


@router.post("/v1/webhooks/{number}/rotate", summary="Replace the secret")
def rotate_webhook(request: Request, number: Number) -> Response:
    """Gives a new secret; for a day, messages are signed with the old one as well."""
    return JSONResponse(platform_of(request).webhooks.rotate(author_of(request), number).to_dict())


@router.post("/v1/webhooks/{number}/enable", summary="Switch an endpoint on")
def enable_webhook(request: Request, number: Number) -> Response:
    """Switches an endpoint on; it hears of what it missed."""
    return JSONResponse(platform_of(request).webhooks.turn(author_of(request), number, on=True).to_dict())


@router.post("/v1/webhooks/{number}/disable", summary="Switch an endpoint off")
def disable_webhook(request: Request, number: Number) -> Response:
    """Switches an endpoint off."""
    return JSONResponse(platform_of(request).webhooks.turn(author_of(request), number, on=False).to_dict())


@router.post("/v1/webhooks/{number}/replay", summary="Send a stretch of the log again")
def replay_webhook(request: Request, number: Number, start: From) -> Response:
    """Sends everything again from one entry of the audit log on."""
    return JSONResponse(platform_of(request).webhooks.replay_from(author_of(request), number, start.index).to_dict())


@router.get("/v1/webhooks/{number}/deliveries", summary="List deliveries")
def list_deliveries(request: Request, number: Number, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Lists what was sent to an endpoint, newest first."""
    page = platform_of(request).webhooks.deliveries(author_of(request), number, cursor=cursor, limit=limit)
    return listing(request, "deliveries", [row.to_dict() for row in page.rows], page)


@router.post("/v1/webhooks/{number}/deliveries/{delivery}/replay", summary="Send a message again")
def replay_delivery(request: Request, number: Number, delivery: Annotated[str, Path(max_length=64)]) -> Response:
    """Sends one message again, under the same ``webhook-id``."""
    return JSONResponse(platform_of(request).webhooks.replay(author_of(request), number, delivery).to_dict())
