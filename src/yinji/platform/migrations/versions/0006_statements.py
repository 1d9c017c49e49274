"""What authors state beside their declaration on AI: fiction, marketing, reposted …"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_statements"
down_revision = "copies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column."""
    op.add_column("items", sa.Column("statement", sa.String(32), nullable=False, server_default=""))
