"""Requests that are handed in again under their idempotency key, on every kind of database."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from memoryd.exact_json import loads

from service.ledger.ledger import SqlLedger
from service.memory.errors import AlreadyExists, Conflict, NotFound
from service.memory.model import AddRequest, Message, RequestStatus, Role, Scope
from service.memory.ports import Claim
from tests.contract.ledger.conftest import NOW, Project

DAY = timedelta(days=1)
LEASE_OVER = NOW + timedelta(minutes=1)


def asked(text: str = "Hello", *, async_mode: bool = False) -> AddRequest:
    """A request about a user."""
    return AddRequest(
        (Message(Role.USER, text),), Scope(user_id="ann"), {"a": 1, "b": 2}, async_mode=async_mode
    )


@pytest.fixture
def key() -> str:
    """A key that nobody used."""
    return str(uuid.uuid4())


async def claim(
    ledger: SqlLedger, project: Project, key: str, request: AddRequest | None = None, at: object = NOW
) -> Claim:
    """Hands in a request, at some time."""
    assert isinstance(at, type(NOW))
    return await ledger.claim_request(project.id, request or asked(), key, at, at - DAY)


async def test_the_first_of_many_at_once_is_stored(project: Project, key: str) -> None:
    """However many hand it in at once, by two processes: one performs it, all have the same event."""
    ledgers = [SqlLedger(project.database) for _ in range(2)]
    claims = await asyncio.gather(*(claim(ledgers[n % 2], project, key) for n in range(20)))
    assert len({each.event_id for each in claims}) == 1
    assert [each.mine for each in claims].count(True) == 1


async def test_the_same_request_in_other_words(project: Project, key: str) -> None:
    """The order of keys and the form of numbers in JSON make no other request."""
    ledger = SqlLedger(project.database)
    first = await claim(ledger, project, key)
    again = await claim(ledger, project, key, replace(asked(), metadata={"b": loads("2.0"), "a": 1}))
    assert (again.event_id, again.mine) == (first.event_id, False)


@pytest.mark.parametrize(
    "other",
    [
        asked("Hello!"),
        replace(asked(), scope=Scope(user_id="ann", run_id="r")),
        replace(asked(), metadata=None),
        replace(asked(), infer=False),
        asked(async_mode=True),
    ],
    ids=["messages", "scope", "metadata", "infer", "async_mode"],
)
async def test_another_request_is_refused(project: Project, key: str, other: AddRequest) -> None:
    """A key stands for one request only, also when that has failed."""
    ledger = SqlLedger(project.database)
    first = await claim(ledger, project, key)
    for _ in range(2):
        with pytest.raises(AlreadyExists) as caught:
            await claim(ledger, project, key, other)
        assert caught.value.reason == "IDEMPOTENCY_KEY_REUSED"
        await ledger.fail_request(project.id, first.event_id, "TEST", "", NOW)


async def test_what_succeeded_is_never_performed_again(project: Project, key: str) -> None:
    """Its event is the answer."""
    ledger = SqlLedger(project.database)
    first = await claim(ledger, project, key)
    await ledger.commit(project.id, first.event_id, asked().scope, None, [], (), NOW)
    assert await claim(ledger, project, key) == Claim(first.event_id, RequestStatus.SUCCEEDED, mine=False)


async def test_what_failed_is_performed_again_by_one(project: Project, key: str) -> None:
    """Under the same event id; who comes meanwhile waits."""
    ledger = SqlLedger(project.database)
    first = await claim(ledger, project, key)
    await ledger.fail_request(project.id, first.event_id, "TEST", "", NOW)
    claims = await asyncio.gather(*(claim(ledger, project, key) for _ in range(5)))
    assert {each.event_id for each in claims} == {first.event_id}
    assert [each.mine for each in claims].count(True) == 1
    await ledger.commit(project.id, first.event_id, asked().scope, None, [], (), NOW)


async def test_what_a_dead_process_left_is_taken_over(project: Project, key: str) -> None:
    """Once its lease is over; the process that had it can then neither commit nor fail it."""
    dead, alive = SqlLedger(project.database), SqlLedger(project.database)
    first = await claim(dead, project, key)
    assert not (await claim(alive, project, key)).mine
    assert (await claim(alive, project, key, at=LEASE_OVER)).mine
    with pytest.raises(Conflict) as caught:
        await dead.commit(project.id, first.event_id, asked().scope, None, [], (), NOW)
    assert caught.value.reason == "REQUEST_GIVEN_UP"
    await dead.fail_request(project.id, first.event_id, "TEST", "", NOW)
    await alive.commit(project.id, first.event_id, asked().scope, None, [], (), NOW)


async def test_asynchronous_requests(project: Project, key: str) -> None:
    """One that waits or runs is left alone; one that failed waits again."""
    ledger = SqlLedger(project.database)
    first = await claim(ledger, project, key, asked(async_mode=True))
    assert (first.status, first.mine) == (RequestStatus.PENDING, True)
    again = await claim(ledger, project, key, asked(async_mode=True), LEASE_OVER)
    assert again == Claim(first.event_id, RequestStatus.PENDING, mine=False)
    while (taken := await ledger.take_pending(NOW)) is not None:
        await ledger.fail_request(project.id, taken.event_id, "TEST", "", NOW)
    assert (await claim(ledger, project, key, asked(async_mode=True))).mine
    taken = await ledger.take_pending(NOW)
    assert taken is not None
    assert (taken.event_id, taken.in_background, taken.attempt) == (first.event_id, True, 1)
    await ledger.fail_request(project.id, first.event_id, "TEST", "", NOW)


async def test_keys_are_forgotten(project: Project, key: str) -> None:
    """After its time a key is free, unless its request still goes on; the old event stays."""
    ledger = SqlLedger(project.database)
    first = await claim(ledger, project, key)
    later = NOW + DAY + timedelta(seconds=1)
    assert (await claim(ledger, project, key, at=later)).event_id == first.event_id
    await ledger.fail_request(project.id, first.event_id, "TEST", "", NOW)
    fresh = await claim(ledger, project, key, asked("Something else"), later)
    assert fresh.mine
    assert fresh.event_id != first.event_id


async def test_projects_have_their_own_keys(project: Project, key: str) -> None:
    """A project that is not there has none."""
    with pytest.raises(NotFound):
        await SqlLedger(project.database).claim_request(str(uuid.uuid4()), asked(), key, NOW, NOW - DAY)


async def test_what_did_not_work_is_tried_later(project: Project) -> None:
    """A postponed request waits for its time, and those after it about the same subject for it."""
    ledger = SqlLedger(project.database)
    while (taken := await ledger.take_pending(NOW + DAY)) is not None:
        await ledger.fail_request(taken.project_id, taken.event_id, "TEST", "", NOW)
    first = await ledger.store_request(project.id, asked(async_mode=True), NOW)
    second = await ledger.store_request(project.id, asked(async_mode=True), NOW)
    assert await ledger.take_pending(NOW) is not None
    soon = NOW + timedelta(seconds=4)
    await ledger.postpone_request(project.id, first, "TEST", "", soon)
    assert await ledger.take_pending(NOW) is None
    for attempt, event_id in ((2, first), (1, second)):
        taken = await ledger.take_pending(soon)
        assert taken is not None
        assert (taken.event_id, taken.attempt) == (event_id, attempt)
        await ledger.fail_request(project.id, event_id, "TEST", "", NOW)


async def test_a_failed_request_is_retried(project: Project) -> None:
    """By a worker, whoever had asked for it; one that has not failed is left alone."""
    ledger = SqlLedger(project.database)
    event_id = await ledger.store_request(project.id, asked(), NOW)
    assert not await ledger.retry_request(project.id, event_id)
    await ledger.fail_request(project.id, event_id, "TEST", "", NOW)
    assert not await ledger.retry_request(str(uuid.uuid4()), event_id)
    assert await ledger.retry_request(project.id, event_id)
    taken = await ledger.take_pending(NOW)
    assert taken is not None
    assert (taken.event_id, taken.in_background) == (event_id, True)
    await ledger.commit(project.id, event_id, asked().scope, None, [], (), NOW)
