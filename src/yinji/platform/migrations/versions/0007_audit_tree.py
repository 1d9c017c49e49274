"""The log as a tree: its right edge, the hashes of its tiles, the checkpoints that were signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from yinji.platform.audit.tiles import HEIGHT
from yinji.platform.audit.tree import Frontier

revision = "audit_tree"
down_revision = "0006_statements"
branch_labels = None
depends_on = None

_BATCH = 1000


def upgrade() -> None:
    """Adds what is missing and computes it for the entries that are there."""
    op.add_column("audit_head", sa.Column("frontier", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_audit_entries_actor", "audit_entries", ["actor"])
    op.create_index("ix_audit_entries_event", "audit_entries", ["event"])
    op.create_table(
        "audit_nodes",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name="pk_audit_nodes"),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("size", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False, server_default=""),
        sa.Column("stamped_at", sa.String(27)),
    )
    _grow()
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def _grow() -> None:
    """Computes the tree over the entries that are there, past the guard that lets the head only grow."""
    connection, edge = op.get_bind(), Frontier()
    query = sa.text("SELECT leaf_hash FROM audit_entries WHERE position >= :start ORDER BY position LIMIT :most")
    node = sa.text("INSERT INTO audit_nodes (level, position, hash) VALUES (:level, :position, :hash)")
    while batch := connection.execute(query, {"start": edge.size, "most": _BATCH}).scalars().all():
        for leaf in batch:
            for level, index, value in edge.append(bytes.fromhex(leaf)):
                if level % HEIGHT == 0:
                    connection.execute(node, {"level": level // HEIGHT, "position": index, "hash": value.hex()})
    off, on = _HEAD_GUARD[connection.dialect.name]
    op.execute(off)
    connection.execute(sa.text("UPDATE audit_head SET frontier = :frontier"), {"frontier": edge.hex()})
    op.execute(on)


_HEAD_GUARD = {
    "sqlite": (
        "DROP TRIGGER IF EXISTS audit_head_grows",
        """CREATE TRIGGER audit_head_grows BEFORE UPDATE ON audit_head WHEN NEW.size <= OLD.size
           BEGIN SELECT RAISE(ABORT, 'audit_head only grows'); END""",
    ),
    "postgresql": (
        "ALTER TABLE audit_head DISABLE TRIGGER audit_head_grows",
        "ALTER TABLE audit_head ENABLE TRIGGER audit_head_grows",
    ),
}

_GUARDS = {
    "sqlite": (
        """CREATE TRIGGER audit_nodes_no_update BEFORE UPDATE ON audit_nodes
           BEGIN SELECT RAISE(ABORT, 'audit_nodes is append-only'); END""",
        """CREATE TRIGGER audit_nodes_no_delete BEFORE DELETE ON audit_nodes
           BEGIN SELECT RAISE(ABORT, 'audit_nodes is append-only'); END""",
        """CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints
           WHEN NEW.size <> OLD.size OR NEW.root <> OLD.root OR NEW.note <> OLD.note OR OLD.stamp <> ''
           BEGIN SELECT RAISE(ABORT, 'audit_checkpoints is append-only'); END""",
        """CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
           BEGIN SELECT RAISE(ABORT, 'audit_checkpoints is append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION yinji_stamped_once() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN
                IF NEW.size <> OLD.size OR NEW.root <> OLD.root OR NEW.note <> OLD.note OR OLD.stamp <> '' THEN
                  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
                END IF;
                RETURN NEW;
              END $$""",
        """CREATE TRIGGER audit_nodes_no_change BEFORE UPDATE OR DELETE ON audit_nodes
           FOR EACH ROW EXECUTE FUNCTION yinji_append_only()""",
        """CREATE TRIGGER audit_nodes_no_truncate BEFORE TRUNCATE ON audit_nodes
           FOR EACH STATEMENT EXECUTE FUNCTION yinji_append_only()""",
        """CREATE TRIGGER audit_checkpoints_stamped_once BEFORE UPDATE ON audit_checkpoints
           FOR EACH ROW EXECUTE FUNCTION yinji_stamped_once()""",
        """CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
           FOR EACH ROW EXECUTE FUNCTION yinji_append_only()""",
        """CREATE TRIGGER audit_checkpoints_no_truncate BEFORE TRUNCATE ON audit_checkpoints
           FOR EACH STATEMENT EXECUTE FUNCTION yinji_append_only()""",
    ),
}
