"""The append-only log."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

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
)

audit_head = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("chain_hash", SHA256, nullable=False),
)
