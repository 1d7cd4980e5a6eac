"""The compiler to SQL against a reference: random filters over random memories."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from service.ledger.database import Database, sqlite_url
from service.ledger.ledger import SqlLedger
from service.ledger.memories import SqlMemories
from service.ledger.schema import organizations, projects
from service.memory.errors import Violation
from service.memory.filters import parse
from service.memory.model import AddRequest, Change, Event, Memory, Scope
from tests.property.filter_strategies import filters, memories
from tests.property.reference_filter import matches

FILTERS_PER_POPULATION = 15
NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
ORGANIZATION = str(uuid.uuid4())


@contextmanager
def _sqlite(directory: Path) -> Iterator[str]:
    yield sqlite_url(directory / "ledger.db")


@contextmanager
def _postgresql(directory: Path) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        # A library under the server warns when it is imported where no session set this.
        patch.setenv("XDG_RUNTIME_DIR", str(directory))
        from tests.databases import new_database, postgresql_server

        with postgresql_server(directory / "postgresql") as administrator:
            yield new_database(administrator)


@contextmanager
def _migrated(url: str) -> Iterator[Database]:
    """A database with one organization."""
    database = Database(url)
    database.migrate()
    values = {"id": ORGANIZATION, "name": "test", "created_at": 0}

    def insert_organization(connection: Connection) -> None:
        connection.execute(insert(organizations).values(values))

    asyncio.run(database.write(insert_organization))
    yield database
    database.close()


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Memory], list[Memory], list[dict[str, Any]]]:
    """Memories as they were, as they are after some were changed or deleted, and filters for the latter."""
    before = draw(st.lists(memories(), min_size=1, max_size=6))
    after = [draw(st.none() | st.just(memory) | _changed(memory)) for memory in before]
    left = [memory for memory in after if memory]
    asked = st.lists(
        filters(left or before), min_size=FILTERS_PER_POPULATION, max_size=FILTERS_PER_POPULATION
    )
    return before, left, draw(asked)


def _changed(memory: Memory) -> st.SearchStrategy[Memory]:
    return memories().map(
        lambda other: replace(other, id=memory.id, scope=memory.scope, created_at=memory.created_at)
    )


@pytest.mark.parametrize(("server", "populations"), [(_sqlite, 150), (_postgresql, 40)])
def test_sql_and_reference_agree(
    server: Callable[[Path], AbstractContextManager[str]], populations: int, tmp_path: Path
) -> None:
    """A filter selects by SQL what it selects in plain Python, on memories that were added and changed."""
    checked = selective = 0

    @settings(max_examples=populations, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(cases())
    def agree(case: tuple[list[Memory], list[Memory], list[dict[str, Any]]]) -> None:
        nonlocal checked, selective
        before, after, asked = case
        results = asyncio.run(_select(database, before, after, asked))
        for filter_, found in zip(asked, results, strict=True):
            expected = {memory.id for memory in after if matches(filter_, memory)}
            assert found == expected, filter_
            checked += 1
            selective += 0 < len(expected) < len(after)

    with server(tmp_path) as url, _migrated(url) as database:
        agree()
    assert checked >= populations * FILTERS_PER_POPULATION
    assert selective >= checked / 10  # else most filters could not tell right from wrong


async def _select(
    database: Database, before: list[Memory], after: list[Memory], asked: list[dict[str, Any]]
) -> list[set[str]]:
    project_id = await _project(database)
    ledger, reader = SqlLedger(database), SqlMemories(database)
    await _commit(ledger, project_id, [Change(Event.ADD, None, memory) for memory in before])
    await _commit(ledger, project_id, list(_changes(before, after)))
    results = []
    for filter_ in asked:
        violations: list[Violation] = []
        read = parse(filter_, violations)
        assert violations == []
        page = await reader.page(project_id, read, offset=0, limit=100, on=None)
        found = [memory.id for memory in page.memories]
        assert page.total == len(found) == len(set(found))
        results.append(set(found))
    return results


def _changes(before: list[Memory], after: list[Memory]) -> Iterator[Change]:
    known = {memory.id: memory for memory in after}
    for memory in before:
        now = known.get(memory.id)
        if now is None:
            yield Change(Event.DELETE, memory, None)
        elif now != memory:
            yield Change(Event.UPDATE, memory, now)


async def _project(database: Database) -> str:
    project_id = str(uuid.uuid4())
    values = {"id": project_id, "organization_id": ORGANIZATION, "name": project_id, "created_at": 0}

    def insert_project(connection: Connection) -> None:
        connection.execute(insert(projects).values(values))

    await database.write(insert_project)
    return project_id


async def _commit(ledger: SqlLedger, project_id: str, changes: list[Change]) -> None:
    scope = Scope("somebody")
    event_id = await ledger.store_request(project_id, AddRequest((), scope), NOW)
    await ledger.commit(project_id, event_id, scope, None, changes, (), NOW)
