"""Who accepted which agreement, and who got a copy without the explicit label."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, PrimaryKeyConstraint, String, Table

from yinji.platform.schema.types import ID, METADATA, SHA256, Instant, Json

agreement_acceptances = Table(
    "agreement_acceptances",
    METADATA,
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("name", String(32), nullable=False),
    Column("version", String(10), nullable=False),
    Column("sha256", SHA256, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("account_id", "name", "version"),
)

unmarked_copies = Table(
    "unmarked_copies",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("item_id", ID, ForeignKey("items.id"), nullable=False),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("agreement", String(10), nullable=False),
    Column("sha256", SHA256, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("label", Json, nullable=False),
    Column("at", Instant, nullable=False),
    Column("keep_until", Instant, nullable=False),
    Index(None, "item_id"),
    Index(None, "sha256"),
    Index(None, "keep_until"),
)
