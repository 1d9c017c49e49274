"""Static files: held in memory, addressed by the hash of their content, so that browsers may keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from yinji.platform.errors import NotFound

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_SOURCES: Final = {
    "style.css": ("tokens.css", "yinji.css", "pages.css"),
    "app.js": ("app.js",),
    "htmx.js": ("htmx.min.js", "partial.js"),
    "audit.js": ("audit.js",),
    "review.js": ("review.js",),
    "logo.svg": ("logo.svg",),
    "favicon.svg": ("favicon.svg",),
}
_IMMUTABLE: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    media_type: str
    body: bytes
    packed: bytes
    digest: str


@cache
def assets() -> Mapping[str, Asset]:
    """Returns every static file by name."""
    folder = files(__package__).joinpath("static")
    made: dict[str, Asset] = {}
    for name, parts in _SOURCES.items():
        body = b"\n".join(folder.joinpath(part).read_bytes() for part in parts)
        digest = hashlib.sha256(body).hexdigest()[:16]
        made[name] = Asset(_TYPES[name[name.rindex(".") :]], body, gzip.compress(body, mtime=0), digest)
    return made


def asset_url(name: str) -> str:
    """Returns the address of a static file; it changes with the content."""
    return f"/static/{assets()[name].digest}/{name}"


def serve_asset(request: Request) -> Response:
    """Answers ``GET /static/{digest}/{name}``."""
    asset = assets().get(request.path_params["name"])
    if asset is None or request.path_params["digest"] != asset.digest:
        raise NotFound("page-not-found")
    headers = {"Cache-Control": _IMMUTABLE, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, media_type=asset.media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(asset.body, media_type=asset.media_type, headers=headers)
