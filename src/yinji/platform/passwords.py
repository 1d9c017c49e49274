"""Passwords: Argon2id as RFC 9106 recommends it for servers with little memory to spare (argon2-cffi's own default)."""

from __future__ import annotations

import secrets
import threading
from functools import cached_property
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from yinji.errors import UsageError

MIN_LENGTH: Final = 8
MAX_BYTES: Final = 1024
_AT_ONCE: Final = 4
"""Hashes computed at a time; each takes 64 MiB."""


class Passwords:
    """Hashes and compares passwords. The parameters are part of each hash, so they can be raised later."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = threading.BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str) -> str:
        """Returns the hash to store.

        Raises:
            UsageError: Shorter than 8 characters or longer than 1024 bytes.
        """
        if len(password) < MIN_LENGTH or len(_bytes(password)) > MAX_BYTES:
            raise UsageError("password-rule", least=MIN_LENGTH)
        with self._slots:
            return self._hasher.hash(_bytes(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Compares; without a stored hash it works as long and says no, so that nobody learns which names exist."""
        with self._slots:
            try:
                right = self._hasher.verify(stored or self._nobodys, _bytes(password)[: MAX_BYTES + 1])
            except (VerificationError, InvalidHashError):
                return False
        return right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Tells whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_bytes(32))


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
