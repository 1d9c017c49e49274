"""Erasing an account: the person's name, password, sessions and words go; the log keeps its numbers and stays whole.

The log names people by account number only, so nothing in it has to change. Posts are taken from view at once and
cleared when they were kept as long as the law asks (PIPL Art. 47: until then they are stored and nothing else).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, delete, func, select, update

from yinji.errors import Refused
from yinji.platform import instants
from yinji.platform.accounts import Accounts, erased_name
from yinji.platform.audit import AuditLog
from yinji.platform.blobs import BLOBS_LOCK
from yinji.platform.drafts import Drafts
from yinji.platform.errors import NotFound
from yinji.platform.model import Account, Role
from yinji.platform.permissions import Permission, require
from yinji.platform.schema import (
    account_identities,
    accounts,
    api_keys,
    appeals,
    drafts,
    erasures,
    idempotency_keys,
    items,
    reports,
    sessions,
    withdrawals,
)
from yinji.platform.throttle import Throttle
from yinji.platform.withdrawing import Withdrawing

if TYPE_CHECKING:
    from yinji.platform.database import Database

SHOWN: Final = "已注销账号 Erased account"


class Erasing:
    """The front door for erasing accounts."""

    def __init__(
        self, database: Database, audit: AuditLog, people: Accounts, drafts: Drafts, withdrawing: Withdrawing
    ) -> None:
        self._database = database
        self._audit = audit
        self._people = people
        self._drafts = drafts
        self._withdrawing = withdrawing
        self._throttle = Throttle(database)

    def erase_own(self, account: Account, password: str) -> None:
        """Erases the account of whoever asks.

        Raises:
            NotSignedIn: The password is wrong.
            Refused: It is the last administrator's.
        """
        self._people.confirm(account, password)
        self._erase(account.id, account.id)

    def erase(self, actor: Account, account_id: str) -> None:
        """Erases somebody's account at their request.

        Raises:
            Refused: The actor may not, or it is the last administrator's.
            NotFound: No such account.
        """
        require(actor, Permission.ACCOUNT_ERASE)
        self._erase(account_id, actor.id)

    def _erase(self, account_id: str, actor: str) -> None:
        with self._database.write() as connection:
            self._database.lock(connection, BLOBS_LOCK)
            row = connection.execute(
                select(accounts).where(accounts.c.id == account_id).with_for_update(key_share=True)
            ).one_or_none()
            if row is None:
                raise NotFound("account-not-found")
            if connection.scalar(select(erasures.c.at).where(erasures.c.account_id == account_id)) is not None:
                return
            _require_not_last(connection, row.role)
            self._throttle.forgive(connection, row.name_key)
            unpublished = (drafts.c.author_id == account_id) & drafts.c.item_id.is_(None)
            held = set(connection.execute(select(drafts.c.sha256).where(unpublished)).scalars())
            connection.execute(delete(drafts).where(drafts.c.author_id == account_id))
            connection.execute(delete(sessions).where(sessions.c.account_id == account_id))
            connection.execute(delete(account_identities).where(account_identities.c.account_id == account_id))
            connection.execute(delete(api_keys).where(api_keys.c.account_id == account_id))
            connection.execute(delete(idempotency_keys).where(idempotency_keys.c.account_id == account_id))
            connection.execute(update(reports).where(reports.c.reporter_id == account_id).values(note=""))
            connection.execute(update(appeals).where(appeals.c.author_id == account_id).values(reason=""))
            posts = self._withdraw_all(connection, account_id, actor)
            name = erased_name(account_id)
            gone = {"name": name, "name_key": name, "display_name": SHOWN, "password_hash": ""}
            connection.execute(update(accounts).where(accounts.c.id == account_id).values(gone))
            values = {"account_id": account_id, "actor": actor, "at": instants.now()}
            self._database.insert_new(connection, erasures, values)
            self._audit.append(connection, "account.erased", actor=actor, subject=account_id, detail={"items": posts})
            self._drafts.release(connection, held)

    def _withdraw_all(self, connection: Connection, account_id: str, actor: str) -> int:
        shown = ~select(withdrawals.c.item_id).where(withdrawals.c.item_id == items.c.id).exists()
        query = select(items.c.id).where(items.c.author_id == account_id, shown).order_by(items.c.id)
        found = connection.execute(query).scalars().all()
        for item_id in found:
            self._withdrawing.withdrawn(connection, item_id, actor)
        return len(found)


def _require_not_last(connection: Connection, role: str) -> None:
    if role != str(Role.ADMIN):
        return
    living = ~select(erasures.c.account_id).where(erasures.c.account_id == accounts.c.id).exists()
    admins = select(func.count()).select_from(accounts).where(accounts.c.role == role, living)
    if connection.scalar(admins) == 1:
        raise Refused("last-admin")
