"""Which new posts somebody should look at, and when a case moves to another queue. The rules are data/queues.toml."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from yinji.labels.declaration import Declaration, Declared
from yinji.platform import copies, instants, item_rows
from yinji.platform.audit import SYSTEM
from yinji.platform.cases import rules
from yinji.platform.cases.log import CaseLog
from yinji.platform.cases.model import Origin, Why
from yinji.platform.cases.states import Event
from yinji.platform.deciding import Decision
from yinji.platform.schema import cases
from yinji.regimes.base import Tier

_EMPTIED: Final = frozenset(
    (
        "label-emptied",
        "values-emptied",
        "packet-wiped",
        "label-blanked",
        "bmff-blanked",
        "matroska-blanked",
        "avi-blanked",
    )
)
"""Problems that speak of a label taken out in place."""


class Routing:
    """Opens cases about new posts."""

    def __init__(self, log: CaseLog) -> None:
        self._log = log

    def published(
        self,
        connection: Connection,
        *,
        item_id: str,
        author_id: str,
        kind: str,
        declaration: Declaration,
        decision: Decision,
        file_report: dict[str, Any],
        strikes: int,
    ) -> str | None:
        """Opens a case about a new post, in the transaction that publishes it, if a rule says so.

        ``strikes`` is how many its author has for undeclared AI content.

        Returns:
            The number of the case, or None.
        """
        why = why_look(decision, declaration, file_report)
        facts = rules.Facts(
            origin=str(Origin.ROUTING),
            reason=str(why),
            tier=str(decision.tier),
            kind=kind,
            declared=str(declaration.choice),
            strikes=strikes,
        )
        queue = rules.route(facts)
        if queue is None:
            return None
        return self._log.open(
            connection,
            item_id=item_id,
            author_id=author_id,
            origin=Origin.ROUTING,
            why=why,
            queue=queue,
            actor=SYSTEM,
            at=instants.now(),
            slot=item_id,
        )

    def sighted(self, connection: Connection, item: Row[Any], decision: Decision, strikes: int) -> None:
        """Opens a case about a post in which a label was seen later, unless there is an undecided one."""
        taken = select(cases.c.id).where(cases.c.slot == item.id).with_for_update()
        if connection.scalar(taken) is not None:
            return
        self.published(
            connection,
            item_id=item.id,
            author_id=item.author_id,
            kind=item.kind,
            declaration=item_rows.declaration_of(item),
            decision=decision,
            file_report=item.file_report,
            strikes=strikes,
        )

    def reported(self, connection: Connection, case: Row[Any], reports: int, at: datetime) -> None:
        """Moves a waiting case that the transaction holds to the queue that its reports now call for."""
        queue = rules.route(facts_of(case, reports))
        if queue is None or queue.name == case.queue or case.state != "open":
            return
        due = min(case.due_at, at + queue.within)
        detail = {"from_queue": case.queue, "queue": queue.name, "reports": reports}
        self._log.move(connection, case, Event.REQUEUED, actor=SYSTEM, detail=detail, queue=queue.name, due_at=due)


def facts_of(case: Row[Any], reports: int) -> rules.Facts:
    """Returns what the rules look at in a case that is there already."""
    return rules.Facts(case.origin, case.why, case.tier, case.kind, case.declaration, reports)


def why_look(decision: Decision, declaration: Declaration, file_report: dict[str, Any]) -> Why:
    """Returns the gravest reason to look at a new post."""
    told = [*file_report["problems"], *(p for found in file_report["labels"] for p in found["problems"])]
    copy = copies.recognised(file_report["evidence"])
    if any(problem["code"] in _EMPTIED for problem in told) or (copy is not None and copy["origin"] != copies.SITE):
        return Why.REMOVAL  # a label that we wrote ourselves may be missing from what an author still has
    if declaration.choice is Declared.NOT_AI and decision.tier is not Tier.NONE:
        return Why.CONTRADICTION
    if decision.tier is Tier.SUSPECTED:
        return Why.SUSPECTED
    return Why.POSSIBLE if decision.tier is Tier.POSSIBLE else Why.ROUTINE
