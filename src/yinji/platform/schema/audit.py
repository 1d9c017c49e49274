"""The append-only log, the nodes of its tree, and the checkpoints that were signed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from yinji.platform.schema.types import ID, METADATA, SHA256, Instant

audit_entries = Table(
    "audit_entries",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", ID, nullable=False),
    Column("event", String(64), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("leaf_hash", SHA256, nullable=False),
    Column("chain_hash", SHA256, nullable=False),
    Index(None, "subject"),
    Index(None, "actor"),
    Index(None, "event"),
)

audit_head = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("chain_hash", SHA256, nullable=False),
    Column("frontier", Text, nullable=False, server_default=""),
)

audit_nodes = Table(
    "audit_nodes",
    METADATA,
    Column("level", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("hash", SHA256, nullable=False),
    PrimaryKeyConstraint("level", "position"),
)

audit_checkpoints = Table(
    "audit_checkpoints",
    METADATA,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("root", SHA256, nullable=False),
    Column("note", Text, nullable=False),
    Column("stamp", Text, nullable=False, server_default=""),
    Column("stamped_at", Instant),
)
