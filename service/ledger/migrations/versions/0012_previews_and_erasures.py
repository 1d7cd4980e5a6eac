"""Previews and erasures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    _create_previews()
    _create_erasures()


def _create_previews() -> None:
    op.create_table(
        "previews",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("subject_kind", sa.String(length=8), nullable=False),
        sa.Column("subject_id", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=True),
        sa.Column("agent_id", sa.String(length=255), nullable=True),
        sa.Column("app_id", sa.String(length=255), nullable=True),
        sa.Column("run_id", sa.String(length=255), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False, comment="the request as JSON"),
        sa.Column(
            "version", sa.BigInteger(), nullable=False, comment="of the subject, when the plan was made"
        ),
        sa.Column("changes", sa.Text(), nullable=False, comment="JSON list"),
        sa.Column("rejections", sa.Text(), nullable=True, comment="JSON list"),
        sa.Column("event_id", sa.String(length=36), nullable=True, comment="the request that commits it"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_previews_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_previews")),
    )
    op.create_index(op.f("ix_previews_expires_at"), "previews", ["expires_at"])


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="user, agent, app or run"),
        sa.Column(
            "entity_digest",
            sa.String(length=64),
            nullable=False,
            comment="of whom: tells nobody who does not know the id",
        ),
        sa.Column("actor", sa.String(length=36), nullable=False, comment="the API key that asked"),
        sa.Column(
            "counts", sa.Text(), nullable=False, comment="JSON object: how much of each kind was erased"
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_erasures_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(op.f("ix_erasures_project_id_created_at"), "erasures", ["project_id", "created_at"])
