"""What filters select: examples of the contract and of what it leaves open."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from memoryd.exact_json import loads

from service.ledger.database import Database
from service.ledger.memories import SqlMemories
from service.memory.errors import Violation
from service.memory.filters import ALL, Filter, QueryFilter, from_query, names_a_scope, parse_text
from service.memory.model import Memory, Scope
from tests.ledgers import add, new_project

MIDNIGHT = datetime(2024, 2, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def _memory(
    name: str, scope: Scope, text: str, created_at: datetime, metadata: str | None = None, **more: Any
) -> Memory:
    return Memory(
        id=f"00000000-0000-4000-8000-{name.encode().hex():0>12}",
        scope=scope,
        text=text,
        created_at=created_at,
        updated_at=created_at + timedelta(days=10),
        metadata=None if metadata is None else loads(metadata),  # type: ignore[arg-type]
        **more,
    )


MEMORIES = {
    "tea": _memory(
        "tea",
        Scope(user_id="u1"),
        "Drinks 100% green_tea",
        MIDNIGHT - TICK,
        '{"source": "email", "size": 1, "tags": ["Hot", "cold"], "empty": null, "note": "Call Bob"}',
        categories=("food", "user_preferences"),
    ),
    "dog": _memory(
        "dog",
        Scope(user_id="u1", agent_id="a1"),
        "Walks the dog in the Straße",
        MIDNIGHT,
        '{"source": "chat", "size": 1.0, "place": {"x": 1, "y": [2]}}',
        categories=("Pets",),
        expiration_date=date(2024, 3, 1),
    ),
    "run": _memory(
        "run",
        Scope(user_id="u2", run_id="r1"),
        "Runs 1000 metres",
        MIDNIGHT + timedelta(hours=23, minutes=59),
        "{}",
    ),
    "bot": _memory(
        "bot", Scope(agent_id="a1", app_id="app"), "Answers within an hour", MIDNIGHT + timedelta(days=1)
    ),
}

EXAMPLES: list[tuple[dict[str, Any], str]] = [
    ({"user_id": "u1"}, "tea dog"),
    ({"user_id": "U1"}, ""),
    ({"AND": [{"user_id": "u1"}, {"agent_id": "a1"}]}, "dog"),
    ({"user_id": "u1", "agent_id": "a1"}, "dog"),
    ({"user_id": "u1", "OR": [{"agent_id": "a1"}, {"run_id": "r1"}]}, "dog"),
    ({"OR": [{"user_id": "u2"}, {"agent_id": "a1"}], "NOT": {"app_id": "app"}}, "dog run"),
    ({"user_id": "*"}, "tea dog run"),
    ({"user_id": {"eq": "*"}}, "tea dog run"),
    ({"user_id": {"ne": "*"}}, "bot"),
    ({"user_id": None}, "bot"),
    ({"user_id": ["u1", "u2"]}, "tea dog run"),
    ({"user_id": {"in": ["u2", "nobody"]}}, "run"),
    ({"user_id": {"in": []}}, ""),
    ({"user_id": {"nin": []}}, "tea dog run bot"),
    ({"user_id": {"nin": ["u1"]}}, "run bot"),
    ({"agent_id": {"ne": "a1"}}, "tea run"),
    ({"AND": [{"agent_id": "*"}, {"agent_id": {"ne": "a2"}}]}, "dog bot"),
    ({"NOT": [{"user_id": "u1"}, {"run_id": "r1"}]}, "bot"),
    ({"NOT": {"user_id": "u1", "agent_id": "a1"}}, "tea run bot"),
    ({"NOT": {"NOT": {"user_id": "u1"}}}, "tea dog"),
    ({"NOT": [{"categories": {"contains": "food"}}]}, "dog run bot"),
    ({"AND": [{"user_id": "u1"}, {"NOT": {"categories": {"in": ["food", "test"]}}}]}, "dog"),
    ({"categories": "FOOD"}, "tea"),
    ({"categories": {"in": ["pets", "food"]}}, "tea dog"),
    ({"categories": {"contains": "PREF"}}, "tea"),
    ({"categories": {"ne": "food"}}, "dog run bot"),
    ({"categories": "*"}, "tea dog"),
    ({"created_at": {"gte": "2024-01-01", "lte": "2024-01-31"}}, "tea"),
    ({"created_at": {"gt": "2024-01-31"}}, "dog run bot"),
    ({"created_at": {"lt": "2024-02-01"}}, "tea"),
    ({"created_at": "2024-02-01"}, "dog run"),
    ({"created_at": {"ne": "2024-02-01"}}, "tea bot"),
    ({"created_at": {"in": ["2024-01-31", "2024-02-02"]}}, "tea bot"),
    ({"created_at": {"eq": "2024-02-01T01:00:00+01:00"}}, "dog"),
    ({"created_at": {"gt": "2024-02-01T00:00:00Z"}}, "run bot"),
    ({"created_at": {"lte": "2024-02-01T00:00:00"}}, "tea dog"),
    ({"timestamp": {"gte": 1706745600}}, "dog run bot"),
    ({"timestamp": {"lt": 1706745600}}, "tea"),
    ({"updated_at": {"lte": "2024-02-10"}}, "tea"),
    ({"expiration_date": "2024-03-01"}, "dog"),
    ({"expiration_date": {"gte": "2024-03-01T15:00:00Z"}}, "dog"),
    ({"expiration_date": {"lt": "2024-03-02"}}, "dog"),
    ({"expiration_date": None}, "tea run bot"),
    ({"metadata": {"source": "email"}}, "tea"),
    ({"metadata": {"source": "Email"}}, ""),
    ({"metadata": {"size": 1}}, "tea dog"),
    ({"metadata": {"size": "1"}}, ""),
    ({"metadata": {"size": True}}, ""),
    ({"metadata": {"size": 1, "source": "chat"}}, "dog"),
    ({"metadata": {"source": {"ne": "email"}}}, "dog run bot"),
    ({"metadata": {"ne": {"size": 1, "source": "chat"}}}, "tea run bot"),
    ({"metadata": {"place": {"y": [2], "x": 1}}}, "dog"),
    ({"metadata": {"tags": {"contains": "cold"}}}, "tea"),
    ({"metadata": {"tags": {"contains": "hot"}}}, ""),
    ({"metadata": {"note": {"contains": "Bob"}}}, "tea"),
    ({"metadata": {"contains": {"note": "bob"}}}, ""),
    ({"metadata": {"tags": ["Hot", "cold"]}}, "tea"),
    ({"metadata": {"source": "*"}}, "tea dog"),
    ({"metadata": {"empty": None}}, "tea dog run bot"),
    ({"metadata": {"empty": "*"}}, ""),
    ({"metadata": "*"}, "tea dog run"),
    ({"OR": [{"metadata": {"source": "email"}}, {"metadata": {"source": "chat"}}]}, "tea dog"),
    ({"keywords": {"icontains": "STRASSE"}}, "dog"),
    ({"keywords": {"contains": "strasse"}}, ""),
    ({"text": {"contains": "green_tea"}}, "tea"),
    ({"text": {"contains": "green%"}}, ""),
    ({"text": {"contains": "100%"}}, "tea"),
    ({"text": {"icontains": "WALKS"}}, "dog"),
    ({"text": {"contains": "walks"}}, ""),
    ({"memory_ids": [MEMORIES["tea"].id, MEMORIES["dog"].id.upper(), "no id"]}, "tea dog"),
    ({"user_id": "u2", "memory_ids": [MEMORIES["tea"].id]}, ""),
]

QUERIES: list[tuple[QueryFilter, str]] = [
    (QueryFilter(), "tea dog run bot"),
    (QueryFilter(user_id="u1"), "tea dog"),
    (QueryFilter(user_id="*"), "tea dog run"),
    (QueryFilter(agent_id="a1", app_id="app"), "bot"),
    (QueryFilter(run_id="r1"), "run"),
    (QueryFilter(metadata='{"source": "chat"}'), "dog"),
    (QueryFilter(categories=["food", "PETS"]), "tea dog"),
    (QueryFilter(keywords=["GREEN", "metres"]), "tea run"),
    (QueryFilter(start_date="2024-02-01", end_date="2024-02-01"), "dog run"),
    (QueryFilter(user_id="u1", end_date="2024-01-31"), "tea"),
]


@pytest.fixture(scope="module")
async def project_id(database: Database) -> str:
    """A project with the memories."""
    project_id = await new_project(database)
    await add(database, project_id, list(MEMORIES.values()))
    return project_id


@pytest.mark.parametrize(("filter_", "expected"), EXAMPLES, ids=[json.dumps(one)[:70] for one, _ in EXAMPLES])
async def test_a_filter_selects_what_the_contract_says(
    database: Database, project_id: str, filter_: dict[str, Any], expected: str
) -> None:
    """Each example selects exactly the memories named, by the filter's JSON text."""
    violations: list[Violation] = []
    read = parse_text(json.dumps(filter_), violations)
    assert violations == []
    assert await _selected(database, project_id, read) == set(expected.split())


@pytest.mark.parametrize(("query", "expected"), QUERIES)
async def test_a_query_selects_what_the_contract_says(
    database: Database, project_id: str, query: QueryFilter, expected: str
) -> None:
    """Each of the first API's query parameters selects exactly the memories named."""
    violations: list[Violation] = []
    read = from_query(query, violations)
    assert violations == []
    assert await _selected(database, project_id, read) == set(expected.split())


def test_whether_a_filter_names_a_scope() -> None:
    """An id counts wherever it stands; other conditions are no scope."""
    violations: list[Violation] = []
    named = parse_text('{"OR": [{"NOT": {"run_id": "*"}}, {"text": {"contains": "x"}}]}', violations)
    assert names_a_scope(named)
    assert not names_a_scope(parse_text('{"memory_ids": ["x"], "metadata": {"user_id": "u"}}', violations))
    assert not names_a_scope(ALL)
    assert violations == []


async def _selected(database: Database, project_id: str, filter_: Filter) -> set[str]:
    names = {memory.id: name for name, memory in MEMORIES.items()}
    found = await SqlMemories(database).ids(project_id, filter_, limit=100, on=None)
    return {names[memory_id] for memory_id in found}
