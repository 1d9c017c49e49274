"""Who accounts are at a provider of OpenID Connect."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "identities"
down_revision = "derivatives"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "account_identities",
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_account_identities"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_account_identities_account_id"),
    )
    op.create_index("ix_account_identities_account_id", "account_identities", ["account_id"])
    op.create_table(
        "oidc_answers",
        sa.Column("question_sha256", sa.String(64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("question_sha256", name="pk_oidc_answers"),
    )
