"""The log of changes, read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, func, select

from service.ledger import rows
from service.ledger.database import Database
from service.ledger.schema import changes as change_log
from service.ledger.schema import requests
from service.memory.history import HistoryEntry
from service.memory.model import Event


class SqlChangeLog:
    """Implements `service.memory.history.ChangeLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def history(self, project_id: str, memory_id: str) -> Sequence[HistoryEntry]:
        """See the port."""
        request = and_(
            requests.c.id == change_log.c.request_id, requests.c.project_id == change_log.c.project_id
        )
        query = (
            select(
                change_log,
                requests.c.payload,
                func.coalesce(change_log.c.actor, requests.c.actor).label("who"),
            )
            .outerjoin(requests, request)
            .where(change_log.c.project_id == project_id, change_log.c.memory_id == memory_id)
            .order_by(change_log.c.sequence)
        )
        return await self._database.read(
            lambda connection: [_entry(row) for row in connection.execute(query)]
        )


def _entry(row: rows.AnyRow) -> HistoryEntry:
    return HistoryEntry(
        id=row.id,
        memory_id=row.memory_id,
        event=Event(row.event),
        old_text=row.old_text,
        new_text=row.new_text,
        messages=() if row.payload is None else rows.messages_from(row.payload),
        user_id=row.user_id,
        metadata=rows.metadata_from(row.metadata),
        categories=rows.categories_from(row.categories),
        evidence=rows.evidence_from(row.evidence),
        actor=row.who,
        request_id=row.request_id,
        at=rows.time_from(row.created_at),
    )
