"""Scopes are kept at hand, and never say what the ledger does not say any more."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import cast

import pytest
from memoryd.exact_json import loads

from service.ledger.erasure import SqlErasure
from service.ledger.ledger import SqlLedger
from service.ledger.scopes import RememberedScopes, changed
from service.memory.entities import EntityKey, EntityType
from service.memory.model import Change, Event, Memory, Metadata, Scope
from tests.contract.ledger.conftest import NOW, Project
from tests.contract.ledger.test_requests import addition, asked, vector


@pytest.fixture
def scope() -> Scope:
    """A user whom nobody else is."""
    return Scope(user_id=str(uuid.uuid4()), agent_id="a")


async def commit(project: Project, ledger: SqlLedger, scope: Scope, *changes: Change) -> Sequence[Memory]:
    """Commits changes to the scope as it is, and gives what it says then."""
    event_id = await ledger.store_request(project.id, asked(scope), NOW)
    version = (await ledger.read_scope(project.id, scope)).version
    await ledger.commit(project.id, event_id, scope, version, changes, (), NOW)
    return (await ledger.read_scope(project.id, scope)).memories


async def test_what_is_kept_is_what_is_there(project: Project, scope: Scope) -> None:
    """After additions, an update and a deletion a ledger that remembers says what a new one reads."""
    ledger = SqlLedger(project.database)
    added = [addition(scope) for _ in range(4)]
    known = await commit(project, ledger, scope, *added)
    rich = replace(
        known[1],
        text="Says something else",
        metadata=cast("Metadata", loads('{"number": 12345678901234567890, "deep": [{"a": 1.50}]}')),
        categories=("food", "travel"),
        expiration_date=date(2030, 1, 1),
        speaker="Alex",
    )
    await commit(project, ledger, scope, Change(Event.UPDATE, known[1], rich, vector()))
    known = await commit(project, ledger, scope, Change(Event.DELETE, known[2], None), addition(scope))
    assert known == (await SqlLedger(project.database).read_scope(project.id, scope)).memories
    assert len(known) == 4


async def test_another_replica_writes(project: Project, scope: Scope) -> None:
    """What another process commits to the subject, in this scope or a wider one, is read."""
    ledger, other = SqlLedger(project.database), SqlLedger(project.database)
    await commit(project, ledger, scope, addition(scope))
    for theirs in (scope, replace(scope, agent_id=None)):
        await commit(project, other, theirs, addition(scope))
        snapshot = await ledger.read_scope(project.id, scope)
        assert snapshot.memories == (await SqlLedger(project.database).read_scope(project.id, scope)).memories
    assert len(snapshot.memories) == 3


async def test_erased_and_come_again(project: Project, scope: Scope) -> None:
    """A subject that was erased never meets a version that it had before."""
    ledger, other = SqlLedger(project.database), SqlLedger(project.database)
    await commit(project, ledger, scope, addition(scope))
    before = await ledger.read_scope(project.id, scope)
    later = NOW.replace(year=NOW.year + 1)
    await SqlErasure(project.database).erase(
        project.id, EntityKey(EntityType.USER, scope.user_id or ""), "k", later
    )
    assert (await ledger.read_scope(project.id, scope)).memories == []
    event_id = await other.store_request(project.id, asked(scope), later)
    new = addition(scope)
    await other.commit(project.id, event_id, scope, 0, [new], (), later)
    after = await ledger.read_scope(project.id, scope)
    assert [memory.id for memory in after.memories] == [new.memory.id]
    assert after.version > before.version + 1_000_000


def test_room_is_limited() -> None:
    """Of more memories than there is room for, the scopes asked for longest ago are forgotten."""
    scopes = [Scope(user_id=name) for name in "abc"]
    kept = RememberedScopes(most=2)
    for scope in scopes:
        kept.keep("p", scope, 1, [addition(scope).memory])
    assert [kept.recall("p", scope, 1) is None for scope in scopes] == [True, False, False]
    assert kept.recall("another", scopes[1], 1) is None
    assert kept.recall("p", scopes[1], 2) is None
    assert kept.recall("p", scopes[1], 1) is None
    kept.forget()
    assert kept.recall("p", scopes[2], 1) is None
    for scope in scopes:
        kept.keep("p", scope, 1, [addition(scope).memory])
    assert [kept.recall("p", scope, 1) is None for scope in scopes] == [True, False, False]


def test_changes_in_order() -> None:
    """Updates keep their place, and what is new comes last."""
    scope = Scope(user_id="u")
    first, second, third = (addition(scope).memory for _ in range(3))
    again = replace(first, text="Says something else")
    after = changed(
        [first, second],
        [
            Change(Event.DELETE, second, None),
            Change(Event.ADD, None, third),
            Change(Event.UPDATE, first, again),
        ],
    )
    assert after == [again, third]
