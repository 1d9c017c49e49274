"""Agreements and who accepted them, copies without the explicit label, what was withdrawn, who was erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "retention"
down_revision = "served"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "agreement_acceptances",
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("version", sa.String(10), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "name", "version", name="pk_agreement_acceptances"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_agreement_acceptances_account_id"),
    )
    op.create_table(
        "unmarked_copies",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("item_id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("agreement", sa.String(10), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("keep_until", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_unmarked_copies_item_id"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_unmarked_copies_account_id"),
    )
    for column in ("item_id", "sha256", "keep_until"):
        op.create_index(f"ix_unmarked_copies_{column}", "unmarked_copies", [column])
    op.create_table(
        "withdrawals",
        sa.Column("item_id", sa.String(36), primary_key=True),
        sa.Column("actor", sa.String(36), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("keep_until", sa.String(27), nullable=False),
        sa.Column("purged_at", sa.String(27)),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_withdrawals_item_id"),
    )
    op.create_index("ix_withdrawals_keep_until", "withdrawals", ["keep_until"])
    op.create_table(
        "erasures",
        sa.Column("account_id", sa.String(36), primary_key=True),
        sa.Column("actor", sa.String(36), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_erasures_account_id"),
    )
