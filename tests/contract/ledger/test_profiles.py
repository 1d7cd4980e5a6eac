from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import timedelta

import pytest
from memoryd.exact_json import dumps
from sqlalchemy import text

from service.ledger.edits import SqlEdits
from service.ledger.entities import SqlEntities
from service.ledger.leases import Holder
from service.ledger.ledger import SqlLedger
from service.ledger.profile_jobs import SqlProfileJobs
from service.ledger.profiles import SqlProfiles, newest_task
from service.memory.entities import EntityKey, EntityType
from service.memory.errors import Failure
from service.memory.filters.grammar import OneOf
from service.memory.model import (
    AddRequest,
    Change,
    Event,
    Memory,
    Message,
    RequestStatus,
    Role,
    Scope,
)
from service.memory.profile_jobs import NewJob, Trigger
from service.memory.profiles import ProfileChanges, ProfileSettings, ProfileStatus, TaskStatus
from tests.contract.ledger.conftest import NOW, Project
from tests.contract.ledger.test_events import another

FORM = {"type": "object"}


def new(*users: str, key: str | None = None) -> NewJob:
    """A request for profiles."""
    return NewJob(str(uuid.uuid4()), Trigger(users[0]), users, FORM, "Be brief", key)


async def drained(jobs: SqlProfileJobs) -> None:
    """Ends whatever other tests left pending."""
    while (task := await jobs.take(NOW)) is not None:
        await jobs.skip(task, NOW)


async def remember(project: Project, project_id: str, users: Sequence[str]) -> None:
    """Stores a memory for each of the users."""
    ledger = SqlLedger(project.database)
    for user in users:
        scope = Scope(user_id=user)
        request = AddRequest((Message(Role.USER, "hi"),), scope)
        event_id = await ledger.store_request(project_id, request, NOW)
        memory = Memory(str(uuid.uuid4()), scope, "Likes tea", NOW, NOW)
        await ledger.commit(project_id, event_id, scope, None, [Change(Event.ADD, None, memory)], [], NOW)


async def test_settings_stay_in_their_project(project: Project) -> None:
    """What is not changed stays; empty is the default; another project has its own."""
    profiles, one, two = SqlProfiles(project.database), await another(project), await another(project)
    assert await profiles.change_settings(one, ProfileChanges()) == ProfileSettings()
    await profiles.change_settings(one, ProfileChanges(enabled=True))
    await profiles.change_settings(one, ProfileChanges(schema=FORM, instructions="Be brief"))
    assert await profiles.settings(one) == ProfileSettings(True, FORM, "Be brief")
    assert await profiles.settings(two) == ProfileSettings()
    assert await profiles.change_settings(one, ProfileChanges(schema={}, instructions="")) == (
        ProfileSettings(True)
    )


async def test_settings_written_at_once(project: Project) -> None:
    """Two that make a project's settings at the same moment both succeed."""
    profiles, one = SqlProfiles(project.database), await another(project)
    await asyncio.gather(
        *(profiles.change_settings(one, ProfileChanges(enabled=True)) for _ in range(4)),
        *(profiles.change_settings(one, ProfileChanges(instructions="x")) for _ in range(4)),
    )
    assert await profiles.settings(one) == ProfileSettings(True, None, "x")


async def test_a_key_is_one_job(project: Project) -> None:
    """However many store under the same key at once, there is one job; another project has its own."""
    jobs, one, two = (
        SqlProfileJobs(project.database, Holder()),
        await another(project),
        await another(project),
    )
    stored = await asyncio.gather(*(jobs.store(one, new("ann", key="k"), NOW) for _ in range(6)))
    (job_id,) = {job.id for job in stored}
    assert (await jobs.store(two, new("ann", key="k"), NOW)).id != job_id
    assert await jobs.job(two, job_id) is None
    found = await jobs.job_of_key(one, "k")
    assert found is not None
    assert (found.id, found.total, found.status) == (job_id, 1, RequestStatus.PENDING)


async def test_how_far_a_job_has_come(project: Project) -> None:
    """A job is what its profiles are; one that fails makes it fail in the end."""
    jobs, profiles = SqlProfileJobs(project.database, Holder()), SqlProfiles(project.database)
    await drained(jobs)
    one = await another(project)
    job_id = (await jobs.store(one, new("ann", "bob", "cyd"), NOW)).id
    said = []
    for user in ("ann", "bob", "cyd"):
        task = await jobs.take(NOW)
        assert task is not None
        assert (task.user_id, task.schema, task.instructions) == (user, FORM, "Be brief")
        if user == "ann":
            await jobs.finish(task, dumps({"name": user}), NOW)
        elif user == "bob":
            await jobs.fail(task, Failure("REASON", "Because."), NOW)
        else:
            await jobs.skip(task, NOW)
        job = await jobs.job(one, job_id)
        assert job is not None
        said.append((job.status, job.completed))
    job = await jobs.job(one, job_id)
    assert job is not None
    running = RequestStatus.RUNNING
    assert said == [(running, 1), (running, 2), (RequestStatus.FAILED, 3)]
    assert [job.count(each) for each in TaskStatus] == [0, 0, 1, 1, 1]
    assert [(each.user_id, each.failure.reason) for each in job.failures] == [("bob", "REASON")]
    ann, bob = await profiles.profile(one, "ann"), await profiles.profile(one, "bob")
    assert (ann.status, ann.document and ann.document.text) == (ProfileStatus.SUCCEEDED, '{"name":"ann"}')
    assert (bob.status, bob.document) == (ProfileStatus.FAILED, None)


async def test_a_deleted_user_gets_no_profile_afterwards(project: Project) -> None:
    """What was under way when the user was deleted comes to nothing, and names nobody."""
    jobs, profiles = SqlProfileJobs(project.database, Holder()), SqlProfiles(project.database)
    await drained(jobs)
    one, two = await another(project), await another(project)
    stored = [await jobs.store(each, new("ann"), NOW) for each in (one, two)]
    tasks = [await jobs.take(NOW), await jobs.take(NOW)]
    await SqlEntities(project.database).forget_entity(one, EntityKey(EntityType.USER, "ann"))
    await SqlEntities(project.database).forget_entity(two, EntityKey(EntityType.AGENT, "ann"))
    for task in tasks:
        assert task is not None
        await jobs.finish(task, "{}", NOW + timedelta(seconds=1))
    gone, there = await profiles.profile(one, "ann"), await profiles.profile(two, "ann")
    assert (gone.document, gone.attempt) == (None, None)
    assert there.document is not None
    job = await jobs.job(one, stored[0].id)
    assert job is not None
    assert (job.status, job.count(TaskStatus.SKIPPED), job.user_ids) == (RequestStatus.SUCCEEDED, 1, [])


async def test_profiles_go_with_the_last_memory(project: Project) -> None:
    """Only those of users who lost their last one, in this project alone."""
    jobs, profiles = SqlProfileJobs(project.database, Holder()), SqlProfiles(project.database)
    await drained(jobs)
    one, two = await another(project), await another(project)
    await remember(project, one, ["ann", "ann", "bob", "cyd"])
    await remember(project, two, ["bob"])
    for project_id in (one, two):
        await jobs.store(project_id, new("ann", "bob", "cyd"), NOW)
    while (task := await jobs.take(NOW)) is not None:
        await jobs.finish(task, "{}", NOW)
    assert await jobs.most_remembered(one, 2) == ["ann", "bob"]
    await SqlEdits(project.database).delete_matching(one, OneOf("user_id", ("bob",)), "key", NOW)
    left = [(await profiles.profile(one, user)).document is not None for user in ("ann", "bob", "cyd")]
    assert left == [True, False, True]
    assert (await profiles.profile(two, "bob")).document is not None


@pytest.mark.parametrize("what", ["newest", "touched"])
async def test_profiles_come_from_indexes(project: Project, what: str) -> None:
    """Neither the newest request of a user nor a deletion reads a whole table."""
    if project.database._reader.dialect.name != "sqlite":
        return
    newest = newest_task("p", "ann").compile(project.database._reader, compile_kwargs={"literal_binds": True})
    touched = (
        "DELETE FROM profiles WHERE project_id = 'p' AND user_id IN (SELECT user_id FROM changes WHERE "
        "project_id = 'p' AND request_id = 'r' AND event = 'DELETE') AND NOT EXISTS (SELECT sequence FROM "
        "memories WHERE project_id = 'p' AND memories.user_id = profiles.user_id)"
    )
    statement = str(newest) if what == "newest" else touched
    with project.database._reader.connect() as connection:
        plan = [row[-1] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}"))]
    assert not [step for step in plan if step.startswith(("SCAN", "USE TEMP B-TREE"))], plan
