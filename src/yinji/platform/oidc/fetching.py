"""Requests to the provider that the operator named: bounded in bytes and time, and no redirect is followed."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any, Final

from yinji.platform.errors import Unavailable
from yinji.platform.oidc.settings import is_trustworthy

_SECONDS: Final = 5.0
_DEADLINE: Final = 10.0
_MAX_ANSWER: Final = 512 * 1024
_PIECE: Final = 64 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_NoRedirect)


def fetch(url: str, *, body: bytes | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Asks for a JSON object; with a body it is a POST of a form.

    Raises:
        Unavailable: No answer in time, or none that can be used; ``details["status"]`` is what HTTP said, or 0.
    """
    if not is_trustworthy(url):
        raise _failed("no HTTPS address")
    fixed = {"Accept": "application/json", "User-Agent": "Yinji"}
    request = urllib.request.Request(url, body, fixed | (headers or {}))  # noqa: S310 - the address was checked
    end = time.monotonic() + _DEADLINE
    try:
        with _OPENER.open(request, timeout=_SECONDS) as answer:
            found = json.loads(_read(answer, end))
    except urllib.error.HTTPError as error:
        with error:
            raise _failed(f"HTTP {error.code}", error.code) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _failed(f"{type(error).__name__}: {error}"[:200]) from error
    if not isinstance(found, dict):
        raise _failed("no JSON object")
    return found


def _read(answer: Any, end: float) -> bytes:
    whole = bytearray()
    while piece := answer.read1(_PIECE):
        whole += piece
        if len(whole) > _MAX_ANSWER:
            raise ValueError("the answer is too long")
        if time.monotonic() > end:
            raise TimeoutError("the answer takes too long")
    return bytes(whole)


def _failed(reason: str, status: int = 0) -> Unavailable:
    return Unavailable("oidc-unreachable", reason=reason, status=status)
