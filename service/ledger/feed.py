"""The log of changes on SQL, read in the order of commits."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from service.ledger import rows
from service.ledger.database import Database
from service.ledger.schema import changes as change_log
from service.memory.feed import Batch, LoggedChange
from service.memory.model import Event, Scope


class SqlFeed:
    """Implements `service.memory.feed.Feed`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def changes(self, project_id: str, after: int, scope: Scope, limit: int) -> Batch:
        """See the port."""
        query = (
            select(change_log)
            .where(
                change_log.c.project_id == project_id,
                change_log.c.sequence > after,
                *(change_log.c[name] == value for name, value in scope.ids.items()),
            )
            .order_by(change_log.c.sequence)
            .limit(limit)
        )

        def read(connection: Connection) -> Batch:
            # What is committed between the two statements is left for the next batch.
            end = last_of(connection, project_id)
            found = connection.execute(query.where(change_log.c.sequence <= end))
            changes = [logged_change(row) for row in found]
            if len(changes) == limit:
                return Batch(changes, changes[-1].sequence)
            return Batch(changes, max(after, end))

        return await self._database.read(read)

    async def position(self, project_id: str) -> int:
        """See the port."""
        return await self._database.read(lambda connection: last_of(connection, project_id))


def last_of(connection: Connection, project_id: str) -> int:
    """The number of a project's last change; 0 while it has none."""
    last = select(func.max(change_log.c.sequence)).where(change_log.c.project_id == project_id)
    return connection.scalar(last) or 0


def logged_change(row: rows.AnyRow) -> LoggedChange:
    """A change from its row."""
    return LoggedChange(
        sequence=row.sequence,
        id=row.id,
        event=Event(row.event),
        memory_id=row.memory_id,
        old_text=row.old_text,
        new_text=row.new_text,
        categories=rows.categories_from(row.categories),
        metadata=rows.metadata_from(row.metadata),
        scope=rows.scope_from(row),
        request_id=row.request_id,
        at=rows.time_from(row.created_at),
    )
