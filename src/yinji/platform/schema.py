"""The tables, as they are now. How they came to be is in :mod:`yinji.platform.migrations`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from yinji.platform import instants


class Instant(TypeDecorator[datetime]):
    """A time as RFC 3339 text: the same on every database, and sorted as times are."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else instants.to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else instants.from_text(value)


class Json(TypeDecorator[Any]):
    """A JSON value as ASCII text: what a file says may hold NUL and unpaired surrogates, which columns refuse."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = String(36)
SHA256 = String(64)

accounts = Table(
    "accounts",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("name_key", String(128), nullable=False),
    Column("display_name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("name_key"),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("token_sha256", SHA256, primary_key=True),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "account_id"),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    METADATA,
    Column("name_sha256", SHA256, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),
)

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
    Column("decision", Integer, nullable=False),
    Column("propagation", Integer, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
    Index(None, "author_id", "id"),
    Index(None, "sha256"),
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
