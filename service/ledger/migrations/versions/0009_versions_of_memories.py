"""Versions of memories. Those that ended before are made from the log of changes.

The log does not hold all of a version: whether a memory that is gone was immutable, when it would have
expired and who said it is not known any more, and of one that is there it is taken to have been as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

import sqlalchemy as sa
from alembic import op
from memoryd.exact_json import loads

from service.ledger.filter_rows import category_rows, metadata_rows
from service.memory.filters.values import folded

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BATCH = 500
SUBJECT_AND_SCOPE = ("subject_kind", "subject_id", "user_id", "agent_id", "app_id", "run_id")
AS_TODAY = (
    *SUBJECT_AND_SCOPE,
    "sequence",
    "immutable",
    "expiration_date",
    "speaker",
    "verbatim",
    "created_at",
)

Values = dict[str, Any]

_MEMORIES = ("id", "updated_at", "revision", "valid_from", *AS_TODAY)
memories = sa.table("memories", *(sa.column(name) for name in _MEMORIES))
requests = sa.table("requests", *(sa.column(name) for name in ("id", *SUBJECT_AND_SCOPE)))
changes = sa.table(
    "changes",
    *(
        sa.column(name)
        for name in ("sequence", "project_id", "memory_id", "request_id", "event", "old_text", "metadata")
    ),
    sa.column("categories"),
    sa.column("created_at"),
)


def upgrade() -> None:
    """Goes forward."""
    op.add_column(
        "memories",
        sa.Column(
            "revision",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="counts its versions, from 1",
        ),
    )
    op.add_column(
        "memories",
        sa.Column(
            "valid_from",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="when this version began",
        ),
    )
    versions = _create_memory_versions()
    metadata, categories = _create_version_metadata(), _create_version_categories()
    op.get_bind().execute(memories.update().values(valid_from=memories.c.updated_at))
    for batch in _batches():
        _begin_present_versions(batch)
        past = [version for log in batch.values() for version in _past(log)]
        op.bulk_insert(versions, list(_placed(past)))
        _fill(metadata, categories, past)


def _create_memory_versions() -> sa.Table:
    table = op.create_table(
        "memory_versions",
        sa.Column("id", sa.String(length=36), nullable=False, comment="of the memory, which may be gone"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="of the memory"),
        sa.Column("subject_kind", sa.String(length=8), nullable=False),
        sa.Column("subject_id", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=True),
        sa.Column("agent_id", sa.String(length=255), nullable=True),
        sa.Column("app_id", sa.String(length=255), nullable=True),
        sa.Column("run_id", sa.String(length=255), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "folded_text", sa.Text(), nullable=False, comment="the text without case and compatibility form"
        ),
        sa.Column("metadata", sa.Text(), nullable=True, comment="JSON object, exactly as the client sent it"),
        sa.Column("categories", sa.Text(), nullable=False, comment="JSON list"),
        sa.Column("immutable", sa.Boolean(), nullable=False),
        sa.Column("expiration_date", sa.String(length=10), nullable=True),
        sa.Column("speaker", sa.String(length=255), nullable=True),
        sa.Column(
            "verbatim",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="a message as it was said",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column(
            "valid_to",
            sa.BigInteger(),
            nullable=False,
            comment="when the next version, or nothing, took its place",
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_memory_versions_project_id")),
        sa.PrimaryKeyConstraint("id", "revision", name=op.f("pk_memory_versions")),
    )
    for columns in (
        ["project_id", "valid_to"],
        *(["project_id", name, "valid_to"] for name in ("user_id", "agent_id", "app_id", "run_id")),
    ):
        op.create_index(op.f(f"ix_memory_versions_{'_'.join(columns)}"), "memory_versions", columns)
    return table


def _create_version_metadata() -> sa.Table:
    return op.create_table(
        "version_metadata",
        *_of_a_version("version_metadata"),
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
        sa.PrimaryKeyConstraint(
            "memory_id", "revision", "key_digest", "kind", "value_digest", name=op.f("pk_version_metadata")
        ),
    )


def _create_version_categories() -> sa.Table:
    return op.create_table(
        "version_categories",
        *_of_a_version("version_categories"),
        sa.Column("name_digest", sa.String(length=64), nullable=False, comment="of name_folded"),
        sa.Column("name_folded", sa.Text(), nullable=False, comment="without case and compatibility form"),
        sa.PrimaryKeyConstraint("memory_id", "revision", "name_digest", name=op.f("pk_version_categories")),
    )


def _of_a_version(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("memory_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["memory_id", "revision"],
            ["memory_versions.id", "memory_versions.revision"],
            name=op.f(f"fk_{table}_memory_id_revision"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f(f"fk_{table}_project_id")),
    ]


def _batches() -> Iterator[Mapping[str, Sequence[Any]]]:
    """The whole log by memory, some memories at a time, each memory's changes in order."""
    last = ""
    while True:
        ids = (
            sa.select(changes.c.memory_id)
            .where(changes.c.memory_id > last)
            .distinct()
            .order_by(changes.c.memory_id)
            .limit(BATCH)
        )
        found: Sequence[str] = op.get_bind().scalars(ids).all()
        if not found:
            return
        log: dict[str, list[Any]] = defaultdict(list)
        query = sa.select(changes).where(changes.c.memory_id.in_(found)).order_by(changes.c.sequence)
        for row in op.get_bind().execute(query):
            log[row.memory_id].append(row)
        yield log
        last = found[-1]


def _begin_present_versions(batch: Mapping[str, Sequence[Any]]) -> None:
    begin = (
        memories.update()
        .where(memories.c.id == sa.bindparam("of"))
        .values(revision=sa.bindparam("number"), valid_from=sa.bindparam("began"))
    )
    present = [
        {"of": memory_id, "number": len(log), "began": max(change.created_at for change in log)}
        for memory_id, log in batch.items()
        if log[-1].event != "DELETE"
    ]
    if present:
        op.get_bind().execute(begin, present)


def _past(log: Sequence[Any]) -> Iterator[Values]:
    """What the log of one memory says of its versions that have ended."""
    began = 0
    for number, (change, next_change) in enumerate(pairwise(log), start=1):
        began = max(began, change.created_at)
        text = next_change.old_text or ""
        yield {
            "id": change.memory_id,
            "revision": number,
            "project_id": change.project_id,
            "request_id": log[0].request_id,
            "text": text,
            "folded_text": folded(text),
            "metadata": change.metadata,
            "categories": change.categories,
            "updated_at": change.created_at,
            "valid_from": began,
            "valid_to": max(began, next_change.created_at),
            "sequence": log[0].sequence,
            "immutable": False,
            "expiration_date": None,
            "speaker": None,
            "verbatim": False,
            "created_at": log[0].created_at,
        }


def _placed(past: Sequence[Values]) -> Iterator[Values]:
    """The versions with their scopes: of the memory as it is or, once it is gone, of its first request."""
    today = _rows(memories, AS_TODAY, {version["id"] for version in past})
    asked = _rows(requests, SUBJECT_AND_SCOPE, {version["request_id"] for version in past})
    for version in past:
        request_id = version.pop("request_id")
        yield version | (today[version["id"]] if version["id"] in today else asked[request_id])


def _rows(table: sa.TableClause, names: Sequence[str], ids: set[str]) -> Mapping[str, Values]:
    query = sa.select(table.c.id, *(table.c[name] for name in names)).where(table.c.id.in_(ids))
    return {row.id: {name: getattr(row, name) for name in names} for row in op.get_bind().execute(query)}


def _fill(metadata: sa.Table, categories: sa.Table, past: Sequence[Values]) -> None:
    op.bulk_insert(
        metadata,
        [
            row | {"revision": version["revision"]}
            for version in past
            if version["metadata"]
            for row in metadata_rows(
                version["project_id"],
                version["id"],
                cast("dict[str, object]", loads(version["metadata"])),
            )
        ],
    )
    op.bulk_insert(
        categories,
        [
            row | {"revision": version["revision"]}
            for version in past
            for row in category_rows(
                version["project_id"], version["id"], cast("list[str]", loads(version["categories"]))
            )
        ],
    )
