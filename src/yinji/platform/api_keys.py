"""Keys by which another system acts for an account. Of a key only its hash is kept; it is shown once."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, and_, bindparam, func, insert, or_, select, update

from yinji.errors import Refused, StorageError, UsageError
from yinji.platform import instants, words
from yinji.platform.accounts import account_from, require_living
from yinji.platform.audit import AuditLog
from yinji.platform.errors import NotFound
from yinji.platform.model import Account
from yinji.platform.prepared import Prepared
from yinji.platform.schema import accounts, api_keys

if TYPE_CHECKING:
    from yinji.platform.database import Database

PREFIX: Final = "yk_"
"""What every key begins with, so that scanners for leaked secrets can tell one."""

MAX_KEYS: Final = 20
MAX_DAYS: Final = 3650
_MAX_NAME: Final = 60
_SECRET_BYTES: Final = 32
_USED_EVERY: Final = timedelta(minutes=1)
"""The last use is written down at most this often, so that reading does not write."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, without its secret.

    Attributes:
        ends_with: Its last four characters, to tell keys apart.
        used_at: When it was last used, to the minute.
        expires_at: When it ends by itself, if ever.
    """

    id: str
    name: str
    ends_with: str
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime | None


class ApiKeys:
    """The keys of all accounts; an account sees and ends its own."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    def create(self, account: Account, name: str, *, days: int | None = None) -> tuple[ApiKey, str]:
        """Makes a key.

        Args:
            account: Whose; the key may do what its role may.
            name: What it is for.
            days: When it ends by itself; None for never.

        Returns:
            The key, and its secret, which is kept nowhere.

        Raises:
            UsageError: No name, a name too long, or a number of days out of bounds.
            Refused: The account has too many keys.
        """
        name = words.line(name, most=_MAX_NAME, code="api-key-name")
        if not name:
            raise UsageError("api-key-name", most=_MAX_NAME, length=0)
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise UsageError("api-key-days", most=MAX_DAYS)
        secret, now = PREFIX + secrets.token_urlsafe(_SECRET_BYTES), instants.now()
        expires = None if days is None else now + timedelta(days=days)
        key = ApiKey(instants.uuid7(), name, secret[-4:], now, None, expires)
        with self._database.write() as connection:
            require_living(connection, account.id)
            held = select(func.count()).where(api_keys.c.account_id == account.id, _alive(now))
            if (connection.scalar(held) or 0) >= MAX_KEYS:
                raise Refused("too-many-api-keys", most=MAX_KEYS)
            connection.execute(
                insert(api_keys).values(
                    id=key.id,
                    account_id=account.id,
                    name=name,
                    secret_sha256=_digest(secret),
                    ends_with=key.ends_with,
                    created_at=now,
                    expires_at=expires,
                )
            )
            self._audit.append(connection, "api_key.created", actor=account.id, subject=key.id)
        return key, secret

    def of(self, account: Account) -> tuple[ApiKey, ...]:
        """Lists an account's keys that still work, newest first."""
        query = select(api_keys).where(api_keys.c.account_id == account.id, _alive(instants.now()))
        with self._database.read() as connection:
            return tuple(_key(row) for row in connection.execute(query.order_by(api_keys.c.id.desc())))

    def revoke(self, account: Account, key_id: str) -> None:
        """Ends a key for good.

        Raises:
            NotFound: The account has no such key.
        """
        now = instants.now()
        mine = and_(api_keys.c.id == key_id, api_keys.c.account_id == account.id, api_keys.c.revoked_at.is_(None))
        with self._database.write() as connection:
            if connection.execute(update(api_keys).where(mine).values(revoked_at=now)).rowcount == 0:
                raise NotFound("api-key-not-found")
            self._audit.append(connection, "api_key.revoked", actor=account.id, subject=key_id)

    def account_of(self, secret: str) -> Account | None:
        """Returns whose key it is; None when it is unknown, revoked or over."""
        now = instants.now()
        found = self._database.find(_USED, digest=_digest(secret), now=now)
        if not found:
            return None
        (row,) = found
        if row.used_at is None or now - row.used_at > _USED_EVERY:
            with suppress(StorageError), self._database.write() as connection:  # a full disk keeps nobody from reading
                connection.execute(update(api_keys).where(api_keys.c.id == row.key_id).values(used_at=now))
        return account_from(row)


def _alive(now: Any) -> Any:
    keys = api_keys.c
    return and_(keys.revoked_at.is_(None), or_(keys.expires_at.is_(None), keys.expires_at > now))


_USED: Final = Prepared(
    select(accounts, api_keys.c.id.label("key_id"), api_keys.c.used_at)
    .join(api_keys, api_keys.c.account_id == accounts.c.id)
    .where(api_keys.c.secret_sha256 == bindparam("digest"), _alive(bindparam("now")))
)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(row.id, row.name, row.ends_with, row.created_at, row.used_at, row.expires_at)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
