"""Whose turn it is to commit what was reconciled for a subject."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from service.ledger.ledger import SqlLedger
from service.memory.errors import Conflict
from service.memory.model import Scope
from tests.contract.ledger.conftest import FIRST, NOW, Project
from tests.contract.ledger.test_requests import addition, asked

UNTIL = NOW + timedelta(seconds=20)


@pytest.fixture
def ledger(project: Project) -> SqlLedger:
    """The ledger under test."""
    return SqlLedger(project.database)


async def stored(project: Project, ledger: SqlLedger, scope: Scope) -> tuple[str, str]:
    """Two requests for a scope that has been committed to once."""
    first, one, other = [await ledger.store_request(project.id, asked(scope), NOW) for _ in range(3)]
    await ledger.commit(project.id, first, scope, 0, [addition(scope)], (), NOW)
    return one, other


async def test_nobody_else_commits(project: Project, ledger: SqlLedger) -> None:
    """Only the request whose turn it is commits what it reconciled; the others read whose it is."""
    scope = Scope(user_id=str(uuid.uuid4()), agent_id="a")
    one, other = await stored(project, ledger, scope)
    assert await ledger.take_turn(project.id, scope, one, NOW, UNTIL)
    assert not await ledger.take_turn(project.id, scope, other, NOW, UNTIL)
    overlapping = Scope(user_id=scope.user_id)
    turn = (await ledger.read_scope(project.id, overlapping)).turn
    assert turn is not None
    assert (turn.event_id, turn.until) == (one, UNTIL)
    with pytest.raises(Conflict):
        await ledger.commit(project.id, other, overlapping, FIRST, [addition(scope)], (), NOW)
    await ledger.commit(project.id, one, scope, FIRST, [addition(scope)], (), NOW)


async def test_what_was_not_reconciled_waits_for_nobody(project: Project, ledger: SqlLedger) -> None:
    """Who checks no version has read nothing, and commits whosever turn it is."""
    scope = Scope(user_id=str(uuid.uuid4()))
    one, other = await stored(project, ledger, scope)
    assert await ledger.take_turn(project.id, scope, one, NOW, UNTIL)
    await ledger.commit(project.id, other, scope, None, [addition(scope)], (), NOW)


@pytest.mark.parametrize("over", ["ended", "lapsed"])
async def test_a_turn_ends(project: Project, ledger: SqlLedger, over: str) -> None:
    """When it was given back, or its time is over, others have theirs; who is late ends nobody else's."""
    scope = Scope(user_id=str(uuid.uuid4()))
    one, other = await stored(project, ledger, scope)
    assert await ledger.take_turn(project.id, scope, one, NOW, UNTIL)
    if over == "ended":
        await ledger.end_turn(project.id, scope, one)
    then = UNTIL + timedelta(seconds=1)
    assert await ledger.take_turn(project.id, scope, other, then, then + timedelta(seconds=20))
    await ledger.end_turn(project.id, scope, one)
    assert not await ledger.take_turn(project.id, scope, one, then, then + timedelta(seconds=20))


async def test_nobody_has_the_turn_of_nobody(project: Project, ledger: SqlLedger) -> None:
    """Of a subject that is not there, as after an erasure, nobody has to wait for the turn."""
    assert await ledger.take_turn(project.id, Scope(user_id="nobody"), str(uuid.uuid4()), NOW, UNTIL)
