"""Decisions: what reviewers say becomes evidence, and verdict, notice, file and history follow in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, update

from yinji.errors import UsageError
from yinji.evidence.review import Reviewed, review_evidence
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import instants, item_rows, words
from yinji.platform.audit import AuditLog
from yinji.platform.cases import rows, rules
from yinji.platform.cases.log import CaseLog
from yinji.platform.cases.model import ON_APPEAL, Appeal, CaseDecision, Outcome, State
from yinji.platform.cases.queueing import require_claim, require_impartial
from yinji.platform.cases.states import Event
from yinji.platform.cases.strikes import UNDECLARED, Strikes
from yinji.platform.deciding import Decision
from yinji.platform.errors import Conflict
from yinji.platform.item_states import Cause
from yinji.platform.model import Account
from yinji.platform.policy import Policies
from yinji.platform.redeciding import Grounds, Redeciding
from yinji.platform.schema import items
from yinji.platform.steps import Steps

if TYPE_CHECKING:
    from yinji.platform.database import Database

MAX_REASON: Final = 2_000
SHOWN: Final = "reviewer"
"""How a reviewer is called in an item's public history."""

REVIEWED: Final = {
    Outcome.CONFIRM: Reviewed.CONFIRMED,
    Outcome.SUSPECT: Reviewed.SUSPECTED,
    Outcome.NO_AI: Reviewed.NONE,
}
"""Outcomes that become evidence; the others leave the verdict as it is."""

PENDING: Final = "pending"
"""Posts with the same content are still to be decided alike."""

Repeat = Callable[[Connection, str], None]
"""Has a decision, whose number it is given, repeated for the copies once the transaction is committed."""

_EVENTS: Final = {Outcome.NEEDS_LABEL: Event.ASKED, Outcome.UPHOLD: Event.UPHELD, Outcome.OVERTURN: Event.OVERTURNED}


@dataclass(frozen=True, slots=True)
class Said:
    """What a reviewer says in a case.

    Attributes:
        version: ``Case.version`` of the case that was looked at; "" looks at it as it is.
        copies: Decide posts with the same content alike.
        bad_faith: The reports were made in bad faith.
        annotation: The short-video label that fits, with :attr:`Outcome.ANNOTATE`.
    """

    outcome: Outcome
    policy: str
    reason: str
    version: str = ""
    copies: bool = False
    bad_faith: bool = False
    annotation: str = ""


class CaseDeciding:
    """Takes decisions of first reviewers and of those who judge appeals."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        log: CaseLog,
        redeciding: Redeciding,
        strikes: Strikes,
        repeat: Repeat,
        policies: Policies,
    ) -> None:
        self._database = database
        self._audit = audit
        self._log = log
        self._redeciding = redeciding
        self._strikes = strikes
        self._repeat = repeat
        self._policies = policies

    def decide(self, reviewer: Account, case_id: str, said: Said) -> CaseDecision:
        """Decides a claimed case; the same decision sent twice counts once."""
        said = checked(said)
        with self._database.read() as connection:
            case = rows.one(connection, case_id)
            known = _same(rows.decisions_of(connection, case_id), reviewer, said)
            appeal = rows.appeal_of(connection, case_id)
        if known is not None:
            return known
        try:
            return self._made(case, appeal, reviewer, said)
        except Conflict:  # sent twice at once, the other one may have come through
            with self._database.read() as connection:
                known = _same(rows.decisions_of(connection, case_id), reviewer, said)
            if known is None:
                raise
            return known

    def _made(self, case: Row[Any], appeal: Appeal | None, reviewer: Account, said: Said) -> CaseDecision:
        if (said.outcome in ON_APPEAL) is not (State(case.state) in (State.APPEALED, State.JUDGING)):
            raise Conflict("case-move", state=case.state, event=str(said.outcome))
        made = _Made(instants.uuid7(), reviewer, said, appeal)
        if said.outcome in REVIEWED or said.outcome is Outcome.OVERTURN:
            self._change(case, made)
        else:
            self._keep(case, made)
        with self._database.read() as connection:
            return rows.decision_from(rows.decision(connection, made.id))

    def _change(self, case: Row[Any], made: _Made) -> None:
        """Stores a decision on which the verdict depends."""
        first = self._first(case.id)
        if made.said.outcome is Outcome.OVERTURN and first is not None:
            made = replace(made, annotation=(first.annotation_after, first.annotation_before))

        def asked(row: Row[Any]) -> Grounds:
            require_version(case, row.revision, made.said.version)
            return _grounds(row, made, first)

        def record(connection: Connection, steps: Steps, row: Row[Any], decision: Decision) -> None:
            self._decided(connection, case.id, made, steps, row, str(decision.tier))

        overturned = made.said.outcome is Outcome.OVERTURN
        corrected = overturned and made.appeal is not None and made.appeal.wants
        cause = Cause.CORRECTED if corrected else Cause.APPEALED if overturned else Cause.REVIEWED
        self._redeciding.change(case.item_id, cause, made.reviewer.id, asked, record, shown=SHOWN)

    def _keep(self, case: Row[Any], made: _Made) -> None:
        """Stores a decision that leaves the verdict as it is."""
        at = instants.now()
        with self._database.write() as connection:
            item_rows.hold(connection, case.item_id)
            row = item_rows.one(connection, case.item_id)
            assert row is not None
            require_version(case, row.revision, made.said.version)
            if made.said.outcome is Outcome.ANNOTATE:
                self._require_correction(row, made.said.annotation)
                made = replace(made, annotation=(row.annotation, made.said.annotation))
            steps = Steps(self._audit, connection, case.item_id, made.reviewer.id, at, shown=SHOWN)
            self._decided(connection, case.id, made, steps, row, row.tier)

    def _require_correction(self, item: Row[Any], annotation: str) -> None:
        """Passes another label of the rule's for a short video.

        Raises:
            UsageError: No video, none of the rule's labels, or the one it has.
        """
        if (
            item.kind != "video"
            or not self._policies.require_annotation(annotation, "")
            or annotation == item.annotation
        ):
            raise UsageError("annotation-no-correction")

    def _decided(
        self, connection: Connection, case_id: str, made: _Made, steps: Steps, item: Row[Any], tier_after: str
    ) -> None:
        """Stores the decision and moves its case, in a transaction that holds the item."""
        said, case = made.said, rows.held(connection, case_id)
        require_claim(case, made.reviewer)
        require_impartial(connection, case, made.reviewer)
        require_version(case, item.revision, said.version)
        decision = made.decision(case_id, item.id, item.tier, tier_after)
        repeated = said.copies and said.outcome in REVIEWED
        if said.outcome is Outcome.OVERTURN:
            repeated = rows.stop_copies(connection, case_id)
        rows.add_decision(connection, decision, copies=PENDING if repeated else "none")
        if repeated:
            self._repeat(connection, decision.id)
        self._strike(connection, case, item, said)
        before, after = made.annotation
        if before != after:
            changed = {"annotation": after, "revision": items.c.revision + 1, "updated_at": decision.at}
            connection.execute(update(items).where(items.c.id == item.id).values(changed))
            detail = {"before": before, "annotation": after, "decision": decision.id}
            steps.recorded("item.annotated", detail)
        event = _EVENTS.get(said.outcome, Event.DECIDED)
        values = {"claimed_by": None, "claimed_until": None, "due_at": None, "until": _until(event)}
        self._log.move(connection, case, event, actor=made.reviewer.id, detail=made.detail(), **values)
        steps.recorded("item.reviewed", made.detail() | {"case": case_id})

    def _strike(self, connection: Connection, case: Row[Any], item: Row[Any], said: Said) -> None:
        if said.outcome is Outcome.OVERTURN:
            self._strikes.withdraw(connection, case.id)
        if said.outcome is Outcome.CONFIRM and not Declared(item.declaration).says_ai:
            self._strikes.give(connection, item.author_id, UNDECLARED, case_id=case.id, item_id=item.id)
        if said.outcome is Outcome.FALSE_REPORT and said.bad_faith:
            self._strikes.give_reporters(connection, case_id=case.id, item_id=item.id)

    def _first(self, case_id: str) -> CaseDecision | None:
        with self._database.read() as connection:
            found = rows.decisions_of(connection, case_id)
        return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class _Made:
    """A decision on its way into the database."""

    id: str
    reviewer: Account
    said: Said
    appeal: Appeal | None
    annotation: tuple[str, str] = ("", "")

    def decision(self, case_id: str, item_id: str, before: str, after: str) -> CaseDecision:
        said = self.said
        return CaseDecision(
            self.id,
            case_id,
            item_id,
            said.outcome,
            said.policy,
            said.reason,
            self.reviewer.id,
            instants.now(),
            before,
            after,
            None,
            *self.annotation,
        )

    def detail(self) -> dict[str, Any]:
        """Returns what the log keeps: no words of people, but the digest that proves them."""
        return {
            "decision": self.id,
            "outcome": str(self.said.outcome),
            "policy": self.said.policy,
            "reason_sha256": hashlib.sha256(self.said.reason.encode()).hexdigest(),
        }


def checked(said: Said) -> Said:
    """Returns what was said with its reason in tidy form.

    Raises:
        UsageError: No reason, no such policy, or one that does not bear this outcome.
    """
    reason = words.paragraphs(said.reason, most=MAX_REASON, code="decision-reason-rule").strip()
    if not reason:
        raise UsageError("decision-reason-missing")
    policy = rules.policies().get(said.policy)
    if policy is None or said.outcome not in policy.outcomes:
        raise UsageError("decision-policy", policy=said.policy, outcome=str(said.outcome))
    return replace(said, reason=reason)


def require_version(case: Row[Any], item_revision: int, version: str) -> None:
    """Passes if case and item are as the reviewer saw them.

    Raises:
        Conflict: One of them changed meanwhile.
    """
    if version and version != f"{case.revision}.{item_revision}":
        raise Conflict("changed-meanwhile")


def _same(decisions: tuple[CaseDecision, ...], reviewer: Account, said: Said) -> CaseDecision | None:
    """Returns the decision that says the very same, if it was made already."""
    for decision in decisions:
        if decision.reviewer_id == reviewer.id and (decision.outcome, decision.policy, decision.reason) == (
            said.outcome,
            said.policy,
            said.reason,
        ):
            return decision
    return None


def _grounds(row: Row[Any], made: _Made, first: CaseDecision | None) -> Grounds:
    """Returns what the item rests on after the decision."""
    declaration = item_rows.declaration_of(row)
    if made.said.outcome is not Outcome.OVERTURN:
        return Grounds(declaration, _evidence(REVIEWED[made.said.outcome], made))
    if made.appeal is not None and made.appeal.wants:
        declaration = Declaration(Declared(made.appeal.wants))
        if first is None:
            return Grounds(declaration, row.review)
    if first is not None and first.outcome not in REVIEWED:
        return Grounds(declaration, row.review)
    return Grounds(declaration, _evidence(Reviewed.NONE, made))


def _evidence(reviewed: Reviewed, made: _Made) -> dict[str, Any]:
    return review_evidence(reviewed, made.id, made.said.policy).to_dict()


def _until(event: Event) -> Any:
    """Returns until when the author may answer, or appeal."""
    limits, now = rules.limits(), instants.now()
    return {Event.ASKED: now + limits.declare, Event.DECIDED: now + limits.appeal}.get(event)
