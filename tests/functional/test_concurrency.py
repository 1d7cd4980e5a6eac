"""Many at once: nothing doubled, nothing lost, nobody held up by a stranger."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.functional.conftest import Model, shown_in
from tests.functional.faces import Face, Happened, Rest
from tests.functional.ledgers import LedgerFile, wait_until
from tests.scripted_openai import Answerer, Body, Reply, add, plan, slow, update

FACTS = {"Has a dog": "a dog", "Lives in Bonn": "in Bonn", "Works at Acme": "at Acme"}
SAID = "I have a dog, live in Bonn and work at Acme"


def attentive(body: Body) -> Reply:
    """Adds what it is not shown as known."""
    known = {fact["text"] for fact in shown_in(body)["known"]}
    return slow(0.02, plan([add(text, quote=quote) for text, quote in FACTS.items() if text not in known]))


def careless(body: Body) -> Reply:
    """Adds everything, whatever it is shown."""
    assert body["messages"]
    return slow(0.02, plan([add(text, quote=quote) for text, quote in FACTS.items()]))


@pytest.mark.parametrize("answerer", [attentive, careless])
def test_identical_adds_at_once(
    face: Face, model: Model, ledger: LedgerFile, user: str, answerer: Answerer
) -> None:
    """Eight adds of the same three facts leave three memories, each added by one of the calls."""
    model.answers_always(answerer)
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda _: face.add(SAID, user_id=user), range(8)))
    events = [event for answer in answers for event in answer]
    assert sorted(event.memory for event in events) == sorted(FACTS)
    assert sorted(ledger.texts(user)) == sorted(FACTS)
    assert {event.id for event in events} == {row["id"] for row in ledger.memories(user)}
    assert {row["status"] for row in ledger.requests(user)} == {"SUCCEEDED"}


def test_scopes_that_overlap(rest: Rest, model: Model, ledger: LedgerFile, user: str) -> None:
    """A user alone and the user in a run share their facts, so that they are reconciled one after another."""
    model.answers_always(careless)
    scopes: list[dict[str, object]] = [{"user_id": user}, {"user_id": user, "run_id": "r"}] * 3
    with ThreadPoolExecutor(6) as clients:
        list(clients.map(lambda scope: rest.add(SAID, **scope), scopes))
    without_run = [row["text"] for row in ledger.memories(user) if row["run_id"] is None]
    assert len(without_run) == len(set(without_run))
    [subject] = ledger.rows("SELECT version FROM subjects WHERE subject_id = ?", user)
    commits = ledger.rows(
        "SELECT DISTINCT request_id FROM changes "
        "WHERE memory_id IN (SELECT id FROM memories WHERE user_id = ?)",
        user,
    )
    [first] = ledger.rows("SELECT min(created_at) AS at FROM changes WHERE user_id = ?", user)
    assert subject["version"] == first["at"] + len(commits) - 1


def test_many_users_at_once(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """Twenty users at once are all remembered, each with their own facts."""
    model.answers_always(attentive)
    users = [f"{user}-{number}" for number in range(20)]
    with ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(lambda each: face.add(SAID, user_id=each), users))
    assert [len(answer) for answer in answers] == [3] * 20
    for each in users:
        assert sorted(ledger.texts(each)) == sorted(FACTS)
    wait_until(lambda: not ledger.rows("SELECT 1 FROM outbox"))


COLORS = ("red", "green", "white", "black", "grey", "pink")


def painter(body: Body) -> Reply:
    """Updates the one known color to the one that is spoken of."""
    shown = shown_in(body)
    said: str = shown["messages"][0]["content"]
    [known] = [fact["id"] for fact in shown["known"]]
    return slow(0.02, plan([update(known, f"Favorite color is {said.rpartition(' ')[2]}", quote=said)]))


def test_contradictions_at_once(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """Of contradicting updates one value is left, and every change begins where the one before it ended."""
    model.answers(plan([add("Favorite color is blue", quote="blue")]))
    [first] = face.add("My favorite color is blue", user_id=user)
    model.answers_always(painter)

    def paint(color: str) -> list[Happened]:
        return face.add(f"My favorite color is {color}", user_id=user)

    with ThreadPoolExecutor(len(COLORS)) as clients:
        list(clients.map(paint, COLORS))
    log = ledger.changes(first.id)
    assert len(log) == 1 + len(COLORS)
    for before, after in itertools.pairwise(log):
        assert after["old_text"] == before["new_text"]
    assert ledger.texts(user) == [log[-1]["new_text"]]


def test_nobody_waits_for_a_stranger(rest: Rest, model: Model, user: str) -> None:
    """A slow answer about one user holds up no other."""
    model.answers(slow(2.0, plan()))
    model.answers_always(attentive)
    with ThreadPoolExecutor(1) as clients:
        waiting = clients.submit(rest.add, "Hello", user_id=user)
        wait_until(lambda: model.asked)
        begun = time.monotonic()
        assert len(rest.add(SAID, user_id=f"{user}-2")) == 3
        assert not waiting.done()
        assert time.monotonic() - begun < 2.0
        assert waiting.result() == []


def elsewhere(ledger: LedgerFile, user: str, times: int) -> Answerer:
    """A model during whose thinking another replica changes the scope, so many times."""
    left = iter(range(times))

    def answer(body: Body) -> Reply:
        if next(left, None) is not None:
            ledger.run("UPDATE subjects SET version = version + 1 WHERE subject_id = ?", user)
        return attentive(body)

    return answer


def test_another_replica_changes_the_scope(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """What was decided on an old state is decided anew, and committed once."""
    model.answers(plan([add("Has a dog", quote="a dog")]))
    face.add("I have a dog", user_id=user)
    model.answers_always(elsewhere(ledger, user, 2))
    assert len(face.add(SAID, user_id=user)) == 2
    assert model.asked == 1 + 3
    assert sorted(ledger.texts(user)) == sorted(FACTS)


def test_a_scope_that_never_rests(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """After a few attempts the call is told of the conflict; nothing was changed and it may come again."""
    model.answers(plan([add("Has a dog", quote="a dog")]))
    face.add("I have a dog", user_id=user)
    model.answers_always(elsewhere(ledger, user, 100))
    refused = face.refused(SAID, user_id=user)
    assert (refused.status, refused.reason) == ("ABORTED", "SCOPE_CHANGED")
    assert ledger.texts(user) == ["Has a dog"]
    assert [row["status"] for row in ledger.requests(user)] == ["SUCCEEDED", "FAILED"]
    model.answers_always(attentive)
    assert len(face.add(SAID, user_id=user)) == 2
