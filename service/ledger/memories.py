"""Current memories, read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from service.ledger import rows
from service.ledger.database import Database
from service.ledger.filtering import condition
from service.ledger.schema import memories, outbox
from service.ledger.scope_reads import MEMORY, ScopeReads
from service.ledger.scopes import RememberedScopes
from service.memory.filters import Filter
from service.memory.filters.scopes import scope_of
from service.memory.model import Memory, Scope
from service.memory.ports import Page, ReadAhead, Scorable


class SqlMemories:
    """Implements `service.memory.ports.MemoryReader`."""

    def __init__(self, database: Database, scopes: RememberedScopes | None = None) -> None:
        self._database = database
        self._reads = ScopeReads(scopes or RememberedScopes())

    async def get(self, project_id: str, memory_id: str) -> Memory | None:
        """See the port."""
        query = select(memories).where(memories.c.project_id == project_id, memories.c.id == memory_id)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else rows.memory_from(row)

    async def page(
        self, project_id: str, filter_: Filter, *, offset: int, limit: int, on: date | None
    ) -> Page:
        """See the port."""
        wanted = _wanted(project_id, filter_, on)
        query = page_query(project_id, filter_, offset=offset, limit=limit, on=on)
        counting = select(func.count()).select_from(memories).where(wanted)

        def read(connection: Connection) -> Page:
            found = rows.memories_from(connection.execute(query))
            return Page(found, connection.execute(counting).scalar_one())

        return await self._database.read(read)

    async def ids(self, project_id: str, filter_: Filter, *, limit: int, on: date | None) -> Sequence[str]:
        """See the port."""
        query = _newest_first(select(memories.c.id).where(_wanted(project_id, filter_, on))).limit(limit)
        return await self._database.read(lambda connection: list(connection.scalars(query)))

    async def count(self, project_id: str, filter_: Filter, *, on: date | None) -> int:
        """See the port."""
        query = select(func.count()).select_from(memories).where(_wanted(project_id, filter_, on))
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    async def scorable(
        self,
        project_id: str,
        filter_: Filter,
        *,
        limit: int,
        on: date | None,
        ahead: ReadAhead | None = None,
    ) -> Scorable:
        """See the port."""
        scope = scope_of(filter_)
        if scope is not None and scope.user_id is not None:
            found = await self._scorable_of_a_user(project_id, scope, limit, on, ahead)
            if found is not None:
                return found
        query = page_query(project_id, filter_, offset=0, limit=limit, on=on)
        waiting = (
            select(outbox.c.memory_id, outbox.c.vector)
            .join(memories, outbox.c.memory_id == memories.c.id)
            .where(outbox.c.project_id == project_id, outbox.c.vector.is_not(None))
            .where(_wanted(project_id, filter_, on))
            .order_by(outbox.c.sequence)
        )

        def read(connection: Connection) -> Scorable:
            newest_first = connection.execute(query).all()
            if ahead is not None:
                ahead(rows.texts_by_id(newest_first))
            found = rows.memories_from(newest_first)
            vectors = {row.memory_id: rows.vector_from(row.vector) for row in connection.execute(waiting)}
            return Scorable(found, vectors)

        return await self._database.read(read)

    async def _scorable_of_a_user(
        self, project_id: str, scope: Scope, limit: int, on: date | None, ahead: ReadAhead | None
    ) -> Scorable | None:
        """The same for what is searched most; None where it takes more than the newest of the scope.

        A memory with a user's id has that user as its subject, whatever other ids it has.
        """
        snapshot = await self._database.read(
            lambda connection: self._reads.read(connection, project_id, scope, limit, ahead)
        )
        valid = [memory for memory in snapshot.memories if on is None or memory.holds_on(on)]
        if len(valid) < len(snapshot.memories) == limit:
            return None
        oldest_first = sorted(valid, key=lambda memory: memory.created_at)
        return Scorable(oldest_first[::-1], snapshot.pending_vectors)


def page_query(project_id: str, filter_: Filter, *, offset: int, limit: int, on: date | None) -> Select[Any]:
    """The query behind `SqlMemories.page`, of the columns that make a memory."""
    wanted = select(*MEMORY).where(_wanted(project_id, filter_, on))
    return _newest_first(wanted).offset(offset).limit(limit)


def _wanted(project_id: str, filter_: Filter, on: date | None) -> ColumnElement[bool]:
    wanted = and_(memories.c.project_id == project_id, condition(filter_))
    if on is None:
        return wanted
    expires = memories.c.expiration_date
    return and_(wanted, or_(expires.is_(None), expires >= on.isoformat()))


def _newest_first(query: Select[Any]) -> Select[Any]:
    return query.order_by(memories.c.created_at.desc(), memories.c.sequence.desc())
