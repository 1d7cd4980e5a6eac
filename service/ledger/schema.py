"""The tables. Times are microseconds since the Unix epoch in UTC; ids are UUIDs as text.

Texts are compared for equality only, by code points: SQLite's BINARY and every deterministic collation of
PostgreSQL do that. The one text that is ordered is an ISO date, whose order is the same in all of them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the key's type is INTEGER.
Sequence = BigInteger().with_variant(Integer, "sqlite")
Id = String(36)
Name = String(255)
Digest = String(64)
"""SHA-256, hexadecimal."""

SCOPE = ("user_id", "agent_id", "app_id", "run_id")


def _scope() -> list[Column[str]]:
    return [Column(name, Name) for name in SCOPE]


def _subject() -> list[Column[str]]:
    return [Column("subject_kind", String(8), nullable=False), Column("subject_id", Name, nullable=False)]


def _lease() -> list[SchemaItem]:
    return [
        Column("owner", Id, comment="the process at work on it"),
        Column("lease_until", BigInteger, comment="when it may be taken from the owner"),
        Column(
            "attempts",
            Integer,
            nullable=False,
            server_default="0",
            comment="how often somebody began to work on it",
        ),
    ]


def _membership() -> list[SchemaItem]:
    return [
        Column("member", Name, primary_key=True, index=True, comment="an email address, or a key's id"),
        Column("role", String(16), nullable=False),
        Column("created_at", BigInteger, nullable=False),
    ]


organizations = Table(
    "organizations",
    metadata,
    Column("id", Id, primary_key=True),
    # Not unique: a name that is taken would tell one tenant about another.
    Column("name", Name, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, comment="NULL: not since it was made"),
)

projects = Table(
    "projects",
    metadata,
    Column("id", Id, primary_key=True),
    Column("organization_id", Id, ForeignKey("organizations.id"), nullable=False),
    Column("name", Name, nullable=False),
    Column("custom_categories", Text, comment="JSON object, name to description"),
    Column("custom_instructions", Text),
    Column("description", Text, nullable=False, server_default=""),
    Column("settings", Text, comment="JSON object: the other settings, under the names that clients use"),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, comment="NULL: not since it was made"),
    UniqueConstraint("organization_id", "name"),
)

organization_members = Table(
    "organization_members",
    metadata,
    Column("organization_id", Id, ForeignKey("organizations.id"), primary_key=True),
    *_membership(),
)

project_members = Table(
    "project_members",
    metadata,
    Column("project_id", Id, ForeignKey("projects.id"), primary_key=True),
    *_membership(),
)

dropped_projects = Table(
    "dropped_projects",
    metadata,
    Column("project_id", Id, primary_key=True, comment="deleted; the index may still hold its vectors"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", Digest, nullable=False, unique=True, comment="SHA-256 of the secret, hexadecimal"),
    Column("hint", String(4), nullable=False),
    Column("name", Name, nullable=False),
    Column("organization_id", Id, ForeignKey("organizations.id"), nullable=False),
    Column("project_id", Id, ForeignKey("projects.id"), comment="of calls that select none"),
    Column("role", String(16), nullable=False),
    Column("organization_wide", Boolean, nullable=False),
    Column("email", Name, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

embedding_space = Table(
    "embedding_space",
    metadata,
    Column("id", Integer, primary_key=True, comment="always 1: the vectors of one model fill the index"),
    Column("model", Name, nullable=False),
    Column("dimensions", Integer, nullable=False),
)

subjects = Table(
    "subjects",
    metadata,
    Column("project_id", Id, ForeignKey("projects.id"), primary_key=True),
    Column("subject_kind", String(8), primary_key=True),
    Column("subject_id", Name, primary_key=True),
    Column("version", BigInteger, nullable=False, comment="counts the commits that changed its memories"),
    Column("turn_of", Id, comment="the request whose turn it is"),
    Column("turn_until", BigInteger),
)

requests = Table(
    "requests",
    metadata,
    Column("sequence", Sequence, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    *_subject(),
    *_scope(),
    Column("actor", Id, comment="the API key that asked; no foreign key, for the log outlives keys"),
    Column("payload", Text, nullable=False, comment="the request as JSON"),
    Column("asynchronous", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", String(64), comment="why it failed"),
    Column("error_text", Text, comment="the same for people"),
    Column("rejections", Text, comment="JSON list; what the model proposed in vain"),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("completed_at", BigInteger),
    *_lease(),
    Column("not_before", BigInteger, comment="when to try it again"),
    Column("idempotency_key", Name, comment="NULL: none, or forgotten"),
    Column("payload_digest", Digest, comment="equal for equal requests"),
    Index(None, "project_id", "subject_kind", "subject_id", "sequence"),
    Index(None, "status", "sequence"),
    Index(None, "project_id", "created_at", "sequence"),
    Index(None, "project_id", "idempotency_key", unique=True),
)


def _facts() -> list[Column[Any]]:
    """What a memory says, now or in an earlier version."""
    return [
        *_subject(),
        *_scope(),
        Column("text", Text, nullable=False),
        Column("folded_text", Text, nullable=False, comment="the text without case and compatibility form"),
        Column("metadata", Text, comment="JSON object, exactly as the client sent it"),
        Column("categories", Text, nullable=False, comment="JSON list"),
        Column("immutable", Boolean, nullable=False),
        Column("expiration_date", String(10)),
        Column("speaker", Name),
        Column(
            "verbatim", Boolean, nullable=False, server_default=false(), comment="a message as it was said"
        ),
        Column("created_at", BigInteger, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
    ]


memories = Table(
    "memories",
    metadata,
    Column("sequence", Sequence, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    *_facts(),
    Column("revision", Integer, nullable=False, server_default="1", comment="counts its versions, from 1"),
    Column("valid_from", BigInteger, nullable=False, server_default="0", comment="when this version began"),
    Index(None, "project_id", "subject_kind", "subject_id", "sequence"),
    # A page of any of these is read off its index, newest first, without sorting.
    Index(None, "project_id", "created_at", "sequence"),
    *(Index(None, "project_id", name, "created_at", "sequence") for name in SCOPE),
)

# Versions that have ended, for good: what a memory said before it was changed or deleted. The present one
# stands in `memories` alone, so that a past costs nothing to those who add and read.
memory_versions = Table(
    "memory_versions",
    metadata,
    Column("id", Id, primary_key=True, comment="of the memory, which may be gone"),
    Column("revision", Integer, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("sequence", BigInteger, nullable=False, comment="of the memory"),
    *_facts(),
    Column("valid_from", BigInteger, nullable=False),
    Column(
        "valid_to", BigInteger, nullable=False, comment="when the next version, or nothing, took its place"
    ),
    # The past of a scope is read from its end: what ended before the moment asked for is passed over.
    Index(None, "project_id", "valid_to"),
    *(Index(None, "project_id", name, "valid_to") for name in SCOPE),
)


def _of_a_memory() -> list[SchemaItem]:
    return [
        Column("memory_id", Id, ForeignKey("memories.id", ondelete="CASCADE"), primary_key=True),
        Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    ]


def _of_a_version() -> list[SchemaItem]:
    return [
        Column("memory_id", Id, primary_key=True),
        Column("revision", Integer, primary_key=True),
        Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
        ForeignKeyConstraint(
            ["memory_id", "revision"], [memory_versions.c.id, memory_versions.c.revision], ondelete="CASCADE"
        ),
    ]


def _metadata_row() -> list[Column[str]]:
    return [
        Column("key_digest", Digest, primary_key=True, comment="of the top-level key"),
        Column("kind", String(8), primary_key=True, comment="value, or element: of a value that is a list"),
        Column("value_digest", Digest, primary_key=True, comment="of the value as canonical JSON"),
        Column("text", Text, comment="the value, if it is a text"),
    ]


def _category_row() -> list[Column[str]]:
    return [
        Column("name_digest", Digest, primary_key=True, comment="of name_folded"),
        Column("name_folded", Text, nullable=False, comment="without case and compatibility form"),
    ]


# What filters look at, for SQL cannot look into JSON the same way on every database. Names and values may be
# longer than an index takes (2,704 bytes on PostgreSQL), so that their digests are compared instead.
# The rows go with their memory. So no migration may let Alembic replace the table `memories` on SQLite, as it
# does for changed columns and constraints: dropping the old table would empty these two.
memory_metadata = Table("memory_metadata", metadata, *_of_a_memory(), *_metadata_row())
memory_categories = Table("memory_categories", metadata, *_of_a_memory(), *_category_row())
version_metadata = Table("version_metadata", metadata, *_of_a_version(), *_metadata_row())
version_categories = Table("version_categories", metadata, *_of_a_version(), *_category_row())

changes = Table(
    "changes",
    metadata,
    Column("sequence", Sequence, primary_key=True, comment="the order of commits within a project"),
    Column("id", Id, nullable=False, unique=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("memory_id", Id, nullable=False),
    Column("request_id", Id, nullable=False, comment="of `requests`, or of one call that changes by hand"),
    Column("actor", Id, comment="the API key that asked"),
    *_scope(),
    Column("event", String(8), nullable=False),
    Column("old_text", Text),
    Column("new_text", Text),
    Column("metadata", Text),
    Column("categories", Text, nullable=False),
    Column("evidence", Text, comment="JSON object"),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "project_id", "memory_id", "sequence"),
    Index(None, "project_id", "request_id", "sequence"),
    Index(None, "project_id", "sequence"),
    # Who follows the log remembers how far: a number must never come back for another change.
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("sequence", Sequence, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("memory_id", Id, nullable=False),
    *_scope(),
    Column("vector", LargeBinary, comment="float32, little endian; NULL says: forget it"),
    Index(None, "project_id", "memory_id", "sequence"),
    # A deleted project takes its rows along. Their numbers may still be on the way to `outbox_done`, so
    # they must never be given to other rows.
    sqlite_autoincrement=True,
)

previews = Table(
    "previews",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    *_subject(),
    *_scope(),
    Column("payload", Text, nullable=False, comment="the request as JSON"),
    Column("version", BigInteger, nullable=False, comment="of the subject, when the plan was made"),
    Column("changes", Text, nullable=False, comment="JSON list"),
    Column("rejections", Text, comment="JSON list"),
    Column("event_id", Id, comment="the request that commits it"),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("kind", String(8), nullable=False, comment="user, agent, app or run"),
    Column("entity_digest", Digest, nullable=False, comment="of whom: tells nobody who does not know the id"),
    Column("actor", Id, nullable=False, comment="the API key that asked"),
    Column("counts", Text, nullable=False, comment="JSON object: how much of each kind was erased"),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "project_id", "created_at"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("name", Name, nullable=False),
    Column("url", Text, nullable=False),
    Column("event_types", Text, nullable=False, comment="JSON list"),
    Column("is_active", Boolean, nullable=False),
    Column("secret", Text, nullable=False, comment="what deliveries are signed with"),
    Column("position", BigInteger, nullable=False, comment="the last change that became a delivery, or none"),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "project_id", "created_at"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("sequence", Sequence, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("webhook_id", Id, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("change_sequence", BigInteger, nullable=False, comment="of `changes`; the text stands only there"),
    Column("change_id", Id, nullable=False),
    Column("memory_id", Id, nullable=False),
    Column("event_type", String(32), nullable=False),
    Column("state", String(16), nullable=False, comment="pending, delivered or dead"),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=False),
    Column("taken_until", BigInteger, nullable=False, comment="0: nobody is at it"),
    Column("last_status", Integer, comment="the HTTP status of the last answer"),
    Column("last_error", String(64), comment="why there was no good answer"),
    Column("created_at", BigInteger, nullable=False),
    Column("completed_at", BigInteger),
    UniqueConstraint("webhook_id", "change_sequence"),
    Index(None, "state", "next_attempt_at"),
    Index(None, "webhook_id", "state", "memory_id", "change_sequence"),
)

entities = Table(
    "entities",
    metadata,
    Column("project_id", Id, ForeignKey("projects.id"), primary_key=True),
    Column("kind", String(8), primary_key=True, comment="user, agent, app or run"),
    Column("entity_id", Name, primary_key=True),
    Column("metadata", Text, comment="JSON object, exactly as the client sent it"),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

exports = Table(
    "exports",
    metadata,
    Column("sequence", Sequence, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("schema", Text, nullable=False, comment="JSON Schema, as the client sent it"),
    Column("filters", Text, nullable=False, comment="JSON object: the memories it is made from"),
    Column("filters_digest", Digest, nullable=False, comment="equal for equal filters"),
    Column("instructions", Text),
    Column("status", String(16), nullable=False),
    Column("reason", String(64), comment="why it failed"),
    Column("error_text", Text, comment="the same for people"),
    Column("result", Text, comment="JSON that fits the schema"),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("completed_at", BigInteger),
    *_lease(),
    Index(None, "project_id", "sequence"),
    Index(None, "project_id", "filters_digest", "sequence"),
    Index(None, "status", "sequence"),
)

profile_settings = Table(
    "profile_settings",
    metadata,
    Column("project_id", Id, ForeignKey("projects.id"), primary_key=True),
    Column("enabled", Boolean, nullable=False, server_default=false()),
    Column("schema", Text, comment="JSON Schema; NULL: the default one"),
    Column("instructions", Text),
)

profile_jobs = Table(
    "profile_jobs",
    metadata,
    Column("sequence", Sequence, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("operation", String(8), nullable=False, comment="trigger or sample"),
    Column("idempotency_key", Name),
    Column("payload_digest", Digest, nullable=False, comment="equal for requests that say the same"),
    Column("schema", Text, nullable=False, comment="JSON Schema, as it was set at the request"),
    Column("instructions", Text),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("project_id", "idempotency_key"),
)

profile_tasks = Table(
    "profile_tasks",
    metadata,
    Column("sequence", Sequence, primary_key=True),
    Column("job_id", Id, ForeignKey("profile_jobs.id"), nullable=False),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("user_id", Name, comment="whose profile; NULL: of somebody who was deleted"),
    Column("status", String(16), nullable=False),
    Column("reason", String(64), comment="why it failed"),
    Column("error_text", Text, comment="the same for people"),
    Column("started_at", BigInteger),
    Column("completed_at", BigInteger),
    *_lease(),
    Index(None, "project_id", "job_id", "sequence"),
    Index(None, "project_id", "user_id", "sequence"),
    Index(None, "status", "sequence"),
)

profiles = Table(
    "profiles",
    metadata,
    Column("project_id", Id, ForeignKey("projects.id"), primary_key=True),
    Column("user_id", Name, primary_key=True),
    Column("document", Text, nullable=False, comment="JSON object that fits the schema of its job"),
    Column("generation_count", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

roles = Table(
    "roles",
    metadata,
    Column("name", String(64), primary_key=True, comment="what one process at a time does"),
    Column("owner", Id, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("memory_id", Id, nullable=False),
    Column("actor", Id, nullable=False, comment="the API key that asked"),
    Column("verdict", String(16), comment="NULL takes back what was said"),
    Column("reason", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("project_id", "memory_id"),
)
