"""Who works on what and until when, and which requests are the same one sent again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    for table in ("requests", "exports"):
        op.add_column(
            table,
            sa.Column("owner", sa.String(length=36), nullable=True, comment="the process at work on it"),
        )
        op.add_column(
            table,
            sa.Column(
                "lease_until", sa.BigInteger(), nullable=True, comment="when it may be taken from the owner"
            ),
        )
        op.add_column(
            table,
            sa.Column(
                "attempts",
                sa.Integer(),
                server_default="0",
                nullable=False,
                comment="how often somebody began to work on it",
            ),
        )
    op.add_column(
        "requests", sa.Column("not_before", sa.BigInteger(), nullable=True, comment="when to try it again")
    )
    op.add_column(
        "requests",
        sa.Column(
            "idempotency_key", sa.String(length=255), nullable=True, comment="NULL: none, or forgotten"
        ),
    )
    op.add_column(
        "requests",
        sa.Column("payload_digest", sa.String(length=64), nullable=True, comment="equal for equal requests"),
    )
    op.create_index(
        op.f("ix_requests_project_id_idempotency_key"),
        "requests",
        ["project_id", "idempotency_key"],
        unique=True,
    )
    op.create_table(
        "roles",
        sa.Column("name", sa.String(length=64), nullable=False, comment="what one process at a time does"),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_roles")),
    )
