"""The ledger port on SQL. Every method is one transaction, and every query names the project."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.ledger import rows
from service.ledger.commits import apply_changes, log_changes
from service.ledger.database import Database
from service.ledger.projects import settings_from
from service.ledger.schema import dropped_projects, memories, outbox, projects, requests, subjects
from service.memory.access import NO_PROJECT
from service.memory.errors import Conflict, NotFound
from service.memory.model import (
    INSTRUCTING_ROLES,
    AddRequest,
    Change,
    Message,
    Outcome,
    Rejection,
    RequestStatus,
    Scope,
    Vector,
)
from service.memory.ports import IndexEntry, OutboxItem, ProjectSettings, ScopeSnapshot, StoredRequest


class SqlLedger:
    """Implements `service.memory.ports.Ledger`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def project_settings(self, project_id: str) -> ProjectSettings:
        """See the port."""
        query = select(projects).where(projects.c.id == project_id)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFound(NO_PROJECT)
        return settings_from(row)

    async def store_request(self, project_id: str, request: AddRequest, at: datetime) -> str:
        """See the port."""
        event_id = str(uuid.uuid4())
        status = RequestStatus.PENDING if request.async_mode else RequestStatus.RUNNING
        values = {
            "id": event_id,
            "project_id": project_id,
            **rows.subject_values(request.scope),
            **rows.scope_values(request.scope),
            "actor": request.actor,
            "payload": rows.payload_text(request),
            "asynchronous": request.async_mode,
            "status": status.value,
            "created_at": rows.microseconds(at),
            "started_at": None if request.async_mode else rows.microseconds(at),
        }
        try:
            await self._database.write(lambda connection: connection.execute(insert(requests).values(values)))
        except IntegrityError as error:  # the only reference of a request is its project
            raise NotFound(NO_PROJECT) from error
        return event_id

    async def take_pending(self, at: datetime) -> StoredRequest | None:
        """See the port."""
        # Of each subject only the first request that has not ended may be worked on. It is looked for among
        # the running ones too, so that two takers never begin two requests of one subject.
        unfinished = requests.alias()
        first = (
            select(func.min(unfinished.c.sequence))
            .where(
                unfinished.c.status.in_([RequestStatus.PENDING.value, RequestStatus.RUNNING.value]),
                unfinished.c.asynchronous.is_(True),
            )
            .group_by(unfinished.c.project_id, unfinished.c.subject_kind, unfinished.c.subject_id)
        )
        oldest = (
            select(requests)
            .where(requests.c.status == RequestStatus.PENDING.value, requests.c.sequence.in_(first))
            .order_by(requests.c.sequence)
            .limit(1)
            .with_for_update(skip_locked=True)
        )

        def take(connection: Connection) -> StoredRequest | None:
            row = connection.execute(oldest).one_or_none()
            if row is None:
                return None
            connection.execute(
                update(requests)
                .where(requests.c.sequence == row.sequence)
                .values(status=RequestStatus.RUNNING.value, started_at=rows.microseconds(at))
            )
            return StoredRequest(row.id, row.project_id, rows.request_from(row))

        return await self._database.write(take)

    async def recover(self, at: datetime) -> int:
        """See the port."""
        left = requests.c.status == RequestStatus.RUNNING.value

        def recover(connection: Connection) -> int:
            again = update(requests).where(left, requests.c.asynchronous.is_(True))
            lost = update(requests).where(left, requests.c.asynchronous.is_(False))
            resumed = connection.execute(again.values(status=RequestStatus.PENDING.value, started_at=None))
            failed = connection.execute(
                lost.values(
                    status=RequestStatus.FAILED.value,
                    reason="INTERRUPTED",
                    error_text="The process ended before it was done.",
                    completed_at=rows.microseconds(at),
                )
            )
            return resumed.rowcount + failed.rowcount

        return await self._database.write(recover)

    async def read_scope(self, project_id: str, scope: Scope) -> ScopeSnapshot:
        """See the port."""
        current = select(memories).where(_in_scope(memories, project_id, scope)).order_by(memories.c.sequence)
        pending = (
            select(outbox.c.memory_id, outbox.c.vector)
            .join(memories, outbox.c.memory_id == memories.c.id)
            .where(_in_scope(memories, project_id, scope), outbox.c.project_id == project_id)
            .order_by(outbox.c.sequence)
        )

        def read(connection: Connection) -> ScopeSnapshot:
            version = connection.scalar(
                select(subjects.c.version).where(_of_subject(subjects, project_id, scope))
            )
            known = [rows.memory_from(row) for row in connection.execute(current)]
            vectors: dict[str, Vector] = {
                row.memory_id: rows.vector_from(row.vector)
                for row in connection.execute(pending)
                if row.vector is not None
            }
            return ScopeSnapshot(version or 0, known, vectors)

        return await self._database.read(read)

    async def earlier_messages(self, project_id: str, scope: Scope, limit: int) -> Sequence[Message]:
        """See the port."""
        query = (
            select(requests)
            .where(
                _of_subject(requests, project_id, scope),
                *(requests.c[name].is_not_distinct_from(v) for name, v in rows.scope_values(scope).items()),
                requests.c.status == RequestStatus.SUCCEEDED.value,
            )
            .order_by(requests.c.sequence.desc())
            .limit(limit)
        )

        def read(connection: Connection) -> Sequence[Message]:
            earlier = reversed([rows.request_from(row) for row in connection.execute(query)])
            said = [message for request in earlier for message in request.messages]
            return [message for message in said if message.role not in INSTRUCTING_ROLES][-limit:]

        return await self._database.read(read)

    async def commit(
        self,
        project_id: str,
        event_id: str,
        scope: Scope,
        expected_version: int | None,
        changes: Sequence[Change],
        rejections: Sequence[Rejection],
        at: datetime,
    ) -> Outcome:
        """See the port."""
        outcome = Outcome(event_id, RequestStatus.SUCCEEDED, tuple(changes), tuple(rejections))

        def commit(connection: Connection) -> None:
            if changes:
                _advance(connection, project_id, scope, expected_version)
                actor = connection.scalar(select(requests.c.actor).where(requests.c.id == event_id))
                apply_changes(connection, project_id, changes, at)
                log_changes(connection, project_id, event_id, changes, actor, at)
            values: rows.Values = {
                "status": outcome.status.value,
                "rejections": rows.rejections_text(outcome.rejections),
                "completed_at": rows.microseconds(at),
            }
            if not _finish(connection, project_id, event_id, values):
                raise Conflict("The request was given up meanwhile.", reason="REQUEST_GIVEN_UP")

        try:
            await self._database.write(commit)
        except IntegrityError as error:
            if expected_version is not None:
                raise _changed_meanwhile() from error
            # Two commits met that were both the first of their subject. There is one now, so they meet once.
            await self._database.write(commit)
        return outcome

    async def fail_request(
        self, project_id: str, event_id: str, reason: str, text: str, at: datetime
    ) -> None:
        """See the port."""
        values: rows.Values = {
            "status": RequestStatus.FAILED.value,
            "reason": reason,
            "error_text": text,
            "completed_at": rows.microseconds(at),
        }
        await self._database.write(lambda connection: _finish(connection, project_id, event_id, values))

    async def outbox(self, limit: int) -> Sequence[OutboxItem]:
        """See the port."""
        query = select(outbox).order_by(outbox.c.sequence).limit(limit)

        def item(row: rows.AnyRow) -> OutboxItem:
            entry = None
            if row.vector is not None:
                entry = IndexEntry(row.memory_id, rows.scope_from(row), rows.vector_from(row.vector))
            return OutboxItem(row.sequence, row.project_id, row.memory_id, entry)

        return await self._database.read(lambda connection: [item(row) for row in connection.execute(query)])

    async def outbox_done(self, sequences: Sequence[int]) -> None:
        """See the port."""
        done = delete(outbox).where(outbox.c.sequence.in_(sequences))
        await self._database.write(lambda connection: connection.execute(done))

    async def dropped_projects(self, limit: int) -> Sequence[str]:
        """See the port."""
        query = select(dropped_projects.c.project_id).limit(limit)
        return await self._database.read(lambda connection: connection.scalars(query).all())

    async def project_dropped(self, project_id: str) -> None:
        """See the port."""
        done = delete(dropped_projects).where(dropped_projects.c.project_id == project_id)
        await self._database.write(lambda connection: connection.execute(done))

    async def ping(self) -> None:
        """See the port."""
        await self._database.read(lambda connection: connection.execute(select(subjects.c.version).limit(1)))


def _of_subject(table: Table, project_id: str, scope: Scope) -> ColumnElement[bool]:
    return and_(
        table.c.project_id == project_id,
        table.c.subject_kind == scope.subject.kind,
        table.c.subject_id == scope.subject.id,
    )


def _in_scope(table: Table, project_id: str, scope: Scope) -> ColumnElement[bool]:
    ids = (table.c[name] == value for name, value in scope.ids.items())
    return and_(_of_subject(table, project_id, scope), *ids)


def _advance(connection: Connection, project_id: str, scope: Scope, expected: int | None) -> None:
    """Counts one more commit for the subject, if nobody else did since `expected` was read."""
    one_more = update(subjects).where(_of_subject(subjects, project_id, scope))
    if expected is not None:
        one_more = one_more.where(subjects.c.version == expected)
    if connection.execute(one_more.values(version=subjects.c.version + 1)).rowcount:
        return
    if expected:
        raise _changed_meanwhile()
    first = insert(subjects).values(project_id=project_id, **rows.subject_values(scope), version=1)
    try:
        with connection.begin_nested():
            connection.execute(first)
    except IntegrityError:
        if expected is not None:
            raise
        # Somebody else's first commit came in between; who checks no version comes second.
        connection.execute(one_more.values(version=subjects.c.version + 1))


def _finish(connection: Connection, project_id: str, event_id: str, values: rows.Values) -> bool:
    """Ends a request that is being worked on. A request ends once: either committed or failed."""
    running = and_(
        requests.c.project_id == project_id,
        requests.c.id == event_id,
        requests.c.status == RequestStatus.RUNNING.value,
    )
    return connection.execute(update(requests).where(running).values(values)).rowcount == 1


def _changed_meanwhile() -> Conflict:
    return Conflict("The memories of this scope were changed meanwhile.", reason="SCOPE_CHANGED")
