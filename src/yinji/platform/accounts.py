"""Accounts, passwords and sessions. Of a session only the hash of its token is kept."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, or_, select, update

from yinji.errors import StorageError
from yinji.platform import cursors, instants, words
from yinji.platform.audit import SYSTEM, AuditLog
from yinji.platform.errors import Conflict, NotSignedIn
from yinji.platform.model import Account, Page, Role
from yinji.platform.passwords import Passwords
from yinji.platform.prepared import Prepared
from yinji.platform.schema import accounts, sessions
from yinji.platform.settings import Settings
from yinji.platform.throttle import Throttle, wait_after

if TYPE_CHECKING:
    from yinji.platform.database import Database

_DISPLAY_NAME: Final = 40
_TOKEN_BYTES: Final = 32
_SEEN_EVERY: Final = timedelta(minutes=1)
"""A session in use is written down at most this often, so that reading pages does not write."""

_SESSION: Final = Prepared(
    select(accounts, sessions.c.seen_at)
    .join(sessions)
    .where(
        sessions.c.token_sha256 == bindparam("digest"),
        sessions.c.expires_at > bindparam("now"),
        sessions.c.seen_at > bindparam("idle"),
    )
)


_HELD: Final = Prepared(
    select(accounts.c.name).where(accounts.c.id == bindparam("account")).with_for_update(key_share=True)
)


def erased_name(account_id: str) -> str:
    """Returns the name of an account that was erased."""
    return f"erased-{account_id}"


def require_living(connection: Connection, *account_ids: str) -> None:
    """Passes if accounts are not erased, and has them stay so until the writing transaction ends.

    A request may have begun before the account was erased: what it leaves afterwards nobody would clear.

    Raises:
        NotSignedIn: One of them was erased.
    """
    for account_id in sorted(set(account_ids)):  # in this order everywhere, so that nobody waits in a circle
        for row in _HELD.rows(connection, account=account_id):
            if row.name == erased_name(account_id):
                raise NotSignedIn("account-erased")


class Accounts:
    """Who is who, and who is signed in."""

    def __init__(
        self, database: Database, audit: AuditLog, settings: Settings, passwords: Passwords | None = None
    ) -> None:
        self._database = database
        self._audit = audit
        self._settings = settings
        self._passwords = passwords or Passwords()
        self._throttle = Throttle(database)

    def create(self, name: str, password: str, role: Role, display_name: str, *, actor: str) -> Account:
        """Creates an account.

        Raises:
            UsageError: The name or the password breaks a rule.
            Conflict: The name is taken, or reads the same as one that is.
        """
        account, row = self._prepared(name, password, role, display_name)
        try:
            with self._database.write() as connection:
                self._insert(connection, account, row, actor)
        except Conflict:
            raise Conflict("name-taken", name=account.name) from None
        return account

    def create_first_admin(self, name: str, password: str, display_name: str) -> Account:
        account, row = self._prepared(name, password, Role.ADMIN, display_name)
        try:
            with self._database.write() as connection:
                self._database.lock(connection, "first admin")
                if _admin_in(connection):
                    raise Conflict("admin-exists")
                self._insert(connection, account, row, SYSTEM)
        except Conflict as error:
            raise error if error.code == "admin-exists" else Conflict("name-taken", name=account.name) from None
        return account

    def has_admin(self) -> bool:
        with self._database.read() as connection:
            return _admin_in(connection)

    def by_name(self, name: str) -> Account | None:
        with self._database.read() as connection:
            row = connection.execute(select(accounts).where(accounts.c.name_key == words.name_key(name))).one_or_none()
        return None if row is None else account_from(row)

    def confirm(self, account: Account, password: str) -> None:
        """Passes if it is the account's password; for what a session alone should not be enough.

        Whoever signs in elsewhere has none: they type the account's name.

        Raises:
            NotSignedIn: It is not.
            TooManyAttempts: Throttled.
        """
        with self._database.read() as connection:
            row = connection.execute(select(accounts).where(accounts.c.id == account.id)).one()
        self._throttle.admit(row.name_key)
        if not row.password_hash and words.name_key(password[:256]) == row.name_key:
            return
        if not self._passwords.matches(str(row.password_hash), password):
            raise NotSignedIn("sign-in-failed")

    def has_password(self, account: Account) -> bool:
        """Tells whether the account is opened by a password of its own."""
        with self._database.read() as connection:
            return bool(connection.scalar(select(accounts.c.password_hash).where(accounts.c.id == account.id)))

    def page(self, *, cursor: str | None, limit: int) -> Page[Account]:
        """Lists accounts, newest first."""
        query = select(accounts).order_by(accounts.c.id.desc()).limit(cursors.rows(limit) + 1)
        if cursor is not None:
            query = query.where(accounts.c.id < cursors.item("accounts", cursor))
        with self._database.read() as connection:
            found = [account_from(row) for row in connection.execute(query)]
        more = cursors.encode("accounts", found[limit - 1].id) if len(found) > limit else None
        return Page(tuple(found[:limit]), more)

    def sign_in(self, name: str, password: str) -> str:
        """Opens a session.

        Returns:
            Its token.

        Raises:
            NotSignedIn: Name and password do not belong together; which of them is wrong is not said.
            TooManyAttempts: Throttled.
        """
        key = words.name_key(name[:256])
        failures = self._throttle.admit(key)
        with self._database.read() as connection:
            row = connection.execute(select(accounts).where(accounts.c.name_key == key)).one_or_none()
        stored = (str(row.password_hash) or None) if row is not None else None
        if not self._passwords.matches(stored, password) or row is None:
            wait = int(wait_after(failures).total_seconds())
            with self._database.write() as connection:
                subject = "" if row is None else row.id
                self._audit.append(
                    connection, "session.failed", actor=SYSTEM, subject=subject, detail={"wait_seconds": wait}
                )
            raise NotSignedIn("sign-in-failed")
        rehashed = self._passwords.hash(password) if self._passwords.is_outdated(row.password_hash) else None
        return self._open_session(row.id, key, rehashed)

    def _open_session(self, account_id: str, name_key: str, rehashed: str | None) -> str:
        with self._database.write() as connection:
            require_living(connection, account_id)
            self._throttle.forgive(connection, name_key)
            if rehashed is not None:
                connection.execute(update(accounts).where(accounts.c.id == account_id).values(password_hash=rehashed))
            return self.open_session(connection, account_id)

    def open_session(
        self, connection: Connection, account_id: str, *, by: str = "", most: timedelta | None = None
    ) -> str:
        """Opens a session in a writing transaction that somebody else opened.

        Args:
            connection: The transaction.
            account_id: Whose.
            by: Who vouched for them, where it was not their password.
            most: The session's longest life, where it is shorter than others'.

        Returns:
            The session's token.

        Raises:
            NotSignedIn: The account was erased meanwhile.
        """
        require_living(connection, account_id)
        token, now = secrets.token_urlsafe(_TOKEN_BYTES), instants.now()
        lifetime = self._settings.session_lifetime
        connection.execute(
            insert(sessions).values(
                token_sha256=_digest(token),
                account_id=account_id,
                created_at=now,
                seen_at=now,
                expires_at=now + (lifetime if most is None else min(most, lifetime)),
            )
        )
        detail = {"issuer": by} if by else {}
        self._audit.append(connection, "session.opened", actor=account_id, subject=account_id, detail=detail)
        return token

    def add_without_password(
        self, connection: Connection, name: str, role: Role, display_name: str, *, by: str
    ) -> Account:
        """Creates an account that no password opens, in a writing transaction that somebody else opened.

        Args:
            connection: The transaction.
            name: The name, in its normal form.
            role: What the account may do.
            display_name: What it is called; "" for the name.
            by: Who vouches for whoever uses it.

        Raises:
            Conflict: The name is taken.
        """
        shown = words.line(display_name, most=_DISPLAY_NAME, code="display-name-rule") or name
        account = Account(instants.uuid7(), name, shown, role, instants.now())
        row = {"name_key": words.name_key(name), "password_hash": ""}
        self._insert(connection, account, row, SYSTEM, {"issuer": by})
        return account

    def account_of(self, session_token: str) -> Account | None:
        """Returns whose session it is; None when it is unknown, over, or was idle for too long."""
        digest, now = _digest(session_token), instants.now()
        idle = now - self._settings.session_idle
        found = self._database.find(_SESSION, digest=digest, now=now, idle=idle)
        if not found:
            return None
        (row,) = found
        if now - row.seen_at > _SEEN_EVERY:
            self._mark_seen(digest, now)
        return account_from(row)

    def _mark_seen(self, digest: str, now: datetime) -> None:
        with suppress(StorageError), self._database.write() as connection:  # a full disk keeps nobody from reading
            connection.execute(update(sessions).where(sessions.c.token_sha256 == digest).values(seen_at=now))

    def sign_out(self, session_token: str) -> None:
        """Ends a session; does nothing if there is none."""
        session = sessions.c.token_sha256 == _digest(session_token)
        with self._database.write() as connection:
            account_id = connection.scalar(select(sessions.c.account_id).where(session).with_for_update())
            if account_id is not None:
                connection.execute(delete(sessions).where(session))
                self._audit.append(connection, "session.closed", actor=account_id, subject=account_id)

    def expire(self) -> None:
        """Removes sessions that are over and attempts that are forgotten."""
        now = instants.now()
        idle = now - self._settings.session_idle
        with self._database.write() as connection:
            connection.execute(delete(sessions).where(or_(sessions.c.expires_at <= now, sessions.c.seen_at <= idle)))
            self._throttle.expire(connection)

    def _prepared(self, name: str, password: str, role: Role, display_name: str) -> tuple[Account, dict[str, Any]]:
        tidy = words.account_name(name)
        shown = words.line(display_name, most=_DISPLAY_NAME, code="display-name-rule") or tidy
        account = Account(instants.uuid7(), tidy, shown, role, instants.now())
        return account, {"name_key": words.name_key(tidy), "password_hash": self._passwords.hash(password)}

    def _insert(
        self,
        connection: Connection,
        account: Account,
        row: dict[str, Any],
        actor: str,
        more: dict[str, str] | None = None,
    ) -> None:
        connection.execute(
            insert(accounts).values(
                id=account.id,
                name=account.name,
                display_name=account.display_name,
                role=str(account.role),
                created_at=account.created_at,
                **row,
            )
        )
        detail = {"role": str(account.role)} | (more or {})
        self._audit.append(connection, "account.created", actor=actor, subject=account.id, detail=detail)


def account_from(row: Row[Any]) -> Account:
    """Builds the value from a row that holds the columns of ``accounts``."""
    return Account(row.id, row.name, row.display_name, Role(row.role), row.created_at)


def _admin_in(connection: Connection) -> bool:
    query = select(accounts.c.id).where(accounts.c.role == str(Role.ADMIN)).limit(1)
    return connection.scalar(query) is not None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
