"""Changes by hand, on SQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, select, tuple_, update

from service.ledger import rows
from service.ledger.commits import apply_changes, log_changes
from service.ledger.database import Database
from service.ledger.filtering import condition
from service.ledger.schema import memories, subjects
from service.memory.edit import Decide, deletion
from service.memory.errors import NotFound
from service.memory.filters import Filter
from service.memory.history import MEMORY_NOT_FOUND
from service.memory.model import Change, Memory, Subject

PORTION = 1000
"""How many memories are deleted at once."""

SUBJECT = (subjects.c.subject_kind, subjects.c.subject_id)


class SqlEdits:
    """Implements `service.memory.edit.MemoryEditor`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def edit(
        self, project_id: str, memory_ids: Sequence[str], decide: Decide, actor: str, at: datetime
    ) -> Sequence[Memory]:
        """See the port."""
        chosen = and_(memories.c.project_id == project_id, memories.c.id.in_(memory_ids))

        def edit(connection: Connection) -> Sequence[Memory]:
            lock_subjects(connection, project_id, chosen)
            found = {row.id: row for row in connection.execute(select(memories).where(chosen))}
            if len(found) < len(memory_ids):
                raise NotFound(MEMORY_NOT_FOUND)
            before = [rows.memory_from(found[memory_id]) for memory_id in memory_ids]
            changes = {memory.id: change for memory in before if (change := decide(memory)) is not None}
            commit_by_hand(connection, project_id, list(changes.values()), str(uuid.uuid4()), actor, at)
            return [changes[memory.id].memory if memory.id in changes else memory for memory in before]

        return await self._database.write(edit)

    async def delete_matching(self, project_id: str, filter_: Filter, actor: str, at: datetime) -> int:
        """See the port."""
        chosen = and_(memories.c.project_id == project_id, condition(filter_))
        request_id = str(uuid.uuid4())

        def delete(connection: Connection) -> int:
            lock_subjects(connection, project_id, chosen)
            count = 0
            # In portions, for there may be more than fit into memory; in one transaction all the same.
            while portion := connection.execute(select(memories).where(chosen).limit(PORTION)).all():
                changes = [deletion(rows.memory_from(row)) for row in portion]
                commit_by_hand(connection, project_id, changes, request_id, actor, at)
                count += len(changes)
            return count

        return await self._database.write(delete)


def lock_subjects(connection: Connection, project_id: str, chosen: ColumnElement[bool]) -> None:
    """Makes other writers of the chosen memories' subjects wait, where the database has several writers.

    Always in the same order, so that two calls never wait for each other.
    """
    theirs = select(memories.c.subject_kind, memories.c.subject_id).where(chosen)
    locked = (
        select(subjects.c.version)
        .where(subjects.c.project_id == project_id, tuple_(*SUBJECT).in_(theirs))
        .order_by(*SUBJECT)
        .with_for_update()
    )
    connection.execute(locked).all()


def commit_by_hand(
    connection: Connection,
    project_id: str,
    changes: Sequence[Change],
    request_id: str,
    actor: str,
    at: datetime,
) -> None:
    """Makes changes and logs them; whoever reads the same scopes to infer from them learns of it."""
    if not changes:
        return
    _advance(connection, project_id, {change.memory.scope.subject for change in changes})
    apply_changes(connection, project_id, changes)
    log_changes(connection, project_id, request_id, changes, actor, at)


def _advance(connection: Connection, project_id: str, touched: Iterable[Subject]) -> None:
    """Counts one more commit for each subject."""
    one_more = (
        update(subjects)
        .where(
            subjects.c.project_id == project_id,
            subjects.c.subject_kind == bindparam("kind"),
            subjects.c.subject_id == bindparam("of"),
        )
        .values(version=subjects.c.version + 1)
    )
    ordered = sorted(touched, key=lambda subject: (subject.kind, subject.id))
    connection.execute(one_more, [{"kind": subject.kind, "of": subject.id} for subject in ordered])
