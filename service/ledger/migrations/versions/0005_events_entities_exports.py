"""Why requests failed, entities made by hand, and exports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    op.create_table(
        "entities",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="user, agent, app or run"),
        sa.Column("entity_id", sa.String(length=255), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=True, comment="JSON object, exactly as the client sent it"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_entities_project_id")),
        sa.PrimaryKeyConstraint("project_id", "kind", "entity_id", name=op.f("pk_entities")),
    )
    op.create_table(
        "exports",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("schema", sa.Text(), nullable=False, comment="JSON Schema, as the client sent it"),
        sa.Column("filters", sa.Text(), nullable=False, comment="JSON object: the memories it is made from"),
        sa.Column("filters_digest", sa.String(length=64), nullable=False, comment="equal for equal filters"),
        sa.Column("instructions", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True, comment="why it failed"),
        sa.Column("error_text", sa.Text(), nullable=True, comment="the same for people"),
        sa.Column("result", sa.Text(), nullable=True, comment="JSON that fits the schema"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_exports_project_id")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_exports")),
        sa.UniqueConstraint("id", name=op.f("uq_exports_id")),
    )
    with op.batch_alter_table("exports", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_exports_project_id_sequence"), ["project_id", "sequence"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_exports_project_id_filters_digest_sequence"),
            ["project_id", "filters_digest", "sequence"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_exports_status_sequence"), ["status", "sequence"], unique=False)

    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.add_column(sa.Column("error_text", sa.Text(), nullable=True, comment="the same for people"))
        batch_op.create_index(
            batch_op.f("ix_requests_project_id_created_at_sequence"),
            ["project_id", "created_at", "sequence"],
            unique=False,
        )
