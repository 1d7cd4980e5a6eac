"""Erasure beside others who write about the same entity, on every kind of database."""

from __future__ import annotations

import asyncio
import threading
import uuid

import pytest
from sqlalchemy import Connection, func, select

from service.ledger.erasure import SqlErasure
from service.ledger.leases import Holder
from service.ledger.ledger import SqlLedger
from service.ledger.profile_jobs import SqlProfileJobs
from service.ledger.profiles import SqlProfiles
from service.ledger.schema import changes as change_log
from service.ledger.schema import memories, requests, subjects
from service.memory.entities import EntityKey, EntityType
from service.memory.model import Scope
from tests.contract.ledger.conftest import NOW, Project
from tests.contract.ledger.test_profiles import new
from tests.contract.ledger.test_requests import addition, asked


async def erase(project: Project, user: str) -> int:
    """Erases a user and says how many memories that were."""
    receipt = await SqlErasure(project.database).erase(
        project.id, EntityKey(EntityType.USER, user), "tester", NOW
    )
    return receipt.memories


async def left(project: Project, user: str) -> dict[str, int]:
    """The rows that name the user, by table; none where there are none."""

    def count(connection: Connection) -> dict[str, int]:
        columns = [table.c.user_id for table in (memories, change_log, requests)]
        columns += [subjects.c.subject_id]
        found = {
            column.table.name: connection.scalar(select(func.count()).where(column == user)) or 0
            for column in columns
        }
        return {name: number for name, number in found.items() if number}

    return await project.database.read(count)


async def test_files_are_wiped_where_they_are_ours(project: Project) -> None:
    """On every kind of database an erasure comes to its end, also where the files are a server's own."""
    ledger, user = SqlLedger(project.database), str(uuid.uuid4())
    scope = Scope(user_id=user)
    event_id = await ledger.store_request(project.id, asked(scope), NOW)
    await ledger.commit(project.id, event_id, scope, 0, [addition(scope)], (), NOW)
    assert await erase(project, user) == 1
    await SqlErasure(project.database).wipe()
    assert await left(project, user) == {}


@pytest.mark.parametrize("version", [0, None])
async def test_a_commit_under_way(
    project: Project, monkeypatch: pytest.MonkeyPatch, version: int | None
) -> None:
    """What is being committed while its entity is erased is erased too, or not committed: never a part."""
    ledger, user = SqlLedger(project.database), str(uuid.uuid4())
    scope = Scope(user_id=user)
    event_id = await ledger.store_request(project.id, asked(scope), NOW)
    finished, may_end = threading.Event(), threading.Event()
    finish = SqlLedger._finish

    def slowly(self: SqlLedger, *arguments: object) -> bool:
        done = finish(self, *arguments)  # type: ignore[arg-type]
        finished.set()
        may_end.wait(10)
        return done

    monkeypatch.setattr(SqlLedger, "_finish", slowly)
    committing = asyncio.create_task(
        ledger.commit(project.id, event_id, scope, version, [addition(scope)], (), NOW)
    )
    await asyncio.to_thread(finished.wait, 10)
    erasing = asyncio.create_task(erase(project, user))
    await asyncio.wait({erasing}, timeout=0.5)
    may_end.set()
    await asyncio.gather(committing, erasing)
    assert (await left(project, user), erasing.result()) == ({}, 1)


async def test_a_profile_under_way(project: Project) -> None:
    """What is being made from memories that are erased is not kept, and is made anew from what is left."""
    ledger, jobs = SqlLedger(project.database), SqlProfileJobs(project.database, Holder())
    user, agent = str(uuid.uuid4()), str(uuid.uuid4())
    scope = Scope(user_id=user, agent_id=agent)
    event_id = await ledger.store_request(project.id, asked(scope), NOW)
    await ledger.commit(project.id, event_id, scope, 0, [addition(scope)], (), NOW)
    await jobs.store(project.id, new(user), NOW)
    task = await jobs.take(NOW)
    assert task is not None
    await SqlErasure(project.database).erase(project.id, EntityKey(EntityType.AGENT, agent), "tester", NOW)
    await jobs.finish(task, '{"has": "a dog"}', NOW)
    assert (await SqlProfiles(project.database).profile(project.id, user)).document is None
    again = await jobs.take(NOW)
    assert again is not None
    assert (again.user_id, again.sequence) == (user, task.sequence)
