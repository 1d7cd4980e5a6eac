"""The compiler to SQL against a reference: random filters over random memories."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.ledger.database import Database
from service.ledger.memories import SqlMemories
from service.memory.errors import Violation
from service.memory.filters import parse
from service.memory.model import Change, Event, Memory
from tests.ledgers import URLS, add, commit, migrated, new_project
from tests.property.filter_strategies import filters, memories
from tests.property.reference_filter import matches

FILTERS_PER_POPULATION = 25


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Memory], list[Memory], list[dict[str, Any]]]:
    """Memories as they were, as they are after some were changed or deleted, and filters for the latter."""
    before = draw(st.lists(memories(), min_size=4, max_size=7))
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


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("server", "populations"), [("sqlite", 84), ("postgresql", 24)])
def test_sql_and_reference_agree(server: str, populations: int, tmp_path: Path) -> None:
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

    with URLS[server](tmp_path) as url, migrated(url) as database:
        agree()
    assert checked >= populations * FILTERS_PER_POPULATION
    assert selective >= checked / 20  # else most filters could not tell right from wrong


async def _select(
    database: Database, before: list[Memory], after: list[Memory], asked: list[dict[str, Any]]
) -> list[set[str]]:
    project_id = await new_project(database)
    await add(database, project_id, before)
    await commit(database, project_id, list(_changes(before, after)))
    reader = SqlMemories(database)
    results = []
    for filter_ in asked:
        violations: list[Violation] = []
        read = parse(filter_, violations)
        assert violations == []
        results.append(set(await reader.ids(project_id, read, limit=100, on=None)))
    return results


def _changes(before: list[Memory], after: list[Memory]) -> Iterator[Change]:
    known = {memory.id: memory for memory in after}
    for memory in before:
        now = known.get(memory.id)
        if now is None:
            yield Change(Event.DELETE, memory, None)
        elif now != memory:
            yield Change(Event.UPDATE, memory, now)
