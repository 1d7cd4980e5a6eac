"""Erasure on SQL: every row that an entity has left, in every table."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from memoryd.exact_json import dumps, loads
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    union,
    update,
)

from service.ledger import rows
from service.ledger.database import Database
from service.ledger.edits import SUBJECT, keep_writers_out
from service.ledger.profiles import forget_profile
from service.ledger.schema import (
    changes,
    entities,
    erasures,
    exports,
    feedback,
    memories,
    memory_versions,
    outbox,
    previews,
    profile_tasks,
    profiles,
    requests,
    subjects,
    webhook_deliveries,
)
from service.ledger.scopes import RememberedScopes
from service.memory.entities import EntityKey, EntityType
from service.memory.erase import Receipt
from service.memory.exports import Wanted
from service.memory.filters.scopes import required_ids
from service.memory.filters.values import canonical, digest
from service.memory.profiles import TaskStatus


class SqlErasure:
    """Implements `service.memory.erase.Eraser`."""

    def __init__(self, database: Database, scopes: RememberedScopes | None = None) -> None:
        self._database = database
        self._scopes = scopes or RememberedScopes()

    async def erase(self, project_id: str, key: EntityKey, actor: str, at: datetime) -> Receipt:
        """See the port."""

        def erase(connection: Connection) -> Receipt:
            own = and_(subjects.c.subject_kind == key.type.value, subjects.c.subject_id == key.id)
            keep_writers_out(connection, project_id, _of(memories, project_id, key), own)
            counts = _erase(connection, project_id, key)
            receipt = Receipt(id=str(uuid.uuid4()), at=at, **counts)
            kept = {
                "id": receipt.id,
                "project_id": project_id,
                "kind": key.type.value,
                "entity_digest": digest(canonical([project_id, key.type.value, key.id])),
                "actor": actor,
                "counts": dumps(counts),
                "created_at": rows.microseconds(at),
            }
            connection.execute(insert(erasures).values(kept))
            return receipt

        receipt = await self._database.write(erase)
        self._scopes.forget()
        return receipt

    async def last_index_work(self, project_id: str) -> int:
        """See the port."""
        query = select(func.max(outbox.c.sequence)).where(outbox.c.project_id == project_id)
        return await self._database.read(lambda connection: connection.scalar(query)) or 0

    async def index_work(self, project_id: str, last: int) -> int:
        """See the port."""
        undone = and_(outbox.c.project_id == project_id, outbox.c.sequence <= last)
        query = select(func.count()).select_from(outbox).where(undone)
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    async def wipe(self) -> None:
        """See the port."""
        await self._database.wipe()


def _erase(connection: Connection, project_id: str, key: EntityKey) -> dict[str, int]:
    """Removes the rows, those first that are found by others."""

    def gone(table: Table, *conditions: ColumnElement[bool]) -> int:
        chosen = and_(table.c.project_id == project_id, *conditions)
        return connection.execute(delete(table).where(chosen)).rowcount

    tables = (memories, memory_versions)
    known = union(*(select(table.c.id).where(_of(table, project_id, key)) for table in tables)).subquery()
    ids = select(known.c.id)
    asked = select(requests.c.id).where(_of(requests, project_id, key))
    of_changes = or_(
        changes.c[key.type.field] == key.id, changes.c.memory_id.in_(ids), changes.c.request_id.in_(asked)
    )
    counts = {
        "feedback": gone(feedback, feedback.c.memory_id.in_(ids)),
        "changes": gone(changes, of_changes),
        "exports": gone(exports, exports.c.id.in_(_exports(connection, project_id, key))),
    }
    gone(webhook_deliveries, webhook_deliveries.c.memory_id.in_(ids))
    gone(outbox, outbox.c.memory_id.in_(ids))
    _erase_profiles(connection, project_id, key)
    to_forget = select(memories.c.project_id, memories.c.id).where(_of(memories, project_id, key))
    connection.execute(insert(outbox).from_select(["project_id", "memory_id"], to_forget))
    touched = select(memories.c.subject_kind, memories.c.subject_id).where(_of(memories, project_id, key))
    theirs = and_(subjects.c.project_id == project_id, tuple_(*SUBJECT).in_(touched))
    connection.execute(update(subjects).where(theirs).values(version=subjects.c.version + 1))
    named = {
        table.name: gone(table, table.c[key.type.field] == key.id)
        for table in (memories, memory_versions, requests, previews)
    }
    # A request that has been read before ends by a conflict, for it is gone: so no version need stay.
    gone(subjects, subjects.c.subject_kind == key.type.value, subjects.c.subject_id == key.id)
    gone(entities, entities.c.kind == key.type.value, entities.c.entity_id == key.id)
    return counts | {
        "memories": named["memories"],
        # Each memory has one vector, be it in the index or on its way.
        "vectors": named["memories"],
        "versions": named["memory_versions"],
        "requests": named["requests"],
        "previews": named["previews"],
    }


def _erase_profiles(connection: Connection, project_id: str, key: EntityKey) -> None:
    """Removes the profiles that were made from the entity's memories, whosever they are.

    One that is being made at the moment is made anew, from what is left.
    """
    waits: rows.Values = {"status": TaskStatus.PENDING.value, "owner": None, "lease_until": None}
    for table in (memories, memory_versions):
        told = select(table.c.user_id).where(_of(table, project_id, key), table.c.user_id.is_not(None))
        of_profiles = and_(profiles.c.project_id == project_id, profiles.c.user_id.in_(told))
        under_way = and_(
            profile_tasks.c.project_id == project_id,
            profile_tasks.c.user_id.in_(told),
            profile_tasks.c.status == TaskStatus.RUNNING.value,
        )
        connection.execute(update(profile_tasks).where(under_way).values(waits))
        connection.execute(delete(profiles).where(of_profiles))
    if key.type is EntityType.USER:
        forget_profile(connection, project_id, key.id)


def _of(table: Table, project_id: str, key: EntityKey) -> ColumnElement[bool]:
    return and_(table.c.project_id == project_id, table.c[key.type.field] == key.id)


def _exports(connection: Connection, project_id: str, key: EntityKey) -> list[str]:
    """The exports that may hold something of the entity: all but those of somebody else."""
    query = select(exports.c.id, exports.c.filters).where(exports.c.project_id == project_id)
    return [row.id for row in connection.execute(query) if _may_hold(row.filters, key)]


def _may_hold(filters: str, key: EntityKey) -> bool:
    wanted = Wanted(cast("Mapping[str, object]", loads(filters)))
    named = required_ids(wanted.filter([])).ids.get(key.type.field, key.id)
    return named in {key.id, "*"} or canonical(key.id) in filters
