"""What each step in an item's life leaves behind: its rows, its history for people, its entry in the log for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from yinji.platform import copies, item_rows
from yinji.platform.audit import AuditLog
from yinji.platform.deciding import Decision
from yinji.platform.propagation import Served

DECIDED: Final = "item.decided"
PROPAGATED: Final = "item.propagated"


def decided(number: int, decision: Decision, *, before: str = "") -> dict[str, Any]:
    """Returns what history and log say of a version of the verdict; ``before`` is the tier it replaces."""
    return {
        "number": number,
        "from": before,
        "tier": str(decision.tier),
        "regime": decision.verdict.regime,
        "regime_version": decision.verdict.regime_version,
    }


def propagated(number: int, served: Served, *, sha256: str) -> dict[str, Any]:
    """Returns what they say of the file that readers get; ``sha256`` is that of the upload."""
    shown = served.file.sha256 if served.file else sha256
    return {"number": number, "state": served.state, "served_sha256": shown}


class Steps:
    """Records the steps of one item in a writing transaction that somebody else opened.

    The log always has the actor's number; the item's history, which anybody may read, has ``shown`` where one is given.
    """

    def __init__(
        self, audit: AuditLog, connection: Connection, item_id: str, actor: str, at: datetime, *, shown: str = ""
    ) -> None:
        self._audit = audit
        self._connection = connection
        self._item_id = item_id
        self._actor = actor
        self._shown = shown or actor
        self._at = at

    def decided(self, number: int, decision: Decision, *, before: str = "") -> None:
        """Stores a version of the verdict; ``before`` is the tier it replaces."""
        row = item_rows.decision_row(self._item_id, number, decision, self._at)
        item_rows.NEW_DECISION.run(self._connection, row)
        self.recorded(DECIDED, decided(number, decision, before=before))

    def propagated(self, number: int, served: Served, *, sha256: str, size: int) -> None:
        """Stores which file readers get from now on; ``sha256`` and ``size`` are those of the upload."""
        row = item_rows.propagation_row(self._item_id, number, served, sha256=sha256, size=size, at=self._at)
        item_rows.NEW_PROPAGATION.run(self._connection, row)
        copies.remember(self._connection, self._item_id, served.label)
        self.recorded(PROPAGATED, propagated(number, served, sha256=sha256))

    def recorded(self, event: str, detail: dict[str, Any]) -> None:
        """Puts one step into the item's history and into the audit log; no words of people in ``detail``."""
        item_rows.add_change(
            self._connection, self._item_id, actor=self._shown, event=event, detail=detail, at=self._at
        )
        self._audit.append(self._connection, event, actor=self._actor, subject=self._item_id, detail=detail)
