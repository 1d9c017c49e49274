"""Opaque cursors and bounds of paged listings."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from yinji.errors import UsageError
from yinji.platform import words

MAX_ROWS: Final = 100


def rows(limit: int) -> int:
    """Passes a page size of 1 to 100.

    Raises:
        UsageError: Any other.
    """
    if not 1 <= limit <= MAX_ROWS:
        raise UsageError("page-limit", limit=limit, most=MAX_ROWS)
    return limit


def encode(listing: str, position: str) -> str:
    """Wraps a position so that it only fits the listing that gave it out."""
    return base64.urlsafe_b64encode(f"{listing}:{position}".encode()).decode().rstrip("=")


def decode(listing: str, cursor: str) -> str:
    """Returns the position in a cursor.

    Raises:
        UsageError: Not one of this listing's cursors.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        kind, _, position = base64.b64decode(padded, b"-_", validate=True).decode("ascii").partition(":")
    except (UnicodeError, binascii.Error):
        raise UsageError("cursor") from None
    if kind != listing or not position or len(position) > 64:
        raise UsageError("cursor")
    return position


def number(listing: str, cursor: str) -> int:
    """Returns the position in a cursor of a listing that counts.

    Raises:
        UsageError: Not one of this listing's cursors.
    """
    position = decode(listing, cursor)
    if not re.fullmatch(r"[0-9]{1,18}", position):
        raise UsageError("cursor")
    return int(position)


def item(listing: str, cursor: str) -> str:
    """Returns the position in a cursor of a listing by number.

    Raises:
        UsageError: Not one of this listing's cursors.
    """
    position = decode(listing, cursor)
    if not words.is_number(position):
        raise UsageError("cursor")
    return position
