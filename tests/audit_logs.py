"""Audit logs for tests, and the ways past what guards them."""

from __future__ import annotations

from sqlalchemy import Engine, text

from yinji.platform.audit import AuditLog
from yinji.platform.database import Database


def fill(database: Database, log: AuditLog, count: int) -> None:
    with database.write() as connection:
        for number in range(count):
            log.append(connection, "test.happened", actor="system", subject=f"s{number}", detail={"n": number})


def unguard(raw: Engine, table: str) -> None:
    """Takes the triggers off, as an administrator of the database could."""
    with raw.begin() as connection:
        if raw.dialect.name == "postgresql":
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            return
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for name in names:
            connection.execute(text(f"DROP TRIGGER {name}"))
