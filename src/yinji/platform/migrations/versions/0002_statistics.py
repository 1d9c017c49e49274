"""Posts can be counted by day without looking at every one of them."""

from __future__ import annotations

from alembic import op

revision = "0002_statistics"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index."""
    op.create_index("ix_items_published_at", "items", ["published_at"])
