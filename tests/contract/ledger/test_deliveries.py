from __future__ import annotations

import asyncio
import uuid
from datetime import datetime, timedelta

from service.ledger import commits
from service.ledger.deliveries import SqlDeliveries
from service.ledger.webhooks import SqlWebhooks
from service.memory.deliver import AT_ONE_WEBHOOK, LEASE, Attempt, DeliveryState, Due
from service.memory.model import Change, Event, Memory, Scope
from service.memory.pages import PageRequest
from service.memory.webhooks import DEFAULT_EVENT_TYPES
from tests.contract.ledger.conftest import NOW, Project
from tests.ledgers import new_project

DONE = Attempt(DeliveryState.DELIVERED, 200, None, NOW)
URL = "https://example.com/"


async def told_of(project: Project, *memories: str) -> str:
    """A webhook of a fresh project that is to be told of these memories, in order."""
    database = project.database
    await empty(SqlDeliveries(database))
    project_id = await new_project(database)
    webhook = await SqlWebhooks(database).create(project_id, "", URL, DEFAULT_EVENT_TYPES, "s", NOW)
    changes = [
        Change(Event.ADD, None, Memory(each, Scope(user_id="ann"), f"text of {each}", NOW, NOW))
        for each in memories
    ]
    await database.write(
        lambda connection: commits.log_changes(connection, project_id, "r", changes, None, NOW)
    )
    return webhook.id


async def empty(deliveries: SqlDeliveries) -> None:
    """Ends what other tests left."""
    while await deliveries.make(NOW):
        pass
    later = NOW + timedelta(days=400)
    while (due := await deliveries.take(later, later + LEASE)) is not None:
        await deliveries.end(due.id, due.attempt, DONE, later)


async def take(deliveries: SqlDeliveries, at: datetime = NOW) -> Due | None:
    """Takes what is due."""
    return await deliveries.take(at, at + LEASE)


async def test_made_once(project: Project) -> None:
    """However many processes make deliveries at once, each change becomes one."""
    deliveries, memories = SqlDeliveries(project.database), [str(uuid.uuid4()) for _ in range(3)]
    webhook_id = await told_of(project, *memories)

    async def make_all() -> None:
        while await deliveries.make(NOW):
            pass

    await asyncio.gather(*(make_all() for _ in range(4)))
    await make_all()
    [taken] = [await take(deliveries)]
    assert taken is not None
    assert taken.change is not None
    assert (taken.attempt, taken.url, taken.change.new_text) == (1, URL, f"text of {memories[0]}")
    project_id = await SqlWebhooks(project.database).project_of(webhook_id) or ""
    listing = await deliveries.deliveries(project_id, webhook_id, None, PageRequest())
    assert [each.memory_id for each in listing.items] == memories[::-1]
    assert (await deliveries.deliveries("other", webhook_id, None, PageRequest())).count == 0


async def test_taken_once(project: Project) -> None:
    """Takers share nothing, and no more than a few are at one webhook."""
    deliveries = SqlDeliveries(project.database)
    await told_of(project, *(str(uuid.uuid4()) for _ in range(10)))
    await deliveries.make(NOW)
    taken = [each for each in await asyncio.gather(*(take(deliveries) for _ in range(3))) if each]
    while (more := await take(deliveries)) is not None:
        taken.append(more)
    assert len({each.id for each in taken}) == len(taken) == AT_ONE_WEBHOOK
    await deliveries.end(taken[0].id, 1, DONE, NOW)
    assert await take(deliveries) is not None
    assert await take(deliveries) is None


async def test_one_memory_in_order(project: Project) -> None:
    """Of one memory, a delivery begins when all before it have ended, also while they wait to be retried."""
    deliveries = SqlDeliveries(project.database)
    await told_of(project, "same", "same", "other")
    await deliveries.make(NOW)
    first, other = await take(deliveries), await take(deliveries)
    assert first is not None
    assert other is not None
    assert other.change is not None
    assert other.change.memory_id == "other"
    assert await take(deliveries) is None
    await deliveries.end(other.id, 1, DONE, NOW)
    again = Attempt(DeliveryState.PENDING, 500, "STATUS", NOW + timedelta(seconds=60))
    await deliveries.end(first.id, 1, again, NOW)
    assert await take(deliveries, NOW + timedelta(seconds=1)) is None
    retried = await take(deliveries, NOW + timedelta(seconds=60))
    assert retried is not None
    assert (retried.id, retried.attempt) == (first.id, 2)
    await deliveries.end(first.id, 2, Attempt(DeliveryState.DEAD, 500, "STATUS", NOW), NOW)
    following = await take(deliveries, NOW + timedelta(seconds=61))
    assert following is not None
    assert following.id not in {first.id, other.id}


async def test_a_lease_runs_out(project: Project) -> None:
    """What a dead process had taken is taken by another later, and the dead one's word counts no more."""
    deliveries = SqlDeliveries(project.database)
    webhook_id = await told_of(project, "m")
    await deliveries.make(NOW)
    first = await take(deliveries)
    assert await take(deliveries, NOW + LEASE - timedelta(seconds=1)) is None
    second = await take(deliveries, NOW + LEASE)
    assert first is not None
    assert second is not None
    assert (second.id, second.attempt) == (first.id, 2)
    await deliveries.end(first.id, first.attempt, Attempt(DeliveryState.DEAD, None, "TIMEOUT", NOW), NOW)
    project_id = await SqlWebhooks(project.database).project_of(webhook_id) or ""
    [pending] = (await deliveries.deliveries(project_id, webhook_id, None, PageRequest())).items
    assert (pending.state, pending.last_error) == (DeliveryState.PENDING, None)
    await deliveries.end(second.id, second.attempt, DONE, NOW)
    [done] = (
        await deliveries.deliveries(project_id, webhook_id, DeliveryState.DELIVERED, PageRequest())
    ).items
    assert done.completed_at == NOW
