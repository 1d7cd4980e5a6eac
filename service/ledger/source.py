"""The ledger read as a whole, for building the index from it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from service.ledger import rows
from service.ledger.database import Database
from service.ledger.schema import SCOPE, embedding_space, memories, outbox, projects
from service.ledger.schema import changes as change_log
from service.memory.model import Memory, Scope
from service.memory.rebuild import Settle


class SqlSource:
    """Implements `service.memory.rebuild.Source`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def projects(self) -> Sequence[str]:
        """See the port."""
        query = select(projects.c.id).order_by(projects.c.id)
        return await self._database.read(lambda connection: connection.scalars(query).all())

    async def page(self, project_id: str, after: int, limit: int) -> tuple[Sequence[Memory], int]:
        """See the port."""
        query = (
            select(memories)
            .where(memories.c.project_id == project_id, memories.c.sequence > after)
            .order_by(memories.c.sequence)
            .limit(limit)
        )
        found = await self._database.read(lambda connection: connection.execute(query).all())
        return [rows.memory_from(row) for row in found], found[-1].sequence if found else after

    async def scopes(self, project_id: str) -> Mapping[str, Scope]:
        """See the port."""
        names = (memories.c[name] for name in SCOPE)
        query = select(memories.c.id, *names).where(memories.c.project_id == project_id)
        return await self._database.read(
            lambda connection: {row.id: rows.scope_from(row) for row in connection.execute(query)}
        )

    async def on_the_way(self, project_id: str) -> Collection[str]:
        """See the port."""
        query = select(outbox.c.memory_id).where(outbox.c.project_id == project_id)
        return await self._database.read(lambda connection: set(connection.scalars(query)))

    async def ends(self) -> Mapping[str, int]:
        """See the port."""
        query = select(change_log.c.project_id, func.max(change_log.c.sequence).label("last")).group_by(
            change_log.c.project_id
        )
        return await self._database.read(
            lambda connection: {row.project_id: row.last for row in connection.execute(query)}
        )

    async def changed(
        self, project_id: str, after: int, until: int
    ) -> tuple[Sequence[Memory], Collection[str]]:
        """See the port."""
        touched = select(change_log.c.memory_id).where(
            change_log.c.project_id == project_id,
            change_log.c.sequence > after,
            change_log.c.sequence <= until,
        )
        present = select(memories).where(
            and_(memories.c.project_id == project_id, memories.c.id.in_(touched))
        )

        def read(connection: Connection) -> tuple[Sequence[Memory], Collection[str]]:
            ids = set(connection.scalars(touched))
            found = [rows.memory_from(row) for row in connection.execute(present)]
            return found, ids - {memory.id for memory in found}

        return await self._database.read(read)

    async def space(self) -> tuple[str, int] | None:
        """See the port."""
        query = select(embedding_space.c.model, embedding_space.c.dimensions)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else (row.model, row.dimensions)

    async def switch(self, model: str, dimensions: int, settle: Settle) -> None:
        """See the port."""
        loop = asyncio.get_running_loop()

        def switch(connection: Connection) -> None:
            # Whoever commits holds this row until its end (see `commits.check_embedding_space`), so that from
            # here on nobody is in the middle of it and nobody begins.
            row = connection.execute(select(embedding_space).with_for_update()).one_or_none()
            asyncio.run_coroutine_threadsafe(_awaited(settle), loop).result()
            if row is None:
                connection.execute(insert(embedding_space).values(id=1, model=model, dimensions=dimensions))
            elif row.model != model:
                connection.execute(update(embedding_space).values(model=model, dimensions=dimensions))
                connection.execute(delete(outbox))

        await self._database.write(switch)


async def _awaited(settle: Settle) -> None:
    await settle()
