"""The audit log: entries for auditors; checkpoints, C2SP tiles and proofs for everybody."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from yinji.errors import YinjiError
from yinji.platform.audit.log import Verified
from yinji.platform.audit.tiles import ENTRIES, Tile
from yinji.platform.errors import NotFound
from yinji.server import represent
from yinji.server.access import platform_of, viewer_of
from yinji.server.api.shared import Cursor, Limit, listing
from yinji.server.language import language_of
from yinji.server.problems import problem

router = APIRouter()

_IMMUTABLE: Final = "max-age=31536000, immutable"
_MAX_SIZE: Final = 2**53
_END: Final = None

Filter = Annotated[str, Query(max_length=64)]
Size = Annotated[int | None, Query(ge=0, le=_MAX_SIZE)]
Index = Annotated[int, Query(ge=0, le=_MAX_SIZE)]


@router.get("/v1/audit/entries", summary="List the audit log")
def list_audit(
    request: Request,
    cursor: Cursor = None,
    limit: Limit = 50,
    event: Filter = "",
    subject: Filter = "",
    actor: Filter = "",
) -> Response:
    """Lists the log, newest first; ``event`` may be an area (`item`) or one event (`item.published`)."""
    page = platform_of(request).audit.entries(
        viewer_of(request), cursor=cursor, limit=limit, event=event, subject=subject, account=actor
    )
    return listing(request, "entries", [represent.audit_entry(row) for row in page.rows], page)


@router.get("/v1/audit/checkpoint", summary="Signed checkpoint of the audit log", response_class=Response)
def audit_checkpoint(request: Request) -> Response:
    """Returns the log as a signed C2SP checkpoint: origin, size, root, signature. Keep it: later logs must begin so."""
    note = platform_of(request).audit.checkpoint(viewer_of(request))
    return Response(note, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


@router.get("/v1/audit/tile/{tile:path}", summary="A tile of the audit log's tree", response_class=Response)
def audit_tile(
    request: Request,
    tile: Annotated[str, Path(max_length=64, description="`<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]` (C2SP).")],
) -> Response:
    """Returns a C2SP tile. It never changes. Tiles of entries are for those who may read the log."""
    wanted = Tile.parse(tile)
    if wanted is None:
        raise NotFound("audit-tile-address", address=tile)
    body = platform_of(request).audit.tile(viewer_of(request), wanted)
    scope = "private" if wanted.level == ENTRIES else "public"
    headers = {"Cache-Control": f"{scope}, {_IMMUTABLE}"}
    return Response(body, media_type="application/octet-stream", headers=headers)


@router.get("/v1/audit/proof/inclusion", summary="Prove that an entry is in the log")
def prove_inclusion(request: Request, index: Index, size: Size = None) -> Response:
    """Returns the audit path from an entry to the root of the tree of ``size`` entries (RFC 6962 2.1.1)."""
    return JSONResponse(represent.inclusion(platform_of(request).audit.inclusion(viewer_of(request), index, size)))


@router.get("/v1/audit/proof/consistency", summary="Prove that the log only grew")
def prove_consistency(request: Request, old: Index, new: Size = None) -> Response:
    """Returns the proof that the tree of ``new`` entries begins with that of ``old`` (RFC 6962 2.1.2)."""
    return JSONResponse(represent.consistency(platform_of(request).audit.consistency(viewer_of(request), old, new)))


@router.post("/v1/audit/verify", summary="Check the whole log", response_class=StreamingResponse)
def verify_audit(request: Request) -> Response:
    """Recomputes the log and tells how far it is, one JSON object a line; the last one says what was found."""
    platform, viewer, language = platform_of(request), viewer_of(request), language_of(request)
    lines: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def work() -> None:
        try:
            verified = platform.audit.verify(viewer, lambda done, size: lines.put({"done": done, "size": size}))
            lines.put(found(verified))
        except YinjiError as error:
            lines.put({"intact": False, "problem": problem(error, language, "/v1/audit/verify")})
        finally:
            lines.put(_END)

    threading.Thread(target=work, name="verify audit", daemon=True).start()
    return StreamingResponse(_lines(lines), media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})


def found(verified: Verified) -> dict[str, Any]:
    """Returns what a check of the whole log found."""
    return {
        "intact": True,
        "size": verified.size,
        "root": verified.root.hex(),
        "chain_hash": verified.chain_hash,
    }


def _lines(lines: queue.Queue[dict[str, Any] | None]) -> Iterator[str]:
    while (line := lines.get()) is not _END:
        yield json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
