"""Whose turn it is to commit to a subject."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    op.add_column(
        "subjects", sa.Column("turn_of", sa.String(length=36), comment="the request whose turn it is")
    )
    op.add_column("subjects", sa.Column("turn_until", sa.BigInteger()))
