"""Work that nobody waits for, exports and profiles, belongs to one process at a time, on every database."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from service.ledger.exports import SqlExports
from service.ledger.leases import Holder, SqlLeases
from service.ledger.profile_jobs import SqlProfileJobs
from service.memory.add import MOST_ATTEMPTS
from service.memory.errors import Failure
from service.memory.exports import Wanted
from service.memory.profile_jobs import NewJob, Trigger
from tests.contract.ledger.conftest import NOW, Project
from tests.contract.ledger.test_events import another

MINUTE = timedelta(minutes=1)


@dataclass
class Book:
    """A kind of work, as one process sees it."""

    holder: Holder
    leases: SqlLeases
    store: Callable[[], Awaitable[None]]
    take: Callable[[], Awaitable[AbstractContextManager[None] | None]]
    """Takes a piece of work, and gives what keeps its lease."""
    succeed: Callable[[], Awaitable[None]]
    """Ends what was taken last."""
    state: Callable[[], Awaitable[tuple[str, str | None]]]
    """Of what was stored last: status and reason."""


async def _exports(project: Project, project_id: str) -> Book:
    holder = Holder()
    book = SqlExports(project.database, holder)
    taken = []

    async def store() -> None:
        await book.store(project_id, {}, Wanted({}), None, NOW)

    async def take() -> AbstractContextManager[None] | None:
        export = await book.take(NOW)
        if export is None:
            return None
        taken.append(export)
        return book.at_work_on(export)

    async def succeed() -> None:
        await book.finish(taken[-1], "{}", NOW)

    async def state() -> tuple[str, str | None]:
        export = await book.latest(project_id, None)
        assert export is not None
        return export.status.value, None if export.failure is None else export.failure.reason

    return Book(holder, SqlLeases(project.database, holder), store, take, succeed, state)


async def _profiles(project: Project, project_id: str) -> Book:
    holder = Holder()
    jobs = SqlProfileJobs(project.database, holder)
    taken = []

    async def store() -> None:
        await jobs.store(project_id, NewJob(str(uuid.uuid4()), Trigger("ann"), ["ann"], {}, None, "key"), NOW)

    async def take() -> AbstractContextManager[None] | None:
        task = await jobs.take(NOW)
        if task is None:
            return None
        taken.append(task)
        return jobs.at_work_on(task)

    async def succeed() -> None:
        await jobs.finish(taken[-1], "{}", NOW)

    async def state() -> tuple[str, str | None]:
        job = await jobs.job_of_key(project_id, "key")
        assert job is not None
        return job.status.value, next((each.failure.reason for each in job.failures), None)

    return Book(holder, SqlLeases(project.database, holder), store, take, succeed, state)


@pytest.fixture(params=[_exports, _profiles])
async def two(request: pytest.FixtureRequest, project: Project) -> tuple[Book, Book]:
    """Two processes at one kind of work, of which none is left over from other tests."""
    project_id = await another(project)
    one, other = [await request.param(project, project_id) for _ in range(2)]
    while await one.take():
        await one.succeed()
    return one, other


async def test_another_start_takes_nothing_from_the_living(two: tuple[Book, Book]) -> None:
    """What is renewed stays where it is, however many others start; nobody else gets or ends it."""
    one, other = two
    await one.store()
    hand = await one.take()
    assert hand is not None
    await other.leases.recover(NOW)
    with hand:
        await one.leases.renew(NOW + MINUTE)
    assert await other.leases.recover(NOW + MINUTE) == 0
    assert await other.take() is None
    await one.succeed()
    assert await one.state() == ("SUCCEEDED", None)


async def test_what_is_silent_is_taken_over(two: tuple[Book, Book]) -> None:
    """After its lease another process gets it, and from then on alone can end it."""
    one, other = two
    await one.store()
    assert await one.take() is not None
    await one.leases.renew(NOW + MINUTE)  # it lives, but has lost sight of this
    assert await other.leases.recover(NOW + MINUTE) == 1
    assert await other.take() is not None
    await one.succeed()
    assert await one.state() == ("RUNNING", None)
    await other.succeed()
    assert await one.state() == ("SUCCEEDED", None)


async def test_what_kills_every_process_is_given_up(two: tuple[Book, Book]) -> None:
    """After so many attempts that ended with their process it has failed, and says so."""
    one, other = two
    await one.store()
    for _ in range(MOST_ATTEMPTS):
        assert await one.state() == ("PENDING", None)
        assert await one.take() is not None
        await other.leases.recover(NOW + MINUTE)
    assert await one.state() == ("FAILED", "TOO_MANY_ATTEMPTS")
    assert await one.take() is None


async def test_a_clean_end_gives_it_back(two: tuple[Book, Book]) -> None:
    """At once, and without counting against it."""
    one, other = two
    await one.store()
    for _ in range(MOST_ATTEMPTS + 1):
        assert await one.take() is not None
        await one.leases.release(NOW)
    assert await other.take() is not None
    await other.succeed()


async def test_a_reason_is_kept(project: Project) -> None:
    """A failure that is no crash ends the work at once, by its owner alone."""
    project_id = await another(project)
    book, stranger = (SqlExports(project.database, Holder()) for _ in range(2))
    while (left := await book.take(NOW)) is not None:
        await book.fail(left, Failure("TEST", ""), NOW)
    await book.store(project_id, {}, Wanted({}), None, NOW)
    export = await book.take(NOW)
    assert export is not None
    await stranger.fail(export, Failure("STRANGE", ""), NOW)
    await book.fail(export, Failure("REASON", "Because."), NOW)
    ended = await book.latest(project_id, None)
    assert ended is not None
    assert ended.failure == Failure("REASON", "Because.")
