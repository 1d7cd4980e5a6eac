"""Who changed what, and what people think of memories."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("memory_id", sa.String(length=36), nullable=False),
        sa.Column("actor", sa.String(length=36), nullable=False, comment="the API key that asked"),
        sa.Column("verdict", sa.String(length=16), nullable=True, comment="NULL takes back what was said"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_feedback_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("project_id", "memory_id", name=op.f("uq_feedback_project_id_memory_id")),
    )
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("actor", sa.String(length=36), nullable=True, comment="the API key that asked")
        )
        batch_op.add_column(sa.Column("user_id", sa.String(length=255), nullable=True))

    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "actor",
                sa.String(length=36),
                nullable=True,
                comment="the API key that asked; no foreign key, for the log outlives keys",
            )
        )

    # What was logged so far was all inferred, so the requests know whose it is.
    op.execute(
        "UPDATE changes SET user_id = "
        "(SELECT requests.user_id FROM requests WHERE requests.id = changes.request_id)"
    )
