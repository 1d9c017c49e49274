"""What the provider publishes of itself (OpenID Connect Discovery 1.0; RFC 7517 keys): kept, and renewed in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from yinji.platform.errors import Unavailable
from yinji.platform.oidc.fetching import fetch
from yinji.platform.oidc.settings import is_trustworthy

_FRESH: Final = 600.0
"""Seconds after which document and keys are asked for again."""
_PAUSE: Final = 30.0
"""Seconds between two questions, whatever key ids anybody sends us, and however often the provider fails."""
_KEPT: Final = 86_400.0
"""Seconds for which what was known still serves while the provider does not answer."""
_MAX_KEYS: Final = 100


@dataclass(frozen=True, slots=True)
class Metadata:
    """The part of the discovery document that is used."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    auth_methods: tuple[str, ...]
    names_itself: bool
    """Whether its answers carry ``iss`` (RFC 9207)."""
    end_session_endpoint: str
    """Where a browser goes to sign out there as well; "" where the provider offers none."""


@dataclass(slots=True)
class _Known:
    metadata: Metadata
    keys: tuple[dict[str, Any], ...]
    at: float


class Provider:
    """One provider. Safe to share between threads; ``clock`` counts seconds."""

    def __init__(self, issuer: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._clock = clock
        self._known: _Known | None = None
        self._tried_at = float("-inf")
        self._lock = threading.Lock()

    def metadata(self) -> Metadata:
        """Returns what the provider says of itself.

        Raises:
            Unavailable: It does not answer, or not as a provider should.
        """
        return self._current(_FRESH).metadata

    def keys(self, key_id: str) -> tuple[dict[str, Any], ...]:
        """Returns the public keys of that id; of any id where the token names none.

        An unknown id has the provider asked anew, in measure.

        Raises:
            Unavailable: The provider does not answer, or not as a provider should.
        """
        found = _fitting(self._current(_FRESH).keys, key_id)
        return found or _fitting(self._current(_PAUSE).keys, key_id)

    def _current(self, fresh: float) -> _Known:
        known, now = self._known, self._clock()
        if known is not None and now - known.at < fresh:
            return known
        with self._lock:
            known, now = self._known, self._clock()
            if known is not None and now - known.at < fresh:
                return known
            usable = known is not None and now - known.at < _KEPT
            if now - self._tried_at < _PAUSE:
                if known is not None and usable:
                    return known
                raise Unavailable("oidc-unreachable", reason="it did not answer a moment ago")
            self._tried_at = now
            try:
                self._known = known = self._asked(now)
            except Unavailable:
                if known is None or not usable:
                    raise
            return known

    def _asked(self, now: float) -> _Known:
        document = fetch(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        if document.get("issuer") != self._issuer:
            raise Unavailable("oidc-unreachable", reason="its discovery document names another issuer")
        metadata = Metadata(
            _address(document, "authorization_endpoint"),
            _address(document, "token_endpoint"),
            _address(document, "jwks_uri"),
            _address(document, "userinfo_endpoint") if document.get("userinfo_endpoint") else "",
            tuple(map(str, _list(document.get("token_endpoint_auth_methods_supported")))),
            document.get("authorization_response_iss_parameter_supported") is True,
            _address(document, "end_session_endpoint") if document.get("end_session_endpoint") else "",
        )
        keys = _list(fetch(metadata.jwks_uri).get("keys"))[:_MAX_KEYS]
        return _Known(metadata, tuple(key for key in keys if isinstance(key, dict) and _signs(key)), now)


def _address(document: dict[str, Any], name: str) -> str:
    url = document.get(name)
    if not isinstance(url, str) or not is_trustworthy(url):
        raise Unavailable("oidc-unreachable", reason=f"its {name} is no HTTPS address")
    return url


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _signs(key: dict[str, Any]) -> bool:
    return key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"


def _fitting(keys: tuple[dict[str, Any], ...], key_id: str) -> tuple[dict[str, Any], ...]:
    return tuple(key for key in keys if not key_id or key.get("kid") == key_id)
