"""Signatures of Standard Webhooks 1.0.0: HMAC-SHA256 over ``id.timestamp.body``, one for each secret in force."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

PREFIX: Final = "whsec_"
_BYTES: Final = 32


def new_secret() -> str:
    """Returns a secret as receivers are given it: ``whsec_`` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers(message_id: str, timestamp: int, body: bytes, in_force: Iterable[str]) -> dict[str, str]:
    """Returns the three headers of a message; while a secret is being replaced, the signatures of both.

    Args:
        message_id: The same for every attempt at one message, so that receivers can tell a repetition.
        timestamp: Of this attempt, seconds since 1970.
        body: Exactly what is sent.
        in_force: The secrets.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = (
        base64.b64encode(hmac.new(base64.b64decode(secret.removeprefix(PREFIX)), signed, hashlib.sha256).digest())
        for secret in in_force
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature.decode()}" for signature in signatures),
    }
