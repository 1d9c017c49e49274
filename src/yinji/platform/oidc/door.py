"""The front door of this room: the question to the provider, its answer, and access tokens.

Authorization code with PKCE (RFC 6749, RFC 7636, RFC 9700). State, nonce and verifier are made from one secret that
only the browser which asked holds, so an answer counts in that browser alone, and visitors write nothing down here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from yinji.errors import Refused
from yinji.platform.accounts import Accounts
from yinji.platform.audit import AuditLog
from yinji.platform.errors import NotSignedIn, Unavailable
from yinji.platform.model import Account, Role
from yinji.platform.oidc.fetching import fetch
from yinji.platform.oidc.people import People
from yinji.platform.oidc.provider import Metadata, Provider
from yinji.platform.oidc.settings import OidcSettings
from yinji.platform.oidc.tokens import Person, Tokens
from yinji.texts import Text

if TYPE_CHECKING:
    from yinji.platform.database import Database

_SECRET_BYTES: Final = 32
_MAX_CODE: Final = 4096


@dataclass(frozen=True, slots=True)
class Question:
    """A sign-in that has begun.

    Attributes:
        address: Where the browser goes.
        secret: What it keeps meanwhile, and shows with the answer.
    """

    address: str
    secret: str


@dataclass(frozen=True, slots=True)
class Entered:
    """A sign-in that has ended well.

    Attributes:
        session: The session's token.
        id_token: What the provider said, for signing out there by it later.
    """

    session: str
    id_token: str


class Oidc:
    """Signing in with an account of the one provider that the operator named."""

    def __init__(self, database: Database, audit: AuditLog, accounts: Accounts, settings: OidcSettings) -> None:
        self._settings = settings
        self._provider = Provider(settings.issuer)
        self._tokens = Tokens(settings, self._provider)
        self._people = People(database, audit, accounts)

    @property
    def name(self) -> Text:
        """What the sign-in page calls it."""
        return self._settings.name

    def begin(self, redirect_uri: str, *, anew: bool = False) -> Question:
        """Begins a sign-in.

        Args:
            redirect_uri: Where the provider sends the browser with its answer.
            anew: Have the provider ask who they are even if they are signed in there.

        Raises:
            Unavailable: The provider does not answer.
        """
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._settings.scopes,
            "state": _made(secret, "state"),
            "nonce": _made(secret, "nonce"),
            "code_challenge": _challenge(_made(secret, "verifier")),
            "code_challenge_method": "S256",
        }
        if anew:
            asked["prompt"] = "login"
        return Question(_with(self._provider.metadata().authorization_endpoint, asked), secret)

    def finish(self, secret: str, answer: Mapping[str, str], redirect_uri: str) -> Entered:
        """Ends a sign-in and opens a session.

        Args:
            secret: What the browser kept, or "".
            answer: The parameters that it came back with.
            redirect_uri: As in :meth:`begin`.

        Raises:
            NotSignedIn: No answer to a question of this browser, a refusal, or a token that is not good.
            Refused: The provider knows them, and they have no role here.
            Unavailable: The provider does not answer.
        """
        person, id_token = self._answered(secret, answer, redirect_uri)
        return Entered(self._people.enter(person, self._role(person), secret), id_token)

    def connect(self, account: Account, secret: str, answer: Mapping[str, str], redirect_uri: str) -> None:
        """Ends a sign-in that somebody began to connect it to their account here.

        Args:
            account: Whose password was asked for before it began, and who is still signed in.
            secret: As in :meth:`finish`.
            answer: As in :meth:`finish`.
            redirect_uri: As in :meth:`begin`.

        Raises:
            NotSignedIn, Unavailable: As for :meth:`finish`.
            Conflict: Somebody else's account is connected to it already.
        """
        person, _ = self._answered(secret, answer, redirect_uri)
        self._people.connect(person, account, secret)

    def connected(self, account: Account) -> bool:
        """Tells whether a sign-in at the provider opens the account."""
        return self._people.connected(account, self._settings.issuer)

    def disconnect(self, account: Account) -> None:
        """Lets the provider open the account no longer; its password still does.

        Raises:
            Refused: It has no password, so that nothing would open it.
        """
        self._people.disconnect(account, self._settings.issuer)

    def farewell(self, id_token: str, back: str) -> str:
        """Returns where a browser goes to sign out at the provider as well (OpenID Connect RP-Initiated Logout 1.0).

        Args:
            id_token: What the provider said of them, or "" where it was too long to keep; it then asks them.
            back: Where the provider sends the browser afterwards, if the operator told it of this address.

        Returns:
            The address; "" where the provider offers none.

        Raises:
            Unavailable: The provider does not answer.
        """
        endpoint = self._provider.metadata().end_session_endpoint
        if not endpoint:
            return ""
        asked = {"client_id": self._settings.client_id, "post_logout_redirect_uri": back}
        return _with(endpoint, ({"id_token_hint": id_token} if id_token else {}) | asked)

    def _answered(self, secret: str, answer: Mapping[str, str], redirect_uri: str) -> tuple[Person, str]:
        """Returns whom an answer is about, and the token that says so."""
        state = answer.get("state", "")
        if not secret or not hmac.compare_digest(state.encode(), _made(secret, "state").encode()):
            raise NotSignedIn("oidc-answer")
        metadata = self._provider.metadata()
        issuer = answer.get("iss")
        if issuer != self._settings.issuer and (issuer is not None or metadata.names_itself):
            raise NotSignedIn("oidc-answer")
        code = answer.get("code", "")
        if answer.get("error") or not code or len(code) > _MAX_CODE:
            raise NotSignedIn("oidc-refused", reason=answer.get("error", "")[:80] or "no code")
        return self._person(metadata, code, _made(secret, "verifier"), _made(secret, "nonce"), redirect_uri)

    def account_of(self, token: str) -> Account:
        """Returns whose access token it is, with the role that it gives.

        Raises:
            NotSignedIn: It is not good; the error says why.
            Refused: It gives no role here.
            Unavailable: The provider's keys cannot be had.
        """
        person = self._tokens.access(token)
        return self._people.bearer(person, self._role(person))

    def _role(self, person: Person) -> Role:
        role = self._settings.role_of(person.values(self._settings.roles_claim))
        if role is None:
            raise Refused("oidc-no-role")
        return role

    def _person(
        self, metadata: Metadata, code: str, verifier: str, nonce: str, redirect_uri: str
    ) -> tuple[Person, str]:
        answer = self._exchanged(metadata, code, verifier, redirect_uri)
        id_token = str(answer.get("id_token", ""))
        person = self._tokens.identity(id_token, nonce)
        access = answer.get("access_token")
        if person.values(self._settings.roles_claim) or not metadata.userinfo_endpoint or not isinstance(access, str):
            return person, id_token
        more = fetch(metadata.userinfo_endpoint, headers={"Authorization": f"Bearer {access}"})
        if more.get("sub") != person.subject:
            raise NotSignedIn("oidc-token", reason="sub")
        return Person(person.issuer, person.subject, more | person.claims), id_token

    def _exchanged(self, metadata: Metadata, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self._settings.client_id,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if secret := self._settings.client_secret:
            if "client_secret_basic" in (metadata.auth_methods or ("client_secret_basic",)):
                # Form-encoded as RFC 6749, 2.3.1 asks; of the two ways to write a space, the one everybody reads.
                pair = f"{quote(self._settings.client_id, safe='')}:{quote(secret, safe='')}"
                headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
            else:
                form["client_secret"] = secret
        try:
            return fetch(metadata.token_endpoint, body=urlencode(form).encode(), headers=headers)
        except Unavailable as error:
            if error.details["status"] == HTTPStatus.BAD_REQUEST:  # RFC 6749, 5.2: not this code, or not any more
                raise NotSignedIn("oidc-refused", reason="invalid_grant") from error
            raise


def _with(endpoint: str, asked: Mapping[str, str]) -> str:
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def _made(secret: str, purpose: str) -> str:
    """Returns 256 bits for one purpose, from which neither the secret nor those for others can be told."""
    return _base64(hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).digest())


def _challenge(verifier: str) -> str:
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
