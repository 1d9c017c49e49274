"""Deciding anew on a published item: verdict, notice, file for readers and history follow in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row

from yinji.labels.declaration import Declaration
from yinji.platform import item_rows
from yinji.platform.audit import AuditLog
from yinji.platform.deciding import Decision, decide
from yinji.platform.errors import Conflict
from yinji.platform.item_states import Cause, require_move
from yinji.platform.propagation import Propagation, Served
from yinji.platform.revising import Actor, revise
from yinji.platform.settings import Settings
from yinji.platform.steps import Steps

if TYPE_CHECKING:
    from yinji.platform.database import Database

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a verdict rests on beside the file.

    Attributes:
        declaration: What the author says.
        review: ``Evidence.to_dict()`` of the review in force, or None.
        file_report: What the file says from now on, where more was found in it; None for what it said before.
    """

    declaration: Declaration
    review: dict[str, Any] | None
    file_report: dict[str, Any] | None = None

    @classmethod
    def of(cls, row: Row[Any]) -> Grounds:
        """Returns those of an item as it stands."""
        return cls(item_rows.declaration_of(row), row.review)


Asked = Callable[[Row[Any]], Grounds | None]
"""Given the item's row, says what it is to rest on from now on; None leaves it as it is."""

Record = Callable[[Connection, Steps, Row[Any], Decision], None]
"""Stores what led to it, in the same transaction, before anything of the item's own is recorded. It is given the item's
row as it was and the verdict to come, locks what it needs before it logs anything, and may raise."""


class Redeciding:
    """Changes what an item rests on; whoever else changes it at the same time is noticed, and all is asked again."""

    def __init__(self, database: Database, audit: AuditLog, propagation: Propagation, settings: Settings) -> None:
        self._database = database
        self._audit = audit
        self._propagation = propagation
        self._settings = settings

    def decision(self, row: Row[Any], grounds: Grounds) -> Decision:
        """Returns what the rules would conclude."""
        said = row.file_report if grounds.file_report is None else grounds.file_report
        return decide(said, grounds.declaration, self._settings.regime, grounds.review)

    def change(self, item_id: str, cause: Cause, actor: str, asked: Asked, record: Record, *, shown: str = "") -> None:
        """Lets an item rest on new grounds.

        Args:
            item_id: The item.
            cause: Why its tier may move.
            actor: Number of the account behind it, or ``system``.
            asked: Asked anew whenever the item changed meanwhile; may raise.
            record: Runs first in the writing transaction; if it raises, nothing is changed.
            shown: How the actor is called in the item's public history, where it is not to be the account's name.

        Raises:
            NotFound: No such item.
            Conflict: It changed again and again meanwhile, or its tier may not move this way.
        """
        for _ in range(_TRIES):
            row = item_rows.required(self._database, item_id)
            grounds = asked(row)
            if grounds is None or self._changed(row, grounds, cause, Actor(actor, shown), record):
                return
        raise Conflict("changed-meanwhile")

    def _changed(self, row: Row[Any], grounds: Grounds, cause: Cause, actor: Actor, record: Record) -> bool:
        decision = self.decision(row, grounds)
        require_move(row.tier, str(decision.tier), cause)
        with self._served(row, decision) as served:
            return self._store(row, grounds, decision, served, actor, record)

    @contextmanager
    def _served(self, row: Row[Any], decision: Decision) -> Iterator[Served | None]:
        """Makes the file for readers where the tier moves; None where readers keep what they have."""
        if str(decision.tier) == row.tier:
            yield None
            return
        with self._propagation.derive_anew(row, decision.verdict) as served:
            yield served

    def _store(
        self, row: Row[Any], grounds: Grounds, decision: Decision, served: Served | None, actor: Actor, record: Record
    ) -> bool:
        values = {
            "declaration": str(grounds.declaration.choice),
            "declaration_note": grounds.declaration.note,
            "statement": grounds.declaration.statement,
            "review": grounds.review,
        }
        if grounds.file_report is not None:
            values["file_report"] = grounds.file_report

        def recorded(connection: Connection, steps: Steps) -> None:
            record(connection, steps, row, decision)

        return revise(self._database, self._audit, row, decision, served, recorded, actor=actor, values=values)
