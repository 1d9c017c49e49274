"""Whose account it is that somebody of the provider signs in to: linked by issuer and subject, and by nothing else."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, delete, insert, select, update

from yinji.platform import instants, words
from yinji.platform.accounts import Accounts, account_from
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
    """Accounts of people and programs whom the provider knows. They have no password here."""

    def __init__(self, database: Database, audit: AuditLog, people: Accounts) -> None:
        self._database = database
        self._audit = audit
        self._people = people

    def bearer(self, person: Person, role: Role) -> Account:
        """Returns the account behind a token, for one request: with the role that the token gives.

        The account is made the first time. Nothing else is written.
        """
        account = self._known(person) or self._made(person, role)
        return account if account.role is role else replace(account, role=role)

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
        now = instants.now()
        digest = hashlib.sha256(question.encode()).hexdigest()
        try:
            with self._database.write() as connection:
                connection.execute(delete(oidc_answers).where(oidc_answers.c.at < now - _ANSWER_KEPT))
                connection.execute(insert(oidc_answers).values(question_sha256=digest, at=now))
                if account.role is not role:
                    self._change_role(connection, account, role)
                return self._people.open_session(connection, account.id, by=person.issuer, most=SESSION)
        except Conflict:
            raise NotSignedIn("oidc-answer") from None

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


def _names(person: Person) -> tuple[str, ...]:
    """Returns names for the account in the order of liking; the last has digits of what is surely its own."""
    wanted = unicodedata.normalize("NFKC", person.text("preferred_username") or person.text("email")).partition("@")[0]
    tidy = _NO_NAME.sub("-", wanted)[:_MAX_NAME].strip(".·-") or "sso"
    own = hashlib.sha256(f"{person.issuer}\n{person.subject}".encode()).hexdigest()
    names = (tidy, f"{tidy}-{own[:6]}", f"sso-{own[:24]}")
    return tuple(map(words.account_name, names))
