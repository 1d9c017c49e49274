"""What one entry of the log is: canonical JSON with six members and a salt. Pure."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import Any, Final

from yinji.errors import LimitExceeded, YinjiError
from yinji.platform import instants
from yinji.platform.audit.tiles import MAX_ENTRY
from yinji.platform.canonical import canonical

VERSION: Final = 2
_SALT_BYTES: Final = 16
_TEXTS: Final = ("at", "actor", "event", "subject")


def body_of(at: datetime, *, actor: str, event: str, subject: str, detail: dict[str, Any]) -> str:
    """Returns an entry. Its salt keeps anybody who knows a leaf hash from guessing the entry behind it.

    Raises:
        LimitExceeded: It is too long for a tile.
    """
    body = canonical(
        {
            "v": VERSION,
            "at": instants.to_text(at),
            "actor": actor,
            "event": event,
            "subject": subject,
            "detail": detail,
            "salt": secrets.token_hex(_SALT_BYTES),
        }
    )
    if len(body.encode()) > MAX_ENTRY:
        raise LimitExceeded("audit-entry-too-long", limit=MAX_ENTRY)
    return body


def parsed(body: str | bytes) -> dict[str, Any] | None:
    """Reads an entry; None unless it is one, and in its one canonical form."""
    try:
        text = body.decode() if isinstance(body, bytes) else body
        value = json.loads(text)
        if not isinstance(value, dict) or canonical(value) != text:
            return None
    except (ValueError, RecursionError, YinjiError):
        return None
    shaped = isinstance(value.get("detail"), dict) and all(isinstance(value.get(key), str) for key in _TEXTS)
    return value if shaped else None
