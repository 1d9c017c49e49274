"""Audit logs for tests, and the ways past what guards them."""

from __future__ import annotations

import re

from sqlalchemy import Engine, inspect, text

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


def everything(raw: Engine) -> str:
    """All that the database holds except the log, as one text."""
    tables = [name for name in inspect(raw).get_table_names() if not name.startswith("audit_")]
    with raw.connect() as connection:
        rows = [row for name in tables for row in connection.execute(text(f"SELECT * FROM {name}"))]
    held = "\n".join("|".join(str(value) for value in row) for row in rows)
    return re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), held)  # JSON is kept as ASCII
