"""Reading the current memories of a project: pages, totals, expiry, and what the pages are read off."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from service.ledger.database import Database
from service.ledger.memories import SqlMemories, page_query
from service.ledger.schema import memory_categories, memory_metadata
from service.memory.errors import Violation
from service.memory.filters import ALL, NOTHING, Filter, parse
from service.memory.model import Change, Event, Memory, Scope
from tests.ledgers import URLS, add, commit, migrated, new_project

START = datetime(2024, 1, 1, tzinfo=UTC)


def _memory(user_id: str = "u", minutes: int = 0, **more: Any) -> Memory:
    at = START + timedelta(minutes=minutes)
    return Memory(str(uuid.uuid4()), Scope(user_id), "Some text", at, at, **more)


def _filter(value: dict[str, Any]) -> Filter:
    violations: list[Violation] = []
    filter_ = parse(value, violations)
    assert violations == []
    return filter_


async def test_pages_are_newest_first_and_complete(database: Database) -> None:
    """By creation, then by the order of commits; pages join without a gap, and every page knows the total."""
    project_id = await new_project(database)
    written = [_memory(minutes=minutes) for minutes in (3, 1, 2, 2, 2)]
    await add(database, project_id, written)
    reader = SqlMemories(database)
    pages = [await reader.page(project_id, ALL, offset=offset, limit=2, on=None) for offset in (0, 2, 4, 6)]
    newest_first = [written[index].id for index in (0, 4, 3, 2, 1)]
    assert [memory.id for page in pages for memory in page.memories] == newest_first
    assert [page.total for page in pages] == [5] * 4
    assert await reader.ids(project_id, ALL, limit=3, on=None) == newest_first[:3]
    assert await reader.count(project_id, NOTHING, on=None) == 0


async def test_a_memory_is_read_as_it_was_written(database: Database) -> None:
    """All of it comes back, metadata to the digit; another project's key finds nothing."""
    project_id, other_id = await new_project(database), await new_project(database)
    memory = _memory(metadata={"id": 10**18 + 1, "b": [None, {"z": 1, "a": "é"}]}, categories=("x", "X"))
    await add(database, project_id, [memory])
    reader = SqlMemories(database)
    assert await reader.get(project_id, memory.id) == memory
    assert (await reader.page(project_id, ALL, offset=0, limit=9, on=None)).memories == [memory]
    assert await reader.get(other_id, memory.id) is None
    assert await reader.count(other_id, _filter({"memory_ids": [memory.id]}), on=None) == 0


async def test_expired_memories_are_passed_over(database: Database) -> None:
    """A memory is still there on its last day; the day after it is only when expired ones are asked for."""
    project_id = await new_project(database)
    last_day = date(2024, 5, 1)
    await add(database, project_id, [_memory(), _memory(expiration_date=last_day)])
    reader = SqlMemories(database)
    for on, expected in ((last_day, 2), (last_day + timedelta(days=1), 1), (None, 2)):
        page = await reader.page(project_id, ALL, offset=0, limit=9, on=on)
        assert (len(page.memories), page.total) == (expected, expected)
        assert len(await reader.ids(project_id, ALL, limit=9, on=on)) == expected
        assert await reader.count(project_id, ALL, on=on) == expected


async def test_what_filters_look_at_follows_the_memory(database: Database) -> None:
    """After an update the old metadata and categories select nothing; after a delete no row is left."""
    project_id = await new_project(database)
    before = _memory(metadata={"a": 1, "list": [1, 1, 2]}, categories=("old", "OLD"))
    after = replace(before, text="Other Text", metadata={"a": 2}, categories=("new",))
    reader = SqlMemories(database)
    await add(database, project_id, [before])
    assert await _rows(database, project_id) == (4, 1)
    await commit(database, project_id, [Change(Event.UPDATE, before, after)])
    assert await _rows(database, project_id) == (1, 1)
    for filter_, expected in (
        ({"metadata": {"a": 1}}, 0),
        ({"metadata": {"a": 2}}, 1),
        ({"categories": "old"}, 0),
        ({"categories": "new"}, 1),
        ({"text": {"icontains": "OTHER"}}, 1),
        ({"text": {"icontains": "some"}}, 0),
    ):
        assert await reader.count(project_id, _filter(filter_), on=None) == expected
    await commit(database, project_id, [Change(Event.DELETE, after, None)])
    assert await _rows(database, project_id) == (0, 0)


async def _rows(database: Database, project_id: str) -> tuple[int, int]:
    def count(connection: Connection) -> tuple[int, int]:
        metadata, categories = (
            connection.execute(
                select(func.count()).select_from(table).where(table.c.project_id == project_id)
            ).scalar_one()
            for table in (memory_metadata, memory_categories)
        )
        return metadata, categories

    return await database.read(count)


async def test_long_values_are_kept_and_found(database: Database) -> None:
    """Keys, values and names longer than an index takes are equal only to themselves."""
    project_id = await new_project(database)
    key, value, name = "k" * 10_000, "".join(map(chr, range(0x4E00, 0x4E00 + 20_000))), "ﷺ" * 100
    await add(database, project_id, [_memory(metadata={key: value}, categories=(name,))])
    reader = SqlMemories(database)
    for filter_, expected in (
        ({"metadata": {key: value}}, 1),
        ({"metadata": {key: value[:-1]}}, 0),
        ({"metadata": {key[:-1]: value}}, 0),
        ({"metadata": {key: {"contains": value[10_000:]}}}, 1),
        ({"categories": name}, 1),
        ({"categories": name[:-1]}, 0),
    ):
        assert await reader.count(project_id, _filter(filter_), on=None) == expected


CONDITIONS: list[dict[str, Any]] = [
    {"metadata": {"a": {"contains": "x"}}},
    {"created_at": "2024-01-01"},
    {"user_id": {"ne": "a"}},
    {"text": {"icontains": "x"}},
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=json.dumps)
@pytest.mark.parametrize("logic", ["AND", "OR"])
async def test_the_largest_filter_is_answered(
    database: Database, condition: dict[str, Any], logic: str
) -> None:
    """As many conditions as are allowed, nested as deep as is allowed, are within the databases' limits."""
    project_id = await new_project(database)
    filter_: dict[str, Any] = {logic: [condition] * 500}
    for _ in range(18):
        filter_ = {"NOT": [filter_]}
    await SqlMemories(database).page(project_id, _filter(filter_), offset=0, limit=9, on=START.date())


async def test_the_longest_lists_are_answered(database: Database) -> None:
    """As many values as are allowed are within the databases' limits."""
    project_id = await new_project(database)
    filter_ = _filter({"user_id": {"nin": [f"u{number}" for number in range(5000)]}})
    await add(database, project_id, [_memory("other")])
    assert await SqlMemories(database).count(project_id, filter_, on=None) == 1


@pytest.mark.parametrize(
    ("filter_", "index"),
    [
        ({}, "created_at"),
        ({"user_id": "u1"}, "user_id_created_at"),
        ({"agent_id": "u1"}, "agent_id_created_at"),
        ({"app_id": "u1"}, "app_id_created_at"),
        ({"run_id": {"eq": "u1"}}, "run_id_created_at"),
        ({"AND": [{"user_id": "u1"}, {"metadata": {"a": 1}}]}, "user_id_created_at"),
        ({"user_id": "u1", "categories": "x", "NOT": {"text": {"contains": "y"}}}, "user_id_created_at"),
        ({"user_id": "u1", "created_at": {"gte": "2024-01-01"}}, "user_id_created_at"),
    ],
    ids=json.dumps,
)
async def test_pages_are_read_off_an_index(tmp_path: Path, filter_: dict[str, Any], index: str) -> None:
    """A page costs what is on it: it is found in an index in the page's order, and nothing is sorted."""
    with URLS["sqlite"](tmp_path) as url, migrated(url) as database:
        plan = await _plan(database, "a project", _filter(filter_) if filter_ else ALL)
    assert f"ix_memories_project_id_{index}_sequence" in plan, plan
    assert "B-TREE" not in plan, plan


async def _plan(database: Database, project_id: str, filter_: Filter) -> str:
    def explain(connection: Connection) -> Sequence[str]:
        query = page_query(project_id, filter_, offset=0, limit=10, on=START.date())
        compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
        return [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]

    return "\n".join(await database.read(explain))
