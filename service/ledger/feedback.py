"""Opinions on memories, on SQL."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from service.ledger import rows
from service.ledger.database import Database
from service.ledger.schema import feedback, memories
from service.memory.errors import NotFound
from service.memory.feedback import Opinion
from service.memory.history import MEMORY_NOT_FOUND


class SqlFeedback:
    """Implements `service.memory.feedback.FeedbackBook`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, project_id: str, opinion: Opinion, actor: str, at: datetime) -> str:
        """See the port."""
        about = {"project_id": project_id, "memory_id": opinion.memory_id}
        said = {
            "actor": actor,
            "verdict": opinion.verdict and opinion.verdict.value,
            "reason": opinion.reason,
            "updated_at": rows.microseconds(at),
        }

        def note(connection: Connection) -> str:
            # The memory's row is held, so that of two first opinions one waits for the other.
            memory = select(memories.c.id).where(
                memories.c.project_id == project_id, memories.c.id == opinion.memory_id
            )
            if connection.scalar(memory.with_for_update()) is None:
                raise NotFound(MEMORY_NOT_FOUND)
            before = select(feedback.c.id).filter_by(**about)
            known: str | None = connection.scalar(before)
            if known is not None:
                connection.execute(update(feedback).where(feedback.c.id == known).values(said))
                return known
            new = str(uuid.uuid4())
            first = {"id": new, **about, **said, "created_at": rows.microseconds(at)}
            connection.execute(insert(feedback).values(first))
            return new

        return await self._database.write(note)
