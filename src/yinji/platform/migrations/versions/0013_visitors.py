"""Reports of people who are not signed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "visitors"
down_revision = "identities"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables, and the count of such reports in a case."""
    op.add_column("cases", sa.Column("by_visitors", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "visitor_reports",
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("visitor", sa.String(64), nullable=False),
        sa.Column("item_id", sa.String(36), nullable=False),
        sa.Column("why", sa.String(32), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "visitor", name="pk_visitor_reports"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_visitor_reports_case_id"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_visitor_reports_item_id"),
    )
    op.create_index("ix_visitor_reports_visitor_at", "visitor_reports", ["visitor", "at"])
    op.create_index("ix_visitor_reports_at", "visitor_reports", ["at"])
    op.create_table(
        "visitor_keys",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_visitor_keys"),
    )
