"""Reading the tree from the tables: nodes, tiles, roots. Never more rows than the answer needs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, select

from yinji.platform.audit import tree
from yinji.platform.audit.tiles import ENTRIES, WIDTH, Tile, nodes_from, pack_entries, tile_at
from yinji.platform.errors import NotFound
from yinji.platform.schema import audit_entries, audit_head, audit_nodes


class TreeReader:
    """The tree as one reading transaction sees it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.size: int = connection.scalar(select(audit_head.c.size)) or 0
        self._nodes = nodes_from(partial(_hashes, connection))

    def root(self, size: int) -> bytes:
        """Returns the root over the first ``size`` entries.

        Raises:
            NotFound: The log is shorter.
        """
        self._require(0 <= size <= self.size)
        return tree.root(size, self._nodes)

    def leaf(self, index: int) -> bytes:
        self._require(0 <= index < self.size)
        return self._nodes(0, index)

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        self._require(0 <= index < size <= self.size)
        return tree.inclusion(index, size, self._nodes)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        self._require(0 <= old <= new <= self.size)
        return tree.consistency(old, new, self._nodes)

    def tile(self, wanted: Tile) -> bytes:
        """Returns the bytes of a tile: hashes, or a bundle of entries. A narrower one is the beginning of a wider one.

        Raises:
            NotFound: The log is too short for it.
        """
        there = tile_at(wanted.level, wanted.index, self.size)
        self._require(there is not None and wanted.width <= there.width)
        if wanted.level == ENTRIES:
            return pack_entries([body.encode() for body in self._bodies(wanted.start, wanted.width)])
        return b"".join(_hashes(self._connection, wanted.level, wanted.start, wanted.width))

    def _bodies(self, start: int, count: int) -> Sequence[str]:
        positions = audit_entries.c.position
        query = select(audit_entries.c.body).where(positions >= start, positions < start + count).order_by(positions)
        return self._connection.execute(query).scalars().all()

    def _require(self, there: bool) -> None:
        if not there:
            raise NotFound("audit-beyond", size=self.size)


def _hashes(connection: Connection, level: int, start: int, count: int) -> Sequence[bytes]:
    table, column = (audit_nodes, audit_nodes.c.hash) if level else (audit_entries, audit_entries.c.leaf_hash)
    positions = table.c.position
    query = select(column).where(positions >= start, positions < start + count).order_by(positions).limit(WIDTH)
    if level:
        query = query.where(audit_nodes.c.level == level)
    return [bytes.fromhex(value) for value in connection.execute(query).scalars()]
