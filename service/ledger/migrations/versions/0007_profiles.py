"""Profiles of users, and how they are made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    op.create_table(
        "profile_jobs",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("operation", sa.String(length=8), nullable=False, comment="trigger or sample"),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column(
            "payload_digest",
            sa.String(length=64),
            nullable=False,
            comment="equal for requests that say the same",
        ),
        sa.Column("schema", sa.Text(), nullable=False, comment="JSON Schema, as it was set at the request"),
        sa.Column("instructions", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_profile_jobs_project_id")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_profile_jobs")),
        sa.UniqueConstraint("id", name=op.f("uq_profile_jobs_id")),
        sa.UniqueConstraint(
            "project_id", "idempotency_key", name=op.f("uq_profile_jobs_project_id_idempotency_key")
        ),
    )
    op.create_table(
        "profile_settings",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=True, comment="JSON Schema; NULL: the default one"),
        sa.Column("instructions", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_profile_settings_project_id")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_profile_settings")),
    )
    op.create_table(
        "profiles",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=False),
        sa.Column(
            "document", sa.Text(), nullable=False, comment="JSON object that fits the schema of its job"
        ),
        sa.Column("generation_count", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_profiles_project_id")),
        sa.PrimaryKeyConstraint("project_id", "user_id", name=op.f("pk_profiles")),
    )
    op.create_table(
        "profile_tasks",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column(
            "user_id",
            sa.String(length=255),
            nullable=True,
            comment="whose profile; NULL: of somebody who was deleted",
        ),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True, comment="why it failed"),
        sa.Column("error_text", sa.Text(), nullable=True, comment="the same for people"),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["profile_jobs.id"], name=op.f("fk_profile_tasks_job_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_profile_tasks_project_id")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_profile_tasks")),
    )
    with op.batch_alter_table("profile_tasks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_profile_tasks_project_id_job_id_sequence"),
            ["project_id", "job_id", "sequence"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_profile_tasks_project_id_user_id_sequence"),
            ["project_id", "user_id", "sequence"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_profile_tasks_status_sequence"), ["status", "sequence"], unique=False
        )
