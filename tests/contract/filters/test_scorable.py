"""What a search scores is what a page would show, however it is read."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from service.ledger.database import Database
from service.ledger.ledger import SqlLedger
from service.ledger.memories import SqlMemories
from service.ledger.scopes import RememberedScopes
from service.memory.filters import Filter, parse
from service.memory.model import AddRequest, Change, Event, Memory, Scope
from tests.ledgers import NOW, new_project

START = datetime(2024, 1, 1, tzinfo=UTC)
TODAY = date(2024, 6, 1)

FILTERS: list[Filter] = [
    parse(each, [])
    for each in (
        {"user_id": "u"},
        {"AND": [{"user_id": "u"}, {"agent_id": "a"}]},
        {"user_id": "u", "run_id": "nobody's"},
        {"agent_id": "a"},
        {"user_id": "nobody"},
    )
]


def _memory(scope: Scope, minutes: int, expiration_date: date | None = None) -> Memory:
    at = START + timedelta(minutes=minutes)
    return Memory(str(uuid.uuid4()), scope, f"Said {minutes}", at, at, expiration_date=expiration_date)


async def _commit(database: Database, project_id: str, changes: Sequence[Change]) -> None:
    """Commits each change as one of its memory's scope, in another replica."""
    ledger = SqlLedger(database)
    for change in changes:
        scope = change.memory.scope
        event_id = await ledger.store_request(project_id, AddRequest((), scope), NOW)
        await ledger.commit(project_id, event_id, scope, None, [change], (), NOW)


async def _agree(reader: SqlMemories, project_id: str) -> None:
    for filter_ in FILTERS:
        for on in (None, TODAY):
            for limit in (3, 100):
                page, found = await asyncio.gather(
                    reader.page(project_id, filter_, offset=0, limit=100, on=on),
                    reader.scorable(project_id, filter_, limit=limit, on=on),
                )
                if page.total < limit:
                    assert found.memories == page.memories
                else:
                    # Whether there are too many is then all that counts.
                    assert len(found.memories) == limit
                    assert {each.id for each in found.memories} <= {each.id for each in page.memories}


async def test_scorable_is_what_pages_show(database: Database) -> None:
    """Through additions, updates and deletions, with and without what has expired, also in other projects."""
    scopes = RememberedScopes()
    ledger, reader = SqlLedger(database, scopes=scopes), SqlMemories(database, scopes)
    project_id, other_id = await new_project(database), await new_project(database)
    over, later = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
    written = [
        _memory(Scope("u"), 5),
        _memory(Scope("u", agent_id="a"), 2),
        _memory(Scope("u"), 2, over),
        _memory(Scope(agent_id="a"), 1),
        _memory(Scope("u"), 9, later),
        _memory(Scope("u", agent_id="a"), 2, over),
    ]
    await _commit(database, project_id, [Change(Event.ADD, None, memory) for memory in written])
    await _commit(database, other_id, [Change(Event.ADD, None, _memory(Scope("u"), 7))])
    for project in (project_id, other_id):
        await _agree(reader, project)
        await ledger.read_scope(project, Scope("u"))  # now it is at hand
        await _agree(reader, project)
    changed = replace(written[0], text="Says something else", updated_at=START + timedelta(days=1))
    await _commit(
        database,
        project_id,
        [Change(Event.UPDATE, written[0], changed), Change(Event.DELETE, written[1], None)],
    )
    await _agree(reader, project_id)
    found = await reader.scorable(project_id, FILTERS[0], limit=100, on=None)
    assert changed in found.memories
    assert written[1] not in found.memories


async def test_who_waits_is_told_ahead(database: Database) -> None:
    """Once, of all that is read, before it is there; of what is at hand nobody is told."""
    scopes = RememberedScopes()
    ledger, reader = SqlLedger(database, scopes=scopes), SqlMemories(database, scopes)
    project_id = await new_project(database)
    memories = [_memory(Scope("u"), 5), _memory(Scope("u", agent_id="a"), 7), _memory(Scope("v"), 1)]
    await _commit(database, project_id, [Change(Event.ADD, None, memory) for memory in memories])
    ours = {(memory.id, memory.text) for memory in memories[:2]}
    told: list[set[tuple[str, str]]] = []

    def ahead(found: Sequence[tuple[str, str]]) -> None:
        told.append(set(found))

    await reader.scorable(project_id, FILTERS[3], limit=100, on=None, ahead=ahead)
    assert told == [{(memories[1].id, memories[1].text)}]
    await reader.scorable(project_id, FILTERS[0], limit=100, on=None, ahead=ahead)
    assert told[1:] == [ours]
    await reader.scorable(project_id, FILTERS[0], limit=100, on=None, ahead=ahead)
    await ledger.read_scope(project_id, Scope("u"), ahead)
    assert len(told) == 2
    another = _memory(Scope("u"), 9)
    await _commit(database, project_id, [Change(Event.ADD, None, another)])
    await ledger.read_scope(project_id, Scope("u"), ahead)
    assert told[2:] == [ours | {(another.id, another.text)}]
