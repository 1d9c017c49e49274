"""What was made from served files: thumbnails, cards, versions for the web."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, String, Table

from yinji.platform.schema.types import ID, METADATA, SHA256, Instant

derivatives = Table(
    "derivatives",
    METADATA,
    Column("item_id", ID, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("version", String(80), nullable=False),
    Column("state", String(16), nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("sha256", SHA256),
    Column("size", BigInteger, nullable=False),
    Column("made_at", Instant, nullable=False),
    PrimaryKeyConstraint("item_id", "kind"),
    Index(None, "sha256"),
)
