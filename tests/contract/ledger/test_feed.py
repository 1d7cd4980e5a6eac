from __future__ import annotations

import asyncio
import threading
import uuid

import pytest
from sqlalchemy import Connection, select

from service.ledger import commits, rows
from service.ledger.feed import SqlFeed
from service.ledger.schema import changes
from service.memory.feed import Arrivals, Batch, cursor_of, follow, position_in
from service.memory.model import Change, Event, Memory, Scope
from tests.contract.ledger.conftest import NOW, Project
from tests.ledgers import new_project

EVERYBODY = Scope()


def change(user: str = "ann", text: str = "Likes tea") -> Change:
    """A memory that is added."""
    return Change(Event.ADD, None, Memory(str(uuid.uuid4()), Scope(user_id=user), text, NOW, NOW))


async def log(project: Project, project_id: str, *logged: Change) -> None:
    """Commits changes to the log alone."""
    await project.database.write(
        lambda connection: commits.log_changes(connection, project_id, "r", logged, None, NOW)
    )


async def test_order_scope_and_position(project: Project) -> None:
    """Changes come in order, those of the scope only, and the position moves past the others too."""
    feed, mine, other = (
        SqlFeed(project.database),
        await new_project(project.database),
        await new_project(project.database),
    )
    ann, bob = change("ann"), change("bob")
    await log(project, mine, ann, bob)
    await log(project, other, change("ann"))
    whole = await feed.changes(mine, 0, EVERYBODY, 10)
    assert [each.memory_id for each in whole.changes] == [ann.memory.id, bob.memory.id]
    anns = await feed.changes(mine, 0, Scope(user_id="ann"), 10)
    assert ([each.memory_id for each in anns.changes], anns.position) == ([ann.memory.id], whole.position)
    assert anns.position == await feed.position(mine)
    first = await feed.changes(mine, 0, EVERYBODY, 1)
    rest = await feed.changes(mine, first.position, EVERYBODY, 10)
    assert [each.memory_id for each in rest.changes] == [bob.memory.id]
    assert (await feed.changes(mine, rest.position, EVERYBODY, 10)).changes == []


async def read_while_an_older_commit_is_open(project: Project) -> list[str]:
    """What a follower sees of two commits, when the one that began first ends last."""
    feed, project_id = SqlFeed(project.database), await new_project(project.database)
    first, second = change(text="first"), change(text="second")
    wrote, may_end = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        commits.log_changes(connection, project_id, "r", [first], None, NOW)
        wrote.set()
        may_end.wait(10)

    def fast(connection: Connection) -> None:
        commits.log_changes(connection, project_id, "r", [second], None, NOW)

    slowly = asyncio.create_task(project.database.write(slow))
    await asyncio.to_thread(wrote.wait, 10)
    quickly = asyncio.create_task(project.database.write(fast))
    await asyncio.wait({quickly}, timeout=0.5)
    before = await feed.changes(project_id, 0, EVERYBODY, 10)
    may_end.set()
    await asyncio.gather(slowly, quickly)
    after = await feed.changes(project_id, before.position, EVERYBODY, 10)
    return [each.new_text or "" for each in (*before.changes, *after.changes)]


async def test_two_writers_at_once(project: Project) -> None:
    """Of two commits side by side, whoever reads in between misses none, in the order of their numbers."""
    assert await read_while_an_older_commit_is_open(project) == ["first", "second"]


async def test_two_writers_without_the_lock(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lock PostgreSQL shows the later number first, and the earlier one is never read."""
    if project.database.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    monkeypatch.setattr(commits, "next_in_the_log", lambda *_: None)
    assert await read_while_an_older_commit_is_open(project) == ["second"]


async def test_numbers_never_come_back(project: Project) -> None:
    """When the last change is erased, the next one still comes after it."""
    feed, project_id = SqlFeed(project.database), await new_project(project.database)
    await log(project, project_id, change())
    position = await feed.position(project_id)
    await project.database.write(
        lambda connection: connection.execute(changes.delete().where(changes.c.project_id == project_id))
    )
    await log(project, project_id, change(text="after"))
    batch = await feed.changes(project_id, position, EVERYBODY, 10)
    assert [each.new_text for each in batch.changes] == ["after"]


async def test_a_page_is_read_off_its_index(project: Project) -> None:
    """Reading on from a position scans no more of the log than what comes after it."""

    def explain(connection: Connection) -> str:
        query = (
            select(changes)
            .where(changes.c.project_id == "p", changes.c.sequence > 5, changes.c.sequence <= 9)
            .order_by(changes.c.sequence)
            .limit(10)
        )
        text = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
        if connection.dialect.name == "sqlite":
            return str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all())
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return str(connection.exec_driver_sql(f"EXPLAIN {text}").all())

    plan = await project.database.read(explain)
    assert "ix_changes_project_id_sequence" in plan or "pk_changes" in plan or "PRIMARY KEY" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


async def admitted() -> None:
    """Lets everybody in."""


async def test_follow_wakes_and_ends(project: Project) -> None:
    """A follower is answered at once, told of a commit at once, and let go at the end."""
    feed, arrivals = SqlFeed(project.database), Arrivals()
    project_id = await new_project(project.database)
    await log(project, project_id, change(text="before"))
    batches = follow(feed, arrivals, admitted, project_id, None, EVERYBODY)
    first: Batch = await anext(batches)
    assert first.changes == []
    waiting = asyncio.ensure_future(anext(batches))
    await asyncio.sleep(0.05)
    added = change(text="while it waits")
    await log(project, project_id, added)
    arrivals()
    async with asyncio.timeout(0.3):
        batch = await waiting
    assert [each.memory_id for each in batch.changes] == [added.memory.id]
    waiting = asyncio.ensure_future(anext(batches))
    await asyncio.sleep(0.05)
    arrivals.end()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_follow_notices_other_replicas(project: Project) -> None:
    """A commit that nobody in this process tells of is told within a second."""
    feed, project_id = SqlFeed(project.database), await new_project(project.database)
    batches = follow(feed, Arrivals(), admitted, project_id, None, EVERYBODY)
    await anext(batches)
    await log(project, project_id, change())
    async with asyncio.timeout(1):
        assert len((await anext(batches)).changes) == 1


async def test_follow_reads_no_more_than_a_batch(project: Project) -> None:
    """A long log comes in batches, each read when the one before was taken."""
    feed, project_id = SqlFeed(project.database), await new_project(project.database)
    await log(project, project_id, *(change() for _ in range(250)))
    batches = follow(feed, Arrivals(), admitted, project_id, 0, EVERYBODY, until_now=True)
    assert [len(batch.changes) async for batch in batches] == [100, 100, 50]


@pytest.mark.parametrize("position", [0, 1, 255, 2**40, 2**63 - 1])
def test_cursors(position: int) -> None:
    """A cursor leads back to its position."""
    assert position_in(cursor_of(position)) == position


@pytest.mark.parametrize("text", ["", "c1.", "7", "c1.AAAA", "c1.é", "c1.__________8", cursor_of(1) + "A"])
def test_no_cursors(text: str) -> None:
    """What no stream gave is no cursor."""
    assert position_in(text) is None


def test_the_log_says_whose_changes_they_are() -> None:
    """A row of the log holds all ids of its memory."""
    scope = Scope("u", "a", "p", "r")
    added = Change(Event.ADD, None, Memory("m", scope, "x", NOW, NOW))
    values = rows.change_values("p", "r", "c", added, None, NOW)
    assert {name: values[name] for name in scope.ids} == scope.ids
