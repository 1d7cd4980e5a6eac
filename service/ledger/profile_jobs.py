"""Requests for profiles, on SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from memoryd.exact_json import dumps
from sqlalchemy import ColumnElement, Connection, and_, func, insert, select

from service.ledger import rows, stored_work
from service.ledger.database import Database
from service.ledger.leases import Holder, task_key
from service.ledger.profiles import put_document, write_again_if_late
from service.ledger.schema import memories, profile_jobs, profile_tasks
from service.memory.errors import Failure
from service.memory.json_schema import schema_from
from service.memory.profile_jobs import NewJob, ProfileTask
from service.memory.profiles import ProfileFailure, ProfileJob, TaskStatus


class SqlProfileJobs:
    """Implements `service.memory.profile_jobs.JobBook`."""

    def __init__(self, database: Database, holder: Holder) -> None:
        self._database = database
        self._holder = holder

    async def job(self, project_id: str, job_id: str) -> ProfileJob | None:
        """See the port."""
        chosen = _of(project_id, "id", job_id)
        return await self._database.read(lambda connection: _job(connection, chosen))

    async def job_of_key(self, project_id: str, idempotency_key: str) -> ProfileJob | None:
        """See the port."""
        chosen = _of(project_id, "idempotency_key", idempotency_key)
        return await self._database.read(lambda connection: _job(connection, chosen))

    async def most_remembered(self, project_id: str, limit: int) -> Sequence[str]:
        """See the port."""
        user = memories.c.user_id
        query = (
            select(user)
            .where(memories.c.project_id == project_id, user.is_not(None))
            .group_by(user)
            .order_by(func.count().desc(), user)
            .limit(limit)
        )
        return await self._database.read(lambda connection: connection.scalars(query).all())

    async def store(self, project_id: str, job: NewJob, at: datetime) -> ProfileJob:
        """See the port."""

        def store(connection: Connection) -> ProfileJob:
            if job.idempotency_key is not None:
                earlier = _job(connection, _of(project_id, "idempotency_key", job.idempotency_key))
                if earlier is not None:
                    return earlier
            _insert(connection, project_id, job, at)
            stored = _job(connection, _of(project_id, "id", job.id))
            assert stored is not None  # noqa: S101 - it was inserted two lines above
            return stored

        return await write_again_if_late(self._database, store)

    async def take(self, at: datetime) -> ProfileTask | None:
        """See the port."""

        def take(connection: Connection) -> ProfileTask | None:
            task = stored_work.take_oldest(connection, profile_tasks, self._holder, at)
            if task is None:
                return None
            job = connection.execute(
                select(profile_jobs).where(_of(task.project_id, "id", task.job_id))
            ).one()
            return ProfileTask(
                task.sequence, task.project_id, task.user_id, schema_from(job.schema), job.instructions
            )

        return await self._database.write(take)

    async def finish(self, task: ProfileTask, document: str, at: datetime) -> None:
        """See the port."""

        def finish(connection: Connection) -> None:
            if self._end(connection, task, at, {"status": TaskStatus.SUCCEEDED.value}):
                put_document(connection, task.project_id, task.user_id, document, rows.microseconds(at))

        await write_again_if_late(self._database, finish)

    async def skip(self, task: ProfileTask, at: datetime) -> None:
        """See the port."""
        skipped: rows.Values = {"status": TaskStatus.SKIPPED.value}
        await self._database.write(lambda connection: self._end(connection, task, at, skipped))

    async def fail(self, task: ProfileTask, failure: Failure, at: datetime) -> None:
        """See the port."""
        failed = stored_work.failed(failure)
        await self._database.write(lambda connection: self._end(connection, task, at, failed))

    def at_work_on(self, task: ProfileTask) -> AbstractContextManager[None]:
        """See the port."""
        return self._holder.at_work_on(task_key(task.sequence))

    def _end(self, connection: Connection, task: ProfileTask, at: datetime, values: rows.Values) -> bool:
        return stored_work.end(
            connection, profile_tasks, self._holder, task.project_id, task.sequence, at, values
        )


def _of(project_id: str, column: str, value: str) -> ColumnElement[bool]:
    return and_(profile_jobs.c.project_id == project_id, profile_jobs.c[column] == value)


def _insert(connection: Connection, project_id: str, job: NewJob, at: datetime) -> None:
    values = {
        "id": job.id,
        "project_id": project_id,
        "operation": job.wanted.operation,
        "idempotency_key": job.idempotency_key,
        "payload_digest": job.wanted.digest,
        "schema": dumps(job.schema),
        "instructions": job.instructions,
        "created_at": rows.microseconds(at),
    }
    connection.execute(insert(profile_jobs).values(values))
    task = {"job_id": job.id, "project_id": project_id, "status": TaskStatus.PENDING.value}
    if job.user_ids:
        connection.execute(insert(profile_tasks), [task | {"user_id": each} for each in job.user_ids])


def _job(connection: Connection, chosen: ColumnElement[bool]) -> ProfileJob | None:
    row = connection.execute(select(profile_jobs).where(chosen)).one_or_none()
    if row is None:
        return None
    of_job = (
        select(profile_tasks)
        .where(profile_tasks.c.project_id == row.project_id, profile_tasks.c.job_id == row.id)
        .order_by(profile_tasks.c.sequence)
    )
    tasks = connection.execute(of_job).all()
    return ProfileJob(
        id=row.id,
        operation=row.operation,
        payload_digest=row.payload_digest,
        created_at=rows.time_from(row.created_at),
        counts=Counter(TaskStatus(task.status) for task in tasks),
        user_ids=[task.user_id for task in tasks if task.user_id is not None],
        failures=[
            ProfileFailure(task.user_id, failure)
            for task in tasks
            if (failure := stored_work.failure_from(task)) is not None
        ],
    )
