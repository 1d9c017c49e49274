"""Work to do, as rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "work"
down_revision = "0002_statistics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table of tasks."""
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("key", sa.String(128)),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("due_at", sa.String(27), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.String(36)),
        sa.Column("last_error", sa.String(500), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.UniqueConstraint("key", name="uq_tasks_key"),
    )
    op.create_index("ix_tasks_state_due_at", "tasks", ["state", "due_at"])
