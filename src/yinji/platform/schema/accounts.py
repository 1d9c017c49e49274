"""Who has an account, and who is signed in."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table, UniqueConstraint

from yinji.platform.schema.types import ID, METADATA, SHA256, Instant

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

api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("secret_sha256", SHA256, nullable=False),
    Column("ends_with", String(4), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    UniqueConstraint("secret_sha256"),
    Index(None, "account_id"),
)

account_identities = Table(
    "account_identities",
    METADATA,
    Column("issuer", String(255), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("issuer", "subject"),
    Index(None, "account_id"),
)
"""Who an account is at a provider of OpenID Connect."""

oidc_answers = Table(
    "oidc_answers",
    METADATA,
    Column("question_sha256", SHA256, primary_key=True),
    Column("at", Instant, nullable=False),
)
"""Questions to the provider that were answered, so that no answer counts twice."""
