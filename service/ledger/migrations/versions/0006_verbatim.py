"""Which memories are messages as they were said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    op.add_column(
        "memories",
        sa.Column(
            "verbatim",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="a message as it was said",
        ),
    )
