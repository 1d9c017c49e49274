"""What the platform adds by itself, visible labels on served files, relabelling of the back catalogue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "served"
down_revision = "cases"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables, and the column for the mandatory short-video label."""
    op.add_column("items", sa.Column("annotation", sa.String(32), nullable=False, server_default=""))
    op.create_table(
        "policies",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("actor", sa.String(36), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "visible_labels",
        sa.Column(
            "item_id", sa.String(36), sa.ForeignKey("items.id", name="fk_visible_labels_item_id"), primary_key=True
        ),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_by", sa.String(36), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.Column("marked_sha256", sa.String(64)),
        sa.Column("drawn", sa.Text()),
        sa.Column("reason", sa.Text()),
    )
    op.create_index("ix_visible_labels_marked_sha256", "visible_labels", ["marked_sha256"])
    op.create_table(
        "relabellings",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_by", sa.String(36), nullable=False),
        sa.Column("started_at", sa.String(27), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.Column("regime_version", sa.String(32), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("position", sa.String(36), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("raised", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
    )
