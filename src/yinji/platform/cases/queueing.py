"""The queues: who works on which case. A claim is a lease: two reviewers never hold the same case."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, exists, func, or_, select
from sqlalchemy import case as case_when

from yinji.errors import Refused
from yinji.platform import cursors, instants
from yinji.platform.audit import SYSTEM
from yinji.platform.cases import rows, rules
from yinji.platform.cases.log import CaseLog
from yinji.platform.cases.model import Case, Queue, State
from yinji.platform.cases.states import ENDED, WORKED, Event
from yinji.platform.errors import Conflict, NotFound
from yinji.platform.model import Account, Page
from yinji.platform.schema import case_decisions, case_skips, cases, reports

if TYPE_CHECKING:
    from yinji.platform.database import Database

_LISTING: Final = "jobs"
WAITING_VIEW: Final = "waiting"
MINE_VIEW: Final = "mine"
DONE_VIEW: Final = "done"
VIEWS: Final = (WAITING_VIEW, MINE_VIEW, DONE_VIEW)


class Queueing:
    """Lists, claims and lets go of cases."""

    def __init__(self, database: Database, log: CaseLog) -> None:
        self._database = database
        self._log = log

    def queues(self) -> tuple[Queue, ...]:
        """Returns every queue with how much waits in it."""
        now = instants.now()
        waits = rows.waiting(now)
        query = select(
            cases.c.queue,
            func.count(case_when((waits, 1))).label("waiting"),
            func.count(case_when((~waits, 1))).label("claimed"),
            func.count(case_when((cases.c.due_at < now, 1))).label("late"),
        ).where(or_(waits, cases.c.state.in_(map(str, WORKED))))
        with self._database.read() as connection:
            found = {row.queue: row for row in connection.execute(query.group_by(cases.c.queue))}
        return tuple(_queue(rule, found.get(rule.name)) for rule in rules.queues().values())

    def jobs(self, reviewer: Account, queue: str | None, *, view: str, cursor: str | None, limit: int) -> Page[Case]:
        """Lists cases: what waits (most urgent first), what one has claimed, or what is decided (newest first)."""
        require_queue(queue)
        limit = cursors.rows(limit)
        query = rows.listed().limit(limit + 1)
        if queue is not None:
            query = query.where(cases.c.queue == queue)
        now = instants.now()
        if view == DONE_VIEW:
            done = [str(State.DECIDED), str(State.AWAITING), *map(str, ENDED)]
            query = query.where(cases.c.state.in_(done)).order_by(cases.c.id.desc())
            position = None if cursor is None else cursors.item(_LISTING, cursor)
            query = query if position is None else query.where(cases.c.id < position)
        else:
            mine = cases.c.claimed_by == reviewer.id
            holding = cases.c.state.in_(map(str, WORKED)) & mine & (cases.c.claimed_until > now)
            query = query.where(holding if view == MINE_VIEW else or_(holding, rows.waiting(now)))
            start = 0 if cursor is None else cursors.number(_LISTING, cursor)
            query = query.order_by(case_when((holding, 0), else_=1), cases.c.due_at, cases.c.id).offset(start)
        with self._database.read() as connection:
            found = connection.execute(query).all()
        more = None
        if len(found) > limit:
            last = found[limit - 1].id if view == DONE_VIEW else str(start + limit)
            more = cursors.encode(_LISTING, last)
        return Page(tuple(map(rows.case_from, found[:limit])), more)

    def claim(self, reviewer: Account, case_id: str) -> None:
        """Takes a case for a while; taking it again makes the while longer."""
        with self._database.write() as connection:
            self._claim(connection, reviewer, rows.held(connection, case_id))

    def next_up(self, reviewer: Account, queue: str | None) -> str | None:
        """Claims the most urgent case that this reviewer may work on and has not put aside.

        Returns:
            Its number, or None when nothing waits.
        """
        require_queue(queue)
        now = instants.now()
        query = (
            select(cases.c.id)
            .where(rows.waiting(now), *_fit_for(reviewer))
            .order_by(cases.c.due_at, cases.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if queue is not None:
            query = query.where(cases.c.queue == queue)
        with self._database.write() as connection:
            case_id = connection.scalar(query)
            if case_id is None:
                return None
            self._claim(connection, reviewer, rows.one(connection, case_id))
        return str(case_id)

    def release(self, reviewer: Account, case_id: str, *, skip: bool) -> None:
        """Gives a case back; ``skip`` also puts it aside for this reviewer."""
        with self._database.write() as connection:
            case = rows.held(connection, case_id)
            require_claim(case, reviewer)
            if skip:
                values = {"case_id": case_id, "account_id": reviewer.id}
                self._database.insert_new(connection, case_skips, values)
            event = Event.SKIPPED if skip else Event.RELEASED
            self._log.move(connection, case, event, actor=reviewer.id, claimed_by=None, claimed_until=None)

    def expire(self) -> None:
        """Returns cases whose claims ran out, each in a transaction of its own."""
        now = instants.now()
        over = select(cases.c.id).where(cases.c.state.in_(map(str, WORKED)), cases.c.claimed_until <= now)
        with self._database.read() as connection:
            found = connection.scalars(over).all()
        for case_id in found:
            with self._database.write() as connection:
                case = rows.held(connection, case_id)
                if is_expired(case, instants.now()):
                    self._expired(connection, case)

    def _claim(self, connection: Connection, reviewer: Account, case: Row[Any]) -> None:
        now = instants.now()
        require_impartial(connection, case, reviewer)
        if is_expired(case, now) and case.claimed_by != reviewer.id:
            self._expired(connection, case)
            case = rows.one(connection, case.id)
        if case.state in WORKED and case.claimed_by != reviewer.id:
            raise Conflict("case-claimed")
        until = now + rules.limits().claim
        self._log.move(connection, case, Event.CLAIMED, actor=reviewer.id, claimed_by=reviewer.id, claimed_until=until)

    def _expired(self, connection: Connection, case: Row[Any]) -> None:
        detail = {"reviewer": case.claimed_by}
        self._log.move(
            connection, case, Event.EXPIRED, actor=SYSTEM, detail=detail, claimed_by=None, claimed_until=None
        )


def is_expired(case: Row[Any], now: datetime) -> bool:
    """Tells whether somebody had claimed the case and the claim ran out."""
    return case.state in WORKED and case.claimed_until <= now


def require_queue(queue: str | None) -> None:
    """Passes if there is such a queue, or all are meant.

    Raises:
        NotFound: No such queue.
    """
    if queue is not None and queue not in rules.queues():
        raise NotFound("queue-not-found")


def require_claim(case: Row[Any], reviewer: Account) -> None:
    """Passes if this reviewer holds the case.

    Raises:
        Conflict: Nobody does, somebody else does, or the claim ran out.
    """
    held = case.state in WORKED and case.claimed_by == reviewer.id and case.claimed_until > instants.now()
    if not held:
        raise Conflict("case-not-claimed")


def require_impartial(connection: Connection, case: Row[Any], reviewer: Account) -> None:
    """Passes unless the reviewer wrote the post, reported it, or made the decision that is appealed.

    Raises:
        Refused: Somebody else has to judge.
    """
    if case.author_id == reviewer.id:
        raise Refused("case-own")
    reported = select(exists().where(reports.c.case_id == case.id, reports.c.reporter_id == reviewer.id))
    if connection.scalar(reported):
        raise Refused("case-reported")
    decided = exists().where(case_decisions.c.case_id == case.id, case_decisions.c.reviewer_id == reviewer.id)
    if case.state in (State.APPEALED, State.JUDGING) and connection.scalar(select(decided)):
        raise Refused("case-same-reviewer")


def _fit_for(reviewer: Account) -> tuple[Any, ...]:
    """Returns what :func:`require_impartial` asks, and that the case was not put aside, as conditions."""
    return (
        cases.c.author_id != reviewer.id,
        ~exists().where(reports.c.case_id == cases.c.id, reports.c.reporter_id == reviewer.id),
        ~exists().where(case_skips.c.case_id == cases.c.id, case_skips.c.account_id == reviewer.id),
        ~(
            cases.c.state.in_((str(State.APPEALED), str(State.JUDGING)))
            & exists().where(case_decisions.c.case_id == cases.c.id, case_decisions.c.reviewer_id == reviewer.id)
        ),
    )


def _queue(rule: rules.QueueRule, row: Row[Any] | None) -> Queue:
    hours = int(rule.within.total_seconds() // 3600)
    counts = (0, 0, 0) if row is None else (row.waiting, row.claimed, row.late)
    return Queue(rule.name, rule.title, hours, *counts)
