"""Who may work on what, on every kind of database."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

from service.ledger.leases import Holder, SqlLeases
from service.ledger.ledger import SqlLedger
from service.memory.add import MOST_ATTEMPTS
from service.memory.model import AddRequest, Message, RequestStatus, Role, Scope
from tests.contract.ledger.conftest import NOW, Project
from tests.contract.ledger.test_events import drained
from tests.contract.ledger.test_requests import state

MINUTE = timedelta(minutes=1)


def pending() -> AddRequest:
    """A request that nobody waits for."""
    return AddRequest((Message(Role.USER, "hi"),), Scope(user_id=str(uuid.uuid4())), async_mode=True)


async def test_signs_of_life_keep_work(project: Project) -> None:
    """What is renewed stays; what is not is taken, and its process can no longer end it."""
    alive, dead = Holder(), Holder()
    ledger, other = SqlLedger(project.database, alive), SqlLedger(project.database, dead)
    await drained(ledger)
    mine = await ledger.store_request(project.id, pending(), NOW)
    assert await ledger.take_pending(NOW) is not None
    theirs = await other.store_request(project.id, pending(), NOW)
    assert await other.take_pending(NOW) is not None

    leases = SqlLeases(project.database, alive)
    with ledger.at_work_on(mine):
        await leases.renew(NOW + MINUTE)
    assert await leases.recover(NOW + MINUTE) >= 1
    assert (await state(project, mine))[0] == "RUNNING"
    assert (await state(project, theirs))[0] == "PENDING"
    await other.fail_request(project.id, theirs, "TEST", "", NOW)
    assert (await state(project, theirs))[0] == "PENDING"
    for _ in range(2):
        await ledger.fail_request(project.id, mine, "TEST", "", NOW)
        await ledger.take_pending(NOW)
        await ledger.fail_request(project.id, theirs, "TEST", "", NOW)


async def test_what_kills_every_process_is_given_up(project: Project) -> None:
    """After so many attempts that ended with their process the request has failed, and can be retried."""
    holder = Holder()
    ledger, leases = SqlLedger(project.database, holder), SqlLeases(project.database, holder)
    await drained(ledger)
    event_id = await ledger.store_request(project.id, pending(), NOW)
    for _ in range(MOST_ATTEMPTS):
        assert (await state(project, event_id))[0] == "PENDING"
        assert await ledger.take_pending(NOW) is not None
        await leases.recover(NOW + MINUTE)
    assert await state(project, event_id) == ("FAILED", "TOO_MANY_ATTEMPTS")
    assert await ledger.retry_request(project.id, event_id)
    await drained(ledger)


async def test_a_clean_end_gives_work_back(project: Project) -> None:
    """At once, and without counting against it."""
    holder = Holder()
    ledger, leases = SqlLedger(project.database, holder), SqlLeases(project.database, holder)
    await drained(ledger)
    event_id = await ledger.store_request(project.id, pending(), NOW)
    for _ in range(MOST_ATTEMPTS + 1):
        taken = await ledger.take_pending(NOW)
        assert taken is not None
        assert (taken.event_id, taken.attempt) == (event_id, 1)
        await leases.release(NOW)
    await drained(ledger)


async def test_alone_it_need_not_wait(project: Project) -> None:
    """Where no other process can be at work, what is RUNNING was left behind."""
    ledger, leases = SqlLedger(project.database), SqlLeases(project.database, Holder())
    await drained(ledger)
    event_id = await ledger.store_request(project.id, pending(), NOW)
    assert await ledger.take_pending(NOW) is not None
    assert await leases.recover(NOW) == 0
    assert await leases.recover(NOW, alone=True) >= 1
    assert (await state(project, event_id))[0] == RequestStatus.PENDING.value
    await drained(ledger)


async def test_one_leads(project: Project) -> None:
    """Of many that want a role one has it, until it gives it back or its lease is over."""
    role = str(uuid.uuid4())
    many = [SqlLeases(project.database, Holder()) for _ in range(6)]
    first = await asyncio.gather(*(each.lead(role, NOW, NOW + MINUTE) for each in many))
    assert first.count(True) == 1
    leader = many[first.index(True)]
    other = many[first.index(False)]
    assert await leader.lead(role, NOW, NOW + MINUTE)
    assert not await other.lead(role, NOW, NOW + MINUTE)
    await leader.release(NOW)
    assert await other.lead(role, NOW, NOW + MINUTE)
    assert await leader.lead(role, NOW + 2 * MINUTE, NOW + 3 * MINUTE)


async def test_what_is_out_of_sight_is_not_renewed(project: Project) -> None:
    """A request that the living process does not work on, whatever went wrong, becomes free all the same."""
    holder = Holder()
    ledger, leases = SqlLedger(project.database, holder), SqlLeases(project.database, holder)
    request = AddRequest((Message(Role.USER, "hi"),), Scope(user_id=str(uuid.uuid4())))
    event_id = await ledger.store_request(project.id, request, NOW)
    with ledger.at_work_on(str(uuid.uuid4())):
        await leases.renew(NOW + MINUTE)
    await leases.recover(NOW + MINUTE)
    assert await state(project, event_id) == ("FAILED", "INTERRUPTED")
