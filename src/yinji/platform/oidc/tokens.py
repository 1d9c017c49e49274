"""Tokens (JWT, RFC 7519 and 8725): whose signature, made out to whom, and still good."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any, Final

import jwt

from yinji.platform.errors import NotSignedIn
from yinji.platform.oidc.provider import Provider
from yinji.platform.oidc.settings import OidcSettings

ALGORITHMS: Final = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "PS256": "RSA",
    "PS384": "RSA",
    "PS512": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "ES512": "EC",
    "EdDSA": "OKP",
}
"""Algorithm → kind of key. None of them has a shared secret: a public key can never serve as one."""

MAX_TOKEN: Final = 16 * 1024
_MAX_SUBJECT: Final = 255
_MAX_ROLES: Final = 1000
_MIN_RSA: Final = 2048
_LEEWAY: Final = 60
_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a token is about."""

    issuer: str
    subject: str
    claims: dict[str, Any]

    def text(self, name: str) -> str:
        value = self.claims.get(name)
        return value if isinstance(value, str) else ""

    def values(self, path: str) -> frozenset[str]:
        """Returns the words of a claim: a string, or a list of them; dots lead into objects."""
        value: Any = self.claims.get(path)
        if value is None:
            value = self.claims
            for part in path.split("."):
                value = value.get(part) if isinstance(value, dict) else None
        found = value if isinstance(value, list) else [value]
        return frozenset(one for one in found[:_MAX_ROLES] if isinstance(one, str))


class Tokens:
    """Reads the tokens of one provider."""

    def __init__(self, settings: OidcSettings, provider: Provider) -> None:
        self._settings = settings
        self._provider = provider

    def access(self, token: str) -> Person:
        """Reads an access token for our API.

        Raises:
            NotSignedIn: It is none, or not good; ``details["reason"]`` says why.
            Unavailable: The provider's keys cannot be had.
        """
        return self._read(token, self._settings.audience)

    def identity(self, token: str, nonce: str) -> Person:
        """Reads the ID token that answers our question (OpenID Connect Core 1.0, 3.1.3.7).

        Raises:
            NotSignedIn: As for :meth:`access`, or it answers another question.
            Unavailable: The provider's keys cannot be had.
        """
        person = self._read(token, self._settings.client_id)
        if not hmac.compare_digest(person.text("nonce").encode(), nonce.encode()):
            raise _refused("nonce")
        audience = person.claims["aud"]
        party = person.claims.get("azp", "" if isinstance(audience, list) and len(audience) > 1 else None)
        if party not in (None, self._settings.client_id):
            raise _refused("azp")
        return person

    def _read(self, token: str, audience: str) -> Person:
        if not audience or len(token) > MAX_TOKEN:
            raise _refused("audience" if not audience else "length")
        claims = self._verified(token, audience)
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject or len(subject) > _MAX_SUBJECT or not subject.isprintable():
            raise _refused("sub")
        return Person(self._settings.issuer, subject, claims)

    def _verified(self, token: str, audience: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(str(header.get("alg")), str(header.get("kid", "")))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[str(header.get("alg"))],
                audience=audience,
                issuer=self._settings.issuer,
                leeway=_LEEWAY,
                options={"require": list(_REQUIRED)},
            )
        except jwt.PyJWTError as error:
            raise _refused(_REASONS.get(type(error), "form")) from error
        except (ValueError, TypeError, RecursionError) as error:
            raise _refused("form") from error
        return claims

    def _key(self, algorithm: str, key_id: str) -> jwt.PyJWK:
        kind = ALGORITHMS.get(algorithm)
        if kind is None:
            raise _refused("alg")
        fitting = [
            key for key in self._provider.keys(key_id) if key["kty"] == kind and key.get("alg", algorithm) == algorithm
        ]
        if len(fitting) != 1:
            raise _refused("key")
        made = jwt.PyJWK.from_dict(fitting[0], algorithm)
        if kind == "RSA" and made.key.key_size < _MIN_RSA:
            raise _refused("key")
        return made


_REASONS: Final[dict[type[Exception], str]] = {
    jwt.ExpiredSignatureError: "exp",
    jwt.ImmatureSignatureError: "nbf",
    jwt.InvalidIssuedAtError: "iat",
    jwt.InvalidAudienceError: "audience",
    jwt.InvalidIssuerError: "iss",
    jwt.InvalidSignatureError: "signature",
    jwt.InvalidAlgorithmError: "alg",
    jwt.MissingRequiredClaimError: "missing",
}


def _refused(reason: str) -> NotSignedIn:
    return NotSignedIn("oidc-token", reason=reason)
