"""The caller's own API keys."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.platform.api_keys import MAX_DAYS
from yinji.server import represent
from yinji.server.access import author_of, platform_of

router = APIRouter()


class NewKey(BaseModel):
    """What a key is for, and when it ends by itself."""

    name: str = Field(min_length=1, max_length=200)
    days: int | None = Field(None, ge=1, le=MAX_DAYS)


@router.get("/v1/keys", summary="List your keys")
def list_keys(request: Request) -> Response:
    """Lists the caller's keys that still work; never their secrets."""
    keys = platform_of(request).keys.of(author_of(request))
    return JSONResponse({"keys": [represent.api_key(key) for key in keys]})


@router.post("/v1/keys", status_code=201, summary="Make a key")
def create_key(request: Request, wanted: NewKey) -> Response:
    """Makes a key that may do what the caller may. Its secret is in this answer and nowhere else."""
    key, secret = platform_of(request).keys.create(author_of(request), wanted.name, days=wanted.days)
    answer: dict[str, Any] = represent.api_key(key) | {"key": secret}
    return JSONResponse(answer, 201, {"Cache-Control": "no-store"})


@router.delete("/v1/keys/{key_id}", status_code=204, summary="End a key")
def delete_key(request: Request, key_id: str = Path(max_length=64, description="Number of the key.")) -> Response:
    """Ends a key for good."""
    platform_of(request).keys.revoke(author_of(request), key_id)
    return Response(status_code=204)
