"""Whose account it is that somebody of the provider signs in to: linked by issuer and subject, and by nothing else.

An account is made when somebody comes for the first time, or was here before and connected by whoever has its password.
What the first may do follows the provider; what the second may do stays as the operator of this site decided.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from yinji.errors import Refused
from yinji.platform import instants, words
from yinji.platform.accounts import Accounts, account_from, require_living
from yinji.platform.audit import SYSTEM, AuditLog
from yinji.platform.errors import Conflict, NotSignedIn
from yinji.platform.model import Account, Role
from yinji.platform.oidc.tokens import Person
from yinji.platform.schema import account_identities, accounts, oidc_answers

if TYPE_CHECKING:
    from yinji.platform.database import Database

SESSION: Final = timedelta(hours=12)
"""Longest session of somebody from the provider: what they may do is asked there again at least twice a day."""

_ANSWER_KEPT: Final = timedelta(days=1)
_NO_NAME: Final = re.compile(r"[^\w.·-]+")
_MAX_NAME: Final = 24
_MAX_SHOWN: Final = 40


class People:
    """Accounts of people and programs whom the provider knows."""

    def __init__(self, database: Database, audit: AuditLog, people: Accounts) -> None:
        self._database = database
        self._audit = audit
        self._people = people

    def bearer(self, person: Person, role: Role) -> Account:
        """Returns the account behind a token, for one request: with the role that the token gives.

        The account is made the first time. Nothing else is written.
        """
        account = self._known(person) or self._made(person, role)
        same = account.role is role or self._people.has_password(account)
        return account if same else replace(account, role=role)

    def enter(self, person: Person, role: Role, question: str) -> str:
        """Opens a session, with the role brought up to date.

        Args:
            person: Who signs in.
            role: What they are here.
            question: Secret of the question that was answered; it can be answered once.

        Returns:
            The session's token.

        Raises:
            NotSignedIn: The question was answered already.
        """
        account = self._known(person) or self._made(person, role)
        follows = account.role is not role and not self._people.has_password(account)
        try:
            with self._database.write() as connection:
                _answer_once(connection, question)
                if follows:
                    self._change_role(connection, account, role)
                return self._people.open_session(connection, account.id, by=person.issuer, most=SESSION)
        except Conflict:
            raise NotSignedIn("oidc-answer") from None

    def connect(self, person: Person, account: Account, question: str) -> None:
        """Connects somebody of the provider to an account that is there.

        Args:
            person: Who signed in there.
            account: Whose password was asked for.
            question: As in :meth:`enter`.

        Raises:
            NotSignedIn: The question was answered already.
            Conflict: Another account is connected to them.
        """
        try:
            with self._database.write() as connection:
                _answer_once(connection, question)
        except Conflict:
            raise NotSignedIn("oidc-answer") from None
        known = self._known(person)
        if known is not None and known.id == account.id:
            return
        link = {"issuer": person.issuer, "subject": person.subject, "account_id": account.id}
        try:
            with self._database.write() as connection:
                require_living(connection, account.id)
                connection.execute(insert(account_identities).values(**link, created_at=instants.now()))
                detail = {"issuer": person.issuer}
                self._audit.append(connection, "account.connected", actor=account.id, subject=account.id, detail=detail)
        except Conflict:
            known = self._known(person)
            if known is None or known.id != account.id:  # else they did so in another window
                raise Conflict("oidc-connected-elsewhere") from None

    def connected(self, account: Account, issuer: str) -> bool:
        """Tells whether somebody there opens the account."""
        with self._database.read() as connection:
            return (
                connection.scalar(select(account_identities.c.subject).where(_of(account, issuer)).limit(1)) is not None
            )

    def disconnect(self, account: Account, issuer: str) -> None:
        """Removes the connection.

        Raises:
            Refused: The account has no password.
        """
        if not self._people.has_password(account):
            raise Refused("oidc-only-way-in")
        with self._database.write() as connection:
            if connection.execute(delete(account_identities).where(_of(account, issuer))).rowcount:
                self._audit.append(
                    connection,
                    "account.disconnected",
                    actor=account.id,
                    subject=account.id,
                    detail={"issuer": issuer},
                )

    def _known(self, person: Person) -> Account | None:
        mine = (account_identities.c.issuer == person.issuer) & (account_identities.c.subject == person.subject)
        with self._database.read() as connection:
            row = connection.execute(select(accounts).join(account_identities).where(mine)).one_or_none()
        return None if row is None else account_from(row)

    def _made(self, person: Person, role: Role) -> Account:
        """Makes the account; somebody else's may have the name already, and this person's other request its link."""
        for name in _names(person):
            try:
                with self._database.write() as connection:
                    shown = person.text("name")[:_MAX_SHOWN]
                    account = self._people.add_without_password(connection, name, role, shown, by=person.issuer)
                    link = {"issuer": person.issuer, "subject": person.subject, "account_id": account.id}
                    connection.execute(insert(account_identities).values(**link, created_at=instants.now()))
                return account
            except Conflict:
                if (known := self._known(person)) is not None:
                    return known
        raise Conflict("name-taken", name=name)

    def _change_role(self, connection: Connection, account: Account, role: Role) -> None:
        connection.execute(update(accounts).where(accounts.c.id == account.id).values(role=str(role)))
        detail = {"before": str(account.role), "role": str(role)}
        self._audit.append(connection, "account.role_changed", actor=SYSTEM, subject=account.id, detail=detail)


def _of(account: Account, issuer: str) -> ColumnElement[bool]:
    return and_(account_identities.c.account_id == account.id, account_identities.c.issuer == issuer)


def _answer_once(connection: Connection, question: str) -> None:
    """Writes down that a question was answered; raises ``Conflict`` the second time."""
    now = instants.now()
    connection.execute(delete(oidc_answers).where(oidc_answers.c.at < now - _ANSWER_KEPT))
    digest = hashlib.sha256(question.encode()).hexdigest()
    connection.execute(insert(oidc_answers).values(question_sha256=digest, at=now))


def _names(person: Person) -> tuple[str, ...]:
    """Returns names for the account in the order of liking; the last has digits of what is surely its own."""
    wanted = unicodedata.normalize("NFKC", person.text("preferred_username") or person.text("email")).partition("@")[0]
    tidy = _NO_NAME.sub("-", wanted)[:_MAX_NAME].strip(".·-") or "sso"
    own = hashlib.sha256(f"{person.issuer}\n{person.subject}".encode()).hexdigest()
    names = (tidy, f"{tidy}-{own[:6]}", f"sso-{own[:24]}")
    return tuple(map(words.account_name, names))
