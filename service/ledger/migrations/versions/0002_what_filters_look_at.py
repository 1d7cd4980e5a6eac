"""What filters look at, and the indexes that pages are read off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import sqlalchemy as sa
from alembic import op
from memoryd.exact_json import loads

from service.ledger.filter_rows import category_rows, metadata_rows
from service.memory.filters.values import folded

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BATCH = 500

memories = sa.table(
    "memories",
    sa.column("sequence", sa.BigInteger()),
    sa.column("id", sa.String()),
    sa.column("project_id", sa.String()),
    sa.column("text", sa.Text()),
    sa.column("folded_text", sa.Text()),
    sa.column("metadata", sa.Text()),
    sa.column("categories", sa.Text()),
)


def upgrade() -> None:
    """Goes forward."""
    _fold_texts()
    with op.batch_alter_table("memories", schema=None) as batch_op:
        batch_op.alter_column("folded_text", existing_type=sa.Text(), nullable=False)
        batch_op.create_index(
            batch_op.f("ix_memories_project_id_created_at_sequence"),
            ["project_id", "created_at", "sequence"],
            unique=False,
        )
        for name in ("user_id", "agent_id", "app_id", "run_id"):
            batch_op.create_index(
                batch_op.f(f"ix_memories_project_id_{name}_created_at_sequence"),
                ["project_id", name, "created_at", "sequence"],
                unique=False,
            )
    # SQLite has just replaced the table of memories, which it could not do while others refer to it.
    _fill(_create_memory_metadata(), _create_memory_categories())


def _fold_texts() -> None:
    with op.batch_alter_table("memories", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "folded_text",
                sa.Text(),
                nullable=True,
                comment="the text without case and compatibility form",
            )
        )
    fold = (
        memories.update()
        .where(memories.c.sequence == sa.bindparam("at"))
        .values(folded_text=sa.bindparam("folded"))
    )
    for batch in _batches():
        op.get_bind().execute(fold, [{"at": row.sequence, "folded": folded(row.text)} for row in batch])


def _create_memory_metadata() -> sa.Table:
    return op.create_table(
        "memory_metadata",
        sa.Column("memory_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("key_digest", sa.String(length=64), nullable=False, comment="of the top-level key"),
        sa.Column(
            "kind",
            sa.String(length=8),
            nullable=False,
            comment="value, or element: of a value that is a list",
        ),
        sa.Column(
            "value_digest", sa.String(length=64), nullable=False, comment="of the value as canonical JSON"
        ),
        sa.Column("text", sa.Text(), nullable=True, comment="the value, if it is a text"),
        sa.ForeignKeyConstraint(
            ["memory_id"], ["memories.id"], name=op.f("fk_memory_metadata_memory_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_memory_metadata_project_id")),
        sa.PrimaryKeyConstraint(
            "memory_id", "key_digest", "kind", "value_digest", name=op.f("pk_memory_metadata")
        ),
    )


def _create_memory_categories() -> sa.Table:
    return op.create_table(
        "memory_categories",
        sa.Column("memory_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("name_digest", sa.String(length=64), nullable=False, comment="of name_folded"),
        sa.Column("name_folded", sa.Text(), nullable=False, comment="without case and compatibility form"),
        sa.ForeignKeyConstraint(
            ["memory_id"], ["memories.id"], name=op.f("fk_memory_categories_memory_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_memory_categories_project_id")
        ),
        sa.PrimaryKeyConstraint("memory_id", "name_digest", name=op.f("pk_memory_categories")),
    )


def _fill(memory_metadata: sa.Table, memory_categories: sa.Table) -> None:
    for batch in _batches():
        metadata = [
            values
            for row in batch
            if row.metadata
            for values in metadata_rows(
                row.project_id, row.id, cast("dict[str, object]", loads(row.metadata))
            )
        ]
        categories = [
            values
            for row in batch
            for values in category_rows(row.project_id, row.id, cast("list[str]", loads(row.categories)))
        ]
        op.bulk_insert(memory_metadata, metadata)
        op.bulk_insert(memory_categories, categories)


def _batches() -> Iterator[Sequence[sa.Row[Any]]]:
    """All memories, some at a time."""
    last = 0
    while True:
        query = (
            sa.select(memories).where(memories.c.sequence > last).order_by(memories.c.sequence).limit(BATCH)
        )
        batch = op.get_bind().execute(query).all()
        if not batch:
            return
        yield batch
        last = batch[-1].sequence
