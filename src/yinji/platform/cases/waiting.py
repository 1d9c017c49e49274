"""What moves cases on without a reviewer: time runs out, authors answer, posts are taken from view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from yinji.labels.declaration import Declaration
from yinji.platform import instants
from yinji.platform.audit import SYSTEM
from yinji.platform.cases import rows, rules
from yinji.platform.cases.log import CaseLog
from yinji.platform.cases.model import State, Why
from yinji.platform.cases.states import ENDED, Event
from yinji.platform.cases.strikes import UNANSWERED, Strikes
from yinji.platform.schema import cases

if TYPE_CHECKING:
    from yinji.platform.database import Database


class Waiting:
    """Moves cases on."""

    def __init__(self, database: Database, log: CaseLog, strikes: Strikes) -> None:
        self._database = database
        self._log = log
        self._strikes = strikes

    def declared(self, connection: Connection, item_id: str, author_id: str, declaration: Declaration) -> None:
        """Closes the case that waited for an author to declare AI content, in the transaction that records it."""
        if not declaration.choice.says_ai:
            return
        case_id = connection.scalar(select(cases.c.id).where(cases.c.slot == item_id).with_for_update())
        if case_id is None:
            return
        case = rows.one(connection, case_id)
        settled = case.state == State.OPEN and case.why not in (Why.REMOVAL, Why.WRONGLY_LABELLED)
        if settled or case.state == State.AWAITING:
            detail = {"declaration": str(declaration.choice)}
            self._log.move(connection, case, Event.ANSWERED, actor=author_id, detail=detail, due_at=None, until=None)

    def withdrawn(self, connection: Connection, item_id: str, actor: str) -> None:
        """Closes the cases of a post that is taken from view, in the transaction that does so."""
        going_on = cases.c.state.not_in([str(state) for state in ENDED])
        query = select(cases.c.id).where(cases.c.item_id == item_id, going_on).order_by(cases.c.id).with_for_update()
        for case_id in connection.scalars(query).all():
            free = {"due_at": None, "until": None, "claimed_by": None, "claimed_until": None}
            self._log.move(connection, rows.one(connection, case_id), Event.WITHDRAWN, actor=actor, **free)

    def expire(self) -> None:
        """Moves on what ran out, each case in a transaction of its own."""
        now = instants.now()
        timed = (str(State.AWAITING), str(State.DECIDED))
        query = select(cases.c.id).where(cases.c.state.in_(timed), cases.c.until <= now)
        with self._database.read() as connection:
            found = connection.scalars(query).all()
        for case_id in found:
            with self._database.write() as connection:
                self._expired(connection, rows.held(connection, case_id))

    def _expired(self, connection: Connection, case: Any) -> None:
        now = instants.now()
        if case.until is None or case.until > now:
            return
        if case.state == State.DECIDED:
            self._log.move(connection, case, Event.CLOSED, actor=SYSTEM, until=None)
        elif case.state == State.AWAITING:
            self._strikes.give(connection, case.author_id, UNANSWERED, case_id=case.id, item_id=case.item_id)
            due = now + rules.queues()[case.queue].within
            self._log.move(connection, case, Event.UNANSWERED, actor=SYSTEM, until=None, due_at=due)
