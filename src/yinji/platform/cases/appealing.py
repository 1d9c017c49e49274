"""Appeals: against a reviewer's decision, against a notice, or to correct one's own declaration downward (R86, W20)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, insert, select

from yinji.errors import Refused, UsageError
from yinji.evidence.base import Basis
from yinji.labels.declaration import Declared
from yinji.platform import instants, item_rows, words
from yinji.platform.accounts import require_living
from yinji.platform.cases import rows, rules
from yinji.platform.cases.log import CaseLog
from yinji.platform.cases.model import Origin, State, Why
from yinji.platform.cases.states import UNDECIDED, Event
from yinji.platform.deciding import DECLARED_RANK
from yinji.platform.errors import Conflict
from yinji.platform.model import Account
from yinji.platform.schema import appeals, case_decisions, cases
from yinji.regimes.base import Tier

if TYPE_CHECKING:
    from yinji.platform.database import Database

MAX_REASON: Final = 2_000


class Appealing:
    """Takes appeals. One a decision, one a notice; a second reviewer judges them."""

    def __init__(self, database: Database, log: CaseLog) -> None:
        self._database = database
        self._log = log

    def appeal(self, author: Account, decision_id: str, reason: str, wants: str) -> str:
        """Appeals a decision and returns the number of its case."""
        reason = checked_reason(reason)
        with self._database.write() as connection:
            require_living(connection, author.id)
            decision = rows.decision(connection, decision_id)
            case = rows.held(connection, decision.case_id)
            if case.author_id != author.id:
                raise Refused("not-the-author")
            known = rows.appeal_of(connection, case.id)
            if known is not None and (known.decision_id, known.reason, known.wants) == (decision.id, reason, wants):
                return str(case.id)
            require_appealable(case, decision, rows.decisions_of(connection, case.id)[-1].id)
            require_wanted(wants, case.declaration)
            self._add(connection, case.id, decision.id, author, reason, wants)
            self._log.move(
                connection, case, Event.APPEALED, actor=author.id, detail={"decision": decision.id}, **_to_judge()
            )
        return str(case.id)

    def appeal_notice(self, author: Account, item_id: str, reason: str, wants: str) -> str:
        """Appeals what an item bears where no reviewer has decided, and returns the number of the case."""
        reason = checked_reason(reason)
        item = item_rows.required(self._database, item_id)
        if item.author_id != author.id:
            raise Refused("not-the-author")
        decided = self._appealable(item_id)
        if decided is not None:
            return self.appeal(author, decided, reason, wants)
        require_wanted(wants, item.declaration)
        require_contestable(item, wants)
        try:
            with self._database.write() as connection:
                require_living(connection, author.id)
                return self._opened(connection, author, item, reason, wants)
        except Conflict as error:
            if error.code != "already-there":
                raise
            raise Conflict("appeal-there") from error

    def _appealable(self, item_id: str) -> str | None:
        """Returns the newest decision about an item that may still be appealed.

        Raises:
            Conflict: Somebody is to decide, or an appeal is being judged: its outcome comes first.
        """
        newest = (
            select(cases.c.state, cases.c.until, case_decisions.c.id.label("decision_id"))
            .select_from(cases.outerjoin(case_decisions, case_decisions.c.case_id == cases.c.id))
            .where(cases.c.item_id == item_id)
            .order_by(cases.c.id.desc(), case_decisions.c.id.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(newest).one_or_none()
        if row is None:
            return None
        state = State(row.state)
        if state in (State.APPEALED, State.JUDGING):
            raise Conflict("appeal-there")
        if state in (State.AWAITING, State.DECIDED) and row.until > instants.now():
            return str(row.decision_id)
        if state in UNDECIDED:
            raise Conflict("appeal-undecided")
        return None

    def _opened(self, connection: Connection, author: Account, item: Row[Any], reason: str, wants: str) -> str:
        why = Why.DECLARATION if wants else Why.NOTICE
        queue = rules.route(rules.Facts(str(Origin.APPEAL), str(why), item.tier, item.kind, item.declaration))
        case_id = self._log.open(
            connection,
            item_id=item.id,
            author_id=author.id,
            origin=Origin.APPEAL,
            why=why,
            queue=queue or next(reversed(rules.queues().values())),
            actor=author.id,
            at=instants.now(),
            state=State.APPEALED,
            slot=f"notice:{item.id}:{item.decision}",
        )
        self._add(connection, case_id, None, author, reason, wants)
        return case_id

    def _add(
        self, connection: Connection, case_id: str, decision_id: str | None, author: Account, reason: str, wants: str
    ) -> None:
        values = {"case_id": case_id, "decision_id": decision_id, "author_id": author.id, "at": instants.now()}
        connection.execute(insert(appeals).values(**values, reason=reason, wants=wants))


def checked_reason(reason: str) -> str:
    """Returns an appeal's reason in tidy form.

    Raises:
        UsageError: There is none, or it is too long.
    """
    tidy = words.paragraphs(reason, most=MAX_REASON, code="appeal-reason-rule").strip()
    if not tidy:
        raise UsageError("appeal-reason-missing")
    return tidy


def require_wanted(wants: str, declared: str) -> None:
    """Passes if an author may ask for this declaration instead, or asks for none.

    Raises:
        UsageError: Not one of the choices, or not below what is declared: more can be said without an appeal.
    """
    if not wants:
        return
    if wants not in (str(Declared.NOT_AI), str(Declared.AI_EDITED)):
        raise UsageError("appeal-wants")
    if DECLARED_RANK[Declared(wants)] >= DECLARED_RANK[Declared(declared)]:
        raise UsageError("appeal-wants")


def require_appealable(case: Row[Any], decision: Row[Any], last: str) -> None:
    """Passes if a decision may be appealed now.

    Raises:
        Conflict: It was appealed already.
        Refused: It is final, or the time is over.
    """
    state = State(case.state)
    if state in (State.APPEALED, State.JUDGING):
        raise Conflict("appeal-there")
    if state in (State.UPHELD, State.OVERTURNED) or decision.id != last:
        raise Refused("appeal-final")
    if state not in (State.DECIDED, State.AWAITING) or case.until <= instants.now():
        raise Refused("appeal-over")


def require_contestable(item: Row[Any], wants: str) -> None:
    """Passes if there is something about an item that a judge could change.

    Raises:
        UsageError: There is no notice, and no declaration to correct.
        Refused: The notice follows from the label in the file; or a review of it is final.
    """
    if wants:
        return
    if item.tier == Tier.NONE:
        raise UsageError("appeal-nothing")
    basis = item.verdict["basis"]
    if basis and basis[0] == Basis.METADATA_LABEL:
        raise Refused("appeal-locked")
    if basis and basis[0] == Basis.DECLARATION:
        raise UsageError("appeal-declaration")
    if item.review is not None:
        raise Refused("appeal-over")


def _to_judge() -> dict[str, Any]:
    """Returns what changes when a case goes to a judge."""
    queue = rules.route(rules.Facts(str(Origin.APPEAL), str(Why.NOTICE), "", "", ""))
    name = queue.name if queue else next(reversed(rules.queues()))
    within = rules.queues()[name].within
    return {"queue": name, "due_at": instants.now() + within, "until": None}
