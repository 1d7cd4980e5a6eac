"""Requests for profiles: stored at once, done by a worker, and never twice for the same idempotency key."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog
from memoryd.exact_json import dumps

from service.memory.entities import EntityKey, EntityRegister, EntityType, get_entity
from service.memory.errors import AlreadyExists, Failure, InvalidRequest, Unavailable, Violation
from service.memory.filling import Writer, fitting_value
from service.memory.filters.grammar import OneOf
from service.memory.filters.values import canonical, digest
from service.memory.json_schema import Schema
from service.memory.ports import Clock, Deadline, MemoryReader, Wake
from service.memory.profiles import DEFAULT_SCHEMA, JobReader, ProfileJob, Profiles
from service.memory.work import Worker, carry_out

MOST_MEMORIES = 500
"""How many memories a profile is made from: the newest ones."""

NOT_ENABLED = "Profiles are not enabled for this project: set enabled in the profile settings."
KEY_REUSED = "The idempotency key was used for another request."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Trigger:
    """The profile of one user."""

    user_id: str
    operation = "trigger"

    @property
    def digest(self) -> str:
        """Equal for requests that say the same."""
        return digest(canonical({"operation": self.operation, "user_id": self.user_id}))


@dataclass(frozen=True, slots=True)
class Sample:
    """The profiles of the users with most memories."""

    limit: int
    operation = "sample"

    @property
    def digest(self) -> str:
        """Equal for requests that say the same."""
        return digest(canonical({"operation": self.operation, "limit": self.limit}))


@dataclass(frozen=True, slots=True)
class NewJob:
    """A request as it is stored: it is done with the settings of its own moment."""

    id: str
    wanted: Trigger | Sample
    user_ids: Sequence[str]
    schema: Schema
    instructions: str | None
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class ProfileTask:
    """The making of one profile."""

    sequence: int
    project_id: str
    user_id: str
    schema: Schema
    instructions: str | None


class JobBook(JobReader, Protocol):
    """Keeps requests for profiles. Every method is one transaction."""

    async def job_of_key(self, project_id: str, idempotency_key: str) -> ProfileJob | None:
        """The request that was stored under this key, if there was one."""

    async def most_remembered(self, project_id: str, limit: int) -> Sequence[str]:
        """The users with most memories, at most `limit`."""

    async def store(self, project_id: str, job: NewJob, at: datetime) -> ProfileJob:
        """Keeps a request durably as PENDING, unless one was stored under its key; gives the one kept."""

    async def take(self, at: datetime) -> ProfileTask | None:
        """Takes the oldest PENDING profile; it becomes RUNNING under a lease (`service.memory.leases`)."""

    async def finish(self, task: ProfileTask, document: str, at: datetime) -> None:
        """Keeps the document as the user's profile, unless the user was deleted meanwhile."""

    async def skip(self, task: ProfileTask, at: datetime) -> None:
        """Notes that there was nothing to make it from."""

    async def fail(self, task: ProfileTask, failure: Failure, at: datetime) -> None:
        """Keeps the reason. The profile stays as it was."""

    def at_work_on(self, task: ProfileTask) -> AbstractContextManager[None]:
        """Keeps a RUNNING profile this process's own, beyond its first lease, while the block lasts."""


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A request that is stored."""

    job: ProfileJob
    replayed: bool
    """Whether it was stored by an earlier call."""


class CreateProfileJob:
    """Stores requests for profiles."""

    def __init__(
        self, profiles: Profiles, book: JobBook, register: EntityRegister, clock: Clock, on_pending: Wake
    ) -> None:
        self._profiles = profiles
        self._book = book
        self._register = register
        self._now = clock
        self._on_pending = on_pending

    async def __call__(
        self, project_id: str, wanted: Trigger | Sample, idempotency_key: str | None
    ) -> StoredJob:
        """Stores a request durably, or finds the one that was stored under its key.

        Raises:
            InvalidRequest: the project makes no profiles.
            NotFound: the project has no such user.
            AlreadyExists: the key was used for another request.
        """
        if idempotency_key is not None:
            earlier = await self._book.job_of_key(project_id, idempotency_key)
            if earlier is not None:
                return _replayed(earlier, wanted)
        settings = await self._profiles.settings(project_id)
        if not settings.enabled:
            raise InvalidRequest([Violation("enabled", NOT_ENABLED)])
        schema = DEFAULT_SCHEMA if settings.schema is None else settings.schema
        user_ids = await self._users(project_id, wanted)
        job_id = str(uuid.uuid4())
        new = NewJob(job_id, wanted, user_ids, schema, settings.instructions, idempotency_key)
        job = await self._book.store(project_id, new, self._now())
        if job.id != job_id:
            return _replayed(job, wanted)
        self._on_pending()
        return StoredJob(job, replayed=False)

    async def _users(self, project_id: str, wanted: Trigger | Sample) -> Sequence[str]:
        if isinstance(wanted, Sample):
            return await self._book.most_remembered(project_id, wanted.limit)
        await get_entity(self._register, project_id, EntityKey(EntityType.USER, wanted.user_id))
        return [wanted.user_id]


def _replayed(job: ProfileJob, wanted: Trigger | Sample) -> StoredJob:
    if job.payload_digest != wanted.digest:
        raise AlreadyExists(KEY_REUSED, reason="IDEMPOTENCY_KEY_REUSED")
    return StoredJob(job, replayed=True)


class MakeProfile:
    """Makes a user's profile from the newest memories."""

    def __init__(self, book: JobBook, reader: MemoryReader, writer: Writer, clock: Clock) -> None:
        self._book = book
        self._reader = reader
        self._writer = writer
        self._now = clock

    async def __call__(self, task: ProfileTask, deadline: Deadline) -> None:
        """Makes it. A failure is kept with the request."""

        async def finish(document: str | None) -> None:
            if document is None:
                await self._book.skip(task, self._now())
            else:
                await self._book.finish(task, document, self._now())

        async def fail(failure: Failure) -> None:
            log.warning("profile failed", task=task.sequence, reason=failure.reason)
            await self._book.fail(task, failure, self._now())

        with self._book.at_work_on(task):
            await carry_out(self._document(task, deadline), finish, fail)

    async def _document(self, task: ProfileTask, deadline: Deadline) -> str | None:
        """The profile as JSON; None without any memories."""
        limit = min(MOST_MEMORIES, self._writer.memory_limit)
        theirs = OneOf(EntityType.USER.field, (task.user_id,))
        page = await self._reader.page(task.project_id, theirs, offset=0, limit=limit, on=self._now().date())
        if not page.memories:
            return None
        value = await fitting_value(self._writer, task.schema, page.memories, task.instructions, deadline)
        return dumps(value)


def profile_worker(
    book: JobBook, make: MakeProfile, clock: Clock, seconds: float, woken: asyncio.Event
) -> Worker:
    """A worker that makes pending profiles, oldest first.

    Args:
        book: where they are kept.
        make: what makes them.
        clock: tells the time.
        seconds: how long one may take.
        woken: set when there is a pending one.
    """

    async def make_oldest() -> bool:
        task = await book.take(clock())
        if task is None:
            return False
        await make(task, Deadline.after(seconds))
        return True

    return Worker("profiles", make_oldest, (Unavailable,), woken)
