"""Who is told of what happens here, and how that went."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from yinji.platform.schema.types import ID, METADATA, Instant, Json

webhook_endpoints = Table(
    "webhook_endpoints",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", Json, nullable=False),
    Column("secrets", Json, nullable=False),
    Column("state", String(16), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("failing_since", Instant),
    Column("created_at", Instant, nullable=False),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("endpoint_id", ID, ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("event", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("status", Integer),
    Column("error", String(200), nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("endpoint_id", "position"),
    Index(None, "endpoint_id", "id"),
)
