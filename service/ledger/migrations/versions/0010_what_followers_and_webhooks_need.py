"""A log of changes that can be followed, and what was sent to webhooks."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

IDS = ("agent_id", "app_id", "run_id")


def upgrade() -> None:
    """Goes forward."""
    _tell_whose_changes_they_are()
    _sign_and_count_for_webhooks()
    op.create_table(
        "webhook_deliveries",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("webhook_id", sa.String(length=36), nullable=False),
        sa.Column(
            "change_sequence",
            sa.BigInteger(),
            nullable=False,
            comment="of `changes`; the text stands only there",
        ),
        sa.Column("change_id", sa.String(length=36), nullable=False),
        sa.Column("memory_id", sa.String(length=36), nullable=False),
        sa.Column("event_type", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="pending, delivered or dead"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("taken_until", sa.BigInteger(), nullable=False, comment="0: nobody is at it"),
        sa.Column("last_status", sa.Integer(), nullable=True, comment="the HTTP status of the last answer"),
        sa.Column("last_error", sa.String(length=64), nullable=True, comment="why there was no good answer"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_webhook_deliveries_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_deliveries_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_webhook_deliveries_id")),
        sa.UniqueConstraint(
            "webhook_id", "change_sequence", name=op.f("uq_webhook_deliveries_webhook_id_change_sequence")
        ),
    )
    for columns in (
        ("state", "next_attempt_at"),
        ("webhook_id", "state", "memory_id", "change_sequence"),
    ):
        name = op.f(f"ix_webhook_deliveries_{'_'.join(columns)}")
        op.create_index(name, "webhook_deliveries", list(columns))


def _tell_whose_changes_they_are() -> None:
    for name in IDS:
        op.add_column("changes", sa.Column(name, sa.String(length=255), nullable=True))
    changes, memories = _table("changes", "memory_id"), _table("memories", "id")
    whose = sa.select(memories.c.id).where(memories.c.id == changes.c.memory_id)
    # Of a memory that is gone nobody knows any more than its user.
    op.execute(
        changes.update().values(
            {name: whose.with_only_columns(memories.c[name]).scalar_subquery() for name in IDS}
        )
    )
    op.create_index(op.f("ix_changes_project_id_sequence"), "changes", ["project_id", "sequence"])
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("changes", recreate="always", table_kwargs={"sqlite_autoincrement": True}):
            pass


def _sign_and_count_for_webhooks() -> None:
    """Webhooks of before tell of what happens from now on; their secrets are new ones, to be rotated."""
    op.add_column(
        "webhooks",
        sa.Column("secret", sa.Text(), nullable=True, comment="what deliveries are signed with"),
    )
    op.add_column(
        "webhooks",
        sa.Column(
            "position",
            sa.BigInteger(),
            nullable=True,
            comment="the last change that became a delivery, or none",
        ),
    )
    connection, webhooks = op.get_bind(), _table("webhooks", "id", "secret", "position")
    changes = sa.table("changes", sa.column("sequence", sa.BigInteger()))
    last = sa.select(sa.func.coalesce(sa.func.max(changes.c.sequence), 0)).scalar_subquery()
    given = [
        {"which": row.id, "new": f"whsec_{secrets.token_urlsafe(32)}"}
        for row in connection.execute(sa.select(webhooks.c.id))
    ]
    if given:
        one = webhooks.update().where(webhooks.c.id == sa.bindparam("which"))
        connection.execute(one.values(secret=sa.bindparam("new"), position=last), given)
    with op.batch_alter_table("webhooks", schema=None) as batch_op:
        for name, kind in (("secret", sa.Text()), ("position", sa.BigInteger())):
            batch_op.alter_column(name, existing_type=kind, nullable=False)


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column, sa.String()) for column in (*columns, *IDS)))
