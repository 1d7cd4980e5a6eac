from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

from sqlalchemy import Connection, insert, text

from service.ledger.entities import SqlEntities, page_query
from service.ledger.events import SqlEventLog
from service.ledger.exports import SqlExports
from service.ledger.leases import Holder, SqlLeases
from service.ledger.ledger import SqlLedger
from service.ledger.schema import organizations, projects
from service.memory.entities import EntityKey, EntityType
from service.memory.errors import Failure
from service.memory.events import EventFilter
from service.memory.exports import Wanted
from service.memory.model import AddRequest, Message, RequestStatus, Role, Scope
from service.memory.pages import PageRequest
from tests.contract.ledger.conftest import NOW, Project


def request(user: str, *, async_mode: bool = True) -> AddRequest:
    """A request about a user."""
    return AddRequest((Message(Role.USER, "hi"),), Scope(user_id=user), async_mode=async_mode)


async def another(project: Project) -> str:
    """The id of a fresh project, so that tests count only what is theirs."""
    organization_id, project_id = str(uuid.uuid4()), str(uuid.uuid4())
    named = {"name": project_id, "created_at": 1}

    def make(connection: Connection) -> None:
        connection.execute(insert(organizations).values(id=organization_id, **named))
        connection.execute(insert(projects).values(id=project_id, organization_id=organization_id, **named))

    await project.database.write(make)
    return project_id


async def drained(ledger: SqlLedger) -> None:
    """Ends whatever other tests left pending."""
    while (stored := await ledger.take_pending(NOW)) is not None:
        await ledger.fail_request(stored.project_id, stored.event_id, "TEST", "", NOW)


async def test_one_subject_in_order_several_at_once(project: Project) -> None:
    """A request begins when those before it about the same subject have ended; others do not wait."""
    ledger = SqlLedger(project.database)
    await drained(ledger)
    first = await ledger.store_request(project.id, request("ann"), NOW)
    second = await ledger.store_request(project.id, request("ann"), NOW)
    other = await ledger.store_request(project.id, request("bob"), NOW)
    elsewhere = await ledger.store_request(await another(project), request("ann"), NOW)
    taken = [await ledger.take_pending(NOW) for _ in range(4)]
    assert [each and each.event_id for each in taken] == [first, other, elsewhere, None]
    await ledger.fail_request(project.id, first, "TEST", "", NOW)
    following = await ledger.take_pending(NOW)
    assert following is not None
    assert following.event_id == second


async def test_a_synchronous_request_holds_nobody_up(project: Project) -> None:
    """Only asynchronous requests wait in line."""
    ledger = SqlLedger(project.database)
    await drained(ledger)
    await ledger.store_request(project.id, request("cyd", async_mode=False), NOW)
    waiting = await ledger.store_request(project.id, request("cyd"), NOW)
    taken = await ledger.take_pending(NOW)
    assert taken is not None
    assert taken.event_id == waiting


async def test_many_takers_never_share(project: Project) -> None:
    """However many take at once, each request is taken once, and one of a subject at a time."""
    ledger = SqlLedger(project.database)
    await drained(ledger)
    for user in ("a", "b", "a", "c", "b"):
        await ledger.store_request(project.id, request(f"many-{user}"), NOW)
    taken = await asyncio.gather(*(ledger.take_pending(NOW) for _ in range(6)))
    subjects = [each.request.scope.user_id for each in taken if each is not None]
    assert len(subjects) == len(set(subjects)) > 0


async def test_events_stay_in_their_project(project: Project) -> None:
    """An event is found in its own project only, and counts there only."""
    ledger, log = SqlLedger(project.database), SqlEventLog(project.database)
    one, two = await another(project), await another(project)
    event_id = await ledger.store_request(one, request("ann", async_mode=False), NOW)
    assert await log.event(two, event_id) is None
    assert (await log.events(two, EventFilter(), PageRequest())).count == 0
    found = await log.event(one, event_id)
    assert found is not None
    assert (found.status, found.failure, found.changes) == (RequestStatus.RUNNING, None, ())
    await ledger.fail_request(one, event_id, "REASON", "Because.", NOW + timedelta(seconds=2))
    failed = (await log.events(one, EventFilter(status=RequestStatus.FAILED), PageRequest())).items[0]
    assert failed.failure == Failure("REASON", "Because.")
    assert failed.latency == timedelta(seconds=2)


async def test_entities_stay_in_their_project(project: Project) -> None:
    """An entity of one project is not there in another."""
    register, key = SqlEntities(project.database), EntityKey(EntityType.USER, "ann")
    one, two = await another(project), await another(project)
    await register.put_entity(one, key, {"a": 1}, NOW)
    assert await register.entity(two, key) is None
    assert (await register.entities(two, None, PageRequest())).listing.count == 0
    await register.forget_entity(two, key)
    found = await register.entity(one, key)
    assert found is not None
    assert (found.metadata, found.total_memories) == ({"a": 1}, 0)
    assert (await register.entities(one, None, PageRequest())).totals[EntityType.USER] == 1


async def test_exports_stay_in_their_project(project: Project) -> None:
    """An export of one project is not found in another, neither by its id nor by its filters."""
    book, wanted = SqlExports(project.database, Holder()), Wanted({"user_id": "ann"})
    one, two = await another(project), await another(project)
    export_id = await book.store(one, {}, wanted, None, NOW)
    assert await book.export(two, export_id) is None
    assert await book.latest(two, wanted) is None
    assert await book.latest(two, None) is None
    found = await book.latest(one, Wanted({"AND": [{"user_id": "ann"}]}))
    assert found is not None
    assert found.id == export_id


async def test_an_export_is_taken_once_and_again_after_a_crash(project: Project) -> None:
    """What was RUNNING when the process ended is PENDING once its lease is over."""
    book = SqlExports(project.database, Holder())
    while await book.take(NOW):
        pass
    export_id = await book.store(await another(project), {}, Wanted({}), None, NOW)
    taken = await book.take(NOW)
    assert taken is not None
    assert taken.id == export_id
    assert await book.take(NOW) is None
    leases = SqlLeases(project.database, Holder())
    await leases.recover(NOW + timedelta(seconds=1))
    assert await book.take(NOW) is None
    assert await leases.recover(NOW + timedelta(minutes=1)) > 0
    again = await book.take(NOW)
    assert again is not None


async def test_pages_come_from_indexes(project: Project) -> None:
    """No page of events or entities reads a whole table."""
    if project.database._reader.dialect.name != "sqlite":
        return
    entity_page = page_query(project.id, None, PageRequest()).compile(
        project.database._reader, compile_kwargs={"literal_binds": True}
    )
    event_page = (
        "SELECT * FROM requests WHERE project_id = 'p' AND created_at >= 5 "
        "ORDER BY created_at DESC, sequence DESC LIMIT 50"
    )
    changes = (
        "SELECT * FROM changes WHERE project_id = 'p' AND request_id IN ('a', 'b') "
        "ORDER BY request_id, sequence"
    )

    def plan(statement: str) -> list[str]:
        with project.database._reader.connect() as connection:
            return [row[-1] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}"))]

    entity_plan = plan(str(entity_page))
    assert not [step for step in entity_plan if step.startswith("SCAN memories")]
    assert len([step for step in entity_plan if step.startswith("SEARCH memories USING INDEX")]) == 4
    (event_step,) = plan(event_page)
    assert "ix_requests_project_id_created_at_sequence (project_id=? AND created_at>?)" in event_step
    assert "ix_changes_project_id_request_id_sequence" in plan(changes)[0]
