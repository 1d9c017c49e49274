"""Work to do: rows, so that no dead process loses any."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint

from yinji.platform.schema.types import ID, METADATA, Instant, Json

tasks = Table(
    "tasks",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("payload", Json, nullable=False),
    Column("key", String(128)),
    Column("state", String(8), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease", ID),
    Column("last_error", String(500), nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("key"),
    Index(None, "state", "due_at"),
)
