"""Making the file for readers anew, with the verdict as today's rules see it. A tier is never lowered here (R86)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row

from yinji.evidence.base import Basis, Evidence
from yinji.operations.examination import Examination
from yinji.platform import copies, item_rows
from yinji.platform.audit import AuditLog
from yinji.platform.blobs import Spooled, source_of
from yinji.platform.deciding import TIER_RANK, Decision
from yinji.platform.errors import Conflict
from yinji.platform.propagation import TEXT_NAME, Propagation, Served
from yinji.platform.revising import Actor, Record, revise
from yinji.platform.settings import Settings
from yinji.platform.steps import Steps
from yinji.regimes.base import Tier
from yinji.regimes.registry import regime

if TYPE_CHECKING:
    from yinji.platform.database import Database

_TRIES: Final = 5
_NOT_OF_THE_FILE: Final = frozenset(
    map(str, (Basis.DECLARATION, Basis.REVIEW, Basis.KNOWN_CONTENT, Basis.EXPLICIT_LABEL))
)
"""What a new look at the metadata does not find, and so does not take away."""

_SYSTEM: Final = Actor("system")


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of one item."""

    raised: bool
    tier: Tier


class Renewing:
    """Stores a new verdict, a new file, or both, in one transaction; whoever else changes the item is noticed."""

    def __init__(self, database: Database, audit: AuditLog, propagation: Propagation, settings: Settings) -> None:
        self._database = database
        self._audit = audit
        self._propagation = propagation
        self._settings = settings

    def serve_marked(self, row: Row[Any], marked: Spooled, media_digest: str | None, record: Record) -> None:
        """Serves content that bears a perceptible label from now on, our half of the metadata in it.

        Args:
            row: The item as it was when the label was drawn.
            marked: The content with the label.
            media_digest: Of the same, where it can be told.
            record: Stores that it is done.

        Raises:
            Conflict: The item was changed meanwhile; nothing was stored.
        """
        decision = self._again(row, row.evidence)
        marked.stage()
        with (
            source_of(marked.path, row.filename or TEXT_NAME) as source,
            self._propagation.derive(Examination(source), decision.verdict, row.id) as served,
        ):
            file = served.file or marked

            def keep(connection: Connection, steps: Steps) -> None:
                marked.keep()
                record(connection, steps)
                if media_digest is not None:
                    copies.remember(connection, row.id, served.label, media_digest)

            shown = Served(served.state, served.label, served.reason, file)
            self._store(row, None, shown, keep)

    def judge_again(self, item_id: str, file_report: dict[str, Any] | None, record: Record) -> Renewed:
        """Decides by the rules of today; where the tier rises, the served file says so too.

        Args:
            item_id: The item.
            file_report: What the file says on a new look; None leaves what was found before.
            record: Runs in the transaction of whatever is stored; not at all where nothing is.

        Raises:
            Conflict: Others kept changing the item.
        """
        for _ in range(_TRIES):
            row = item_rows.required(self._database, item_id)
            try:
                return self._judged(row, file_report, record)
            except Conflict:
                continue
        raise Conflict("changed-meanwhile")

    def _judged(self, row: Row[Any], file_report: dict[str, Any] | None, record: Record) -> Renewed:
        evidence = row.evidence
        if file_report is not None:
            kept = [entry for entry in row.evidence if entry["basis"] in _NOT_OF_THE_FILE]
            evidence = [entry for entry in file_report["evidence"] if entry["basis"] not in _NOT_OF_THE_FILE] + kept
        decision = self._again(row, evidence)
        if TIER_RANK[decision.tier] < TIER_RANK[Tier(row.tier)] or decision.verdict.to_dict() == row.verdict:
            return Renewed(False, Tier(row.tier))
        if str(decision.tier) == row.tier:
            self._store(row, decision, None, record)
            return Renewed(False, decision.tier)
        with self._propagation.derive_anew(row, decision.verdict) as served:
            self._store(row, decision, served, record)
        return Renewed(True, decision.tier)

    def _again(self, row: Row[Any], evidence: list[dict[str, Any]]) -> Decision:
        found = tuple(map(Evidence.from_dict, evidence))
        return Decision(found, regime(self._settings.regime).decide(found))

    def _store(self, row: Row[Any], decision: Decision | None, served: Served | None, record: Record) -> None:
        if not revise(self._database, self._audit, row, decision, served, record, actor=_SYSTEM):
            raise Conflict("changed-meanwhile")
