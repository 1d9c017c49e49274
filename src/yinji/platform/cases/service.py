"""The front door of this room: every verb with its permission."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from yinji.errors import Refused
from yinji.platform import cursors
from yinji.platform.audit import SYSTEM, AuditLog
from yinji.platform.cases import copies, rows, rules
from yinji.platform.cases.appealing import Appealing
from yinji.platform.cases.copies import KIND, Copies
from yinji.platform.cases.deciding import CaseDeciding, Said
from yinji.platform.cases.log import CaseLog
from yinji.platform.cases.model import Case, CaseDecision, CaseFile, Policy, Queue, Report, Standing, Why
from yinji.platform.cases.queueing import WAITING_VIEW, Queueing
from yinji.platform.cases.reporting import Reporting
from yinji.platform.cases.routing import Routing
from yinji.platform.cases.strikes import Strikes
from yinji.platform.cases.visiting import Visiting
from yinji.platform.cases.waiting import Waiting
from yinji.platform.deciding import Decision
from yinji.platform.model import Account, Page
from yinji.platform.permissions import Permission, require
from yinji.platform.policy import Policies
from yinji.platform.redeciding import Redeciding
from yinji.platform.schema import cases, reports
from yinji.platform.work.queue import WorkQueue

if TYPE_CHECKING:
    from yinji.platform.database import Database

_OWN: str = "own-cases"


class Cases:
    """Reports, queues, decisions, appeals and strikes of one platform.

    Attributes:
        routing: Told of new posts by whoever publishes them.
        waiting: Told of declarations by whoever takes them.
        strikes: Asked whether somebody may publish.
        copies: Does the tasks that decide copies alike.
    """

    def __init__(
        self, database: Database, audit: AuditLog, redeciding: Redeciding, queue: WorkQueue, policies: Policies
    ) -> None:
        log = CaseLog(audit)
        self._database = database
        self.strikes = Strikes(database)
        self.routing = Routing(log)
        self.waiting = Waiting(database, log, self.strikes)
        self._reporting = Reporting(database, audit, log, self.routing, self.strikes)
        self._visiting = Visiting(database, audit, self._reporting, policies)
        self._queueing = Queueing(database, log)
        self._deciding = CaseDeciding(database, audit, log, redeciding, self.strikes, self._repeat, policies)
        self._appealing = Appealing(database, log)
        self.copies = Copies(database, log, redeciding, self.strikes)
        self._queue = queue

    # --- readers
    def report(self, reporter: Account, item_id: str, why: Why, note: str = "") -> Report:
        """Reports an item; the same person's next report of it replaces the one before.

        Raises:
            NotFound: No such item.
            UsageError: Not a reason one can give, or the note is too long.
            Refused: One's own post, or no reports after reports in bad faith.
            TooManyAttempts: Too many reports in a short time.
        """
        require(reporter, Permission.REPORT_CREATE)
        return self._reporting.report(reporter, item_id, why, note)

    def visitors_may_report(self) -> bool:
        """Tells whether the operator lets people report who are not signed in."""
        return self._visiting.open()

    def report_as_visitor(self, visitor: Account | None, address: str, item_id: str, why: Why) -> None:
        """Reports an item for somebody who is not signed in.

        Args:
            visitor: None; whoever is signed in reports in their own name.
            address: IP address; kept as a hash whose key is gone after two days.
            item_id: The item.
            why: The reason.

        Raises:
            NotFound: No such item.
            Refused: The operator does not want such reports, or somebody is signed in.
            TooManyAttempts: Too many from this address today, or from all visitors in the last hour.
        """
        require(visitor, Permission.REPORT_AS_VISITOR)
        self._visiting.report(address, item_id, why)

    def sighted(self, connection: Connection, item: Row[Any], decision: Decision) -> None:
        """Learns, in the transaction that decides a post anew, that a label was seen in it."""
        strikes = self.strikes.counts(connection, {item.author_id})
        self.routing.sighted(connection, item, decision, strikes.get(item.author_id, 0))

    def reports(self, reporter: Account, *, cursor: str | None = None, limit: int = 20) -> Page[Report]:
        """Lists one's own reports with what came of them."""
        require(reporter, Permission.REPORT_READ_OWN)
        return self._reporting.page(reporter, cursor=cursor, limit=limit)

    def policies(self) -> tuple[Policy, ...]:
        """Returns what decisions can rest on."""
        return tuple(rules.policies().values())

    def standing(self, account: Account) -> Standing:
        """Returns one's own strikes and what follows from them."""
        return self.strikes.standing(account)

    # --- reviewers
    def queues(self, reviewer: Account) -> tuple[Queue, ...]:
        """Returns the queues and how much waits in them."""
        require(reviewer, Permission.QUEUE_READ)
        return self._queueing.queues()

    def jobs(
        self,
        reviewer: Account,
        queue: str | None = None,
        *,
        view: str = WAITING_VIEW,
        cursor: str | None = None,
        limit: int = 20,
    ) -> Page[Case]:
        """Lists the cases of one queue, or of all.

        Args:
            reviewer: Who asks.
            queue: Name of a queue; None for all.
            view: ``waiting`` (own claims, then the most urgent), ``mine`` or ``done``.
            cursor: ``next_cursor`` of the page before.
            limit: Rows a page, 1 to 100.

        Raises:
            NotFound: No such queue.
        """
        require(reviewer, Permission.QUEUE_READ)
        return self._queueing.jobs(reviewer, queue, view=view, cursor=cursor, limit=limit)

    def job(self, reviewer: Account, case_id: str) -> CaseFile:
        """Returns everything about a case.

        Raises:
            NotFound: No such case.
        """
        require(reviewer, Permission.QUEUE_READ)
        return self._file(case_id)

    def next_up(self, reviewer: Account, queue: str | None = None) -> CaseFile | None:
        """Claims the most urgent case that this reviewer may work on; None when nothing waits."""
        require(reviewer, Permission.CASE_WORK)
        case_id = self._queueing.next_up(reviewer, queue)
        return None if case_id is None else self._file(case_id)

    def claim(self, reviewer: Account, case_id: str) -> CaseFile:
        """Takes a case for a while, or makes the while longer.

        Raises:
            NotFound: No such case.
            Conflict: Somebody else has it, or there is nothing to decide.
            Refused: One's own post, one's own report, or an appeal against one's own decision.
        """
        require(reviewer, Permission.CASE_WORK)
        self._queueing.claim(reviewer, case_id)
        return self._file(case_id)

    def release(self, reviewer: Account, case_id: str, *, skip: bool = False) -> None:
        """Gives a case back; with ``skip`` it is not offered to this reviewer as the next one again.

        Raises:
            Conflict: This reviewer does not hold it.
        """
        require(reviewer, Permission.CASE_WORK)
        self._queueing.release(reviewer, case_id, skip=skip)

    def decide(self, reviewer: Account, case_id: str, said: Said) -> CaseDecision:
        """Decides a case that this reviewer holds.

        Raises:
            UsageError: No reason, or a policy that does not bear the outcome.
            Conflict: The case is not held, or it or its item changed since ``said.version``.
            Refused: Somebody else has to judge.
        """
        require(reviewer, Permission.CASE_DECIDE)
        return self._deciding.decide(reviewer, case_id, said)

    # --- authors
    def own(self, author: Account, *, cursor: str | None = None, limit: int = 20) -> Page[Case]:
        """Lists the cases about one's own posts, newest first."""
        require(author, Permission.CASE_READ_OWN)
        query = rows.listed().where(cases.c.author_id == author.id).order_by(cases.c.id.desc())
        if cursor is not None:
            query = query.where(cases.c.id < cursors.item(_OWN, cursor))
        with self._database.read() as connection:
            found = connection.execute(query.limit(cursors.rows(limit) + 1)).all()
        more = cursors.encode(_OWN, found[limit - 1].id) if len(found) > limit else None
        return Page(tuple(map(rows.case_from, found[:limit])), more)

    def own_case(self, author: Account, case_id: str) -> CaseFile:
        """Returns a case about one's own post: everything but who reported, who decided, and reporters' words.

        Raises:
            NotFound: No such case.
            Refused: It is about somebody else's post.
        """
        require(author, Permission.CASE_READ_OWN)
        found = self._file(case_id)
        if found.case.author_id != author.id:
            raise Refused("not-the-author")
        shown = (author.id, SYSTEM)
        steps = tuple(
            replace(step, actor_id=step.actor_id if step.actor_id in shown else "", detail={}) for step in found.steps
        )
        decisions = tuple(replace(decision, reviewer_id="") for decision in found.decisions)
        case = replace(found.case, claimed_by=None, claimed_until=None)
        return replace(found, case=case, steps=steps, decisions=decisions, notes=(), copies=(), copy_count=0)

    def appeal(self, author: Account, decision_id: str, reason: str, wants: str = "") -> CaseFile:
        """Appeals a decision about one's own post.

        Args:
            author: Who wrote the post.
            decision_id: The decision.
            reason: Why.
            wants: The declaration asked for instead of the present one ("not_ai", "ai_edited"), or "".

        Raises:
            NotFound: No such decision.
            Refused: Somebody else's post, a final decision, or too late.
            Conflict: It was appealed already.
        """
        require(author, Permission.APPEAL_CREATE)
        return self.own_case(author, self._appealing.appeal(author, decision_id, reason, wants))

    def appeal_notice(self, author: Account, item_id: str, reason: str, wants: str = "") -> CaseFile:
        """Appeals the notice that one's own post bears, or asks for one's declaration to be corrected.

        Raises:
            NotFound: No such item.
            UsageError: There is nothing to appeal.
            Refused: Somebody else's post, or the notice follows from the label in the file.
            Conflict: It was appealed already, or a first decision is still to come.
        """
        require(author, Permission.APPEAL_CREATE)
        return self.own_case(author, self._appealing.appeal_notice(author, item_id, reason, wants))

    # --- upkeep
    def expire(self) -> None:
        """Moves on what ran out."""
        self._queueing.expire()
        self.waiting.expire()
        self._visiting.expire()

    def _repeat(self, connection: Connection, decision_id: str) -> None:
        self._queue.put(connection, KIND, {"decision": decision_id}, key=f"{KIND}:{decision_id}")

    def _file(self, case_id: str) -> CaseFile:
        with self._database.read() as connection:
            row = rows.one(connection, case_id)
            notes: Any = (
                select(reports.c.why, reports.c.note)
                .where(reports.c.case_id == case_id, reports.c.note != "")
                .order_by(reports.c.at.desc())
                .limit(rules.limits().kept_notes)
            )
            same, count = copies.listed(connection, row)
            return CaseFile(
                case=rows.case_from(row),
                steps=rows.steps(connection, case_id),
                decisions=rows.decisions_of(connection, case_id),
                appeal=rows.appeal_of(connection, case_id),
                notes=tuple((Why(note.why), note.note) for note in connection.execute(notes)),
                counts={Why.UNLABELLED: row.unlabelled, Why.WRONGLY_LABELLED: row.wrongly_labelled},
                visitors=row.by_visitors,
                copies=same,
                copy_count=count,
            )
