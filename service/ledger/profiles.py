"""Profiles on SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from memoryd.exact_json import dumps
from sqlalchemy import ColumnElement, Connection, Select, Table, and_, case, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.ledger import rows, stored_work
from service.ledger.database import Database, Result
from service.ledger.schema import changes, memories, profile_settings, profile_tasks, profiles
from service.memory.json_schema import schema_from
from service.memory.model import Event
from service.memory.profiles import (
    Attempt,
    Document,
    Profile,
    ProfileChanges,
    ProfileSettings,
    TaskStatus,
)

UNFINISHED = (TaskStatus.PENDING.value, TaskStatus.RUNNING.value)


class SqlProfiles:
    """Implements `service.memory.profiles.Profiles`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settings(self, project_id: str) -> ProfileSettings:
        """See the port."""
        return await self._database.read(lambda connection: _settings(connection, project_id))

    async def change_settings(self, project_id: str, changes: ProfileChanges) -> ProfileSettings:
        """See the port."""
        values = _changed(changes)
        of_project = profile_settings.c.project_id == project_id

        def change(connection: Connection) -> ProfileSettings:
            # Set to what it is already, if nothing changes: the row is there afterwards.
            known = update(profile_settings).where(of_project).values(project_id=project_id, **values)
            if not connection.execute(known).rowcount:
                connection.execute(insert(profile_settings).values(project_id=project_id, **values))
            return _settings(connection, project_id)

        return await write_again_if_late(self._database, change)

    async def profile(self, project_id: str, user_id: str) -> Profile:
        """See the port."""
        made = select(profiles).where(profiles.c.project_id == project_id, profiles.c.user_id == user_id)
        newest = newest_task(project_id, user_id)

        def read(connection: Connection) -> Profile:
            document = connection.execute(made).one_or_none()
            attempt = connection.execute(newest).one_or_none()
            return Profile(
                None if document is None else _document_from(document),
                None if attempt is None else _attempt_from(attempt),
                _settings(connection, project_id).enabled,
            )

        return await self._database.read(read)


async def write_again_if_late(database: Database, work: Callable[[Connection], Result]) -> Result:
    """Runs a transaction that inserts what it does not find.

    Where two do so at once, the second one finds what the first one inserted when it is run again.
    """
    try:
        return await database.write(work)
    except IntegrityError:
        return await database.write(work)


def newest_task(project_id: str, user_id: str) -> Select[Any]:
    """The query for the newest request for a user's profile."""
    return (
        select(profile_tasks)
        .where(profile_tasks.c.project_id == project_id, profile_tasks.c.user_id == user_id)
        .order_by(profile_tasks.c.sequence.desc())
        .limit(1)
    )


def put_document(connection: Connection, project_id: str, user_id: str, text: str, at: int) -> None:
    """Makes a document the user's profile."""
    key = {"project_id": project_id, "user_id": user_id}
    known = and_(*(profiles.c[name] == value for name, value in key.items()))
    values = {"document": text, "updated_at": at}
    one_more = {"generation_count": profiles.c.generation_count + 1}
    if not connection.execute(update(profiles).where(known).values(**values, **one_more)).rowcount:
        connection.execute(insert(profiles).values(**key, **values, generation_count=1))


def forget_profile(connection: Connection, project_id: str, user_id: str) -> None:
    """Forgets a user's profile, and that it was asked for."""
    _forget(connection, lambda table: and_(table.c.project_id == project_id, table.c.user_id == user_id))


def forget_profiles_of_nobody(connection: Connection, project_id: str, request_id: str) -> None:
    """Forgets the profiles of users whose last memory a request has just deleted."""
    deleted = select(changes.c.user_id).where(
        changes.c.project_id == project_id,
        changes.c.request_id == request_id,
        changes.c.event == Event.DELETE.value,
    )

    def nobodys(table: Table) -> ColumnElement[bool]:
        theirs = select(memories.c.sequence).where(
            memories.c.project_id == project_id, memories.c.user_id == table.c.user_id
        )
        return and_(table.c.project_id == project_id, table.c.user_id.in_(deleted), ~theirs.exists())

    _forget(connection, nobodys)


def _forget(connection: Connection, chosen: Callable[[Table], ColumnElement[bool]]) -> None:
    # What is under way comes to nothing: who makes it finds that it does not run any more. It may be done at
    # this moment, so profiles go last.
    status = case(
        (profile_tasks.c.status.in_(UNFINISHED), TaskStatus.SKIPPED.value), else_=profile_tasks.c.status
    )
    connection.execute(update(profile_tasks).where(chosen(profile_tasks)).values(user_id=None, status=status))
    connection.execute(delete(profiles).where(chosen(profiles)))


def _settings(connection: Connection, project_id: str) -> ProfileSettings:
    query = select(profile_settings).where(profile_settings.c.project_id == project_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        return ProfileSettings()
    return ProfileSettings(row.enabled, row.schema and schema_from(row.schema), row.instructions)


def _changed(changes: ProfileChanges) -> rows.Values:
    values: rows.Values = {}
    if changes.enabled is not None:
        values["enabled"] = changes.enabled
    if changes.schema is not None:
        values["schema"] = dumps(changes.schema) if changes.schema else None
    if changes.instructions is not None:
        values["instructions"] = changes.instructions or None
    return values


def _document_from(row: rows.AnyRow) -> Document:
    return Document(row.document, row.generation_count, rows.time_from(row.updated_at))


def _attempt_from(row: rows.AnyRow) -> Attempt:
    return Attempt(TaskStatus(row.status), stored_work.failure_from(row))
