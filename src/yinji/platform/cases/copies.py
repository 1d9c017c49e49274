"""Posts with the same content: found for the reviewer, decided alike when asked to, one after the other.

A decision puts a task in its transaction, and a copy is decided once: a process that dies loses and repeats nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, or_, select, update

from yinji.evidence.review import Reviewed, review_evidence
from yinji.labels.declaration import Declared
from yinji.platform import instants, item_rows
from yinji.platform.cases import rows, rules
from yinji.platform.cases.deciding import PENDING, REVIEWED, SHOWN
from yinji.platform.cases.log import CaseLog
from yinji.platform.cases.model import CaseDecision, Origin, Outcome, State, Why
from yinji.platform.cases.states import Event
from yinji.platform.cases.strikes import UNDECLARED, Strikes
from yinji.platform.deciding import Decision
from yinji.platform.errors import Conflict, NotFound
from yinji.platform.item_states import Cause
from yinji.platform.redeciding import Grounds, Redeciding
from yinji.platform.schema import case_decisions, cases, decisions, items
from yinji.platform.steps import Steps
from yinji.platform.work.model import Handler
from yinji.platform.work.run import Run

if TYPE_CHECKING:
    from yinji.platform.database import Database

SHOWN_COPIES: Final = 12
KIND: Final = "case-copies"
"""The kind of task that decides copies alike."""

BATCH: Final = 20
"""Copies that one turn of a task decides."""


def alike(item: Row[Any]) -> ColumnElement[bool]:
    """Tells which other posts hold the same medium: the same file, or one that differs in its metadata alone."""
    same = items.c.sha256 == item.sha256
    if item.media_digest is not None:
        same = or_(same, items.c.media_digest == item.media_digest)
    return and_(same, items.c.id != item.item_id)


def listed(connection: Connection, case: Row[Any]) -> tuple[tuple[tuple[str, str, str], ...], int]:
    """Returns some posts with the content of a case's post (number, title, tier), and how many there are."""
    joined = items.join(decisions, and_(decisions.c.item_id == items.c.id, decisions.c.number == items.c.decision))
    columns = (items.c.id, items.c.title, items.c.text, items.c.filename, decisions.c.tier)
    found = connection.execute(
        select(*columns).select_from(joined).where(alike(case)).order_by(items.c.id.desc()).limit(SHOWN_COPIES)
    ).all()
    count = connection.scalar(select(func.count()).select_from(items).where(alike(case))) or 0
    return tuple((row.id, rows.title_of(row), row.tier) for row in found), int(count)


class Copies:
    """Decides copies alike."""

    def __init__(self, database: Database, log: CaseLog, redeciding: Redeciding, strikes: Strikes) -> None:
        self._database = database
        self._log = log
        self._redeciding = redeciding
        self._strikes = strikes

    @property
    def handler(self) -> Handler:
        """What does the tasks of this kind."""
        return Handler(self._work)

    def _work(self, run: Run) -> None:
        run.check()
        done = self.run(run.task.payload["decision"], most=BATCH)
        with run.write() as connection:
            if done == BATCH:
                run.again(connection)
            else:
                run.finish(connection)

    def run(self, decision_id: str, *, most: int | None = None) -> int:
        """Decides the copies of a decision's post; returns how many it decided.

        Args:
            decision_id: A decision that is to be repeated.
            most: Stop after so many; what is left stays pending.
        """
        with self._database.read() as connection:
            row = rows.decision(connection, decision_id)
        if row.copies != PENDING:
            return 0
        decision = rows.decision_from(row)
        done, last = 0, ""
        while most is None or done < most:
            item_id = self._next(decision, last)
            if item_id is None:
                self._finished(decision_id)
                break
            last = item_id
            done += self._one(decision, item_id)
        return done

    def _next(self, decision: CaseDecision, after: str) -> str | None:
        with self._database.read() as connection:
            case = rows.one(connection, decision.case_id)
            if decision.outcome is Outcome.OVERTURN:
                return _text(connection.scalar(_overturnable(decision, after)))
            seen = exists().where(case_decisions.c.copy_of == decision.id, case_decisions.c.item_id == items.c.id)
            query = select(items.c.id).where(alike(case), items.c.id > after, ~seen).order_by(items.c.id).limit(1)
            return _text(connection.scalar(query))

    def _finished(self, decision_id: str) -> None:
        with self._database.write() as connection:
            connection.execute(update(case_decisions).where(case_decisions.c.id == decision_id).values(copies="done"))

    def _one(self, decision: CaseDecision, item_id: str) -> int:
        """Decides one copy; what another reviewer works on is left to them, what was withdrawn is passed over."""
        try:
            self._decide(decision, item_id)
        except NotFound:
            return 0
        except Conflict as error:
            if error.code not in ("case-move", "already-there"):
                raise
            return 0
        return 1

    def _decide(self, decision: CaseDecision, item_id: str) -> None:
        overturned = decision.outcome is Outcome.OVERTURN
        reviewed = Reviewed.NONE if overturned else REVIEWED[decision.outcome]
        copy_id = instants.uuid7()
        review = review_evidence(reviewed, copy_id, decision.policy).to_dict()

        def asked(row: Row[Any]) -> Grounds:
            return Grounds(item_rows.declaration_of(row), review)

        def record(connection: Connection, steps: Steps, row: Row[Any], verdict: Decision) -> None:
            if not overturned and rows.one(connection, decision.case_id).state == State.OVERTURNED:
                raise Conflict("case-move", state=str(State.OVERTURNED), event=str(Event.DECIDED))
            case = self._case(connection, decision, row)
            made = replace(
                decision,
                id=copy_id,
                case_id=case.id,
                item_id=item_id,
                at=instants.now(),
                tier_before=row.tier,
                tier_after=str(verdict.tier),
                copy_of=decision.id,
            )
            rows.add_decision(connection, made, copies="none")
            if overturned:
                self._strikes.withdraw(connection, case.id)
            elif decision.outcome is Outcome.CONFIRM and not Declared(row.declaration).says_ai:
                self._strikes.give(connection, row.author_id, UNDECLARED, case_id=case.id, item_id=item_id)
            detail = {"decision": copy_id, "copy_of": decision.id, "outcome": str(decision.outcome)}
            event = Event.OVERTURNED if overturned else Event.DECIDED
            values = {"due_at": None, "until": None if overturned else instants.now() + rules.limits().appeal}
            self._log.move(connection, case, event, actor=decision.reviewer_id, detail=detail, **values)
            steps.recorded("item.reviewed", detail | {"case": case.id, "policy": decision.policy})

        cause = Cause.APPEALED if overturned else Cause.REVIEWED
        self._redeciding.change(item_id, cause, decision.reviewer_id, asked, record, shown=SHOWN)

    def _case(self, connection: Connection, decision: CaseDecision, item: Row[Any]) -> Row[Any]:
        """Returns the copy's case: the one that was decided before, the open one, or a new one."""
        if decision.outcome is Outcome.OVERTURN:
            case_id = connection.scalar(_case_of_copy(decision, item.id))
        else:
            case_id = connection.scalar(select(cases.c.id).where(cases.c.slot == item.id).with_for_update())
        if case_id is None:
            case_id = self._log.open(
                connection,
                item_id=item.id,
                author_id=item.author_id,
                origin=Origin.COPY,
                why=Why.COPY,
                queue=rules.queues()[rows.one(connection, decision.case_id).queue],
                actor=decision.reviewer_id,
                at=instants.now(),
                slot=item.id,
            )
        return rows.held(connection, case_id)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _first(decision: CaseDecision) -> Any:
    """Returns the decision that an overturning one overturns."""
    first = case_decisions.alias()
    own = (first.c.case_id == decision.case_id) & (first.c.id != decision.id)
    return select(first.c.id).where(own).order_by(first.c.id.desc()).limit(1).scalar_subquery()


def _copied(decision: CaseDecision) -> Any:
    joined = case_decisions.join(cases, cases.c.id == case_decisions.c.case_id)
    standing = cases.c.state == str(State.DECIDED)
    return (
        select(case_decisions.c.item_id, cases.c.id.label("case_id"))
        .select_from(joined)
        .where(case_decisions.c.copy_of == _first(decision), standing)
    )


def _overturnable(decision: CaseDecision, after: str) -> Any:
    query = _copied(decision).where(case_decisions.c.item_id > after).order_by(case_decisions.c.item_id).limit(1)
    return query.with_only_columns(case_decisions.c.item_id)


def _case_of_copy(decision: CaseDecision, item_id: str) -> Any:
    return _copied(decision).where(case_decisions.c.item_id == item_id).with_only_columns(cases.c.id)
