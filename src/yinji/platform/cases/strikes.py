"""Strikes: what repeated breaches leave with an account, for how long, and what follows (data/limits.toml)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, bindparam, func, insert, literal, or_, select, update

from yinji.errors import Refused
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import instants
from yinji.platform.cases import rules
from yinji.platform.cases.model import Consequence, Standing, Strike
from yinji.platform.errors import TooManyAttempts
from yinji.platform.instants import to_text
from yinji.platform.model import Account
from yinji.platform.prepared import Prepared
from yinji.platform.schema import reports, strikes

if TYPE_CHECKING:
    from yinji.platform.database import Database

UNDECLARED = "undeclared"
UNANSWERED = "unanswered"
BAD_FAITH = "bad_faith"
PUBLISH = "publish"
REPORT = "report"


class Strikes:
    """Gives, withdraws and counts strikes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def give(self, connection: Connection, account_id: str, kind: str, *, case_id: str, item_id: str) -> None:
        """Gives one strike; a case gives an account one of a kind."""
        at = instants.now()
        values = {
            "account_id": account_id,
            "kind": kind,
            "case_id": case_id,
            "item_id": item_id,
            "at": at,
            "expires_at": at + rules.strike_lifetimes()[kind],
        }
        self._database.insert_new(connection, strikes, values)

    def give_reporters(self, connection: Connection, *, case_id: str, item_id: str) -> int:
        """Gives one to everybody who reported in a case, in one statement; returns to how many."""
        at = instants.now()
        over = at + rules.strike_lifetimes()[BAD_FAITH]
        columns = ["account_id", "kind", "case_id", "item_id", "at", "expires_at"]
        constants = (BAD_FAITH, case_id, item_id, to_text(at), to_text(over))
        query = select(reports.c.reporter_id, *map(literal, constants)).where(reports.c.case_id == case_id)
        return connection.execute(insert(strikes).from_select(columns, query)).rowcount

    def withdraw(self, connection: Connection, case_id: str) -> None:
        """Takes back all strikes of a case."""
        mine = (strikes.c.case_id == case_id) & strikes.c.withdrawn_at.is_(None)
        connection.execute(update(strikes).where(mine).values(withdrawn_at=instants.now()))

    def standing(self, account: Account) -> Standing:
        """Returns somebody's strikes in force, newest first, and what follows from them."""
        with self._database.read() as connection:
            found = connection.execute(_in_force(account.id).order_by(strikes.c.at.desc())).all()
        kept = tuple(Strike(row.kind, row.case_id, row.item_id, row.at, row.expires_at) for row in found)
        return Standing(account, kept, _consequences([strike.kind for strike in kept]))

    def counts(self, connection: Connection, account_ids: Collection[str]) -> dict[str, int]:
        """Returns how many strikes for undeclared AI content authors have, by account; those without are left out."""
        now = instants.now()
        found = ((account, _COUNT.rows(connection, account=account, now=now)[0].held) for account in account_ids)
        return {account: held for account, held in found if held}

    def require_publish(self, author: Account, declaration: Declaration) -> None:
        """Passes unless the author has to declare and did not.

        Raises:
            Refused: Repeated non-declaration; this post says nothing.
        """
        if declaration.choice is Declared.UNDECLARED and self._touched(author, PUBLISH) is not None:
            raise Refused("declare-to-publish")

    def require_report(self, reporter: Account) -> None:
        """Passes if somebody may report now.

        Raises:
            Refused: Not until strikes for bad faith expire.
            TooManyAttempts: Too many in the last hour, or day.
        """
        limit = self._touched(reporter, REPORT)
        if limit is not None and limit.per_day == 0:
            raise Refused("reports-closed")
        if limit is not None and limit.per_day is not None:
            self._require_fewer(reporter, limit.per_day, timedelta(days=1))
        self._require_fewer(reporter, rules.limits().reports_per_hour, timedelta(hours=1))

    def _require_fewer(self, reporter: Account, most: int, within: timedelta) -> None:
        recent = (reports.c.reporter_id == reporter.id) & (reports.c.at > instants.now() - within)
        with self._database.read() as connection:
            count = connection.scalar(select(func.count()).select_from(reports).where(recent)) or 0
        if count >= most:
            raise TooManyAttempts("too-many-reports", seconds=int(within.total_seconds()), most=most)

    def _touched(self, account: Account, what: str) -> Consequence | None:
        found = self.standing(account).consequences
        return next((consequence for consequence in found if consequence.touches == what), None)


_COUNT: Final = Prepared(
    select(func.count().label("held")).where(
        strikes.c.account_id == bindparam("account"),
        or_(strikes.c.kind == UNDECLARED, strikes.c.kind == UNANSWERED),
        strikes.c.withdrawn_at.is_(None),
        strikes.c.expires_at > bindparam("now"),
    )
)


def _in_force(account_id: str) -> Any:
    return select(strikes).where(
        strikes.c.account_id == account_id, strikes.c.withdrawn_at.is_(None), strikes.c.expires_at > instants.now()
    )


def _consequences(kinds: list[str]) -> tuple[Consequence, ...]:
    """Returns the gravest consequence that applies to each thing it touches."""
    applying = [c for c in rules.consequences() if sum(kind in c.kinds for kind in kinds) >= c.strikes]
    return tuple({c.touches: c for c in reversed(applying)}.values())
