"""Lets one transaction write several entries of the log before it moves the head, and holds the head to the entries."""

from __future__ import annotations

from alembic import op

revision = "entries_together"
down_revision = "visitors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replaces the guard of the order: a new entry follows the last one, and the head counts what is there."""
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


_NEXT = "(SELECT COALESCE(MAX(position) + 1, 0) FROM audit_entries)"

_GUARDS = {
    "sqlite": (
        "DROP TRIGGER audit_entries_in_order",
        f"""CREATE TRIGGER audit_entries_in_order BEFORE INSERT ON audit_entries WHEN NEW.position <> {_NEXT}
           BEGIN SELECT RAISE(ABORT, 'audit_entries has no gaps'); END""",
        f"""CREATE TRIGGER audit_head_counts BEFORE UPDATE ON audit_head WHEN NEW.size <> {_NEXT}
           BEGIN SELECT RAISE(ABORT, 'audit_head counts the entries'); END""",
    ),
    "postgresql": (
        f"""CREATE OR REPLACE FUNCTION yinji_in_order() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN
                IF NEW.position <> {_NEXT} THEN
                  RAISE EXCEPTION '% has no gaps', TG_TABLE_NAME;
                END IF;
                RETURN NEW;
              END $$""",
        f"""CREATE FUNCTION yinji_counts_entries() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN
                IF NEW.size <> {_NEXT} THEN
                  RAISE EXCEPTION '% counts the entries', TG_TABLE_NAME;
                END IF;
                RETURN NEW;
              END $$""",
        """CREATE TRIGGER audit_head_counts BEFORE UPDATE ON audit_head
           FOR EACH ROW EXECUTE FUNCTION yinji_counts_entries()""",
    ),
}
