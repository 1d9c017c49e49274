"""Decisions that correct a short-video label."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "corrected_labels"
down_revision = "entries_together"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds what the label was and became."""
    for name in ("annotation_before", "annotation_after"):
        op.add_column("case_decisions", sa.Column(name, sa.String(32), nullable=False, server_default=""))
