"""The append-only log: every action as canonical JSON, hashed as an RFC 6962 leaf and chained to the one before.

An entry is written in the transaction of what it records: either both are there or neither. People appear by account
number only, so that erasing an account leaves the log intact. Words that people typed are never in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from yinji.errors import LimitExceeded
from yinji.platform import cursors, instants
from yinji.platform.canonical import canonical
from yinji.platform.errors import AuditBroken
from yinji.platform.model import AuditEntry, Page
from yinji.platform.schema import audit_entries, audit_head

if TYPE_CHECKING:
    from yinji.platform.database import Database

GENESIS: Final = "0" * 64
"""The chain hash before the first entry."""

MAX_BODY: Final = 65_535
"""Bytes of one entry: the C2SP tile format counts them in 16 bits."""

SYSTEM: Final = "system"
"""The actor of what nobody asked for, and of the operator at the command line."""

_BATCH: Final = 500


def leaf_hash(body: str) -> str:
    """Returns SHA-256(0x00 || body), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x00" + body.encode()).hexdigest()


def chain_hash(previous: str, leaf: str) -> str:
    """Returns SHA-256(previous chain hash || leaf hash), over the raw 32 bytes of each."""
    return hashlib.sha256(bytes.fromhex(previous) + bytes.fromhex(leaf)).hexdigest()


class AuditLog:
    """The log. Appending locks its head until the transaction ends, so it comes last in each transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(
        self, connection: Connection, event: str, *, actor: str, subject: str = "", detail: dict[str, Any] | None = None
    ) -> None:
        """Adds one entry.

        Args:
            connection: The writing transaction of what is recorded.
            event: What happened ("item.published").
            actor: Account number, or ``system``.
            subject: Number of what it happened to, or "".
            detail: References and choices, JSON values; no words of people.
        """
        head = connection.execute(select(audit_head).where(audit_head.c.id == 1).with_for_update()).one()
        at = instants.now()
        body = canonical(
            {
                "v": 1,
                "at": instants.to_text(at),
                "actor": actor,
                "event": event,
                "subject": subject,
                "detail": detail or {},
            }
        )
        if len(body.encode()) > MAX_BODY:
            raise LimitExceeded("audit-entry-too-long", limit=MAX_BODY)
        leaf = leaf_hash(body)
        chain = chain_hash(head.chain_hash, leaf)
        connection.execute(
            insert(audit_entries).values(
                position=head.size,
                at=at,
                actor=actor,
                event=event,
                subject=subject,
                body=body,
                leaf_hash=leaf,
                chain_hash=chain,
            )
        )
        connection.execute(update(audit_head).where(audit_head.c.id == 1).values(size=head.size + 1, chain_hash=chain))

    def page(self, *, cursor: str | None, limit: int) -> Page[AuditEntry]:
        """Lists entries, newest first."""
        query = select(audit_entries).order_by(audit_entries.c.position.desc()).limit(cursors.rows(limit) + 1)
        if cursor is not None:
            query = query.where(audit_entries.c.position < cursors.number("audit", cursor))
        with self._database.read() as connection:
            found = [_entry(row) for row in connection.execute(query)]
        more = found[limit - 1].index if len(found) > limit else None
        return Page(tuple(found[:limit]), None if more is None else cursors.encode("audit", str(more)))

    def export(self) -> Iterator[AuditEntry]:
        """Yields all entries, oldest first, a batch of rows at a time; no transaction stays open between batches."""
        start = 0
        while True:
            with self._database.read() as connection:
                batch = [_entry(row) for row in connection.execute(_from(start))]
            yield from batch
            if len(batch) < _BATCH:
                return
            start = batch[-1].index + 1

    def verify(self) -> tuple[int, str]:
        """Recomputes every hash from the first entry on.

        Returns:
            The number of entries and the last chain hash.

        Raises:
            AuditBroken: An entry is missing, changed or too many; ``details["index"]`` names the first.
        """
        index, chain = 0, GENESIS
        with self._database.read(snapshot=True) as connection:
            head = connection.execute(select(audit_head)).one_or_none()
            while batch := connection.execute(_from(index)).all():
                for row in batch:
                    chain = _verified(row, index, chain)
                    index += 1
        if head is None or (head.size, head.chain_hash) != (index, chain):
            raise AuditBroken("audit-head", index=index, size=None if head is None else head.size)
        return index, chain


def _from(start: int) -> Any:
    entries = audit_entries
    return select(entries).where(entries.c.position >= start).order_by(entries.c.position).limit(_BATCH)


def _verified(row: Row[Any], index: int, previous: str) -> str:
    """Returns the chain hash of an entry that is what it should be."""
    if row.position != index:
        raise AuditBroken("audit-missing", index=index)
    leaf = leaf_hash(row.body)
    if leaf != row.leaf_hash:
        raise AuditBroken("audit-changed", index=index)
    chain = chain_hash(previous, leaf)
    if chain != row.chain_hash:
        raise AuditBroken("audit-chain", index=index)
    body = json.loads(row.body)
    columns = {"at": instants.to_text(row.at), "actor": row.actor, "event": row.event, "subject": row.subject}
    if any(body.get(key) != value for key, value in columns.items()):
        raise AuditBroken("audit-changed", index=index)
    return chain


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(row.position, row.at, row.actor, row.event, row.subject, row.body, row.leaf_hash, row.chain_hash)
