"""Uploads, posts, what was decided about them and which file readers get."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from yinji.platform.schema.types import ID, METADATA, SHA256, Instant, Json

drafts = Table(
    "drafts",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("author_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("filename", String(255), nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", SHA256, nullable=False),
    Column("report", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("item_id", ID),
    Column("media_digest", SHA256),
    Index(None, "author_id"),
    Index(None, "expires_at"),
    Index(None, "sha256"),
)

items = Table(
    "items",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("author_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("filename", String(255), nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", SHA256, nullable=False),
    Column("file_report", Json, nullable=False),
    Column("declaration", String(16), nullable=False),
    Column("declaration_note", Text, nullable=False),
    Column("statement", String(32), nullable=False, server_default=""),
    Column("review", Json),
    Column("decision", Integer, nullable=False),
    Column("propagation", Integer, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("media_digest", SHA256),
    Column("annotation", String(32), nullable=False, server_default=""),
    Index(None, "author_id", "id"),
    Index(None, "published_at"),
    Index(None, "sha256"),
    Index(None, "media_digest"),
)

item_changes = Table(
    "item_changes",
    METADATA,
    Column("item_id", ID, ForeignKey("items.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", ID, nullable=False),
    Column("event", String(64), nullable=False),
    Column("detail", Json, nullable=False),
    PrimaryKeyConstraint("item_id", "number"),
)

decisions = Table(
    "decisions",
    METADATA,
    Column("item_id", ID, ForeignKey("items.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("tier", String(16), nullable=False),
    Column("regime", String(16), nullable=False),
    Column("regime_version", String(32), nullable=False),
    Column("evidence", Json, nullable=False),
    Column("verdict", Json, nullable=False),
    PrimaryKeyConstraint("item_id", "number"),
    Index(None, "tier"),
)

propagations = Table(
    "propagations",
    METADATA,
    Column("item_id", ID, ForeignKey("items.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("label", Json),
    Column("reason", Json),
    Column("sha256", SHA256, nullable=False),
    Column("size", BigInteger, nullable=False),
    PrimaryKeyConstraint("item_id", "number"),
    Index(None, "sha256"),
)

idempotency_keys = Table(
    "idempotency_keys",
    METADATA,
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("key", String(255), nullable=False),
    Column("request_sha256", SHA256, nullable=False),
    Column("item_id", ID, ForeignKey("items.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("account_id", "key"),
)
