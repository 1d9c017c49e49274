"""Declaring later: upward freely, downward only through an appeal (Measures Art. 6(2), Art. 10; R86)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, Row

from yinji.errors import Refused, UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import item_rows, words
from yinji.platform.audit import AuditLog
from yinji.platform.deciding import DECLARED_RANK, TIER_RANK, Decision
from yinji.platform.item_states import Cause
from yinji.platform.model import Account
from yinji.platform.redeciding import Grounds, Redeciding
from yinji.platform.steps import Steps

if TYPE_CHECKING:
    from yinji.platform.database import Database


class Answered(Protocol):
    """Whoever waits for authors to declare."""

    def declared(self, connection: Connection, item_id: str, author_id: str, declaration: Declaration) -> None:
        """Learns, in the transaction that records it, what the author says now."""
        ...


class Declaring:
    """Takes what authors say of items that are published already."""

    def __init__(self, database: Database, audit: AuditLog, redeciding: Redeciding, answered: Answered) -> None:
        self._database = database
        self._audit = audit
        self._redeciding = redeciding
        self._answered = answered

    def declare(self, actor: Account, item_id: str, declaration: Declaration) -> None:
        """Records what the author says now, and everything that follows from it."""
        declaration = words.declaration(declaration)
        if declaration.choice is Declared.UNDECLARED and not declaration.statement:
            raise UsageError("declaration-empty")

        def asked(row: Row[Any]) -> Grounds | None:
            if row.author_id != actor.id:
                raise Refused("not-the-author")
            before = item_rows.declaration_of(row)
            if before == declaration:
                return None
            self._require_upward(actor, row, before, declaration)
            return Grounds(declaration, row.review)

        def record(connection: Connection, steps: Steps, row: Row[Any], decision: Decision) -> None:
            self._answered.declared(connection, item_id, actor.id, declaration)
            steps.recorded("item.declared", _said(item_rows.declaration_of(row), declaration))

        self._redeciding.change(item_id, Cause.DECLARED, actor.id, asked, record)

    def _require_upward(self, actor: Account, row: Row[Any], before: Declaration, declaration: Declaration) -> None:
        """Refuses to take a declaration back, and puts the attempt into the log (R86, R95)."""
        stood = self._redeciding.decision(row, Grounds(before, row.review))
        said = self._redeciding.decision(row, Grounds(declaration, row.review))
        lower = DECLARED_RANK[declaration.choice] < DECLARED_RANK[before.choice]
        if not lower and TIER_RANK[said.tier] >= TIER_RANK[stood.tier]:
            return
        detail = {"from": str(before.choice), "to": str(declaration.choice), "tier": row.tier}
        with self._database.write() as connection:
            self._audit.append(connection, "item.declaration_refused", actor=actor.id, subject=row.id, detail=detail)
        raise Refused("declaration-lowers", item_id=row.id)


def _said(before: Declaration, now: Declaration) -> dict[str, Any]:
    said = {"from": str(before.choice), "to": str(now.choice)}
    return said if before.statement == now.statement else said | {"statement": now.statement}
