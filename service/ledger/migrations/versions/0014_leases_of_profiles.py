"""Who makes which profile, and until when nobody else does."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    op.add_column(
        "profile_tasks",
        sa.Column("owner", sa.String(length=36), nullable=True, comment="the process at work on it"),
    )
    op.add_column(
        "profile_tasks",
        sa.Column(
            "lease_until", sa.BigInteger(), nullable=True, comment="when it may be taken from the owner"
        ),
    )
    op.add_column(
        "profile_tasks",
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="how often somebody began to work on it",
        ),
    )
