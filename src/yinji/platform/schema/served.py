"""What the platform does to the files it serves: by itself, on an author's wish, and to the back catalogue."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from yinji.platform.schema.types import ID, METADATA, SHA256, Instant, Json

policies = Table(
    "policies",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", ID, nullable=False),
    Column("body", Json, nullable=False),
)

visible_labels = Table(
    "visible_labels",
    METADATA,
    Column("item_id", ID, ForeignKey("items.id"), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("asked_by", ID, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("percent", Integer, nullable=False, server_default="0"),
    Column("marked_sha256", SHA256),
    Column("drawn", Json),
    Column("reason", Json),
    Index(None, "marked_sha256"),
)

sightings = Table(
    "sightings",
    METADATA,
    Column("item_id", ID, ForeignKey("items.id"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("found", Json, nullable=False),
)

relabellings = Table(
    "relabellings",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("started_by", ID, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("regime_version", String(32), nullable=False),
    Column("total", Integer, nullable=False),
    Column("position", ID, nullable=False),
    Column("checked", Integer, nullable=False),
    Column("raised", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
)
