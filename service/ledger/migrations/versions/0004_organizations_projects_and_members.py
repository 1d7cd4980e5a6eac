"""Organizations, projects and their members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# What keys could do so far, they may do as members. The smaller word of the two is the greater role.
MEMBERS_OF_PROJECTS = """
    INSERT INTO project_members (project_id, member, role, created_at)
    SELECT project_id, CASE email WHEN '' THEN id ELSE email END, min(role), min(created_at)
    FROM api_keys WHERE revoked_at IS NULL
    GROUP BY project_id, CASE email WHEN '' THEN id ELSE email END
"""
MEMBERS_OF_ORGANIZATIONS = """
    INSERT INTO organization_members (organization_id, member, role, created_at)
    SELECT organization_id, CASE email WHEN '' THEN id ELSE email END, min(role), min(created_at)
    FROM api_keys WHERE revoked_at IS NULL AND organization_wide
    GROUP BY organization_id, CASE email WHEN '' THEN id ELSE email END
"""


def upgrade() -> None:
    """Goes forward."""
    op.create_table(
        "dropped_projects",
        sa.Column(
            "project_id",
            sa.String(length=36),
            nullable=False,
            comment="deleted; the index may still hold its vectors",
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_dropped_projects")),
    )
    op.create_table(
        "organization_members",
        sa.Column("organization_id", sa.String(length=36), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False, comment="an email address, or a key's id"),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_organization_members_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "member", name=op.f("pk_organization_members")),
    )
    with op.batch_alter_table("organization_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organization_members_member"), ["member"], unique=False)

    op.create_table(
        "project_members",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False, comment="an email address, or a key's id"),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_project_members_project_id")),
        sa.PrimaryKeyConstraint("project_id", "member", name=op.f("pk_project_members")),
    )
    with op.batch_alter_table("project_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_members_member"), ["member"], unique=False)

    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("event_types", sa.Text(), nullable=False, comment="JSON list"),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_webhooks_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    with op.batch_alter_table("webhooks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_webhooks_project_id_created_at"), ["project_id", "created_at"], unique=False
        )

    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.alter_column("project_id", existing_type=sa.VARCHAR(length=36), nullable=True)

    with op.batch_alter_table("organizations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("description", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("updated_at", sa.BigInteger(), nullable=True, comment="NULL: not since it was made")
        )
        batch_op.drop_constraint(batch_op.f("uq_organizations_name"), type_="unique")

    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.add_column(sa.Column("description", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column(
                "settings",
                sa.Text(),
                nullable=True,
                comment="JSON object: the other settings, under the names that clients use",
            )
        )
        batch_op.add_column(
            sa.Column("updated_at", sa.BigInteger(), nullable=True, comment="NULL: not since it was made")
        )

    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table(
            "outbox", recreate="always", table_kwargs={"sqlite_autoincrement": True}
        ) as batch_op:
            pass
    op.execute(sa.text("UPDATE api_keys SET email = lower(email)"))
    op.execute(sa.text(MEMBERS_OF_PROJECTS))
    op.execute(sa.text(MEMBERS_OF_ORGANIZATIONS))
