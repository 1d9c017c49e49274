"""The append-only log: every action as canonical JSON, hashed as an RFC 6962 leaf and chained to the one before.

An entry is written in the transaction of what it records: either both are there or neither. People appear by account
number only, so that erasing an account leaves the log intact. Words that people typed are never in it.

Beside the entries two things are kept, so that no proof and no restart ever reads the whole log: in ``audit_head`` the
right edge of the tree, in ``audit_nodes`` the root over each 256, 65536 … entries, which are the hashes of C2SP tiles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from yinji.platform import cursors, instants
from yinji.platform.audit import tree
from yinji.platform.audit.entries import body_of, parsed
from yinji.platform.audit.tiles import HEIGHT, MAX_ENTRY
from yinji.platform.errors import AuditBroken
from yinji.platform.model import AuditEntry, Page
from yinji.platform.prepared import Prepared
from yinji.platform.schema import audit_checkpoints, audit_entries, audit_head, audit_nodes

if TYPE_CHECKING:
    from yinji.platform.database import Database

GENESIS: Final = "0" * 64
"""The chain hash before the first entry."""

MAX_BODY: Final = MAX_ENTRY

SYSTEM: Final = "system"
"""The actor of what nobody asked for, and of the operator at the command line."""

_BATCH: Final = 500

_LOCKED_HEAD: Final = Prepared(select(audit_head).where(audit_head.c.id == 1).with_for_update())
_GROWN_HEAD: Final = Prepared(update(audit_head).where(audit_head.c.id == 1))
_NEW_ENTRY: Final = Prepared(insert(audit_entries))
_NEW_NODE: Final = Prepared(insert(audit_nodes))

Progress = Callable[[int, int], None]
"""Told how many entries of how many have been looked at."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a log was found to be, after all of it was recomputed."""

    size: int
    chain_hash: str
    root: bytes


def leaf_hash(body: str) -> str:
    """Returns SHA-256(0x00 || body), RFC 6962 section 2.1, hex."""
    return tree.leaf_hash(body.encode()).hex()


def chain_hash(previous: str, leaf: str) -> str:
    """Returns SHA-256(previous chain hash || leaf hash), over the raw 32 bytes of each."""
    return hashlib.sha256(bytes.fromhex(previous) + bytes.fromhex(leaf)).hexdigest()


@dataclass(frozen=True, slots=True)
class _Appended:
    """What a transaction wants recorded."""

    event: str
    actor: str
    subject: str
    detail: dict[str, Any]


class AuditLog:
    """The log. What a transaction appends is written last in it, all at once, for only then is the head locked."""

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
        entry = _Appended(event, actor, subject, detail or {})
        self._database.before_commit(connection, self._write, entry)

    def _write(self, connection: Connection, appended: list[_Appended]) -> None:
        """Writes all entries of a transaction in one go, with the head of the log held."""
        (head,) = _LOCKED_HEAD.rows(connection)
        chain, edge = head.chain_hash, tree.Frontier.from_hex(head.size, head.frontier)
        entries, nodes = [], []
        for new in appended:
            at = instants.now()
            body = body_of(at, actor=new.actor, event=new.event, subject=new.subject, detail=new.detail)
            leaf = leaf_hash(body)
            chain = chain_hash(chain, leaf)
            entries.append(
                {
                    "position": edge.size,
                    "at": at,
                    "actor": new.actor,
                    "event": new.event,
                    "subject": new.subject,
                    "body": body,
                    "leaf_hash": leaf,
                    "chain_hash": chain,
                }
            )
            for level, index, node in _of_tiles(edge.append(bytes.fromhex(leaf))):
                nodes.append({"level": level, "position": index, "hash": node.hex()})
        _NEW_ENTRY.run(connection, *entries)
        if nodes:
            _NEW_NODE.run(connection, *nodes)
        _GROWN_HEAD.run(connection, {"size": edge.size, "chain_hash": chain, "frontier": edge.hex()})

    def page(
        self, *, cursor: str | None, limit: int, event: str = "", subject: str = "", actor: str = ""
    ) -> Page[AuditEntry]:
        """Lists entries, newest first.

        Args:
            cursor: ``next_cursor`` of the page before.
            limit: Rows a page.
            event: Only this event, or all of an area: ``item.published``, ``item``.
            subject: Only what happened to this.
            actor: Only what this account did.
        """
        entries = audit_entries
        query = select(entries).order_by(entries.c.position.desc()).limit(cursors.rows(limit) + 1)
        if cursor is not None:
            query = query.where(entries.c.position < cursors.number("audit", cursor))
        if event:
            query = query.where((entries.c.event == event) | entries.c.event.startswith(f"{event}.", autoescape=True))
        if subject:
            query = query.where(entries.c.subject == subject)
        if actor:
            query = query.where(entries.c.actor == actor)
        with self._database.read() as connection:
            found = [_entry(row) for row in connection.execute(query)]
        more = found[limit - 1].index if len(found) > limit else None
        return Page(tuple(found[:limit]), None if more is None else cursors.encode("audit", str(more)))

    def export(self, start: int = 0) -> Iterator[AuditEntry]:
        """Yields all entries, oldest first, a batch of rows at a time; no transaction stays open between batches."""
        while True:
            with self._database.read() as connection:
                batch = [_entry(row) for row in connection.execute(_from(start))]
            yield from batch
            if len(batch) < _BATCH:
                return
            start = batch[-1].index + 1

    def verify(self, progress: Progress | None = None) -> Verified:
        """Recomputes every hash from the first entry on, the tree, and compares it with all checkpoints kept.

        Raises:
            AuditBroken: An entry is missing, changed or too many, or the past is not what a checkpoint says;
                ``details["index"]`` names the first.
        """
        with self._database.read(snapshot=True) as connection:
            head = connection.execute(select(audit_head)).one_or_none()
            size = 0 if head is None else head.size
            promised = _promises(connection)
            edge, chain = tree.Frontier(), GENESIS
            while batch := connection.execute(_from(edge.size)).all():
                for row in batch:
                    chain = _verified(row, edge.size, chain)
                    complete = edge.append(bytes.fromhex(row.leaf_hash))
                    _require_nodes(connection, complete, edge.size)
                    _require_promise(promised, edge)
                if progress is not None:
                    progress(edge.size, max(size, edge.size))
        if head is None or (head.size, head.chain_hash, head.frontier) != (edge.size, chain, edge.hex()):
            raise AuditBroken("audit-head", index=edge.size, size=None if head is None else head.size)
        if promised:
            raise AuditBroken("audit-shortened", index=edge.size, size=min(promised))
        return Verified(edge.size, chain, edge.root())


def _of_tiles(complete: tuple[tuple[int, int, bytes], ...]) -> Iterator[tuple[int, int, bytes]]:
    """Yields those of the nodes that are hashes of tiles, with the level of the tile."""
    return ((level // HEIGHT, index, node) for level, index, node in complete if level % HEIGHT == 0)


def _promises(connection: Connection) -> dict[int, bytes]:
    """Returns the roots that were signed, by size."""
    kept = select(audit_checkpoints.c.size, audit_checkpoints.c.root).where(audit_checkpoints.c.size > 0)
    return {row.size: bytes.fromhex(row.root) for row in connection.execute(kept)}


def _require_promise(promised: dict[int, bytes], edge: tree.Frontier) -> None:
    root = promised.pop(edge.size, None)
    if root is not None and root != edge.root():
        raise AuditBroken("audit-rewritten", index=edge.size - 1, size=edge.size)


def _require_nodes(connection: Connection, complete: tuple[tuple[int, int, bytes], ...], size: int) -> None:
    for level, index, node in _of_tiles(complete):
        at = (audit_nodes.c.level == level) & (audit_nodes.c.position == index)
        if connection.scalar(select(audit_nodes.c.hash).where(at)) != node.hex():
            raise AuditBroken("audit-node", index=size - 1, level=level)


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
    body = parsed(row.body)
    columns = {"at": instants.to_text(row.at), "actor": row.actor, "event": row.event, "subject": row.subject}
    if body is None or any(body[key] != value for key, value in columns.items()):
        raise AuditBroken("audit-changed", index=index)
    return chain


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(row.position, row.at, row.actor, row.event, row.subject, row.body, row.leaf_hash, row.chain_hash)
