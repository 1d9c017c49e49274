"""Media that is known with a label, and the digests of the media in what is uploaded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "copies"
down_revision = "0003_api_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the digests, and the register that is looked up by them."""
    op.add_column("drafts", sa.Column("media_digest", sa.String(64)))
    op.add_column("items", sa.Column("media_digest", sa.String(64)))
    op.create_index("ix_items_media_digest", "items", ["media_digest"])
    op.create_table(
        "known_media",
        sa.Column("media_digest", sa.String(64), primary_key=True),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("item_id", sa.String(36)),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("known_at", sa.String(27), nullable=False),
    )
    op.create_index("ix_known_media_item_id", "known_media", ["item_id"])
