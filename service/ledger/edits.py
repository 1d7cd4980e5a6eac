"""Changes by hand, on SQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from service.ledger import rows, versions
from service.ledger.commits import apply_changes, log_changes, next_in_the_log
from service.ledger.database import Database
from service.ledger.filtering import condition
from service.ledger.profiles import forget_profiles_of_nobody
from service.ledger.schema import SCOPE, memories, outbox, subjects
from service.ledger.schema import changes as change_log
from service.ledger.subjects import changed_meanwhile
from service.memory.edit import Decide
from service.memory.errors import NotFound
from service.memory.filters import Filter
from service.memory.history import MEMORY_NOT_FOUND
from service.memory.model import Change, Event, Memory, Subject

KEPT_IN_THE_LOG = ("project_id", *SCOPE, "metadata", "categories")

SUBJECT = (subjects.c.subject_kind, subjects.c.subject_id)

MOST_ROUNDS = 10
"""How often locks are taken anew because others were faster."""


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

        def delete_them(connection: Connection) -> int:
            keep_writers_out(connection, project_id, chosen)
            return delete_by_hand(connection, project_id, chosen, request_id, actor, at)

        return await self._database.write(delete_them)


def lock_subjects(connection: Connection, project_id: str, chosen: ColumnElement[bool]) -> None:
    """Makes other writers of the chosen memories' subjects wait, where the database has several writers."""
    connection.execute(_subjects_of(project_id, chosen).with_for_update()).all()


def keep_writers_out(
    connection: Connection,
    project_id: str,
    chosen: ColumnElement[bool],
    subject: ColumnElement[bool] | None = None,
) -> None:
    """Lets nobody commit to the project until the transaction ends: the chosen memories are all there are.

    Who commits locks its subject and then the log, and so must we, or two would wait for each other. Until
    the log is locked others may add memories to be chosen, of further subjects: then it is begun anew.

    Args:
        connection: to the ledger, in a transaction that has written nothing yet.
        project_id: whose.
        chosen: a condition on `memories`.
        subject: a condition on `subjects` for those that shall be locked though they have no such memory.

    Raises:
        Conflict: others kept adding such memories.
    """
    wanted = _subjects_of(project_id, chosen, subject)
    for _ in range(MOST_ROUNDS):
        attempt = connection.begin_nested()
        locked = connection.execute(wanted.with_for_update()).all()
        next_in_the_log(connection, project_id)
        if connection.execute(wanted).all() == locked:
            attempt.commit()
            return
        attempt.rollback()
    raise changed_meanwhile()


def _subjects_of(
    project_id: str, chosen: ColumnElement[bool], subject: ColumnElement[bool] | None = None
) -> Select[tuple[str, str]]:
    """Always in the same order, so that two calls that lock them never wait for each other."""
    theirs = select(memories.c.subject_kind, memories.c.subject_id).where(chosen)
    wanted = tuple_(*SUBJECT).in_(theirs)
    return (
        select(*SUBJECT)
        .where(subjects.c.project_id == project_id, wanted if subject is None else or_(wanted, subject))
        .order_by(*SUBJECT)
    )


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
    apply_changes(connection, project_id, changes, at)
    log_changes(connection, project_id, request_id, changes, actor, at)


def delete_by_hand(
    connection: Connection,
    project_id: str,
    chosen: ColumnElement[bool],
    request_id: str,
    actor: str,
    at: datetime,
) -> int:
    """Deletes any number of memories within the database, and says how many there were.

    They are logged first, and what is logged is what is deleted.

    Args:
        connection: to the ledger, where `keep_writers_out` was called.
        project_id: whose.
        chosen: a condition on `memories`.
        request_id: because of which request.
        actor: who did it.
        at: when.
    """
    _log_deletions(
        connection, chosen, {"request_id": request_id, "actor": actor, "created_at": rows.microseconds(at)}
    )
    ids = select(change_log.c.memory_id).where(
        change_log.c.project_id == project_id, change_log.c.request_id == request_id
    )
    logged = and_(memories.c.project_id == project_id, memories.c.id.in_(ids))
    touched = select(memories.c.subject_kind, memories.c.subject_id).where(logged)
    theirs = and_(subjects.c.project_id == project_id, tuple_(*SUBJECT).in_(touched))
    forgotten = select(memories.c.project_id, memories.c.id, *(memories.c[name] for name in SCOPE))
    to_forget = [outbox.c.project_id, outbox.c.memory_id, *(outbox.c[name] for name in SCOPE)]
    connection.execute(insert(outbox).from_select(to_forget, forgotten.where(logged)))
    connection.execute(update(subjects).where(theirs).values(version=subjects.c.version + 1))
    versions.close(connection, logged, at)
    count = connection.execute(delete(memories).where(logged)).rowcount
    forget_profiles_of_nobody(connection, project_id, request_id)
    return count


def _log_deletions(connection: Connection, chosen: ColumnElement[bool], said: Mapping[str, object]) -> None:
    """Copies the chosen memories into the log, with what is `said` of all of them."""
    logged: dict[ColumnElement[Any], ColumnElement[Any]] = {
        change_log.c.id: cast(func.gen_random_uuid(), String),
        change_log.c.event: literal(Event.DELETE.value),
        **{change_log.c[name]: literal(value) for name, value in said.items()},
        change_log.c.memory_id: memories.c.id,
        change_log.c.old_text: memories.c.text,
        **{change_log.c[name]: memories.c[name] for name in KEPT_IN_THE_LOG},
    }
    copied = select(*logged.values()).where(chosen).order_by(memories.c.sequence)
    connection.execute(insert(change_log).from_select(list(logged), copied))


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
