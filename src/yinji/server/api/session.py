"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.server.access import platform_of, session_token

router = APIRouter()


class Credentials(BaseModel):
    """Name and password of a local account."""

    name: str = Field(max_length=200)
    password: str = Field(max_length=1024)


@router.post("/v1/session", status_code=201, summary="Sign in")
def create_session(request: Request, credentials: Credentials) -> Response:
    """Gives a bearer token for a name and a password."""
    token = platform_of(request).sign_in(credentials.name, credentials.password)
    return JSONResponse({"token": token, "token_type": "Bearer"}, 201, {"Cache-Control": "no-store"})


@router.delete("/v1/session", status_code=204, summary="Sign out")
def delete_session(request: Request) -> Response:
    """Ends the session of the token that is sent along."""
    platform_of(request).sign_out(session_token(request))
    return Response(status_code=204)
