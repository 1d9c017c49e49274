"""Reading a log behind an address that the operator gave: the one place where a command uses the network."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Final
from urllib.parse import urlsplit

from yinji.errors import StorageError
from yinji.platform.audit.verifying import MAX_FILE, Fetch
from yinji.platform.errors import AuditBroken

_SECONDS: Final = 30
_WELL_KNOWN: Final = "/.well-known/yinji.json"


def fetcher(url: str, token: str) -> Fetch:
    """Returns what fetches the files of a log.

    Args:
        url: Where the log is; ``checkpoint`` and ``tile/…`` are below it.
        token: Sent along as a bearer token, unless "".
    """
    base = url.rstrip("/") + "/"

    def fetch(path: str) -> bytes:
        return _get(base + path, {"Authorization": f"Bearer {token}"} if token else {})

    return fetch


def known_vkey(url: str) -> Callable[[], str]:
    """Returns what asks the site itself for its key."""

    def ask() -> str:
        parts = urlsplit(url)
        try:
            about = json.loads(_get(f"{parts.scheme}://{parts.netloc}{_WELL_KNOWN}", {}))
            return str(about["audit"]["vkey"])
        except (ValueError, KeyError, TypeError):
            raise AuditBroken("audit-vkey") from None

    return ask


def _get(url: str, headers: dict[str, str]) -> bytes:
    if urlsplit(url).scheme not in ("http", "https"):
        raise StorageError("audit-fetch", url=url, reason="http, https")
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  (the scheme is checked)
    try:
        with _OPENER.open(request, timeout=_SECONDS) as answer:
            body: bytes = answer.read(MAX_FILE + 1)
            return body
    except urllib.error.HTTPError as error:
        error.close()
        raise StorageError("audit-fetch", url=url, reason=f"HTTP {error.code}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise StorageError("audit-fetch", url=url, reason=str(error)) from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token is sent to the address that was given, and to no other."""

    def redirect_request(self, *_args: object) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_NoRedirects)
