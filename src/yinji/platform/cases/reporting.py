"""Reports: one person counts once, an item has one undecided case, and each report costs what the first did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, and_, insert, select, update

from yinji.errors import Refused, UsageError
from yinji.platform import cursors, instants, item_rows, words
from yinji.platform.accounts import require_living
from yinji.platform.audit import AuditLog
from yinji.platform.cases import rows, rules
from yinji.platform.cases.log import CaseLog
from yinji.platform.cases.model import REPORTABLE, CaseDecision, Origin, Outcome, Report, State, Why
from yinji.platform.cases.routing import Routing
from yinji.platform.cases.states import Event, after
from yinji.platform.cases.strikes import Strikes
from yinji.platform.errors import Conflict, NotFound
from yinji.platform.grouping import Grouped
from yinji.platform.model import Account, Page
from yinji.platform.schema import case_decisions, cases, items, reports

if TYPE_CHECKING:
    from yinji.platform.database import Database

MAX_NOTE: Final = 500
_LISTING: Final = "reports"
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class _Said:
    """What somebody reports."""

    reporter: Account
    item: Row[Any]
    why: Why
    note: str


class Reporting:
    """Takes reports and tells reporters what came of them."""

    def __init__(self, database: Database, audit: AuditLog, log: CaseLog, routing: Routing, strikes: Strikes) -> None:
        self._database = database
        self._audit = audit
        self._log = log
        self._routing = routing
        self._strikes = strikes
        self._grouped: Grouped[_Said, str] = Grouped(database, self._store)

    def report(self, reporter: Account, item_id: str, why: Why, note: str) -> Report:
        """Counts a report; said again by the same person it only replaces what they said."""
        if why not in REPORTABLE:
            raise UsageError("report-reason")
        note = words.paragraphs(note, most=MAX_NOTE, code="report-note-rule").strip()
        row = item_rows.required(self._database, item_id)
        if row.author_id == reporter.id:
            raise Refused("report-own")
        self._strikes.require_report(reporter)
        for _ in range(_TRIES):
            try:
                case_id = self._grouped.do(_Said(reporter, row, why, note))
            except Conflict as error:
                if error.code != "already-there":
                    raise
                continue  # somebody else's first report of the same item opened the case meanwhile
            return self.one(reporter, case_id)
        raise Conflict("changed-meanwhile")

    def _store(self, connection: Connection, said: Sequence[_Said]) -> list[str]:
        """Stores reports that came together; by item, so that two processes hold cases in the same order."""
        require_living(connection, *(one.reporter.id for one in said))
        in_order = sorted(range(len(said)), key=lambda index: str(said[index].item.id))
        stored = {index: self._stored(connection, said[index]) for index in in_order}
        return [stored[index] for index in range(len(said))]

    def _stored(self, connection: Connection, said: _Said) -> str:
        reporter, item, why, note = said.reporter, said.item, said.why, said.note
        at = instants.now()
        case = self.case_about(connection, reporter.id, item, why, at)
        mine = and_(reports.c.case_id == case.id, reports.c.reporter_id == reporter.id)
        before = connection.execute(select(reports.c.why, reports.c.note).where(mine)).one_or_none()
        if before is not None and (before.why, before.note) == (str(why), note):
            return str(case.id)
        after(State(case.state), Event.REPORTED)
        counts = {"unlabelled": case.unlabelled, "wrongly_labelled": case.wrongly_labelled}
        if before is None:
            values = {"case_id": case.id, "reporter_id": reporter.id, "item_id": item.id, "at": at}
            connection.execute(insert(reports).values(**values, why=str(why), note=note))
        else:
            connection.execute(update(reports).where(mine).values(why=str(why), note=note))
            counts[before.why] -= 1
        counts[str(why)] += 1
        rows.change(connection, case.id, counts)
        self.weighed(connection, case, sum(counts.values()), case.by_visitors, at)
        detail = {"item": item.id, "why": str(why), "merged": before is not None}
        self._audit.append(connection, f"case.{Event.REPORTED}", actor=reporter.id, subject=case.id, detail=detail)
        return str(case.id)

    def case_about(self, connection: Connection, actor: str, item: Row[Any], why: Why, at: datetime) -> Row[Any]:
        """Returns the item's undecided case, which the transaction now holds; the first report opens it."""
        case = self._undecided(connection, item.id)
        return case or rows.held(connection, self._opened(connection, actor, item, why, at))

    def weighed(self, connection: Connection, case: Row[Any], reports: int, by_visitors: int, at: datetime) -> None:
        """Moves a case to the queue that its reports call for; all visitors together weigh as much as one person."""
        self._routing.reported(connection, case, reports - by_visitors + min(by_visitors, 1), at)

    def _undecided(self, connection: Connection, item_id: str) -> Row[Any] | None:
        case_id = connection.scalar(select(cases.c.id).where(cases.c.slot == item_id).with_for_update())
        return None if case_id is None else rows.one(connection, case_id)

    def _opened(self, connection: Connection, actor: str, item: Row[Any], why: Why, at: datetime) -> str:
        facts = rules.Facts(str(Origin.REPORT), str(why), item.tier, item.kind, item.declaration, 1)
        queue = rules.route(facts) or next(iter(rules.queues().values()))
        return self._log.open(
            connection,
            item_id=item.id,
            author_id=item.author_id,
            origin=Origin.REPORT,
            why=why,
            queue=queue,
            actor=actor,
            at=at,
            slot=item.id,
        )

    def one(self, reporter: Account, case_id: str) -> Report:
        """Returns somebody's report in a case.

        Raises:
            NotFound: There is none.
        """
        with self._database.read() as connection:
            row = connection.execute(_listed(reporter.id).where(reports.c.case_id == case_id)).one_or_none()
        if row is None:
            raise NotFound("report-not-found")
        return _report(row)

    def page(self, reporter: Account, *, cursor: str | None, limit: int) -> Page[Report]:
        """Lists somebody's reports, newest case first."""
        query = _listed(reporter.id).order_by(reports.c.case_id.desc()).limit(cursors.rows(limit) + 1)
        if cursor is not None:
            query = query.where(reports.c.case_id < cursors.item(_LISTING, cursor))
        with self._database.read() as connection:
            found = connection.execute(query).all()
        more = cursors.encode(_LISTING, found[limit - 1].case_id) if len(found) > limit else None
        return Page(tuple(map(_report, found[:limit])), more)


_LATER: Final = case_decisions.alias()
_LAST: Final = (
    select(_LATER.c.id).where(_LATER.c.case_id == cases.c.id).order_by(_LATER.c.id.desc()).limit(1).scalar_subquery()
)
"""The newest decision of a case."""


def _listed(reporter_id: str) -> Any:
    joined = (
        reports.join(cases, cases.c.id == reports.c.case_id)
        .join(items, items.c.id == reports.c.item_id)
        .outerjoin(case_decisions, case_decisions.c.id == _LAST)
    )
    return (
        select(
            reports,
            cases.c.state,
            items.c.title,
            items.c.text,
            items.c.filename,
            case_decisions.c.id.label("decision_id"),
            case_decisions.c.outcome,
            case_decisions.c.policy,
            case_decisions.c.reason,
            case_decisions.c.at.label("decided_at"),
            case_decisions.c.tier_before,
            case_decisions.c.tier_after,
        )
        .select_from(joined)
        .where(reports.c.reporter_id == reporter_id)
    )


def _report(row: Row[Any]) -> Report:
    decision = None
    if row.decision_id is not None:
        decision = CaseDecision(
            row.decision_id,
            row.case_id,
            row.item_id,
            Outcome(row.outcome),
            row.policy,
            row.reason,
            "",
            row.decided_at,
            row.tier_before,
            row.tier_after,
            None,
        )
    return Report(
        row.case_id, row.item_id, rows.title_of(row), Why(row.why), row.note, row.at, State(row.state), decision
    )
