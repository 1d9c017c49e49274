"""The audit log, for those who may read it: the list, one entry with its proof, the signed checkpoint, the check."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from yinji.errors import YinjiError
from yinji.platform import cursors
from yinji.platform.audit.log import Verified
from yinji.platform.audit.notes import Checkpoint
from yinji.platform.errors import AuditBroken, NotFound
from yinji.platform.model import AuditEntry, Page
from yinji.platform.permissions import Permission
from yinji.server import proof_picture, represent
from yinji.server.access import may, platform_of, viewer_of
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View, page

AREAS: Final = ("item", "draft", "case", "account", "session", "agreement", "copy", "policy", "work")
_PAGE: Final = 50
_LONGEST: Final = 64


def audit(request: Request) -> View:
    """The newest entries, or those that the conditions leave."""
    return _view(request)


def verify(request: Request) -> Response:
    """Checks the whole log and shows what was found; with scripts the page itself asks, and shows how far it is."""
    try:
        verified = platform_of(request).audit.verify(viewer_of(request))
    except AuditBroken as error:
        return page(request, _view(request, broken=error))
    return page(request, _view(request, verified=verified))


def _view(request: Request, *, verified: Verified | None = None, broken: YinjiError | None = None) -> View:
    query = request.query_params
    chosen = {name: query.get(name, "").strip()[:_LONGEST] for name in ("event", "subject", "actor")}
    door, viewer = platform_of(request).audit, viewer_of(request)
    found = door.entries(
        viewer,
        cursor=query.get("cursor") or None,
        limit=_PAGE,
        event=chosen["event"],
        subject=chosen["subject"],
        account=chosen["actor"],
    )
    kept = {name: value for name, value in chosen.items() if value}
    try:
        note = door.checkpoint(viewer)
    except AuditBroken as error:
        note, broken = "", broken or error
    data: dict[str, Any] = {
        "entries": [represent.audit_entry(entry) for entry in found.rows],
        "next_cursor": found.next_cursor,
        "checkpoint": note,
        "vkey": door.verifier.vkey,
    }
    context = {
        "entries": found.rows,
        "verified": verified,
        "broken": broken,
        "pager": _pager(kept, found, at_top=not query.get("cursor")),
        "chosen": chosen,
        "areas": AREAS,
        "can_export": may(request, Permission.AUDIT_EXPORT),
        "checkpoint": Checkpoint.opened(note, door.verifier) if note else None,
        "vkey": door.verifier.vkey,
        "twin_address": "/audit.json" + (f"?{urlencode(kept)}" if kept else ""),
    }
    return View("audit.html", data, context, broken.http_status if broken else 200)


def _pager(kept: dict[str, str], found: Page[AuditEntry], *, at_top: bool) -> dict[str, str]:
    """Returns where the first, newer, older and last entries are; a narrowed list is walked one way only."""
    made: dict[str, str] = {}

    def to(cursor: str) -> str:
        return "/audit?" + urlencode(kept | {"cursor": cursor})

    if not at_top:
        made["newest"] = "/audit" + (f"?{urlencode(kept)}" if kept else "")
        if not kept and found.rows:
            made["newer"] = to(cursors.encode("audit", str(found.rows[0].index + 1 + _PAGE)))
    if found.next_cursor:
        made["older"] = to(found.next_cursor)
        if not kept:
            made["oldest"] = to(cursors.encode("audit", str(_PAGE)))
    return made


def entry(request: Request) -> View:
    """One entry, as written, and the proof that it is in the log."""
    number = request.path_params["index"]
    if not number.isascii() or not number.isdigit() or len(number) > 15:
        raise NotFound("page-not-found")
    door, viewer = platform_of(request).audit, viewer_of(request)
    found = door.entry(viewer, int(number))
    proof = door.inclusion(viewer, found.index)
    data = {"entry": represent.audit_entry(found), "proof": represent.inclusion(proof)}
    context = {
        "entry": found,
        "proof": proof,
        "body": json.dumps(json.loads(found.body), ensure_ascii=False, indent=2),
        "picture": proof_picture.picture(proof),
        "short": proof_picture.short,
    }
    return View("audit_entry.html", data, context)


PAGES: Final[PageTable] = (
    ("/audit", "/audit.json", audit),
    ("/audit/entries/{index}", "/audit/entries/{index}.json", entry),
)
ACTIONS: Final[ActionTable] = (("POST", "/audit", verify),)
