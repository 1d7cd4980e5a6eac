"""Two replicas on PostgreSQL and a Chroma server: as one, nothing doubled, nothing lost."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.functional.conftest import Model, openai_settings, shown_in
from tests.functional.faces import Happened, Rest
from tests.functional.ledgers import wait_until
from tests.functional.test_concurrency import FACTS, SAID, careless
from tests.functional.test_stream import PATH, events, last_id
from tests.replicas import Replicas, running_replicas
from tests.running import Memoryd
from tests.scripted_openai import Body, Reply, ScriptedOpenAI, add, hang, plan, slow, update

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def replicas(scripted: ScriptedOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Both of them."""
    with running_replicas(tmp_path_factory.mktemp("replicas"), openai_settings(scripted)) as running:
        yield running


@pytest.fixture(autouse=True)
def revived(replicas: Replicas) -> Iterator[None]:
    """What a test killed runs again."""
    yield
    for replica in replicas.all:
        if replica.process is not None and replica.process.poll() is not None:
            replica.start()


def faces(replicas: Replicas) -> itertools.cycle[Rest]:
    """Each in turn."""
    return itertools.cycle([Rest(replica) for replica in replicas.all])


def test_a_hundred_identical_adds_at_once(replicas: Replicas, model: Model, user: str) -> None:
    """With one key, over both replicas: one event, one memory, one answer for all."""
    model.answers_always(lambda _: slow(0.5, plan([add("Has a dog", quote="a dog")])))
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"messages": "I have a dog", "user_id": user}

    def send(replica: Memoryd) -> str:
        answer = replica.post(body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    with ThreadPoolExecutor(100) as clients:
        answers = list(clients.map(send, itertools.islice(itertools.cycle(replicas.all), 100)))
    assert len(set(answers)) == 1
    assert [row["status"] for row in replicas.requests(user)] == ["SUCCEEDED"]
    assert replicas.texts(user) == ["Has a dog"]


def test_identical_facts_without_a_key(replicas: Replicas, model: Model, user: str) -> None:
    """Each fact is added once, by one of the calls, although the model adds everything every time."""
    model.answers_always(careless)
    with ThreadPoolExecutor(8) as clients:
        answers = list(
            clients.map(lambda face: face.add(SAID, user_id=user), itertools.islice(faces(replicas), 8))
        )
    assert sorted(event.memory for answer in answers for event in answer) == sorted(FACTS)
    assert sorted(replicas.texts(user)) == sorted(FACTS)


def painter(body: Body) -> Reply:
    """Updates the one known color to the one that is spoken of, and adds it where none is known."""
    shown = shown_in(body)
    said: str = shown["messages"][0]["content"]
    fact = f"Favorite color is {said.rpartition(' ')[2]}"
    known = [each["id"] for each in shown["known"]]
    change = update(known[0], fact, quote=said) if known else add(fact, quote=said)
    return slow(0.02, plan([change]))


def test_contradictions_in_scopes_that_overlap(replicas: Replicas, model: Model, user: str) -> None:
    """Every change begins where the one before it ended, and what was said last in a scope is known in it."""
    scopes: list[dict[str, object]] = [
        {"user_id": user},
        {"user_id": user, "agent_id": "a"},
        {"user_id": user, "run_id": "r"},
    ]
    model.answers_always(painter)
    turns = [
        (face, scope, f"My favorite color is {number}")
        for number, (face, scope) in enumerate(zip(faces(replicas), scopes * 4, strict=False))
    ]

    def say(turn: tuple[Rest, dict[str, object], str]) -> list[Happened]:
        face, scope, said = turn
        return face.add(said, **scope)

    with ThreadPoolExecutor(4) as clients:
        events = [event for answer in clients.map(say, turns) for event in answer]
    assert len(events) == len(turns)
    for memory_id in {event.id for event in events}:
        log = replicas.rows("SELECT * FROM changes WHERE memory_id = :id ORDER BY sequence", id=memory_id)
        assert log[0]["old_text"] is None
        for before, after in itertools.pairwise(log):
            assert after["old_text"] == before["new_text"]
    texts = replicas.texts(user)
    assert len(texts) == len(set(texts)) <= len(scopes)
    versions = replicas.rows("SELECT version FROM subjects WHERE subject_id = :user", user=user)
    # A subject begins at the time of its first commit, and every other one counts it up.
    [first] = replicas.rows("SELECT min(created_at) AS at FROM changes WHERE user_id = :user", user=user)
    assert [row["version"] for row in versions] == [first["at"] + len(turns) - 1]


def test_a_dead_replica_is_replaced(replicas: Replicas, model: Model, user: str) -> None:
    """The other does what it had promised, and performs what its callers send again under their key."""
    first, second = replicas.all
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    model.answers(hang(), hang())
    promised = {"messages": "I have a dog", "user_id": user, "async_mode": True}
    [pending] = first.post(promised).json()
    awaited = {"messages": "I live in Bonn", "user_id": f"{user}-2"}
    with ThreadPoolExecutor(1) as clients:
        adding = clients.submit(first.post, awaited, headers=headers)
        wait_until(lambda: model.asked == 2)
        first.kill()
        assert adding.exception() is not None
    model.answers_always(lambda body: plan([fact(body)]))
    answer = second.post(awaited, headers=headers)
    assert [event["data"]["memory"] for event in answer.json()] == ["Lives in Bonn"]
    wait_until(lambda: replicas.texts(user) == ["Has a dog"], seconds=60)
    assert replicas.texts(f"{user}-2") == ["Lives in Bonn"]
    [request] = replicas.requests(user)
    assert (request["id"], request["status"], request["attempts"]) == (pending["event_id"], "SUCCEEDED", 2)
    assert [row["status"] for row in replicas.requests(f"{user}-2")] == ["SUCCEEDED"]


def fact(body: Body) -> dict[str, object]:
    """The operation that adds what was said."""
    said: str = shown_in(body)["messages"][0]["content"]
    return next(add(text, quote=quote) for text, quote in FACTS.items() if quote in said)


def test_what_one_adds_the_other_finds(replicas: Replicas, model: Model, user: str) -> None:
    """At once, before it is indexed and after."""
    model.answers(plan([add("Has a dog", quote="a dog")]))
    first, second = replicas.all
    Rest(first).add("I have a dog", user_id=user)
    body = {"query": "dog", "user_id": user}

    def found() -> list[str]:
        return [each["memory"] for each in second.post(body, "/v1/memories/search/").json()]

    assert found() == ["Has a dog"]
    # Who feeds the index may have just died in another test; its role is free a lease later.
    wait_until(lambda: not replicas.rows("SELECT 1 FROM outbox"), seconds=100)
    assert found() == ["Has a dog"]


def test_a_follower_goes_on_at_the_other(replicas: Replicas, user: str) -> None:
    """With the cursor that a dead replica gave, the other one tells what was missed, in order."""
    first, second = replicas.all

    def follow(replica: Memoryd, **more: str) -> str:
        headers = {"Authorization": f"Token {replica.key}"} | more
        params = {"until_now": "true", "user_id": user}
        return httpx.get(replica.url + PATH, params=params, headers=headers, timeout=30).text

    start = last_id(follow(first))
    for replica, text in ((second, "One"), (first, "Two")):
        Rest(replica).add(text, user_id=user, infer=False)
    told = follow(first, **{"Last-Event-ID": start})
    assert [event["data"]["memory"] for event in events(told)] == ["One", "Two"]
    first.kill()
    Rest(second).add("Three", user_id=user, infer=False)
    for cursor, missed in ((last_id(told), ["Three"]), (start, ["One", "Two", "Three"])):
        rest = events(follow(second, **{"Last-Event-ID": cursor}))
        assert [event["data"]["memory"] for event in rest] == missed
