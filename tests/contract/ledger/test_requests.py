"""The way of a request through the ledger, on every kind of database."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from memoryd.exact_json import loads
from sqlalchemy import Connection, Table, func, insert, select

from service.ledger.leases import Holder, SqlLeases
from service.ledger.ledger import SqlLedger
from service.ledger.rows import EPOCH
from service.ledger.schema import changes as change_log
from service.ledger.schema import memories, outbox, projects, requests, subjects
from service.memory.errors import Conflict
from service.memory.model import (
    AddRequest,
    Change,
    Event,
    Evidence,
    Memory,
    Message,
    Rejection,
    Role,
    Scope,
    Vector,
)
from tests.contract.ledger.conftest import FIRST, NOW, Project

LATER = NOW + timedelta(seconds=1)


@pytest.fixture
def ledger(project: Project) -> SqlLedger:
    """The ledger under test."""
    return SqlLedger(project.database)


@pytest.fixture
def scope() -> Scope:
    """A user whom nobody else is."""
    return Scope(user_id=str(uuid.uuid4()))


def vector(first: float = 1.0) -> Vector:
    """A vector that can be told from others by its first number."""
    return np.array([first, 0.25], dtype=np.float32)


def asked(scope: Scope, *said: str, async_mode: bool = False) -> AddRequest:
    """A request with these words of a user."""
    messages = tuple(Message(Role.USER, words) for words in said or ("Hello",))
    return AddRequest(messages=messages, scope=scope, async_mode=async_mode)


def addition(scope: Scope, text: str = "Has a dog", first: float = 1.0) -> Change:
    """A new memory."""
    memory = Memory(str(uuid.uuid4()), scope, text, NOW, NOW)
    return Change(Event.ADD, None, memory, vector(first), Evidence(0, 0, 5, "user"))


async def counts(project: Project) -> list[int]:
    """How many rows there are that a commit may write."""
    tables: Sequence[Table] = (memories, change_log, outbox, subjects)
    queries = [select(func.count()).select_from(table) for table in tables]

    def count(connection: Connection) -> list[int]:
        return [connection.execute(query).scalar_one() for query in queries]

    return await project.database.read(count)


async def state(project: Project, event_id: str) -> tuple[str, str | None]:
    """A request's status and the reason of its failure."""
    query = select(requests.c.status, requests.c.reason).where(requests.c.id == event_id)
    row = await project.database.read(lambda connection: connection.execute(query).one())
    return row.status, row.reason


async def test_a_request_is_given_back_as_it_was(project: Project, ledger: SqlLedger, scope: Scope) -> None:
    """Nothing of a request is lost: no digit, no level of depth, not the first second of 1970."""
    deep: object = loads("1.10")
    for _ in range(63):
        deep = [deep]
    request = AddRequest(
        messages=(Message(Role.ASSISTANT, "𝄞\n", "Zoë"), Message(Role.SYSTEM, "Obey")),
        scope=replace(scope, run_id="r"),
        metadata={"z": 12345678901234567890, "a": deep, "n": None},
        includes="food",
        infer=False,
        custom_categories={"b": "", "a": "x"},
        immutable=True,
        expiration_date=date(2031, 2, 28),
        said_at=EPOCH,
        async_mode=True,
        with_context=True,
    )
    event_id = await ledger.store_request(project.id, request, NOW)
    taken = await ledger.take_pending(LATER)
    assert taken is not None
    assert (taken.event_id, taken.project_id, taken.request) == (event_id, project.id, request)
    assert await state(project, event_id) == ("RUNNING", None)
    await ledger.fail_request(project.id, event_id, "TEST", "It failed.", LATER)


async def test_pending_requests_are_taken_once_each(
    project: Project, ledger: SqlLedger, scope: Scope
) -> None:
    """However many take at once; the oldest first; a synchronous one is nobody else's."""
    await ledger.store_request(project.id, asked(scope), NOW)
    users = [Scope(user_id=str(uuid.uuid4())) for _ in range(6)]
    stored = [await ledger.store_request(project.id, asked(user, async_mode=True), NOW) for user in users]
    first = await ledger.take_pending(LATER)
    assert first is not None
    assert first.event_id == stored[0]
    rest = await asyncio.gather(*(ledger.take_pending(LATER) for _ in range(8)))
    assert sorted(taken.event_id for taken in rest if taken) == sorted(stored[1:])
    for event_id in stored:
        await ledger.fail_request(project.id, event_id, "TEST", "It failed.", LATER)


async def test_a_commit_writes_everything(project: Project, ledger: SqlLedger, scope: Scope) -> None:
    """Memories, log, index work, version and the request's end are there together."""
    event_id = await ledger.store_request(project.id, asked(scope), NOW)
    before = await counts(project)
    change = addition(scope)
    rejected = (Rejection(Event.UPDATE, "UNKNOWN_ID", Event.ADD),)
    outcome = await ledger.commit(project.id, event_id, scope, 0, [change], rejected, LATER)
    assert (outcome.event_id, outcome.changes, outcome.rejections) == (event_id, (change,), rejected)
    assert [now - then for now, then in zip(await counts(project), before, strict=True)] == [1, 1, 1, 1]
    assert await state(project, event_id) == ("SUCCEEDED", None)
    snapshot = await ledger.read_scope(project.id, scope)
    assert (snapshot.version, snapshot.memories) == (FIRST + 1_000_000, [change.after])
    assert np.array_equal(snapshot.pending_vectors[change.memory.id], vector())


async def test_a_commit_that_fails_writes_nothing(project: Project, ledger: SqlLedger, scope: Scope) -> None:
    """When one row cannot be written, no other is, and the request can still be ended."""
    event_id = await ledger.store_request(project.id, asked(scope), NOW)
    before = await counts(project)
    twice = addition(scope)
    with pytest.raises(Conflict):
        await ledger.commit(project.id, event_id, scope, 0, [addition(scope), twice, twice], (), LATER)
    assert await counts(project) == before
    assert await state(project, event_id) == ("RUNNING", None)
    await ledger.fail_request(project.id, event_id, "CONFLICT", "It failed.", LATER)
    assert await state(project, event_id) == ("FAILED", "CONFLICT")


@pytest.mark.parametrize("stale", [0, FIRST, FIRST + 2])
async def test_a_version_that_is_not_the_present_one(
    project: Project, ledger: SqlLedger, scope: Scope, stale: int
) -> None:
    """Who read another version cannot commit, and nothing of it is written."""
    for version in (0, FIRST):
        event_id = await ledger.store_request(project.id, asked(scope), NOW)
        await ledger.commit(project.id, event_id, scope, version, [addition(scope)], (), NOW)
    event_id = await ledger.store_request(project.id, asked(scope), NOW)
    before = await counts(project)
    with pytest.raises(Conflict) as caught:
        await ledger.commit(project.id, event_id, scope, stale, [addition(scope)], (), LATER)
    assert caught.value.reason == "SCOPE_CHANGED"
    assert await counts(project) == before
    assert await state(project, event_id) == ("RUNNING", None)
    await ledger.commit(project.id, event_id, scope, FIRST + 1, [addition(scope)], (), LATER)


@pytest.mark.parametrize("expected", [0, None], ids=["who read", "who need not read"])
async def test_first_commits_at_once(
    project: Project, ledger: SqlLedger, scope: Scope, expected: int | None
) -> None:
    """Of many first commits of a subject that read it one wins; those that do not depend on it all do."""
    stored = [await ledger.store_request(project.id, asked(scope), NOW) for _ in range(8)]
    results = await asyncio.gather(
        *(ledger.commit(project.id, each, scope, expected, [addition(scope)], (), NOW) for each in stored),
        return_exceptions=True,
    )
    conflicts = [result for result in results if isinstance(result, Conflict)]
    won = [result for result in results if not isinstance(result, BaseException)]
    assert len(conflicts) + len(won) == 8
    assert len(won) == (1 if expected == 0 else 8)
    snapshot = await ledger.read_scope(project.id, scope)
    assert (snapshot.version, len(snapshot.memories)) == (FIRST + len(won) - 1, len(won))


async def test_nothing_to_change_is_no_new_version(project: Project, ledger: SqlLedger, scope: Scope) -> None:
    """An empty commit ends the request and disturbs nobody, whatever version it saw."""
    event_id = await ledger.store_request(project.id, asked(scope), NOW)
    await ledger.commit(project.id, event_id, scope, 7, [], (), LATER)
    assert await state(project, event_id) == ("SUCCEEDED", None)
    assert (await ledger.read_scope(project.id, scope)).version == 0


async def test_a_committed_request_cannot_fail(project: Project, ledger: SqlLedger, scope: Scope) -> None:
    """Giving up too late changes nothing."""
    event_id = await ledger.store_request(project.id, asked(scope), NOW)
    await ledger.commit(project.id, event_id, scope, None, [addition(scope)], (), NOW)
    await ledger.fail_request(project.id, event_id, "CANCELLED", "It failed.", LATER)
    assert await state(project, event_id) == ("SUCCEEDED", None)


async def test_a_failed_request_cannot_commit(project: Project, ledger: SqlLedger, scope: Scope) -> None:
    """Committing too late is a conflict and writes nothing."""
    event_id = await ledger.store_request(project.id, asked(scope), NOW)
    await ledger.fail_request(project.id, event_id, "CANCELLED", "It failed.", NOW)
    before = await counts(project)
    for changes in ([addition(scope)], []):
        with pytest.raises(Conflict) as caught:
            await ledger.commit(project.id, event_id, scope, None, changes, (), LATER)
        assert caught.value.reason == "REQUEST_GIVEN_UP"
    assert await counts(project) == before
    assert await state(project, event_id) == ("FAILED", "CANCELLED")


async def test_committing_and_giving_up_at_once(project: Project, ledger: SqlLedger, scope: Scope) -> None:
    """A request ends once: it is committed with its memory, or failed without."""
    for number in range(10):
        event_id = await ledger.store_request(project.id, asked(scope), NOW)
        change = addition(scope)
        ends = [
            ledger.commit(project.id, event_id, scope, None, [change], (), NOW),
            ledger.fail_request(project.id, event_id, "CANCELLED", "It failed.", NOW),
        ]
        await asyncio.gather(*(ends if number % 2 else reversed(ends)), return_exceptions=True)
        status, _ = await state(project, event_id)
        known = [memory.id for memory in (await ledger.read_scope(project.id, scope)).memories]
        assert status == ("SUCCEEDED" if change.memory.id in known else "FAILED")


async def test_a_caller_who_goes_away_leaves_no_half(
    project: Project, ledger: SqlLedger, scope: Scope
) -> None:
    """A cancelled commit happens as a whole or not at all."""
    for _ in range(10):
        event_id = await ledger.store_request(project.id, asked(scope), NOW)
        change = addition(scope)
        committing = asyncio.ensure_future(
            ledger.commit(project.id, event_id, scope, None, [change], (), NOW)
        )
        await asyncio.sleep(0.0005)
        committing.cancel()
        await asyncio.gather(committing, return_exceptions=True)
        await ledger.fail_request(project.id, event_id, "CANCELLED", "It failed.", NOW)
        status, _ = await state(project, event_id)
        known = [memory.id for memory in (await ledger.read_scope(project.id, scope)).memories]
        assert status == ("SUCCEEDED" if change.memory.id in known else "FAILED")


async def test_index_work_in_the_order_of_commits(project: Project, ledger: SqlLedger, scope: Scope) -> None:
    """What is not indexed yet is read with the scope, the last vector of each; done work is forgotten."""
    added = addition(scope)
    kept = addition(scope, "Has a cat", 4.0)
    old = added.memory
    changed = Change(Event.UPDATE, old, replace(old, text="Has two dogs"), vector(2.0))
    gone = Change(Event.DELETE, kept.after, None)
    for changes in ([added, kept], [changed], [gone]):
        event_id = await ledger.store_request(project.id, asked(scope), NOW)
        await ledger.commit(project.id, event_id, scope, None, changes, (), NOW)
    mine = [item for item in await ledger.outbox(10_000) if item.memory_id in {old.id, kept.memory.id}]
    assert [(item.memory_id, item.entry and float(item.entry.vector[0])) for item in mine] == [
        (old.id, 1.0),
        (kept.memory.id, 4.0),
        (old.id, 2.0),
        (kept.memory.id, None),
    ]
    assert {item.entry.scope for item in mine if item.entry} == {scope}
    assert [item.sequence for item in mine] == sorted(item.sequence for item in mine)
    snapshot = await ledger.read_scope(project.id, scope)
    assert {each: float(found[0]) for each, found in snapshot.pending_vectors.items()} == {old.id: 2.0}
    await ledger.outbox_done([item.sequence for item in mine])
    assert (await ledger.read_scope(project.id, scope)).pending_vectors == {}
    assert not [item for item in await ledger.outbox(10_000) if item.memory_id == old.id]


async def test_recovery(project: Project, ledger: SqlLedger, scope: Scope) -> None:
    """Once its lease is over an asynchronous request waits again; one whose caller waited has failed."""
    waiting = await ledger.store_request(project.id, asked(scope, async_mode=True), NOW)
    taken = await ledger.take_pending(NOW)
    assert taken is not None
    assert taken.event_id == waiting
    lost = await ledger.store_request(project.id, asked(scope), NOW)
    done = await ledger.store_request(project.id, asked(scope), NOW)
    await ledger.commit(project.id, done, scope, None, [], (), NOW)
    leases = SqlLeases(project.database, Holder())
    await leases.recover(LATER)
    assert await state(project, waiting) == await state(project, lost) == ("RUNNING", None)
    later = NOW + timedelta(minutes=1)
    assert await leases.recover(later) >= 2
    assert await state(project, waiting) == ("PENDING", None)
    assert await state(project, lost) == ("FAILED", "INTERRUPTED")
    assert await state(project, done) == ("SUCCEEDED", None)
    assert await leases.recover(later) == 0
    again = await ledger.take_pending(later)
    assert again is not None
    assert again.event_id == waiting
    await ledger.fail_request(project.id, waiting, "TEST", "It failed.", LATER)


async def test_earlier_messages(project: Project, ledger: SqlLedger, scope: Scope) -> None:
    """The last words of successful requests of exactly this scope, oldest first, instructions left out."""
    said: list[tuple[Scope, tuple[str, ...], bool]] = [
        (scope, ("one", "two"), True),
        (scope, ("lost",), False),
        (replace(scope, run_id="r"), ("elsewhere",), True),
        (scope, ("three",), True),
    ]
    for where, words, succeeds in said:
        request = asked(where, *words)
        request = replace(request, messages=(Message(Role.SYSTEM, "Obey"), *request.messages))
        event_id = await ledger.store_request(project.id, request, NOW)
        if succeeds:
            await ledger.commit(project.id, event_id, where, None, [], (), NOW)
        else:
            await ledger.fail_request(project.id, event_id, "TEST", "It failed.", NOW)
    for limit, wanted in ((10, ["one", "two", "three"]), (2, ["two", "three"])):
        earlier = await ledger.earlier_messages(project.id, scope, limit)
        assert [message.content for message in earlier] == wanted


async def test_projects_share_nothing(project: Project, ledger: SqlLedger, scope: Scope) -> None:
    """A project's memories, requests and versions are not there for another."""
    other = str(uuid.uuid4())
    owner = select(projects.c.organization_id).where(projects.c.id == project.id).scalar_subquery()
    await project.database.write(
        lambda connection: connection.execute(
            insert(projects).values(id=other, organization_id=owner, name=other, created_at=1)
        )
    )
    event_id = await ledger.store_request(project.id, asked(scope), NOW)
    with pytest.raises(Conflict):
        await ledger.commit(other, event_id, scope, None, [addition(scope)], (), NOW)
    await ledger.fail_request(other, event_id, "TEST", "It failed.", NOW)
    assert await state(project, event_id) == ("RUNNING", None)
    await ledger.commit(project.id, event_id, scope, None, [addition(scope)], (), NOW)
    snapshot = await ledger.read_scope(other, scope)
    assert (snapshot.version, list(snapshot.memories)) == (0, [])
    assert list(await ledger.earlier_messages(other, scope, 10)) == []


async def test_ids_in_the_scope_narrow_it(project: Project, ledger: SqlLedger, scope: Scope) -> None:
    """A scope holds the memories that carry all of its ids, whatever more they carry."""
    wide, narrow = addition(scope), addition(replace(scope, agent_id="a", run_id="r"))
    for change in (wide, narrow):
        event_id = await ledger.store_request(project.id, asked(change.memory.scope), NOW)
        await ledger.commit(project.id, event_id, change.memory.scope, None, [change], (), NOW)
    for asked_for, wanted in (
        (scope, [wide.after, narrow.after]),
        (replace(scope, agent_id="a"), [narrow.after]),
        (replace(scope, agent_id="b"), []),
    ):
        assert list((await ledger.read_scope(project.id, asked_for)).memories) == wanted
