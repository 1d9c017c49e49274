"""Has the database itself keep what must be kept: acceptances, copies without the explicit label, withdrawals.

Measures Art. 9 asks for six months of who was given content without the explicit label; 184 days are never fewer. The
time that counts is the database's own, so that no clock of a server's shortens it.
"""

from __future__ import annotations

from alembic import op

revision = "kept"
down_revision = "percent"
branch_labels = None
depends_on = None

_NOW = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
    "postgresql": """to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
}
_LONG_AGO = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-184 days')",
    "postgresql": """to_char((clock_timestamp() AT TIME ZONE 'UTC') - interval '184 days',
        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
}

_DELETED_EARLY = {
    "agreement_acceptances": "OLD.at > {long_ago}",
    "unmarked_copies": "OLD.keep_until > {now} OR OLD.at > {long_ago}",
    "withdrawals": "OLD.keep_until > {now} OR OLD.at > {long_ago}",
}
_CHANGED = {
    "agreement_acceptances": "1 = 1",
    "unmarked_copies": "1 = 1",
    "withdrawals": """NEW.item_id <> OLD.item_id OR NEW.at <> OLD.at OR NEW.actor <> OLD.actor
        OR NEW.keep_until < OLD.keep_until OR OLD.purged_at IS NOT NULL OR OLD.keep_until > {now}""",
}
_KEYS = {
    "agreement_acceptances": ("account_id", "name", "version"),
    "unmarked_copies": ("id",),
    "withdrawals": ("item_id",),
}


def upgrade() -> None:
    """Creates the triggers."""
    dialect = op.get_bind().dialect.name
    times = {"now": _NOW[dialect], "long_ago": _LONG_AGO[dialect]}
    for table in _KEYS:
        early, changed = _DELETED_EARLY[table].format(**times), _CHANGED[table].format(**times)
        for statement in (_sqlite if dialect == "sqlite" else _postgresql)(table, early, changed):
            op.execute(statement)


def _sqlite(table: str, early: str, changed: str) -> tuple[str, ...]:
    """An insert that replaces a row deletes it without asking the trigger of deletions."""
    same = " AND ".join(f"{key} = NEW.{key}" for key in _KEYS[table])
    return tuple(
        f"""CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} WHEN {condition}
           BEGIN SELECT RAISE(ABORT, '{table} is kept'); END"""
        for name, event, condition in (
            ("kept", "DELETE", early),
            ("unchanged", "UPDATE", changed),
            ("not_replaced", "INSERT", f"EXISTS (SELECT 1 FROM {table} WHERE {same})"),  # noqa: S608 - our names
        )
    )


def _postgresql(table: str, early: str, changed: str) -> tuple[str, ...]:
    return (
        f"""CREATE FUNCTION yinji_{table}_kept() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN
                IF TG_OP = 'TRUNCATE' THEN
                  RAISE EXCEPTION '% is kept', TG_TABLE_NAME;
                ELSIF TG_OP = 'DELETE' THEN
                  IF {early} THEN RAISE EXCEPTION '% is kept', TG_TABLE_NAME; END IF;
                  RETURN OLD;
                ELSE
                  IF {changed} THEN RAISE EXCEPTION '% is kept', TG_TABLE_NAME; END IF;
                  RETURN NEW;
                END IF;
              END $$""",
        f"""CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table}
           FOR EACH ROW EXECUTE FUNCTION yinji_{table}_kept()""",
        f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
           FOR EACH STATEMENT EXECUTE FUNCTION yinji_{table}_kept()""",
    )
