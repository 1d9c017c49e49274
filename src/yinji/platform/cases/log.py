"""What happens to a case: its next state, its history, its entry in the audit log, in one place."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from yinji.platform import instants, item_rows
from yinji.platform.audit import AuditLog
from yinji.platform.cases import rows, rules
from yinji.platform.cases.model import Origin, State, Step, Why
from yinji.platform.cases.states import BORN, UNDECIDED, Event, after
from yinji.platform.errors import Conflict


class CaseLog:
    """Opens cases and moves them on, in a writing transaction that somebody else opened."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    def open(
        self,
        connection: Connection,
        *,
        item_id: str,
        author_id: str,
        origin: Origin,
        why: Why,
        queue: rules.QueueRule,
        actor: str,
        at: datetime,
        state: State = State.OPEN,
        slot: str | None = None,
    ) -> str:
        """Opens a case and returns its number.

        Raises:
            Conflict: There is one in this ``slot`` already.
            NotFound: The post was taken from view meanwhile, so that nobody would close the case.
        """
        if state not in BORN:
            raise Conflict("case-move", state="", event=str(state))
        item_rows.require_in_view(connection, item_id)
        case_id = instants.uuid7()
        values = {
            "id": case_id,
            "item_id": item_id,
            "author_id": author_id,
            "origin": str(origin),
            "why": str(why),
            "state": str(state),
            "queue": queue.name,
            "unlabelled": 0,
            "wrongly_labelled": 0,
            "opened_at": at,
            "due_at": at + queue.within,
            "slot": slot,
            "revision": 0,
        }
        rows.add(connection, values)
        detail = {"item": item_id, "origin": str(origin), "why": str(why), "queue": queue.name}
        rows.add_step(connection, case_id, 0, Step(at, actor, str(Event.OPENED), state, detail))
        self._audit.append(connection, f"case.{Event.OPENED}", actor=actor, subject=case_id, detail=detail)
        return case_id

    def move(
        self,
        connection: Connection,
        case: Row[Any],
        event: Event,
        *,
        actor: str,
        detail: dict[str, Any] | None = None,
        **values: Any,
    ) -> None:
        """Moves a case that the transaction holds; ``values`` are columns that change with it.

        Raises:
            Conflict: This cannot happen in the case's state.
        """
        state = after(State(case.state), event)
        at, told = instants.now(), detail or {}
        changed = values | {"state": str(state), "revision": case.revision + 1}
        if case.slot == case.item_id and state not in UNDECIDED:
            changed["slot"] = None
        rows.change(connection, case.id, changed)
        rows.add_step(connection, case.id, case.revision + 1, Step(at, actor, str(event), state, told))
        logged = {"from": case.state, "to": str(state)} | told
        self._audit.append(connection, f"case.{event}", actor=actor, subject=case.id, detail=logged)
