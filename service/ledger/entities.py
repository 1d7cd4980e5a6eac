"""Entities on SQL: those that memories name, counted off the indexes of their ids, and those made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from memoryd.exact_json import dumps, loads
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Subquery,
    and_,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    union,
    union_all,
    update,
)

from service.ledger import rows
from service.ledger.database import Database
from service.ledger.profiles import forget_profile
from service.ledger.schema import entities, memories, requests
from service.memory.entities import Entity, EntityKey, EntityListing, EntityTotals, EntityType, Stats
from service.memory.model import Metadata
from service.memory.pages import Listing, PageRequest


class SqlEntities:
    """Implements `service.memory.entities.EntityRegister`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entity(self, project_id: str, key: EntityKey) -> Entity | None:
        """See the port."""
        known = _known(project_id, (key.type,), key.id)
        row = await self._database.read(lambda connection: connection.execute(select(known)).one_or_none())
        return None if row is None else _entity_from(row)

    async def entities(self, project_id: str, wanted: EntityType | None, page: PageRequest) -> EntityListing:
        """See the port."""
        query = page_query(project_id, wanted, page)

        def read(connection: Connection) -> EntityListing:
            totals = _totals(connection, project_id)
            count = sum(totals.values()) if wanted is None else totals[wanted]
            found = [_entity_from(row) for row in connection.execute(query)]
            return EntityListing(Listing(count, found), totals)

        return await self._database.read(read)

    async def put_entity(
        self, project_id: str, key: EntityKey, metadata: Metadata | None, at: datetime
    ) -> None:
        """See the port."""
        values = {
            "metadata": None if metadata is None else dumps(metadata),
            "updated_at": rows.microseconds(at),
        }
        first = {"project_id": project_id, "kind": key.type.value, "entity_id": key.id}

        def put(connection: Connection) -> None:
            if not connection.execute(update(entities).where(_is(project_id, key)).values(values)).rowcount:
                connection.execute(
                    insert(entities).values(**first, **values, created_at=values["updated_at"])
                )

        await self._database.write(put)

    async def forget_entity(self, project_id: str, key: EntityKey) -> None:
        """See the port."""

        def forget(connection: Connection) -> None:
            connection.execute(delete(entities).where(_is(project_id, key)))
            if key.type is EntityType.USER:
                forget_profile(connection, project_id, key.id)

        await self._database.write(forget)

    async def stats(self, project_id: str) -> Stats:
        """See the port."""
        of_memories = select(func.count()).select_from(memories).where(memories.c.project_id == project_id)
        of_requests = select(func.count()).select_from(requests).where(requests.c.project_id == project_id)

        def read(connection: Connection) -> Stats:
            return Stats(
                connection.execute(of_memories).scalar_one(),
                connection.execute(of_requests).scalar_one(),
                _totals(connection, project_id),
            )

        return await self._database.read(read)


def page_query(project_id: str, wanted: EntityType | None, page: PageRequest) -> Select[Any]:
    """The query behind a page of `SqlEntities.entities`."""
    known = _known(project_id, tuple(EntityType) if wanted is None else (wanted,))
    return select(known).order_by(known.c.kind, known.c.entity_id).limit(page.size).offset(page.offset)


def _known(project_id: str, types: tuple[EntityType, ...], entity_id: str | None = None) -> Subquery:
    """One row for each entity of these types: what memories say of it and what was said by hand, together."""
    by_hand = select(
        entities.c.kind,
        entities.c.entity_id,
        literal(0).label("total"),
        entities.c.metadata,
        entities.c.created_at,
        entities.c.updated_at,
    ).where(entities.c.project_id == project_id, entities.c.kind.in_([each.value for each in types]))
    if entity_id is not None:
        by_hand = by_hand.where(entities.c.entity_id == entity_id)
    both = union_all(by_hand, *(_of_memories(project_id, each, entity_id) for each in types)).subquery()
    return (
        select(
            both.c.kind,
            both.c.entity_id,
            func.sum(both.c.total).label("total"),
            func.max(both.c.metadata).label("metadata"),
            func.min(both.c.created_at).label("created_at"),
            func.max(both.c.updated_at).label("updated_at"),
        )
        .group_by(both.c.kind, both.c.entity_id)
        .subquery()
    )


def _of_memories(project_id: str, kind: EntityType, entity_id: str | None) -> Select[Any]:
    column = memories.c[kind.field]
    return (
        select(
            literal(kind.value, String(8)).label("kind"),
            column.label("entity_id"),
            func.count().label("total"),
            null().label("metadata"),
            func.min(memories.c.created_at).label("created_at"),
            func.max(memories.c.updated_at).label("updated_at"),
        )
        .where(
            memories.c.project_id == project_id,
            column.is_not(None) if entity_id is None else column == entity_id,
        )
        .group_by(column)
    )


def _totals(connection: Connection, project_id: str) -> EntityTotals:
    """How many entities there are of each type. Ids are counted off their indexes alone."""
    known = [
        select(literal(each.value, String(8)).label("kind"), memories.c[each.field].label("entity_id"))
        .where(memories.c.project_id == project_id, memories.c[each.field].is_not(None))
        .distinct()
        for each in EntityType
    ]
    known.append(select(entities.c.kind, entities.c.entity_id).where(entities.c.project_id == project_id))
    distinct = union(*known).subquery()
    query = select(distinct.c.kind, func.count().label("total")).group_by(distinct.c.kind)
    counted = {row.kind: row.total for row in connection.execute(query)}
    return {each: counted.get(each.value, 0) for each in EntityType}


def _is(project_id: str, key: EntityKey) -> ColumnElement[bool]:
    return and_(
        entities.c.project_id == project_id,
        entities.c.kind == key.type.value,
        entities.c.entity_id == key.id,
    )


def _entity_from(row: rows.AnyRow) -> Entity:
    return Entity(
        EntityKey(EntityType(row.kind), row.entity_id),
        int(row.total),
        None if row.metadata is None else cast("Mapping[str, object]", loads(row.metadata)),
        rows.time_from(row.created_at),
        rows.time_from(row.updated_at),
    )
