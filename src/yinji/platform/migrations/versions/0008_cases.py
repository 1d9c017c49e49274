"""Reports, cases, decisions, appeals and strikes; the review in force of an item."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cases"
down_revision = "audit_tree"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "cases",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("item_id", sa.String(36), nullable=False),
        sa.Column("author_id", sa.String(36), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("why", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("queue", sa.String(32), nullable=False),
        sa.Column("unlabelled", sa.Integer(), nullable=False),
        sa.Column("wrongly_labelled", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.String(27), nullable=False),
        sa.Column("due_at", sa.String(27)),
        sa.Column("until", sa.String(27)),
        sa.Column("claimed_by", sa.String(36)),
        sa.Column("claimed_until", sa.String(27)),
        sa.Column("slot", sa.String(80)),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name="fk_cases_author_id"),
        sa.ForeignKeyConstraint(["claimed_by"], ["accounts.id"], name="fk_cases_claimed_by"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_cases_item_id"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("slot", name="uq_cases_slot"),
    )
    op.create_index("ix_cases_author_id_id", "cases", ["author_id", "id"])
    op.create_index("ix_cases_item_id", "cases", ["item_id"])
    op.create_index("ix_cases_queue_state_due_at", "cases", ["queue", "state", "due_at"])
    op.create_index("ix_cases_state_until", "cases", ["state", "until"])
    op.create_table(
        "case_decisions",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("item_id", sa.String(36), nullable=False),
        sa.Column("reviewer_id", sa.String(36), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("tier_before", sa.String(16), nullable=False),
        sa.Column("tier_after", sa.String(16), nullable=False),
        sa.Column("copy_of", sa.String(36)),
        sa.Column("copies", sa.String(8), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_decisions_case_id"),
        sa.ForeignKeyConstraint(["copy_of"], ["case_decisions.id"], name="fk_case_decisions_copy_of"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_case_decisions_item_id"),
        sa.ForeignKeyConstraint(["reviewer_id"], ["accounts.id"], name="fk_case_decisions_reviewer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_decisions"),
        sa.UniqueConstraint("copy_of", "item_id", name="uq_case_decisions_copy_of_item_id"),
    )
    op.create_index("ix_case_decisions_case_id", "case_decisions", ["case_id"])
    op.create_index("ix_case_decisions_copies", "case_decisions", ["copies"])
    op.create_index("ix_case_decisions_item_id", "case_decisions", ["item_id"])
    op.create_table(
        "case_skips",
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_case_skips_account_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_skips_case_id"),
        sa.PrimaryKeyConstraint("case_id", "account_id", name="pk_case_skips"),
    )
    op.create_table(
        "case_steps",
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("actor", sa.String(36), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_steps_case_id"),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_case_steps"),
    )
    op.create_table(
        "reports",
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("reporter_id", sa.String(36), nullable=False),
        sa.Column("item_id", sa.String(36), nullable=False),
        sa.Column("why", sa.String(32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_reports_case_id"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_reports_item_id"),
        sa.ForeignKeyConstraint(["reporter_id"], ["accounts.id"], name="fk_reports_reporter_id"),
        sa.PrimaryKeyConstraint("case_id", "reporter_id", name="pk_reports"),
    )
    op.create_index("ix_reports_case_id_at", "reports", ["case_id", "at"])
    op.create_index("ix_reports_reporter_id_at", "reports", ["reporter_id", "at"])
    op.create_table(
        "strikes",
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("item_id", sa.String(36), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("withdrawn_at", sa.String(27)),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_strikes_account_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_strikes_case_id"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_strikes_item_id"),
        sa.PrimaryKeyConstraint("account_id", "kind", "case_id", name="pk_strikes"),
    )
    op.create_index("ix_strikes_case_id", "strikes", ["case_id"])
    op.create_table(
        "appeals",
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("decision_id", sa.String(36)),
        sa.Column("author_id", sa.String(36), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("wants", sa.String(16), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name="fk_appeals_author_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_appeals_case_id"),
        sa.ForeignKeyConstraint(["decision_id"], ["case_decisions.id"], name="fk_appeals_decision_id"),
        sa.PrimaryKeyConstraint("case_id", name="pk_appeals"),
        sa.UniqueConstraint("decision_id", name="uq_appeals_decision_id"),
    )
    op.add_column("items", sa.Column("review", sa.Text()))
