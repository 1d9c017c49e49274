"""Everything out: all records of the site as a stream of JSON lines, without caps, resumable anywhere.

A table is exported once it is listed here, with the columns that leave the house; secrets and what can be computed
again stay. Rows go by primary key, a batch at a time, so that memory stays small and no transaction stays open.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Row, Table, select, tuple_

from yinji.errors import UsageError
from yinji.platform import instants, schema
from yinji.platform.model import Account
from yinji.platform.permissions import Permission, require
from yinji.platform.statistics.counting import Statistics
from yinji.platform.statistics.model import Span

if TYPE_CHECKING:
    from yinji.platform.database import Database

VERSION: Final = 1
_BATCH: Final = 500
_MAX_CURSOR: Final = 1024
_YEAR: Final = timedelta(days=364)


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of record.

    Attributes:
        name: What the lines are called.
        table: Where they come from.
        without: Columns that stay.
    """

    name: str
    table: Table
    without: frozenset[str] = frozenset()

    @property
    def key(self) -> tuple[Column[Any], ...]:
        return tuple(self.table.primary_key.columns)

    def line(self, row: Row[Any]) -> dict[str, Any]:
        data = {name: _plain(value) for name, value in row._mapping.items() if name not in self.without}
        return {"type": self.name, "data": data}


SECTIONS: Final = (
    Section("account", schema.accounts, frozenset({"password_hash", "name_key"})),
    Section("account_identity", schema.account_identities),
    Section("erasure", schema.erasures),
    Section("agreement_acceptance", schema.agreement_acceptances),
    Section("item", schema.items, frozenset({"search"})),
    Section("item_change", schema.item_changes),
    Section("decision", schema.decisions),
    Section("propagation", schema.propagations),
    Section("visible_label", schema.visible_labels),
    Section("known_media", schema.known_media),
    Section("withdrawal", schema.withdrawals),
    Section("unmarked_copy", schema.unmarked_copies),
    Section("case", schema.cases, frozenset({"slot"})),
    Section("case_step", schema.case_steps),
    Section("report", schema.reports),
    Section("visitor_report", schema.visitor_reports),
    Section("case_decision", schema.case_decisions),
    Section("appeal", schema.appeals),
    Section("strike", schema.strikes),
    Section("policy", schema.policies),
    Section("relabelling", schema.relabellings),
    Section("audit_checkpoint", schema.audit_checkpoints),
    Section("audit_entry", schema.audit_entries),
)

STAYS: Final[Mapping[str, str]] = {
    "api_keys": "secrets",
    "sessions": "secrets",
    "sign_in_attempts": "secrets",
    "oidc_answers": "secrets",
    "visitor_keys": "secrets",
    "webhook_endpoints": "secrets",
    "webhook_deliveries": "on their way, and made of what is exported",
    "drafts": "not published",
    "idempotency_keys": "forgotten after a week",
    "tasks": "work in progress",
    "derivatives": "made from the files",
    "sightings": "made from the files",
    "case_skips": "a reviewer's own order of work",
    "audit_head": "computed from the entries",
    "audit_nodes": "computed from the entries",
}
"""Tables that are not exported, and why."""


class Export:
    """The front door for taking everything out."""

    def __init__(self, database: Database, statistics: Statistics) -> None:
        self._database = database
        self._statistics = statistics

    def lines(self, actor: Account, cursor: str | None = None) -> Iterator[str]:
        """Yields JSON lines: ``export`` first, records, after each batch a ``cursor`` to go on from, ``end`` last.

        Args:
            actor: Who asks.
            cursor: Of the last ``cursor`` line that arrived; what came before it is not sent again.

        Raises:
            Refused: The account may not.
            UsageError: The cursor is not one of ours.
        """
        require(actor, Permission.AUDIT_EXPORT)
        return self._lines(*_position(cursor))

    def _lines(self, start: int, after: list[Any]) -> Iterator[str]:
        yield _written({"type": "export", "version": VERSION, "at": instants.to_text(instants.now())})
        if not start and not after:
            last = instants.now().date()
            figures = self._statistics.figures(Span(last - _YEAR, last, timedelta(0)))
            yield _written({"type": "statistics", "data": figures.to_dict()})
        for number, section in enumerate(SECTIONS[start:], start):
            while batch := self._batch(section, after):
                yield from (_written(section.line(row)) for row in batch)
                after = [_plain(batch[-1]._mapping[column.name]) for column in section.key]
                yield _written({"type": "cursor", "cursor": _cursor(number, after)})
            after = []
        yield _written({"type": "end"})

    def _batch(self, section: Section, after: list[Any]) -> list[Row[Any]]:
        query = select(section.table).order_by(*section.key).limit(_BATCH)
        if after:
            query = query.where(tuple_(*section.key) > tuple_(*after))
        with self._database.read() as connection:
            return list(connection.execute(query).all())


def _written(line: dict[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instants.to_text(value)
    return value.isoformat() if isinstance(value, date) else value


def _cursor(section: int, after: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([section, after]).encode()).decode()


def _position(cursor: str | None) -> tuple[int, list[Any]]:
    """Returns where a cursor points: the section, and the key of the last row that was sent."""
    if cursor is None:
        return 0, []
    try:
        section, after = json.loads(base64.b64decode(cursor[:_MAX_CURSOR].encode("ascii"), b"-_", validate=True))
        key = SECTIONS[section].key
        fitting = section >= 0 and len(after) == len(key)
        fitting = fitting and all(_fits(value, column) for value, column in zip(after, key, strict=True))
    except (ValueError, TypeError, LookupError, RecursionError, binascii.Error):
        raise UsageError("cursor") from None
    if not fitting:
        raise UsageError("cursor")
    return section, after


def _fits(value: Any, column: Column[Any]) -> bool:
    if isinstance(value, str):
        return column.type.python_type is str and value.isascii() and value.isprintable()
    return column.type.python_type is int and type(value) is int and 0 <= value < 2**63
