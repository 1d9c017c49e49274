"""Labels that were seen in uploads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "sightings"
down_revision = "corrected_labels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "sightings",
        sa.Column("item_id", sa.String(36), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name="pk_sightings"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_sightings_item_id"),
    )
