"""Who accepted what: asked when joining, and again when a new version takes effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, bindparam, func, select

from yinji.errors import Refused
from yinji.platform import instants
from yinji.platform.agreements import texts
from yinji.platform.agreements.texts import TERMS, Agreement
from yinji.platform.audit import AuditLog
from yinji.platform.errors import Conflict
from yinji.platform.model import Account, Role
from yinji.platform.permissions import Permission, require
from yinji.platform.schema import agreement_acceptances
from yinji.platform.settings import Settings

if TYPE_CHECKING:
    from yinji.platform.database import Database

_MOST_BOUND: Final = 10_000
_ACCEPTED: Final = select(agreement_acceptances.c.version).where(
    agreement_acceptances.c.account_id == bindparam("account"), agreement_acceptances.c.name == TERMS
)


class AgreementRequired(Refused):
    """A new version of the user agreement wants to be accepted first."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That an account accepted a version."""

    name: str
    version: str
    sha256: str
    at: datetime


class Agreements:
    """The agreements' front door. Reading them needs no permission; everybody accepts for themselves alone."""

    def __init__(self, database: Database, audit: AuditLog, settings: Settings) -> None:
        self._database = database
        self._audit = audit
        self._settings = settings
        self._bound: set[tuple[str, str]] = set()
        """Accounts and the version by which they are bound: once so, always so, whatever other processes do."""

    def in_force(self, name: str) -> Agreement:
        """Returns the version in force today.

        Raises:
            NotFound: There is no such agreement.
        """
        return texts.in_force(name, self._settings.agreements, instants.now().date())

    def accept(self, account: Account, name: str, version: str) -> Agreement:
        """Records that an account accepts the version in force; again is once.

        Raises:
            Conflict: Another version is in force by now; it wants to be read first.
        """
        with self._database.write() as connection:
            return self.accepted(connection, account, name, version)

    def accepted(self, connection: Connection, account: Account, name: str, version: str) -> Agreement:
        """Does the same in a writing transaction that somebody else opened."""
        agreement = self.in_force(name)
        if version != agreement.version:
            raise Conflict("agreement-changed", version=agreement.version)
        table, key = agreement_acceptances, {"account_id": account.id, "name": name, "version": version}
        mine = (table.c.account_id == account.id) & (table.c.name == name) & (table.c.version == version)
        values = key | {"at": instants.now(), "sha256": agreement.sha256}
        known = connection.execute(select(table.c.at).where(mine)).one_or_none() is not None
        if not known and self._database.insert_new(connection, table, values):  # in another window just now: once
            detail = {"agreement": name, "version": version, "sha256": agreement.sha256}
            self._audit.append(connection, "agreement.accepted", actor=account.id, subject=account.id, detail=detail)
        return agreement

    def acceptances(self, account: Account) -> tuple[Acceptance, ...]:
        """Returns what an account has accepted, newest first."""
        table = agreement_acceptances
        query = select(table).where(table.c.account_id == account.id).order_by(table.c.at.desc())
        with self._database.read() as connection:
            return tuple(Acceptance(row.name, row.version, row.sha256, row.at) for row in connection.execute(query))

    def counts(self, actor: Account) -> dict[tuple[str, str], int]:
        """Returns how many accepted each version, by the agreement's name and the version.

        Raises:
            Refused: The account may not.
        """
        require(actor, Permission.POLICY_READ)
        table = agreement_acceptances
        query = select(table.c.name, table.c.version, func.count()).group_by(table.c.name, table.c.version)
        with self._database.read() as connection:
            return {(name, version): count for name, version, count in connection.execute(query)}

    def require_current(self, account: Account) -> None:
        """Passes if the account accepted the version of the user agreement that is in force.

        Programs are not asked: whoever runs them has agreed in their own name.

        Raises:
            AgreementRequired: The version in force was not accepted yet.
        """
        if account.role is Role.SERVICE:
            return
        current = self.in_force(TERMS).version
        if (account.id, current) in self._bound:
            return
        with self._database.read() as connection:
            known = set(connection.execute(_ACCEPTED, {"account": account.id}).scalars())
        if current not in known:
            raise AgreementRequired("agreement-required", name=TERMS, version=current)
        if len(self._bound) >= _MOST_BOUND:
            self._bound.clear()
        self._bound.add((account.id, current))
