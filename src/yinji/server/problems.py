"""Errors as answers: problem+json (RFC 9457) for programs, a page for people."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.errors import YinjiError
from yinji.platform.errors import NotFound, NotSignedIn, TooManyAttempts, Unavailable
from yinji.server.errors import BadRequest, MethodNotAllowed
from yinji.server.language import language_of

MEDIA_TYPE: Final = "application/problem+json"


class Internal(YinjiError):
    """What people and programs are told of a fault of ours: nothing of its inside."""

    exit_code = 70
    http_status = 500


def as_yinji_error(error: Exception) -> YinjiError:
    """Turns whatever reached the edge into an error of ours."""
    if isinstance(error, YinjiError):
        return error
    if isinstance(error.__cause__, YinjiError):
        return error.__cause__
    if isinstance(error, RequestValidationError):
        return BadRequest("request-invalid", where=_first_place(error))
    if isinstance(error, HTTPException):
        return _of_status(error)
    return Internal("internal")


def _first_place(error: RequestValidationError) -> str:
    first = next(iter(error.errors()), {"loc": ()})
    return ".".join(str(step) for step in first["loc"])


def _of_status(error: HTTPException) -> YinjiError:
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return NotFound("page-not-found")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return MethodNotAllowed("method-not-allowed")
        case _:
            return BadRequest("request-invalid", where="body")


def problem(error: YinjiError, language: str, instance: str) -> dict[str, Any]:
    """Returns the problem object: RFC 9457 members in the reader's language, then both languages in full."""
    return {
        "type": f"urn:yinji:error:{error.code}",
        "title": HTTPStatus(error.http_status).phrase,
        "status": error.http_status,
        "detail": error.text.pick(language),
        "instance": instance,
        "code": error.code,
        "zh": {"detail": error.text.zh, "next": error.advice.zh},
        "en": {"detail": error.text.en, "next": error.advice.en},
    }


def headers_of(error: YinjiError) -> dict[str, str]:
    """Returns what HTTP wants to be told beside the body."""
    if isinstance(error, TooManyAttempts):
        return {"Retry-After": str(error.details.get("seconds", 60))}
    if isinstance(error, Unavailable):
        return {"Retry-After": "2"}
    if isinstance(error, NotSignedIn):
        return {"WWW-Authenticate": 'Bearer realm="yinji"'}
    return {}


def problem_response(request: Request, error: YinjiError) -> Response:
    """Answers with problem+json."""
    body = problem(error, language_of(request), request.url.path)
    return JSONResponse(body, error.http_status, headers_of(error) | {"Vary": "Accept-Language"}, MEDIA_TYPE)


def wants_page(request: Request) -> bool:
    """Tells whether a person with a browser asked, rather than a program."""
    path = request.url.path
    programs = path.startswith(("/v1/", "/.well-known/", "/matches/", "/services/")) or path.endswith(".json")
    page = "text/html" in request.headers.get("accept", "") or request.headers.get("hx-request") == "true"
    return page and not programs
