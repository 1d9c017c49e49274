"""What an operator says of the provider, from ``YINJI_OIDC_*``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from yinji.errors import UsageError
from yinji.platform.model import Role
from yinji.texts import Text

EVERYBODY: Final = "*"
"""Stands in the mapping for everybody whom the provider lets in."""

_LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "::1"))
_NAME: Final = Text("统一身份", "single sign-on")
_SCOPES: Final = "openid profile"


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """One provider.

    Attributes:
        issuer: Its address, exactly as its tokens write it (``YINJI_OIDC_ISSUER``).
        client_id: What the provider knows this site as (``YINJI_OIDC_CLIENT_ID``).
        client_secret: The secret that goes with it; "" for a public client (``YINJI_OIDC_CLIENT_SECRET``).
        audience: What access tokens for our API are made out to (``YINJI_OIDC_AUDIENCE``); "" takes none. Never the
            client id: tokens that tell who signed in there would then open the API.
        roles_claim: The claim that roles are read from, with dots into objects (``YINJI_OIDC_ROLES_CLAIM``).
        roles: Value of that claim → role, the first that fits counts (``YINJI_OIDC_ROLES``,
            "desk=reviewer; editors=creator"). ``*`` is everybody; whom nothing fits is not let in.
        scopes: What is asked for (``YINJI_OIDC_SCOPES``).
        name: What the button on the sign-in page calls it (``YINJI_OIDC_NAME_ZH``, ``YINJI_OIDC_NAME_EN``).
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    audience: str = ""
    roles_claim: str = "roles"
    roles: tuple[tuple[str, Role], ...] = ()
    scopes: str = _SCOPES
    name: Text = _NAME

    def __post_init__(self) -> None:
        if not is_trustworthy(self.issuer):
            raise UsageError(
                "setting", name="YINJI_OIDC_ISSUER", value=self.issuer, examples="https://login.example.cn"
            )
        if not self.client_id:
            raise UsageError("setting", name="YINJI_OIDC_CLIENT_ID", value="", examples="yinji")
        if self.audience == self.client_id:
            raise UsageError("setting", name="YINJI_OIDC_AUDIENCE", value=self.audience, examples="yinji-api")
        if not self.roles:
            raise _bad_roles("")
        if "openid" not in self.scopes.split():
            raise UsageError("setting", name="YINJI_OIDC_SCOPES", value=self.scopes, examples=_SCOPES)

    def role_of(self, values: frozenset[str]) -> Role | None:
        """Returns the role for what a token says; None: not let in."""
        return next((role for value, role in self.roles if value == EVERYBODY or value in values), None)

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> OidcSettings | None:
        """Reads the settings; None where no provider is named.

        Raises:
            UsageError: A value cannot be understood; the error names the variable.
        """
        said = {name: env.get(f"YINJI_OIDC_{name}", "").strip() for name in _VARIABLES}
        if not said["ISSUER"]:
            return None
        return cls(
            issuer=said["ISSUER"],
            client_id=said["CLIENT_ID"],
            client_secret=said["CLIENT_SECRET"],
            audience=said["AUDIENCE"],
            roles_claim=said["ROLES_CLAIM"] or "roles",
            roles=_roles(said["ROLES"]),
            scopes=said["SCOPES"] or _SCOPES,
            name=Text(said["NAME_ZH"] or _NAME.zh, said["NAME_EN"] or _NAME.en),
        )


_VARIABLES: Final = (
    "ISSUER",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "AUDIENCE",
    "ROLES_CLAIM",
    "ROLES",
    "SCOPES",
    "NAME_ZH",
    "NAME_EN",
)


def is_trustworthy(url: str) -> bool:
    """Tells whether an address may be a provider's: HTTPS, or this machine itself."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url and parts.username is None
    return plain and bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def _roles(text: str) -> tuple[tuple[str, Role], ...]:
    made: list[tuple[str, Role]] = []
    for part in filter(None, map(str.strip, text.split(";"))):
        value, _, role = map(str.strip, part.rpartition("="))
        if not value or role not in frozenset(map(str, Role)):
            raise _bad_roles(part)
        made.append((value, Role(role)))
    return tuple(made)


def _bad_roles(value: str) -> UsageError:
    return UsageError("setting", name="YINJI_OIDC_ROLES", value=value, examples="desk=reviewer; editors=creator")
