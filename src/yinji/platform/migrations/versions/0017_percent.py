"""How far the drawing of a visible label is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "percent"
down_revision = "sightings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column."""
    op.add_column("visible_labels", sa.Column("percent", sa.Integer(), nullable=False, server_default="0"))
