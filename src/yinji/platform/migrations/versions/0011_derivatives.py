"""What was made from served files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "derivatives"
down_revision = "webhooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "derivatives",
        sa.Column("item_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("version", sa.String(80), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "kind", name="pk_derivatives"),
    )
    op.create_index("ix_derivatives_sha256", "derivatives", ["sha256"])
