"""Events over REST and gRPC against a real server with a scripted model."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest
from memoryd.v1 import event_service_pb2 as pb
from memoryd.v1 import memory_pb2
from memoryd.v1.event_service_pb2_grpc import EventServiceStub

from tests.running import Memoryd
from tests.scripted_openai import Reply, ScriptedOpenAI, add, held, plan, slow, status, update

NOT_FOUND = "Event not found or you don't have permission to access it."


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedOpenAI]:
    """The language model."""
    with ScriptedOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def memoryd(model: ScriptedOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memoryd]:
    """A memoryd that asks that model."""
    settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": model.base_url}
    with Memoryd(tmp_path_factory.mktemp("events"), settings) as running:
        yield running


@pytest.fixture
def user() -> str:
    """A user whom nobody else is."""
    return f"user-{uuid.uuid4()}"


def get(memoryd: Memoryd, path: str, **query: object) -> httpx.Response:
    """The bare answer."""
    headers = {"Authorization": f"Token {memoryd.key}"}
    given = {name: str(value) for name, value in query.items()}
    return httpx.get(memoryd.url + path, params=given or None, headers=headers, timeout=30)


def event(memoryd: Memoryd, event_id: str) -> dict[str, Any]:
    """An event that is there."""
    answer = get(memoryd, f"/v1/event/{event_id}/")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def queue(memoryd: Memoryd, text: str, **fields: object) -> str:
    """The event of an add over v3 that nobody waits for."""
    answer = memoryd.post({"messages": text} | fields, "/v3/memories/add/")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["status"], set(body)) == ("PENDING", {"message", "status", "event_id"})
    return str(body["event_id"])


def wait_for(memoryd: Memoryd, event_id: str, *statuses: str, seconds: float = 10) -> dict[str, Any]:
    """The event once it has come so far."""
    limit = time.monotonic() + seconds
    while (found := event(memoryd, event_id))["status"] not in statuses:
        assert time.monotonic() < limit, found
        time.sleep(0.02)
    return found


def when(text: str) -> datetime:
    """A time in an answer."""
    return datetime.fromisoformat(text)


def test_an_asynchronous_add_succeeds(memoryd: Memoryd, model: ScriptedOpenAI, user: str) -> None:
    """An event turns RUNNING and then SUCCEEDED, with results, times and the request as it was sent."""
    model.script(slow(0.4, plan([add("Lives in Munich", quote="I live in Munich", categories=["misc"])])))
    event_id = queue(memoryd, "I live in Munich", user_id=user, metadata={"n": 12345678901234567890})
    running = wait_for(memoryd, event_id, "RUNNING")
    assert (running["results"], running["error"], running["completed_at"]) == ([], None, None)
    assert running["started_at"] == running["updated_at"]
    done = wait_for(memoryd, event_id, "SUCCEEDED", "FAILED")
    assert (done["id"], done["event_type"], done["status"], done["error"]) == (
        event_id,
        "ADD",
        "SUCCEEDED",
        None,
    )
    (result,) = done["results"]
    assert (result["event"], result["memory"], result["data"]) == (
        "ADD",
        "Lives in Munich",
        {"memory": "Lives in Munich"},
    )
    assert (result["user_id"], result["event_id"]) == (user, event_id)
    assert result["evidence"]["end"] == len("I live in Munich")
    assert done["payload"] == {
        "messages": [{"role": "user", "content": "I live in Munich"}],
        "user_id": user,
        "metadata": {"n": 12345678901234567890},
        "async_mode": True,
    }
    assert when(done["created_at"]) <= when(done["started_at"]) < when(done["completed_at"])
    took = when(done["completed_at"]) - when(done["started_at"])
    assert done["latency"] == pytest.approx(took.total_seconds() * 1000, abs=0.01)
    assert done["latency"] > 390


def test_an_asynchronous_add_fails_with_a_reason(memoryd: Memoryd, model: ScriptedOpenAI, user: str) -> None:
    """A failure is an event with a stable reason and a text, never an empty success."""
    model.script(status(401))
    failed = wait_for(memoryd, queue(memoryd, "I live in Munich", user_id=user), "SUCCEEDED", "FAILED")
    assert failed["status"] == "FAILED"
    assert failed["error"].startswith("MODEL_AUTHENTICATION: ")
    assert (failed["results"], "Munich" in failed["error"]) == ([], False)
    assert failed["latency"] >= 0


def test_a_synchronous_add_is_an_event_too(memoryd: Memoryd, model: ScriptedOpenAI, user: str) -> None:
    """The event_id of any add leads to its event; a failed one keeps its reason."""
    model.script(plan([add("Likes tea", quote="tea")]), plan([update("m1", "Likes coffee", quote="coffee")]))
    memoryd.add("I like tea", user_id=user)
    (changed,) = memoryd.add("I like coffee", user_id=user)
    (result,) = event(memoryd, changed["event_id"])["results"]
    assert (result["event"], result["memory"], result["previous_memory"]) == (
        "UPDATE",
        "Likes coffee",
        "Likes tea",
    )
    assert result["id"] == changed["id"]
    model.script(status(401))
    assert memoryd.post({"messages": "x", "user_id": user}).status_code == 503
    newest = get(memoryd, "/v1/events/", page_size=1).json()["results"][0]
    assert (newest["status"], newest["error"].split(":")[0]) == ("FAILED", "MODEL_AUTHENTICATION")


def test_v3_add_stores_verbatim_messages_at_once(memoryd: Memoryd, user: str) -> None:
    """Without inference v3 answers with the results."""
    body = {"messages": "Hello there", "user_id": user, "infer": False}
    answer = memoryd.post(body, "/v3/memories/add/").json()
    assert (answer["status"], answer["results"][0]["memory"]) == ("SUCCEEDED", "Hello there")
    assert event(memoryd, answer["event_id"])["results"][0]["id"] == answer["results"][0]["id"]


def test_v3_add_waits_when_asked_to(memoryd: Memoryd, model: ScriptedOpenAI, user: str) -> None:
    """`async_mode: false` makes v3 synchronous."""
    model.script(plan([add("Likes tea", quote="tea")]))
    body = {"messages": "I like tea", "user_id": user, "async_mode": False}
    answer = memoryd.post(body, "/v3/memories/add/").json()
    assert (answer["status"], [each["memory"] for each in answer["results"]]) == ("SUCCEEDED", ["Likes tea"])


def test_v3_add_refuses_what_v1_refuses(memoryd: Memoryd) -> None:
    """A bad request is refused before it becomes an event."""
    answer = memoryd.post({"messages": "hi", "async_mode": "yes"}, "/v3/memories/add/")
    assert answer.status_code == 400
    assert {each["field"] for each in answer.json()["violations"]} == {"async_mode", "user_id"}


def test_adds_to_one_scope_keep_their_order(memoryd: Memoryd, model: ScriptedOpenAI, user: str) -> None:
    """The second of two begins when the first has ended, and sees what it brought."""

    def answer(body: dict[str, Any]) -> Reply:
        number = body["messages"][1]["content"].count("I count ")
        return slow(0.2, plan([add(f"Counts {number}", quote="I count")]))

    model.default = answer
    try:
        events = [queue(memoryd, f"I count {number}", user_id=user) for number in range(3)]
        done = [wait_for(memoryd, each, "SUCCEEDED", "FAILED") for each in events]
    finally:
        model.default = None
    assert [each["status"] for each in done] == ["SUCCEEDED"] * 3
    for earlier, later in pairwise(done):
        assert when(earlier["completed_at"]) <= when(later["started_at"])


def test_scopes_go_on_side_by_side(memoryd: Memoryd, model: ScriptedOpenAI, user: str) -> None:
    """Requests about several users do not wait for each other."""
    before = len(model.requests)
    model.script(*(held(lambda: len(model.requests) == before + 4, plan()) for _ in range(4)))
    events = [queue(memoryd, "I like tea", user_id=f"{user}-{number}") for number in range(4)]
    done = [wait_for(memoryd, each, "SUCCEEDED") for each in events]
    assert max(when(each["started_at"]) for each in done) < min(when(each["completed_at"]) for each in done)


def test_a_restart_takes_up_what_was_left(
    model: ScriptedOpenAI, tmp_path_factory: pytest.TempPathFactory, user: str
) -> None:
    """An asynchronous add outlives the process that was working on it."""
    settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": model.base_url}
    directory = tmp_path_factory.mktemp("restart")
    model.script(slow(30, plan()), plan([add("Likes tea", quote="tea")]))
    with Memoryd(directory, settings) as first:
        event_id = queue(first, "I like tea", user_id=user)
        wait_for(first, event_id, "RUNNING")
    with Memoryd(directory, settings) as second:
        done = wait_for(second, event_id, "SUCCEEDED", "FAILED")
    assert (done["status"], done["results"][0]["memory"]) == ("SUCCEEDED", "Likes tea")


def test_events_are_listed_page_by_page(memoryd: Memoryd, user: str) -> None:
    """A page holds the newest first, with absolute addresses of its neighbours; both paths agree."""
    for text in ("one", "two", "three"):
        memoryd.add(text, user_id=user, infer=False)
    first = get(memoryd, "/v1/events/", page_size=2).json()
    assert [each["results"][0]["memory"] for each in first["results"]] == ["three", "two"]
    assert (first["count"] >= 3, first["previous"]) == (True, None)
    headers = {"Authorization": f"Token {memoryd.key}"}
    second = httpx.get(first["next"], headers=headers).json()
    assert second["results"][0]["results"][0]["memory"] == "one"
    assert httpx.get(second["previous"], headers=headers).json() == first
    assert get(memoryd, "/v1/memories/events/", page_size=2).json()["results"] == first["results"]


def test_events_are_filtered(memoryd: Memoryd, model: ScriptedOpenAI, user: str) -> None:
    """Status, type and days choose events; days are inclusive."""
    model.script(status(401))
    memoryd.post({"messages": "x", "user_id": user})
    memoryd.add("y", user_id=user, infer=False)
    failed = get(memoryd, "/v1/events/", status="FAILED").json()
    assert {each["status"] for each in failed["results"]} == {"FAILED"}
    today = failed["results"][0]["created_at"][:10]
    assert get(memoryd, "/v1/events/", start_date=today, end_date=today, event_type="ADD").json()["count"] > 1
    assert get(memoryd, "/v1/events/", end_date="2001-01-01").json()["results"] == []
    assert get(memoryd, "/v1/events/", event_type="SEARCH").json()["count"] == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "DONE"}, "status"),
        ({"event_type": "NAP"}, "event_type"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"page": "two"}, "page"),
        ({"page": "99999999999999999999"}, "page"),
        ({"page_size": "0"}, "page_size"),
    ],
)
def test_bad_queries_are_refused(memoryd: Memoryd, query: dict[str, str], field: str) -> None:
    """A filter that is not understood is never read as no filter."""
    answer = get(memoryd, "/v1/events/", **query)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["violations"]] == [field]


def test_a_page_beyond_the_end_is_not_found(memoryd: Memoryd) -> None:
    """The text is the one that clients look for; a page of too many is one of as many as there may be."""
    for page in (0, -1, 100_000):
        answer = get(memoryd, "/v1/events/", page=page)
        assert (answer.status_code, answer.json()["detail"]) == (404, "Invalid page.")
    assert get(memoryd, "/v1/events/", page_size=100_000).status_code == 200


def test_unknown_events_are_not_found(memoryd: Memoryd) -> None:
    """An id that is no event's is 404, one that is no UUID is 400."""
    answer = get(memoryd, f"/v1/event/{uuid.uuid4()}/")
    assert (answer.status_code, answer.json()["detail"]) == (404, NOT_FOUND)
    answer = get(memoryd, "/v1/event/nonsense/")
    assert (answer.status_code, answer.json()["detail"]) == (400, "event_id should be a valid UUID")


async def test_events_over_grpc(memoryd: Memoryd, user: str) -> None:
    """Both faces tell the same."""
    memoryd.add("Hello", user_id=user, infer=False)
    rest = get(memoryd, "/v1/events/", page_size=1).json()["results"][0]
    async with memoryd.channel() as channel:
        stub = EventServiceStub(channel)
        answer = await stub.GetEvent(pb.GetEventRequest(event_id=rest["id"]), metadata=memoryd.metadata)
        listed = await stub.ListEvents(pb.ListEventsRequest(page_size=1), metadata=memoryd.metadata)
    got = answer.event
    assert listed.events[0] == got
    assert (got.id, got.user_id, got.results[0].data.memory) == (rest["id"], user, "Hello")
    assert got.status == memory_pb2.EVENT_STATUS_SUCCEEDED
    assert got.latency == rest["latency"]


def test_events_need_a_key(memoryd: Memoryd) -> None:
    """Nobody reads events without a key."""
    for path in ("/v1/events/", "/v1/memories/events/", f"/v1/event/{uuid.uuid4()}/"):
        assert httpx.get(memoryd.url + path).status_code == 401
