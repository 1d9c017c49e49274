"""Cases as rows: how they are stored, found and put together again. Knows no rule."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, insert, or_, select, update

from yinji.platform import words
from yinji.platform.cases.model import Appeal, Case, CaseDecision, Origin, Outcome, State, Step, Why
from yinji.platform.cases.states import WAITING, WORKED
from yinji.platform.errors import NotFound
from yinji.platform.schema import appeals, case_decisions, case_steps, cases, decisions, items

_JOINED: Final = cases.join(items, cases.c.item_id == items.c.id).outerjoin(
    decisions, and_(decisions.c.item_id == items.c.id, decisions.c.number == items.c.decision)
)
"""The verdict is missing only while the transaction that changes it is still writing."""
_COLUMNS: Final = (
    cases,
    items.c.title,
    items.c.text,
    items.c.filename,
    items.c.kind,
    items.c.media_type,
    items.c.sha256,
    items.c.media_digest,
    items.c.declaration,
    items.c.revision.label("item_revision"),
    decisions.c.tier,
)
_LONGEST_TITLE: Final = 60


def listed() -> Select[Any]:
    """Returns the query for cases with what is shown of their items."""
    return select(*_COLUMNS).select_from(_JOINED)


def waiting(now: datetime) -> ColumnElement[bool]:
    """Cases that somebody should claim: a claim that ran out is none."""
    return or_(
        cases.c.state.in_(map(str, WAITING)),
        and_(cases.c.state.in_(map(str, WORKED)), cases.c.claimed_until <= now),
    )


def one(connection: Connection, case_id: str) -> Row[Any]:
    """Returns a case.

    Raises:
        NotFound: No such case.
    """
    row = None
    if words.is_number(case_id):
        row = connection.execute(listed().where(cases.c.id == case_id)).one_or_none()
    if row is None:
        raise NotFound("case-not-found")
    return row


def held(connection: Connection, case_id: str) -> Row[Any]:
    """Returns a case that nobody else changes until the transaction ends.

    Raises:
        NotFound: No such case.
    """
    if words.is_number(case_id):
        connection.execute(select(cases.c.id).where(cases.c.id == case_id).with_for_update())
    return one(connection, case_id)


def add(connection: Connection, values: dict[str, Any]) -> None:
    """Stores a new case."""
    connection.execute(insert(cases).values(values))


def change(connection: Connection, case_id: str, values: dict[str, Any]) -> None:
    """Stores new values of a case that the transaction holds."""
    connection.execute(update(cases).where(cases.c.id == case_id).values(values))


def add_step(connection: Connection, case_id: str, number: int, step: Step) -> None:
    """Stores one step of a case's life."""
    values = {"at": step.at, "actor": step.actor_id, "event": step.event, "state": str(step.state)}
    connection.execute(insert(case_steps).values(case_id=case_id, number=number, detail=step.detail, **values))


def steps(connection: Connection, case_id: str) -> tuple[Step, ...]:
    """Returns a case's steps, newest first."""
    query = select(case_steps).where(case_steps.c.case_id == case_id).order_by(case_steps.c.number.desc())
    return tuple(Step(row.at, row.actor, row.event, State(row.state), row.detail) for row in connection.execute(query))


def add_decision(connection: Connection, decision: CaseDecision, *, copies: str) -> None:
    """Stores a decision; ``copies`` is ``pending`` where posts with the same content are to follow, else ``none``."""
    connection.execute(
        insert(case_decisions).values(
            id=decision.id,
            case_id=decision.case_id,
            item_id=decision.item_id,
            reviewer_id=decision.reviewer_id,
            outcome=str(decision.outcome),
            policy=decision.policy,
            reason=decision.reason,
            at=decision.at,
            tier_before=decision.tier_before,
            tier_after=decision.tier_after,
            copy_of=decision.copy_of,
            annotation_before=decision.annotation_before,
            annotation_after=decision.annotation_after,
            copies=copies,
        )
    )


def stop_copies(connection: Connection, case_id: str) -> bool:
    """Lets no more copies follow a case's decisions; tells whether any were to."""
    following = (case_decisions.c.case_id == case_id) & (case_decisions.c.copies != "none")
    return connection.execute(update(case_decisions).where(following).values(copies="done")).rowcount > 0


def decisions_of(connection: Connection, case_id: str) -> tuple[CaseDecision, ...]:
    """Returns a case's decisions, oldest first."""
    query = select(case_decisions).where(case_decisions.c.case_id == case_id).order_by(case_decisions.c.id)
    return tuple(map(decision_from, connection.execute(query)))


def decision(connection: Connection, decision_id: str) -> Row[Any]:
    """Returns one decision.

    Raises:
        NotFound: No such decision.
    """
    row = None
    if words.is_number(decision_id):
        row = connection.execute(select(case_decisions).where(case_decisions.c.id == decision_id)).one_or_none()
    if row is None:
        raise NotFound("decision-not-found")
    return row


def appeal_of(connection: Connection, case_id: str) -> Appeal | None:
    """Returns the appeal in a case, if there is one."""
    row = connection.execute(select(appeals).where(appeals.c.case_id == case_id)).one_or_none()
    if row is None:
        return None
    return Appeal(row.case_id, row.decision_id, row.author_id, row.reason, row.wants, row.at)


def decision_from(row: Row[Any]) -> CaseDecision:
    """Builds the value from a row."""
    return CaseDecision(
        id=row.id,
        case_id=row.case_id,
        item_id=row.item_id,
        outcome=Outcome(row.outcome),
        policy=row.policy,
        reason=row.reason,
        reviewer_id=row.reviewer_id,
        at=row.at,
        tier_before=row.tier_before,
        tier_after=row.tier_after,
        copy_of=row.copy_of,
        annotation_before=row.annotation_before,
        annotation_after=row.annotation_after,
    )


def title_of(row: Any) -> str:
    """Returns what an item is called: its title, else the beginning of its words, else its file's name."""
    if row.title:
        return str(row.title)
    text = " ".join(row.text[: _LONGEST_TITLE + 1].split())
    if text:
        return text if len(text) <= _LONGEST_TITLE else text[:_LONGEST_TITLE] + "…"
    return str(row.filename)


def case_from(row: Row[Any]) -> Case:
    """Builds the value from a row of :func:`listed`."""
    state = State(row.state)
    return Case(
        id=row.id,
        item_id=row.item_id,
        author_id=row.author_id,
        title=title_of(row),
        kind=row.kind,
        media_type=row.media_type if row.filename else "",
        tier=row.tier,
        origin=Origin(row.origin),
        why=Why(row.why),
        state=state,
        queue=row.queue,
        reports=row.unlabelled + row.wrongly_labelled,
        opened_at=row.opened_at,
        due_at=row.due_at,
        claimed_by=row.claimed_by,
        claimed_until=row.claimed_until,
        answer_until=row.until if state is State.AWAITING else None,
        appeal_until=row.until if state is State.DECIDED else None,
        version=f"{row.revision}.{row.item_revision}",
    )
