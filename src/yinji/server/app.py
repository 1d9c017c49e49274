"""Puts the server together: routes, guards and error answers around one platform."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Scope

from yinji import __version__
from yinji.errors import YinjiError
from yinji.limits import MIB
from yinji.platform.agreements.door import AgreementRequired
from yinji.platform.agreements.texts import TERMS
from yinji.platform.demo import is_demo
from yinji.platform.errors import NotSignedIn
from yinji.platform.service import Platform
from yinji.server import api
from yinji.server.access import AUTHORIZED, recognise
from yinji.server.api.shared import PROBLEMS
from yinji.server.assets import serve_asset
from yinji.server.body import BoundedBody
from yinji.server.kept import kept_fields
from yinji.server.lean import LeanPath
from yinji.server.options import SMALL_BODY, ServerOptions
from yinji.server.pages import ACTIONS, PAGES, feed
from yinji.server.pages.tables import Show
from yinji.server.problems import as_yinji_error, problem_response, wants_page
from yinji.server.rendering import error_page, page, see_other, twin
from yinji.server.security import SecurityHeaders, protecting_headers
from yinji.server.telemetry.logs import LogStyle, request_log
from yinji.server.telemetry.metrics import Metrics
from yinji.server.telemetry.observed import Observed
from yinji.server.telemetry.traces import tracer_from
from yinji.server.upkeep import upkeep

_UPLOADS: Final = frozenset(
    ("POST", path)
    for path in ("/v1/check", "/v1/items", "/matches/byContent", "/publish", "/preview", "/verify", "/verify.json")
)
_FORM_ROOM: Final = MIB
"""What the text fields and the framing of a form may add to its file."""


def create_app(platform: Platform, options: ServerOptions | None = None) -> FastAPI:
    """Returns the application.

    Args:
        platform: The open platform; the caller closes it.
        options: Settings of the HTTP side; without them they follow the platform's settings.
    """
    settings = platform.settings
    chosen = options or ServerOptions(
        secure=settings.public_url.startswith("https://"),
        open_registration=settings.open_registration,
        log=LogStyle(settings.log),
    )
    app = FastAPI(
        title="Yinji 印记",
        version=__version__,
        description=api.__doc__ or "",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[AUTHORIZED],
        responses=PROBLEMS,
        lifespan=upkeep,
    )
    app.state.platform = platform
    app.state.options = chosen
    app.state.metrics = Metrics()
    app.state.site_name = settings.site_name
    app.state.demo = is_demo(settings.data_dir)
    for router in api.ROUTERS:
        app.include_router(router)
    _add_pages(app)
    for kind in (YinjiError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _answer_error)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_middleware(LeanPath, answer_error=_answer_error)
    app.add_middleware(BoundedBody, options=chosen, limit_of=partial(_limit_of, settings.max_upload_bytes))
    app.add_middleware(SecurityHeaders, secure=chosen.secure)
    app.add_middleware(Observed, metrics=app.state.metrics, log=request_log(chosen.log), tracer=tracer_from())
    return app


def _add_pages(app: FastAPI) -> None:
    for address, json_address, function in PAGES:
        app.add_api_route(json_address, _for_programs(function), methods=["GET"], include_in_schema=False)
        app.add_api_route(address, _for_people(function), methods=["GET"], include_in_schema=False)
    app.add_api_route("/static/{digest}/{name}", serve_asset, methods=["GET"], include_in_schema=False)
    for method, address, endpoint in ACTIONS:
        app.add_api_route(address, endpoint, methods=[method], include_in_schema=False)


def _for_people(function: Show) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        response = page(request, function(request))
        if (choice := request.query_params.get("ai", "")) in feed.AI_CHOICES:
            secure = request.app.state.options.secure
            response.set_cookie(
                feed.AI_COOKIE, choice, max_age=365 * 86400, samesite="lax", httponly=True, secure=secure
            )
        return response

    return endpoint


def _for_programs(function: Show) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        return twin(request, function(request))

    return endpoint


def _limit_of(max_upload: int, scope: Scope) -> int:
    upload = (scope["method"], scope["path"]) in _UPLOADS
    return max_upload + _FORM_ROOM if upload else SMALL_BODY


async def _answer_error(request: Request, error: Exception) -> Response:
    known = as_yinji_error(error)
    response = await _worded(request, known)
    if known.http_status >= 500:  # answered outside the middleware
        response.headers.update(protecting_headers(secure=request.app.state.options.secure))
    return response


async def _worded(request: Request, known: YinjiError) -> Response:
    if not wants_page(request):
        return problem_response(request, known)
    if isinstance(known, NotSignedIn) and request.method == "GET":
        return see_other(f"/sign-in?next={request.url.path}")
    if isinstance(known, AgreementRequired) and request.method == "GET":
        return see_other(f"/agreements/{TERMS}?next={request.url.path}")
    if known.http_status < 500:
        await recognise(request)
    kept = await kept_fields(request) if isinstance(known, (NotSignedIn, AgreementRequired)) else ()
    return await run_in_threadpool(error_page, request, known, kept)


async def _answer_nobody(request: Request, error: Exception) -> Response:
    """Ends a request whose client has left."""
    return Response(status_code=400)
