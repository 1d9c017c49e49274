"""Who knows this content, asked by its media: the C2PA soft-binding resolution API (C2PA 2.2, Decoupled, API 1.0.0).

A file whose metadata were stripped on its way still has its media. Whoever holds such a file, or only the digest of its
media, learns here which label the same media bears on this site. There is one algorithm, the digest that also finds
copies at publishing; a re-encoded copy has another one. No C2PA manifests are kept here: a match gives the label.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.evidence.base import Known
from yinji.platform.errors import NotFound
from yinji.server.access import platform_of
from yinji.server.errors import BindingInvalid, UnsupportedBody
from yinji.server.intake import raw_filename, receive_file
from yinji.server.sinks import digest_sink

router = APIRouter()

ALGORITHM: Final = "cn.yinji.media-sha256.1"
"""SHA-256 over the media of a file, all of its metadata left out (:mod:`yinji.containers.digest`)."""

_DIGEST_BYTES: Final = 32
_RAW: Final = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {}}}}}

Algorithm = Annotated[str, Query(max_length=64, description="Name of the algorithm.")]
Value = Annotated[str, Query(max_length=64, description="The digest, Base64.")]


class Binding(BaseModel):
    """A soft binding: an algorithm and what it gives for some content."""

    alg: str = Field(max_length=64)
    value: str = Field(max_length=64)


@router.get("/services/supportedAlgorithms", summary="Algorithms of soft bindings")
def supported_algorithms() -> Response:
    """Lists the algorithms by which content is known here."""
    return JSONResponse({"watermarks": [], "fingerprints": [{"alg": ALGORITHM}]})


@router.get("/matches/byBinding", summary="Find content by its digest")
def by_binding(request: Request, alg: Algorithm, value: Value) -> Response:
    """Returns what is known of the content with this digest."""
    return _matches(request, _digest_of(alg, value))


@router.post("/matches/byBinding", summary="Find content by its digest")
def by_posted_binding(request: Request, binding: Binding) -> Response:
    """Does the same with the binding in the body."""
    return _matches(request, _digest_of(binding.alg, binding.value))


@router.post("/matches/byContent", summary="Find content by a copy of it", openapi_extra=_RAW)
async def by_content(request: Request, alg: Algorithm = ALGORITHM) -> Response:
    """Takes a file as the body, keeps nothing of it, and returns what is known of its media."""
    if alg != ALGORITHM:
        raise BindingInvalid("binding-algorithm", known=ALGORITHM)
    filename, platform = raw_filename(request), platform_of(request)
    media = await receive_file(request, filename, digest_sink(platform.settings.max_upload_bytes, filename))
    if not media.recognised:
        raise UnsupportedBody("body-type", type=request.headers.get("content-type", ""))
    return await run_in_threadpool(_matches, request, media.digest)


def _digest_of(alg: str, value: str) -> str:
    """Returns the digest that a binding holds, hex.

    Raises:
        BindingInvalid: Another algorithm, or no digest.
    """
    if alg != ALGORITHM:
        raise BindingInvalid("binding-algorithm", known=ALGORITHM)
    try:
        digest = base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        digest = b""
    if len(digest) != _DIGEST_BYTES:
        raise BindingInvalid("binding-value")
    return digest.hex()


def _matches(request: Request, digest: str | None) -> Response:
    known = platform_of(request).copies.known(digest) if digest else None
    return JSONResponse({"matches": [] if known is None else [_match(request, known)]})


def _match(request: Request, known: Known) -> dict[str, Any]:
    found: dict[str, Any] = {
        "manifestId": f"urn:yinji:media:{known.media_digest}",
        "similarityScore": 100,
        "label": known.label,
        "origin": known.origin,
    }
    if known.item and _is_shown(request, known.item):
        base = platform_of(request).settings.public_url or str(request.base_url)
        found |= {"item": known.item, "endpoint": f"{base.rstrip('/')}/v1/items/{known.item}"}
    return found


def _is_shown(request: Request, item_id: str) -> bool:
    """Tells whether readers still see an item; its label stays known where its author withdrew it."""
    try:
        platform_of(request).item(item_id)
    except NotFound:
        return False
    return True
