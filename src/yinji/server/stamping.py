"""Has the log's newest checkpoint stamped by the authority that the operator chose; the platform has no network."""

from __future__ import annotations

import logging
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Final

from yinji.errors import StorageError, YinjiError
from yinji.platform.audit.stamps import MAX_STAMP
from yinji.platform.service import Platform

_SECONDS: Final = 30
_LOG: Final = logging.getLogger("yinji.audit")


def stamp(platform: Platform) -> None:
    """Asks for a stamp if one is due; where that fails, the server's own log says why, and it is tried again."""
    try:
        platform.audit.stamps.stamp(post)
    except YinjiError as error:
        _LOG.warning("time stamp: %s", error)


def post(url: str, body: bytes) -> bytes:
    """Sends a time-stamp query (RFC 3161 section 3.4); ``url`` is the operator's own setting.

    Raises:
        StorageError: The authority cannot be reached or refuses.
    """
    request = urllib.request.Request(  # noqa: S310  (the setting allows http and https only)
        url, body, {"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            read: bytes = answer.read(MAX_STAMP + 1)
            return read
    except urllib.error.HTTPError as error:
        error.close()
        raise StorageError("audit-fetch", url=url, reason=f"HTTP {error.code}") from error
    except (OSError, HTTPException) as error:
        raise StorageError("audit-fetch", url=url, reason=str(error)) from error
