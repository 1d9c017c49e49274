"""The first tables: accounts, items and their decisions, the audit log that nobody can rewrite."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables and the triggers that guard the log."""
    _create_tables()
    op.execute("INSERT INTO audit_head (id, size, chain_hash) VALUES (1, 0, '" + "0" * 64 + "')")
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


_GUARDS = {
    "sqlite": (
        """CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
           BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END""",
        """CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
           BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END""",
        """CREATE TRIGGER audit_entries_in_order BEFORE INSERT ON audit_entries
           WHEN NEW.position <> (SELECT size FROM audit_head)
           BEGIN SELECT RAISE(ABORT, 'audit_entries has no gaps'); END""",
        """CREATE TRIGGER audit_head_no_second BEFORE INSERT ON audit_head
           BEGIN SELECT RAISE(ABORT, 'audit_head is one row'); END""",
        """CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
           BEGIN SELECT RAISE(ABORT, 'audit_head is kept'); END""",
        """CREATE TRIGGER audit_head_grows BEFORE UPDATE ON audit_head WHEN NEW.size <= OLD.size
           BEGIN SELECT RAISE(ABORT, 'audit_head only grows'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION yinji_append_only() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$""",
        """CREATE FUNCTION yinji_only_grows() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN
                IF NEW.size <= OLD.size THEN RAISE EXCEPTION '% only grows', TG_TABLE_NAME; END IF;
                RETURN NEW;
              END $$""",
        """CREATE FUNCTION yinji_in_order() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN
                IF NEW.position <> (SELECT size FROM audit_head) THEN
                  RAISE EXCEPTION '% has no gaps', TG_TABLE_NAME;
                END IF;
                RETURN NEW;
              END $$""",
        """CREATE TRIGGER audit_entries_in_order BEFORE INSERT ON audit_entries
           FOR EACH ROW EXECUTE FUNCTION yinji_in_order()""",
        """CREATE TRIGGER audit_entries_no_change BEFORE UPDATE OR DELETE ON audit_entries
           FOR EACH ROW EXECUTE FUNCTION yinji_append_only()""",
        """CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries
           FOR EACH STATEMENT EXECUTE FUNCTION yinji_append_only()""",
        """CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
           FOR EACH ROW EXECUTE FUNCTION yinji_append_only()""",
        """CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head
           FOR EACH STATEMENT EXECUTE FUNCTION yinji_append_only()""",
        """CREATE TRIGGER audit_head_grows BEFORE UPDATE ON audit_head
           FOR EACH ROW EXECUTE FUNCTION yinji_only_grows()""",
    ),
}


def _create_tables() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("name_key", sa.String(128), nullable=False),
        sa.Column("display_name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.UniqueConstraint("name_key", name="uq_accounts_name_key"),
    )

    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column(
            "account_id", sa.String(36), sa.ForeignKey("accounts.id", name="fk_sessions_account_id"), nullable=False
        ),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("seen_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])

    op.create_table(
        "sign_in_attempts",
        sa.Column("name_sha256", sa.String(64), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.String(27), nullable=False),
        sa.Column("next_at", sa.String(27), nullable=False),
    )

    op.create_table(
        "drafts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("author_id", sa.String(36), sa.ForeignKey("accounts.id", name="fk_drafts_author_id"), nullable=False),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("item_id", sa.String(36)),
    )
    op.create_index("ix_drafts_author_id", "drafts", ["author_id"])
    op.create_index("ix_drafts_expires_at", "drafts", ["expires_at"])
    op.create_index("ix_drafts_sha256", "drafts", ["sha256"])

    op.create_table(
        "items",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("author_id", sa.String(36), sa.ForeignKey("accounts.id", name="fk_items_author_id"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("file_report", sa.Text(), nullable=False),
        sa.Column("declaration", sa.String(16), nullable=False),
        sa.Column("declaration_note", sa.Text(), nullable=False),
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.Column("propagation", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.String(27), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
    )
    op.create_index("ix_items_author_id_id", "items", ["author_id", "id"])
    op.create_index("ix_items_sha256", "items", ["sha256"])

    op.create_table(
        "item_changes",
        sa.Column("item_id", sa.String(36), sa.ForeignKey("items.id", name="fk_item_changes_item_id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("actor", sa.String(36), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "number", name="pk_item_changes"),
    )

    op.create_table(
        "decisions",
        sa.Column("item_id", sa.String(36), sa.ForeignKey("items.id", name="fk_decisions_item_id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("tier", sa.String(16), nullable=False),
        sa.Column("regime", sa.String(16), nullable=False),
        sa.Column("regime_version", sa.String(32), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "number", name="pk_decisions"),
    )
    op.create_index("ix_decisions_tier", "decisions", ["tier"])

    op.create_table(
        "propagations",
        sa.Column("item_id", sa.String(36), sa.ForeignKey("items.id", name="fk_propagations_item_id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("label", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "number", name="pk_propagations"),
    )
    op.create_index("ix_propagations_sha256", "propagations", ["sha256"])

    op.create_table(
        "idempotency_keys",
        sa.Column(
            "account_id",
            sa.String(36),
            sa.ForeignKey("accounts.id", name="fk_idempotency_keys_account_id"),
            nullable=False,
        ),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("request_sha256", sa.String(64), nullable=False),
        sa.Column(
            "item_id", sa.String(36), sa.ForeignKey("items.id", name="fk_idempotency_keys_item_id"), nullable=False
        ),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name="pk_idempotency_keys"),
    )

    op.create_table(
        "audit_entries",
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("actor", sa.String(36), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("leaf_hash", sa.String(64), nullable=False),
        sa.Column("chain_hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject"])

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("chain_hash", sa.String(64), nullable=False),
    )
