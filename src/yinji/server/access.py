"""Who may call which route: one table, and whatever is not in it is refused."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from yinji.errors import Refused
from yinji.platform.errors import NotSignedIn
from yinji.platform.model import Account
from yinji.platform.permissions import Permission, allows, require
from yinji.platform.service import Platform
from yinji.server.security import refuse_cross_site


class Open(StrEnum):
    """Routes that need no permission."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed_in"


Need = Permission | Open

ROUTES: Final[dict[tuple[str, str], Need]] = {
    ("GET", "/healthz"): Open.ANYBODY,
    ("GET", "/metrics"): Permission.WORK_READ,
    ("GET", "/.well-known/yinji.json"): Open.ANYBODY,
    ("GET", "/static/{digest}/{name}"): Open.ANYBODY,
    ("GET", "/v1/openapi.json"): Open.ANYBODY,
    ("POST", "/v1/session"): Open.ANYBODY,
    ("DELETE", "/v1/session"): Open.SIGNED_IN,
    ("GET", "/v1/keys"): Open.SIGNED_IN,
    ("POST", "/v1/keys"): Open.SIGNED_IN,
    ("DELETE", "/v1/keys/{key_id}"): Open.SIGNED_IN,
    ("POST", "/account/keys"): Open.SIGNED_IN,
    ("POST", "/account/keys/{key_id}/end"): Open.SIGNED_IN,
    ("POST", "/v1/check"): Permission.FILE_CHECK,
    ("GET", "/services/supportedAlgorithms"): Open.ANYBODY,
    ("GET", "/matches/byBinding"): Permission.FILE_CHECK,
    ("POST", "/matches/byBinding"): Permission.FILE_CHECK,
    ("POST", "/matches/byContent"): Permission.FILE_CHECK,
    ("POST", "/v1/items"): Permission.ITEM_PUBLISH,
    ("GET", "/v1/items"): Permission.ITEM_READ,
    ("GET", "/v1/items/{item_id}"): Permission.ITEM_READ,
    ("GET", "/v1/items/{item_id}/file"): Permission.ITEM_READ,
    ("POST", "/v1/items/{item_id}/visible-label"): Permission.ITEM_MARK_OWN,
    ("GET", "/v1/items/{item_id}/visible-label"): Permission.ITEM_READ,
    ("PATCH", "/v1/items/{item_id}/declaration"): Permission.ITEM_DECLARE_OWN,
    ("POST", "/v1/items/{item_id}/reports"): Permission.REPORT_CREATE,
    ("GET", "/v1/reports"): Permission.REPORT_READ_OWN,
    ("GET", "/v1/policies"): Open.ANYBODY,
    ("GET", "/v1/strikes"): Open.SIGNED_IN,
    ("GET", "/v1/queues"): Permission.QUEUE_READ,
    ("GET", "/v1/queues/{name}/jobs"): Permission.QUEUE_READ,
    ("POST", "/v1/queues/{name}/next"): Permission.CASE_WORK,
    ("GET", "/v1/jobs/{job_id}"): Permission.QUEUE_READ,
    ("POST", "/v1/jobs/{job_id}/claim"): Permission.CASE_WORK,
    ("DELETE", "/v1/jobs/{job_id}/claim"): Permission.CASE_WORK,
    ("POST", "/v1/jobs/{job_id}/decision"): Permission.CASE_DECIDE,
    ("GET", "/v1/cases"): Permission.CASE_READ_OWN,
    ("GET", "/v1/cases/{case_id}"): Permission.CASE_READ_OWN,
    ("POST", "/v1/decisions/{decision_id}/appeal"): Permission.APPEAL_CREATE,
    ("POST", "/v1/items/{item_id}/appeal"): Permission.APPEAL_CREATE,
    ("GET", "/v1/vocabularies"): Open.ANYBODY,
    ("GET", "/v1/vocabularies/{name}"): Open.ANYBODY,
    ("GET", "/v1/items/{item_id}/declaration"): Permission.ITEM_READ,
    ("DELETE", "/v1/items/{item_id}"): Permission.ITEM_WITHDRAW_OWN,
    ("POST", "/v1/items/{item_id}/unmarked"): Permission.ITEM_COPY_OWN,
    ("GET", "/v1/items/{item_id}/unmarked/{copy_id}"): Permission.ITEM_COPY_OWN,
    ("GET", "/v1/agreements/{name}"): Open.ANYBODY,
    ("POST", "/v1/agreements/{name}"): Open.SIGNED_IN,
    ("DELETE", "/v1/accounts/{account_id}"): Permission.ACCOUNT_ERASE,
    ("GET", "/agreements/{name}"): Open.ANYBODY,
    ("GET", "/agreements/{name}.json"): Open.ANYBODY,
    ("POST", "/agreements/{name}"): Open.SIGNED_IN,
    ("GET", "/items/{item_id}/withdraw"): Permission.ITEM_WITHDRAW_OWN,
    ("GET", "/items/{item_id}/withdraw.json"): Permission.ITEM_WITHDRAW_OWN,
    ("POST", "/items/{item_id}/withdraw"): Permission.ITEM_WITHDRAW_OWN,
    ("GET", "/items/{item_id}/unmarked"): Permission.ITEM_COPY_OWN,
    ("GET", "/items/{item_id}/unmarked.json"): Permission.ITEM_COPY_OWN,
    ("POST", "/items/{item_id}/unmarked"): Permission.ITEM_COPY_OWN,
    ("GET", "/items/{item_id}/unmarked/{copy_id}"): Permission.ITEM_COPY_OWN,
    ("GET", "/account/erase"): Open.SIGNED_IN,
    ("GET", "/account/erase.json"): Open.SIGNED_IN,
    ("POST", "/account/erase"): Open.SIGNED_IN,
    ("GET", "/v1/audit/entries"): Permission.AUDIT_READ,
    ("POST", "/v1/webhooks"): Permission.WEBHOOK_MANAGE,
    ("GET", "/v1/webhooks"): Permission.WEBHOOK_READ,
    ("DELETE", "/v1/webhooks/{number}"): Permission.WEBHOOK_MANAGE,
    ("POST", "/v1/webhooks/{number}/rotate"): Permission.WEBHOOK_MANAGE,
    ("POST", "/v1/webhooks/{number}/enable"): Permission.WEBHOOK_MANAGE,
    ("POST", "/v1/webhooks/{number}/disable"): Permission.WEBHOOK_MANAGE,
    ("POST", "/v1/webhooks/{number}/replay"): Permission.WEBHOOK_MANAGE,
    ("GET", "/v1/webhooks/{number}/deliveries"): Permission.WEBHOOK_READ,
    ("POST", "/v1/webhooks/{number}/deliveries/{delivery}/replay"): Permission.WEBHOOK_MANAGE,
    ("GET", "/v1/audit/checkpoint"): Permission.AUDIT_PROVE,
    ("GET", "/v1/audit/tile/{tile:path}"): Permission.AUDIT_PROVE,
    ("GET", "/v1/audit/proof/inclusion"): Permission.AUDIT_PROVE,
    ("GET", "/v1/audit/proof/consistency"): Permission.AUDIT_PROVE,
    ("GET", "/v1/export"): Permission.AUDIT_EXPORT,
    ("GET", "/v1/audit/pack"): Permission.AUDIT_EXPORT,
    ("POST", "/v1/audit/verify"): Permission.AUDIT_VERIFY,
    ("GET", "/"): Permission.ITEM_READ,
    ("GET", "/feed.json"): Permission.ITEM_READ,
    ("GET", "/items/{item_id}"): Permission.ITEM_READ,
    ("GET", "/items/{item_id}.json"): Permission.ITEM_READ,
    ("GET", "/items/{item_id}/file"): Permission.ITEM_READ,
    ("GET", "/items/{item_id}/derived/{kind}"): Permission.ITEM_READ,
    ("GET", "/v1/items/{item_id}/derived/{kind}"): Permission.ITEM_READ,
    ("POST", "/items/{item_id}/visible-label"): Permission.ITEM_MARK_OWN,
    ("POST", "/items/{item_id}/reports"): Permission.REPORT_CREATE,
    ("POST", "/items/{item_id}/visitor-reports"): Permission.REPORT_AS_VISITOR,
    ("POST", "/v1/items/{item_id}/visitor-reports"): Permission.REPORT_AS_VISITOR,
    ("GET", "/reports"): Permission.REPORT_READ_OWN,
    ("GET", "/reports.json"): Permission.REPORT_READ_OWN,
    ("GET", "/cases"): Permission.CASE_READ_OWN,
    ("GET", "/cases.json"): Permission.CASE_READ_OWN,
    ("GET", "/cases/{case_id}"): Permission.CASE_READ_OWN,
    ("GET", "/cases/{case_id}.json"): Permission.CASE_READ_OWN,
    ("POST", "/cases/{case_id}/appeal"): Permission.APPEAL_CREATE,
    ("GET", "/items/{item_id}/appeal"): Permission.APPEAL_CREATE,
    ("GET", "/items/{item_id}/appeal.json"): Permission.APPEAL_CREATE,
    ("POST", "/items/{item_id}/appeal"): Permission.APPEAL_CREATE,
    ("GET", "/review"): Permission.QUEUE_READ,
    ("GET", "/review.json"): Permission.QUEUE_READ,
    ("GET", "/review/{job_id}"): Permission.QUEUE_READ,
    ("GET", "/review/{job_id}.json"): Permission.QUEUE_READ,
    ("POST", "/review/next"): Permission.CASE_WORK,
    ("POST", "/review/{job_id}/claim"): Permission.CASE_WORK,
    ("POST", "/review/{job_id}/release"): Permission.CASE_WORK,
    ("POST", "/review/{job_id}/decision"): Permission.CASE_DECIDE,
    ("POST", "/items/{item_id}/declaration"): Permission.ITEM_DECLARE_OWN,
    ("GET", "/embed/items/{item_id}"): Permission.ITEM_READ,
    ("GET", "/oembed"): Permission.ITEM_READ,
    ("GET", "/publish"): Permission.ITEM_PUBLISH,
    ("GET", "/publish.json"): Permission.ITEM_PUBLISH,
    ("POST", "/publish"): Permission.ITEM_PUBLISH,
    ("GET", "/publish/{draft_id}"): Permission.DRAFT_CREATE,
    ("GET", "/publish/{draft_id}.json"): Permission.DRAFT_CREATE,
    ("POST", "/publish/{draft_id}"): Permission.ITEM_PUBLISH,
    ("GET", "/preview"): Permission.DRAFT_CREATE,
    ("GET", "/preview.json"): Permission.DRAFT_CREATE,
    ("POST", "/preview"): Permission.DRAFT_CREATE,
    ("GET", "/preview/{preview_id}"): Permission.DRAFT_CREATE,
    ("GET", "/preview/{preview_id}.json"): Permission.DRAFT_CREATE,
    ("POST", "/preview/{preview_id}"): Permission.DRAFT_CREATE,
    ("GET", "/preview/{preview_id}/file"): Permission.DRAFT_CREATE,
    ("GET", "/verify"): Permission.FILE_CHECK,
    ("GET", "/verify.json"): Permission.FILE_CHECK,
    ("POST", "/verify"): Permission.FILE_CHECK,
    ("POST", "/verify.json"): Permission.FILE_CHECK,
    ("GET", "/v1/statistics"): Permission.STATISTICS_READ,
    ("GET", "/statistics"): Permission.STATISTICS_READ,
    ("GET", "/statistics.json"): Permission.STATISTICS_READ,
    ("GET", "/statistics.csv"): Permission.STATISTICS_READ,
    ("GET", "/statistics/report"): Permission.STATISTICS_READ,
    ("GET", "/statistics/report.json"): Permission.STATISTICS_READ,
    ("GET", "/audit/entries/{index}"): Permission.AUDIT_READ,
    ("GET", "/audit/entries/{index}.json"): Permission.AUDIT_READ,
    ("GET", "/audit"): Permission.AUDIT_READ,
    ("GET", "/audit.json"): Permission.AUDIT_READ,
    ("POST", "/audit"): Permission.AUDIT_VERIFY,
    ("GET", "/admin"): Permission.POLICY_READ,
    ("GET", "/admin.json"): Permission.POLICY_READ,
    ("POST", "/admin/policy"): Permission.POLICY_WRITE,
    ("POST", "/admin/relabellings"): Permission.RELABEL,
    ("POST", "/admin/relabellings/{number}/pause"): Permission.RELABEL,
    ("POST", "/admin/relabellings/{number}/resume"): Permission.RELABEL,
    ("POST", "/admin/webhooks"): Permission.WEBHOOK_MANAGE,
    ("POST", "/admin/webhooks/{number}"): Permission.WEBHOOK_MANAGE,
    ("POST", "/admin/webhooks/{number}/replay"): Permission.WEBHOOK_MANAGE,
    ("POST", "/admin/work/{task_id}/retry"): Permission.WORK_MANAGE,
    ("POST", "/admin/accounts"): Permission.ACCOUNT_CREATE,
    ("GET", "/v1/policy"): Permission.POLICY_READ,
    ("PUT", "/v1/policy"): Permission.POLICY_WRITE,
    ("GET", "/v1/relabellings"): Permission.WORK_READ,
    ("POST", "/v1/relabellings"): Permission.RELABEL,
    ("POST", "/v1/relabellings/{number}/pause"): Permission.RELABEL,
    ("POST", "/v1/relabellings/{number}/resume"): Permission.RELABEL,
    ("GET", "/v1/work"): Permission.WORK_READ,
    ("POST", "/v1/work/{task_id}/retry"): Permission.WORK_MANAGE,
    ("GET", "/v1/accounts"): Permission.ACCOUNT_LIST,
    ("POST", "/v1/accounts"): Permission.ACCOUNT_CREATE,
    ("GET", "/sign-in"): Open.ANYBODY,
    ("GET", "/sign-in.json"): Open.ANYBODY,
    ("POST", "/sign-in"): Open.ANYBODY,
    ("GET", "/sign-in/oidc"): Open.ANYBODY,
    ("GET", "/sign-in/oidc/callback"): Open.ANYBODY,
    ("GET", "/join"): Open.ANYBODY,
    ("GET", "/join.json"): Open.ANYBODY,
    ("POST", "/join"): Open.ANYBODY,
    ("GET", "/account"): Open.SIGNED_IN,
    ("GET", "/account.json"): Open.SIGNED_IN,
    ("POST", "/sign-out"): Open.SIGNED_IN,
    ("GET", "/sign-out/done"): Open.ANYBODY,
    ("GET", "/sign-out/done.json"): Open.ANYBODY,
    ("GET", "/sign-out/oidc"): Open.ANYBODY,
    ("POST", "/account/connection"): Open.SIGNED_IN,
    ("POST", "/account/connection/end"): Open.SIGNED_IN,
}


_BOUND: Final = frozenset({Permission.DRAFT_CREATE, Permission.ITEM_PUBLISH})
"""What nobody does under an older version of the user agreement than the one in force."""


def cookie_name(secure: bool) -> str:
    """Returns the name of the session cookie; ``__Host-`` binds it to this host and to HTTPS (RFC 6265bis 4.1.3.2)."""
    return "__Host-yinji-session" if secure else "yinji-session"


def session_token(request: Request) -> str:
    """Returns the bearer token, else the API key of ``X-API-Key``, else the session cookie, else "".

    A bearer token is a session's, an API key, or an access token of the provider.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    if key := request.headers.get("x-api-key", ""):
        return key.strip()
    return request.cookies.get(cookie_name(request.app.state.options.secure), "")


def platform_of(request: Request) -> Platform:
    """Returns the platform behind the application."""
    platform: Platform = request.app.state.platform
    return platform


def viewer_of(request: Request) -> Account | None:
    """Returns who is signed in; None for a visitor."""
    viewer: Account | None = getattr(request.state, "viewer", None)
    return viewer


def address_of(request: Request) -> str:
    """Returns the IP address of whoever asks, as the proxy in front told it where the server trusts one."""
    return request.client.host if request.client else ""


def author_of(request: Request) -> Account:
    """Returns who is signed in.

    Raises:
        NotSignedIn: Nobody is.
    """
    viewer = viewer_of(request)
    if viewer is None:
        raise NotSignedIn("sign-in-required")
    return viewer


def may(request: Request, permission: Permission) -> bool:
    """Tells whether whoever asks may do this."""
    return allows(viewer_of(request), permission)


async def recognise(request: Request) -> None:
    """Finds out who asks, once for each request."""
    if hasattr(request.state, "viewer"):
        return
    if session_token(request):
        await run_in_threadpool(recognise_here, request)
    else:
        request.state.viewer = None


def recognise_here(request: Request) -> None:
    """Does the same and blocks."""
    if not hasattr(request.state, "viewer"):
        token = session_token(request)
        request.state.viewer = None  # also while the answer to a refused token is made
        request.state.viewer = platform_of(request).account_of(token) if token else None


async def authorize(request: Request) -> None:
    """Runs before every route: same site, known route, sufficient permission.

    Raises:
        AgreementRequired: A new version of the user agreement wants to be accepted first.
        CrossSite: An unsafe request from another site.
        NotSignedIn: It needs an account, and nobody is signed in.
        Refused: The account may not do this, or the route is not in the table.
    """
    if session_token(request):
        await run_in_threadpool(authorize_here, request)
    else:
        authorize_here(request)  # a visitor: nothing to look up


def authorize_here(request: Request) -> None:
    """Does the same and blocks."""
    refuse_cross_site(request.method, request.headers)
    recognise_here(request)
    need, viewer = need_of(request), viewer_of(request)
    check(need, viewer)
    if viewer is not None and need in _BOUND:
        platform_of(request).agreements.require_current(viewer)


def need_of(request: Request) -> Need:
    """Returns what the matched route needs."""
    need = ROUTES.get((request.method, request.scope["route"].path))
    if need is None:
        raise Refused("not-permitted", permission="", role="")
    return need


def needs_account(need: Need) -> bool:
    """Tells whether a visitor who is not signed in is turned away."""
    if isinstance(need, Permission):
        return not allows(None, need)
    return need is Open.SIGNED_IN


def check(need: Need, viewer: Account | None) -> None:
    """Passes if ``viewer`` has what a route needs; raises as :func:`authorize` does."""
    if need is Open.ANYBODY:
        return
    if viewer is None and needs_account(need):
        raise NotSignedIn("sign-in-required")
    if isinstance(need, Permission):
        require(viewer, need)


AUTHORIZED: Final = Depends(authorize)
