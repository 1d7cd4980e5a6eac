"""What every commit does, whoever asks for it: change memories, write the log, leave work for the index."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from service.ledger import filter_rows, rows, versions
from service.ledger.database import EMBEDDING_MODEL
from service.ledger.profiles import forget_profiles_of_nobody
from service.ledger.schema import changes as change_log
from service.ledger.schema import embedding_space, memories, outbox
from service.memory.errors import Unavailable
from service.memory.model import Change, Event

LOG_LOCK = 0x6C6F67
"""Sets the locks of the log apart from other locks on the same ids."""


def apply_changes(connection: Connection, project_id: str, changes: Sequence[Change], at: datetime) -> None:
    """Makes `memories` say what the changes say. What they said before becomes a version of the past."""
    added, updated, deleted = (
        [change.memory for change in changes if change.event is event]
        for event in (Event.ADD, Event.UPDATE, Event.DELETE)
    )
    row = and_(memories.c.project_id == project_id, memories.c.id == bindparam("changed_id"))
    if ended := [memory.id for memory in (*updated, *deleted)]:
        chosen = and_(memories.c.project_id == project_id, memories.c.id.in_(ended))
        versions.close(connection, chosen, at)
    if added:
        began = {"valid_from": rows.microseconds(at)}
        connection.execute(insert(memories), [rows.new_memory_values(project_id, m) | began for m in added])
    if updated:
        values = [{"changed_id": memory.id, **rows.memory_values(memory)} for memory in updated]
        connection.execute(update(memories).where(row).values(versions.next_version(at)), values)
    if deleted:
        connection.execute(delete(memories).where(row), [{"changed_id": memory.id} for memory in deleted])
    filter_rows.write(connection, project_id, added)
    filter_rows.rewrite(connection, project_id, updated)


def log_changes(
    connection: Connection,
    project_id: str,
    request_id: str,
    changes: Sequence[Change],
    actor: str | None,
    at: datetime,
) -> None:
    """Writes the log, and what follows: work for the index, and profiles that go with their memories."""
    next_in_the_log(connection, project_id)
    connection.execute(
        insert(change_log),
        [
            rows.change_values(project_id, request_id, str(uuid.uuid4()), change, actor, at)
            for change in changes
        ],
    )
    if any(change.event is Event.DELETE for change in changes):
        forget_profiles_of_nobody(connection, project_id, request_id)
    # An update without a new vector is none of the index's business; a row without one would say: forget it.
    to_index = [change for change in changes if change.event is Event.DELETE or change.vector is not None]
    if to_index:
        connection.execute(insert(outbox), [rows.outbox_values(project_id, change) for change in to_index])


def next_in_the_log(connection: Connection, project_id: str) -> None:
    """Makes the numbers of a project's log the order of its commits. Call it before writing there.

    PostgreSQL gives numbers out when rows are written, not when they are committed: whoever has read up to 7
    could meet 6 later, and would never look for it. So a transaction that writes to a project's log keeps
    the others out until it has ended; it is always the last lock that a commit takes, so that no two wait for
    each other. SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(project_id, LOG_LOCK))))
    check_embedding_space(connection)


def check_embedding_space(connection: Connection) -> None:
    """Ends a commit of a process whose vectors are not those of the index any more (see `Database.expect`).

    Raises:
        Unavailable: `memoryd reindex` has switched to another model.
    """
    expected = connection.get_execution_options().get(EMBEDDING_MODEL)
    if expected is None:
        return
    model = connection.scalar(select(embedding_space.c.model).with_for_update(read=True))
    if model != expected:
        raise Unavailable("The index is of another embedding model now.", reason="EMBEDDING_SPACE_CHANGED")
