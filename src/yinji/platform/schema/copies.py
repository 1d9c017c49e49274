"""Media that is known with a label."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from yinji.platform.schema.types import ID, METADATA, SHA256, Instant, Json

known_media = Table(
    "known_media",
    METADATA,
    Column("media_digest", SHA256, primary_key=True),
    Column("origin", String(16), nullable=False),
    Column("item_id", ID),
    Column("label", Json, nullable=False),
    Column("known_at", Instant, nullable=False),
    Index(None, "item_id"),
)
