"""Declaring later: upward freely, downward only through an appeal (Measures Art. 6(2), Art. 10; R86)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, update

from yinji.errors import Refused, UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import instants, item_rows, words
from yinji.platform.audit import AuditLog
from yinji.platform.blobs import BLOBS_LOCK, BlobStore
from yinji.platform.deciding import DECLARED_RANK, TIER_RANK, Decision, decide
from yinji.platform.errors import Conflict
from yinji.platform.model import Account
from yinji.platform.propagation import TEXT_NAME, Propagation, Served
from yinji.platform.schema import items
from yinji.platform.settings import Settings
from yinji.platform.steps import Steps

if TYPE_CHECKING:
    from yinji.platform.database import Database

_TRIES: Final = 5


class Declaring:
    """Takes what authors say of items that are published already."""

    def __init__(
        self, database: Database, audit: AuditLog, blobs: BlobStore, propagation: Propagation, settings: Settings
    ) -> None:
        self._database = database
        self._audit = audit
        self._blobs = blobs
        self._propagation = propagation
        self._settings = settings

    def declare(self, actor: Account, item_id: str, declaration: Declaration) -> None:
        """Records what the author says now, and everything that follows from it."""
        declaration = words.declaration(declaration)
        if declaration.choice is Declared.UNDECLARED and not declaration.statement:
            raise UsageError("declaration-empty")
        for _ in range(_TRIES):
            row = item_rows.required(self._database, item_id)
            if row.author_id != actor.id:
                raise Refused("not-the-author")
            before = item_rows.declaration_of(row)
            if before == declaration or self._redeclared(actor, row, before, declaration):
                return
        raise Conflict("changed-meanwhile")

    def _redeclared(self, actor: Account, row: Row[Any], before: Declaration, declaration: Declaration) -> bool:
        """Stores the new declaration; False if somebody else changed the item meanwhile."""
        decision = decide(row.file_report, declaration, self._settings.regime)
        self._require_upward(actor, row, before, declaration, decision)
        if str(decision.tier) == row.tier:
            return self._store_declaration(actor, row, declaration, decision, None)
        upload, name = self._blobs.path(row.sha256), row.filename or TEXT_NAME
        with self._propagation.derive(upload, name, decision.verdict, row.id) as served:
            return self._store_declaration(actor, row, declaration, decision, served)

    def _require_upward(
        self, actor: Account, row: Row[Any], before: Declaration, declaration: Declaration, decision: Decision
    ) -> None:
        """Refuses to take a declaration back, and puts the attempt into the log (R86, R95)."""
        stood = decide(row.file_report, before, self._settings.regime)
        lower = DECLARED_RANK[declaration.choice] < DECLARED_RANK[before.choice]
        if not lower and TIER_RANK[decision.tier] >= TIER_RANK[stood.tier]:
            return
        detail = {"from": str(before.choice), "to": str(declaration.choice), "tier": row.tier}
        with self._database.write() as connection:
            self._audit.append(connection, "item.declaration_refused", actor=actor.id, subject=row.id, detail=detail)
        raise Refused("declaration-lowers", item_id=row.id)

    def _store_declaration(
        self, actor: Account, row: Row[Any], declaration: Declaration, decision: Decision, served: Served | None
    ) -> bool:
        at = instants.now()
        values = {
            "declaration": str(declaration.choice),
            "declaration_note": declaration.note,
            "statement": declaration.statement,
            "decision": row.decision + 1,
            "propagation": row.propagation + (served is not None),
            "updated_at": at,
            "revision": row.revision + 1,
        }
        if served is not None and served.file is not None:
            served.file.stage()
        with self._database.write() as connection:
            self._database.lock(connection, BLOBS_LOCK)
            unchanged = (items.c.id == row.id) & (items.c.revision == row.revision)
            if connection.execute(update(items).where(unchanged).values(values)).rowcount != 1:
                return False
            if served is not None and served.file is not None:
                served.file.keep()
            steps = Steps(self._audit, connection, row.id, actor.id, at)
            steps.recorded("item.declared", _said(item_rows.declaration_of(row), declaration))
            steps.decided(row.decision + 1, decision, before=row.tier)
            if served is not None:
                steps.propagated(row.propagation + 1, served, sha256=row.sha256, size=row.size)
        return True


def _said(before: Declaration, now: Declaration) -> dict[str, Any]:
    said = {"from": str(before.choice), "to": str(now.choice)}
    return said if before.statement == now.statement else said | {"statement": now.statement}
