"""The site itself: who it is, whether it is well, what its API is."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from yinji import __version__
from yinji.server.access import ROUTES, author_of, needs_account, platform_of
from yinji.server.telemetry.metrics import MEDIA_TYPE

router = APIRouter()

_NEEDS: Final = {(method, path.replace(":path}", "}")): need for (method, path), need in ROUTES.items()}
"""What each operation needs, by its path as OpenAPI writes it."""


@router.get("/.well-known/yinji.json", summary="About this site")
def about(request: Request) -> Response:
    """Says who this site is as a propagator, which rules it follows and where its API begins."""
    settings = request.app.state.platform.settings
    return JSONResponse(
        {
            "name": {"zh": settings.site_name.zh, "en": settings.site_name.en},
            "software": {"name": "yinji", "version": __version__},
            "propagator": settings.propagator,
            "sample_propagator": settings.is_sample_propagator,
            "regime": settings.regime,
            "api": "/v1",
            "openapi": "/v1/openapi.json",
            "max_upload_bytes": settings.max_upload_bytes,
            "soft_bindings": {"algorithms": "/services/supportedAlgorithms", "by_content": "/matches/byContent"},
            "audit": {"log": "/v1/audit", "vkey": platform_of(request).audit.verifier.vkey},
        }
    )


@router.get("/healthz", summary="Health")
def health(request: Request) -> Response:
    """Tells whether the database answers and files can be kept."""
    healthy = platform_of(request).healthy()
    return JSONResponse({"healthy": healthy}, 200 if healthy else 503)


@router.get("/metrics", summary="Figures for Prometheus", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """Returns requests answered and work waiting, for the key of an auditor or an administrator."""
    text = request.app.state.metrics.text(platform_of(request), author_of(request))
    return Response(text, media_type=MEDIA_TYPE)


@router.get("/v1/openapi.json", summary="This description")
def openapi(request: Request) -> Response:
    """Returns OpenAPI 3.1, with what each operation needs beside it."""
    description: dict[str, Any] = request.app.openapi()
    components = description.setdefault("components", {})
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            need = _NEEDS[(method.upper(), path)]
            operation["x-permission"] = str(need)
            if needs_account(need):
                operation["security"] = [{"bearer": []}]
    return JSONResponse(description)
