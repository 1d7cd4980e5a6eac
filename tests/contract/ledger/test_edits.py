from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from service.ledger.edits import SqlEdits
from service.ledger.feedback import SqlFeedback
from service.ledger.history import SqlChangeLog
from service.ledger.ledger import SqlLedger
from service.memory.edit import Decide, deletion
from service.memory.errors import Conflict, Immutable, NotFound
from service.memory.feedback import Opinion, Verdict
from service.memory.filters import Filter, QueryFilter, from_query
from service.memory.model import AddRequest, Change, Event, Memory, Message, Role, Scope, Vector
from tests.contract.ledger.conftest import NOW, Project

KEY = str(uuid.uuid4())
HAND = str(uuid.uuid4())
VECTOR: Vector = np.ones(4, np.float32)


def a_scope() -> Scope:
    """A user whom nobody else is."""
    return Scope(user_id=f"user-{uuid.uuid4()}")


def memory(scope: Scope, text: str) -> Memory:
    """A new memory."""
    return Memory(str(uuid.uuid4()), scope, text, NOW, NOW, {"n": 1}, ("food",))


def rewritten(text: str) -> Decide:
    """The decision to let a memory say something else."""
    return lambda known: Change(Event.UPDATE, known, replace(known, text=text), VECTOR)


def of(scope: Scope) -> Filter:
    """The memories of a user."""
    return from_query(QueryFilter(user_id=scope.user_id), [])


async def stored(project: Project, scope: Scope, *texts: str) -> list[Memory]:
    """Memories that a request added."""
    ledger = SqlLedger(project.database)
    request = AddRequest((Message(Role.USER, "said"),), scope, actor=KEY)
    event_id = await ledger.store_request(project.id, request, NOW)
    added = [memory(scope, text) for text in texts]
    changes = [Change(Event.ADD, None, each, VECTOR) for each in added]
    await ledger.commit(project.id, event_id, scope, None, changes, (), NOW)
    return added


async def texts(project: Project, scope: Scope) -> list[str]:
    """What is remembered."""
    snapshot = await SqlLedger(project.database).read_scope(project.id, scope)
    return [each.text for each in snapshot.memories]


async def pending(project: Project, ids: Sequence[str]) -> list[tuple[str, bool]]:
    """The index work that is left for these: id, and whether there is something to write."""
    items = await SqlLedger(project.database).outbox(10_000)
    return [(item.memory_id, item.entry is not None) for item in items if item.memory_id in ids]


async def test_an_edit_leaves_everything_behind(project: Project) -> None:
    """The memory, the log and the index work are written together."""
    scope = a_scope()
    (known,) = await stored(project, scope, "Loves tea")
    (after,) = await SqlEdits(project.database).edit(
        project.id, [known.id], rewritten("Hates tea"), HAND, NOW
    )
    assert (after.text, await texts(project, scope)) == ("Hates tea", ["Hates tea"])
    assert await pending(project, [known.id]) == [(known.id, True), (known.id, True)]
    entries = await SqlChangeLog(project.database).history(project.id, known.id)
    assert [(e.event, e.old_text, e.new_text, e.actor) for e in entries] == [
        (Event.ADD, None, "Loves tea", KEY),
        (Event.UPDATE, "Loves tea", "Hates tea", HAND),
    ]
    assert [len(e.messages) for e in entries] == [1, 0]
    assert {e.user_id for e in entries} == {scope.user_id}


async def test_what_a_decision_raises_undoes_everything(project: Project) -> None:
    """No memory changes when one may not."""
    scope = a_scope()
    known = await stored(project, scope, "A", "B")

    def decide(each: Memory) -> Change:
        if each.text == "B":
            raise Immutable
        return deletion(each)

    with pytest.raises(Immutable):
        await SqlEdits(project.database).edit(project.id, [each.id for each in known], decide, HAND, NOW)
    assert await texts(project, scope) == ["A", "B"]


async def test_nothing_is_changed_when_one_is_not_there(project: Project) -> None:
    """Nor in another project: not yours and not there are the same."""
    scope = a_scope()
    (known,) = await stored(project, scope, "A")
    edits = SqlEdits(project.database)
    with pytest.raises(NotFound):
        await edits.edit(project.id, [known.id, str(uuid.uuid4())], deletion, HAND, NOW)
    with pytest.raises(NotFound):
        await edits.edit(str(uuid.uuid4()), [known.id], deletion, HAND, NOW)
    assert await edits.delete_matching(str(uuid.uuid4()), of(scope), HAND, NOW) == 0
    assert await texts(project, scope) == ["A"]


@pytest.mark.parametrize("by", ["edit", "filter"])
async def test_inference_learns_of_changes_by_hand(project: Project, by: str) -> None:
    """Who read the scope before cannot commit after."""
    scope = a_scope()
    (known,) = await stored(project, scope, "A")
    ledger, edits = SqlLedger(project.database), SqlEdits(project.database)
    snapshot = await ledger.read_scope(project.id, scope)
    if by == "edit":
        await edits.edit(project.id, [known.id], rewritten("B"), HAND, NOW)
    else:
        await edits.delete_matching(project.id, of(scope), HAND, NOW)
    event_id = await ledger.store_request(project.id, AddRequest((), scope), NOW)
    change = Change(Event.UPDATE, known, replace(known, text="C"), VECTOR)
    with pytest.raises(Conflict):
        await ledger.commit(project.id, event_id, scope, snapshot.version, [change], (), NOW)
    assert await texts(project, scope) == (["B"] if by == "edit" else [])


async def test_deleting_by_a_filter_leaves_everything_behind(project: Project) -> None:
    """Every memory has its end in the log and its work for the index; others are not touched."""
    scope, other = a_scope(), a_scope()
    known = await stored(project, scope, *(f"Fact {number}" for number in range(50)))
    await stored(project, other, "Other")
    edits, log = SqlEdits(project.database), SqlChangeLog(project.database)
    assert await edits.delete_matching(project.id, of(scope), HAND, NOW) == 50
    assert (await texts(project, scope), await texts(project, other)) == ([], ["Other"])
    work = await pending(project, [each.id for each in known])
    assert sorted(work) == sorted((each.id, is_entry) for each in known for is_entry in (True, False))
    histories = [await log.history(project.id, each.id) for each in known]
    assert {(len(entries), entries[-1].event, entries[-1].actor) for entries in histories} == {
        (2, Event.DELETE, HAND)
    }
    end = histories[0][-1]
    assert (end.old_text, end.new_text, end.metadata, end.categories) == ("Fact 0", None, {"n": 1}, ("food",))
    assert end.user_id == scope.user_id
    assert len({entries[-1].id for entries in histories}) == 50
    assert len({entries[-1].request_id for entries in histories}) == 1
    assert await edits.delete_matching(project.id, of(scope), HAND, NOW) == 0


async def test_edits_at_once_are_one_after_another(project: Project) -> None:
    """Of many edits of the same memories none is lost, and none is logged that did not happen."""
    scopes = [a_scope(), a_scope()]
    known = [each for scope in scopes for each in await stored(project, scope, "0")]
    edits = SqlEdits(project.database)

    def count(each: Memory) -> Change:
        return Change(Event.UPDATE, each, replace(each, text=str(int(each.text) + 1)), VECTOR)

    orders = [[each.id for each in known], [each.id for each in reversed(known)]]
    await asyncio.gather(
        *(edits.edit(project.id, orders[number % 2], count, HAND, NOW) for number in range(20))
    )
    for scope, each in zip(scopes, known, strict=True):
        assert await texts(project, scope) == ["20"]
        entries = await SqlChangeLog(project.database).history(project.id, each.id)
        assert [entry.new_text for entry in entries] == [str(number) for number in range(21)]


async def test_adding_while_all_is_deleted(project: Project) -> None:
    """Every memory is either still there or has its end in the log, and the count is right."""
    scope = a_scope()
    edits, log = SqlEdits(project.database), SqlChangeLog(project.database)
    adds = [stored(project, scope, f"Fact {number}", f"Fact {number}b") for number in range(20)]
    deletes = [edits.delete_matching(project.id, of(scope), HAND, NOW) for _ in range(10)]
    *results, last = await asyncio.gather(*adds, *deletes)
    added = [each for result in results if isinstance(result, list) for each in result]
    counted = sum(result for result in (*results, last) if isinstance(result, int))
    snapshot = await SqlLedger(project.database).read_scope(project.id, scope)
    left = {each.id for each in snapshot.memories}
    assert len(left) + counted == len(added) == 40
    for each in added:
        entries = await log.history(project.id, each.id)
        assert [entry.event for entry in entries] == [Event.ADD] + [Event.DELETE] * (each.id not in left)


async def test_one_opinion_a_memory(project: Project) -> None:
    """The last one stands under the first one's id."""
    (known,) = await stored(project, a_scope(), "A")
    book = SqlFeedback(project.database)
    opinions = [Opinion(known.id, verdict, None) for verdict in (*Verdict, None)]
    ids = await asyncio.gather(*(book.note(project.id, each, HAND, NOW) for each in opinions))
    assert len(set(ids)) == 1
    with pytest.raises(NotFound):
        await book.note(str(uuid.uuid4()), opinions[0], HAND, NOW)
