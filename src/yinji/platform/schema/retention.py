"""What was taken from view and is kept for now, and whose account was erased."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table

from yinji.platform.schema.types import ID, METADATA, Instant

withdrawals = Table(
    "withdrawals",
    METADATA,
    Column("item_id", ID, ForeignKey("items.id"), primary_key=True),
    Column("actor", ID, nullable=False),
    Column("at", Instant, nullable=False),
    Column("keep_until", Instant, nullable=False),
    Column("purged_at", Instant),
    Index(None, "keep_until"),
)

erasures = Table(
    "erasures",
    METADATA,
    Column("account_id", ID, ForeignKey("accounts.id"), primary_key=True),
    Column("actor", ID, nullable=False),
    Column("at", Instant, nullable=False),
)
