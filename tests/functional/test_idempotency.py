"""A request that is sent again under its name: one effect, one answer."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.functional.conftest import Model
from tests.functional.faces import Grpc, request_of
from tests.functional.ledgers import LedgerFile, wait_until
from tests.running import Memoryd
from tests.scripted_openai import add, delete, plan, refusal, slow, status, update

SAID = "I have a dog and live in Bonn"
GOOD = plan([add("Has a dog", quote="a dog"), add("Lives in Bonn", quote="in Bonn")])


@pytest.fixture
def key() -> str:
    """A key that nobody used."""
    return str(uuid.uuid4())


def post(memoryd: Memoryd, key: str, user: str, path: str = "/v1/memories/", **fields: Any) -> httpx.Response:
    """Adds under a key."""
    body = {"messages": SAID, "user_id": user, "output_format": "v1.1"} | fields
    return memoryd.post(body, path, headers={"Idempotency-Key": key})


def test_the_stored_answer(memoryd: Memoryd, model: Model, ledger: LedgerFile, user: str, key: str) -> None:
    """To the letter the first one, whatever happened to the memories in between."""
    model.answers(
        GOOD,
        plan([update("m1", "Lives in Köln", quote="Köln"), delete("m2", quote="no dog")]),
        plan([update("m7", "Likes tea", quote="tea")]),
    )
    metadata = json.loads('{"z": 12345678901234567890, "a": [1, null]}')
    first = post(memoryd, key, user, metadata=metadata)
    second_key = str(uuid.uuid4())
    said = {"messages": "I moved to Köln, I have no dog"}
    changed = post(memoryd, second_key, user, **said)
    third_key = str(uuid.uuid4())
    rejected = post(memoryd, third_key, user, messages="I like tea")
    assert len(first.json()["results"]) == 2
    assert {event["event"] for event in changed.json()["results"]} == {"UPDATE", "DELETE"}
    assert rejected.json()["rejected"]
    before = ledger.counts()
    assert post(memoryd, key, user, metadata=metadata).text == first.text
    assert post(memoryd, second_key, user, **said).text == changed.text
    assert post(memoryd, third_key, user, messages="I like tea").text == rejected.text
    assert ledger.counts() == before


def test_nothing_worth_keeping_is_an_answer_too(memoryd: Memoryd, model: Model, user: str, key: str) -> None:
    """An empty answer is stored like any other."""
    model.answers(plan())
    assert post(memoryd, key, user).text == post(memoryd, key, user).text
    assert model.asked == 1


def test_verbatim_messages_are_stored_once(memoryd: Memoryd, ledger: LedgerFile, user: str, key: str) -> None:
    """Which no reconciliation would notice."""
    answers = {post(memoryd, key, user, infer=False).text for _ in range(3)}
    assert len(answers) == 1
    assert ledger.texts(user) == [SAID]


def test_another_payload_is_refused(memoryd: Memoryd, model: Model, user: str, key: str) -> None:
    """409 with its reason, over either version of the path."""
    model.answers(plan())
    post(memoryd, key, user)
    for path, fields in (("/v1/memories/", {"messages": "Other"}), ("/v3/memories/add/", {})):
        answer = post(memoryd, key, user, path, **fields)
        assert (answer.status_code, answer.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_bad_key_is_refused(memoryd: Memoryd, user: str, key: str) -> None:
    """400 before anything is stored."""
    answer = post(memoryd, key, user)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["violations"]] == ["request_id"]


def test_two_keys_are_none(memoryd: Memoryd, user: str) -> None:
    """A request goes by one name: 400 for two, before anything is stored."""
    headers = [("Authorization", f"Token {memoryd.key}"), *(("Idempotency-Key", key) for key in "ab")]
    answer = httpx.post(
        f"{memoryd.url}/v1/memories/", json={"messages": SAID, "user_id": user}, headers=headers, timeout=30
    )
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["violations"]] == ["request_id"]


def test_who_comes_while_it_runs_waits(
    memoryd: Memoryd, rpc: Grpc, model: Model, ledger: LedgerFile, user: str, key: str
) -> None:
    """Twenty at once over both faces: the model is asked once, all have the same answer."""
    model.answers(slow(0.5, GOOD))
    request = request_of(SAID, {"user_id": user, "request_id": key, "output_format": "v1.1"})

    def send(number: int) -> str:
        if number % 2:
            return rpc.call(request).event_id
        event_id: str = post(memoryd, key, user).json()["results"][0]["event_id"]
        return event_id

    with ThreadPoolExecutor(20) as clients:
        assert len(set(clients.map(send, range(20)))) == 1
    assert model.asked == 1
    assert len(ledger.texts(user)) == 2
    assert len(ledger.requests(user)) == 1


def test_waiting_ends_with_the_deadline(rpc: Grpc, model: Model, user: str, key: str) -> None:
    """Who cannot wait any longer hears that it still goes on; the first call is answered."""
    model.answers(slow(2.0, GOOD))
    request = request_of(SAID, {"user_id": user, "request_id": key})
    with ThreadPoolExecutor(1) as clients:
        first = clients.submit(rpc.call, request)
        wait_until(lambda: model.asked)
        refused = rpc.refusal(request, timeout=1.0)
        assert (refused.status, refused.reason) == ("DEADLINE_EXCEEDED", "REQUEST_IN_PROGRESS")
        assert rpc.call(request) == first.result()


def test_a_failure_is_no_answer(
    memoryd: Memoryd, model: Model, ledger: LedgerFile, user: str, key: str
) -> None:
    """The same request is performed again, under the same event id."""
    model.answers(refusal(), GOOD)
    assert post(memoryd, key, user).status_code == 503
    [failed] = ledger.requests(user)
    answer = post(memoryd, key, user)
    assert {event["event_id"] for event in answer.json()["results"]} == {failed["id"]}
    [request] = ledger.requests(user)
    assert (request["status"], request["reason"]) == ("SUCCEEDED", None)
    assert post(memoryd, key, user).text == answer.text


def test_a_caller_who_hung_up_asks_again(
    rpc: Grpc, model: Model, ledger: LedgerFile, user: str, key: str
) -> None:
    """What the first call left unfinished the second does, once."""
    model.answers(slow(5.0, GOOD), GOOD)
    request = request_of(SAID, {"user_id": user, "request_id": key})
    call = rpc.begin(request)
    wait_until(lambda: model.asked)
    call.cancel()
    assert len(rpc.call(request).results) == 2
    assert len(ledger.texts(user)) == 2
    assert len(ledger.requests(user)) == 1


def test_asynchronous_adds(memoryd: Memoryd, model: Model, ledger: LedgerFile, user: str, key: str) -> None:
    """The answer is PENDING with the same event, before and after the work is done."""
    model.answers(slow(0.3, GOOD))
    first = post(memoryd, key, user, "/v3/memories/add/")
    assert post(memoryd, key, user, "/v3/memories/add/").text == first.text
    wait_until(lambda: len(ledger.texts(user)) == 2)
    assert post(memoryd, key, user, "/v3/memories/add/").text == first.text
    assert len(ledger.requests(user)) == 1


def test_answers_are_kept_for_a_while(started: Callable[..., Memoryd], user: str, key: str) -> None:
    """After MEMORYD_IDEMPOTENCY_HOURS the key is free."""
    memoryd = started(MEMORYD_IDEMPOTENCY_HOURS="1")
    ledger = LedgerFile(memoryd.data_dir)
    post(memoryd, key, user, infer=False)
    ledger.run("UPDATE requests SET created_at = created_at - 3500 * 1000000")
    assert post(memoryd, key, user, messages="Other", infer=False).status_code == 409
    ledger.run("UPDATE requests SET created_at = created_at - 200 * 1000000")
    assert post(memoryd, key, user, messages="Other", infer=False).status_code == 200
    assert len(ledger.texts(user)) == 2


def test_a_failed_event_is_retried(memoryd: Memoryd, model: Model, ledger: LedgerFile, user: str) -> None:
    """POST /v1/event/{id}/retry/ replays the messages that were kept, in the background."""
    model.answers(status(401), GOOD)
    memoryd.post({"messages": SAID, "user_id": user})
    [failed] = ledger.requests(user)
    path = f"/v1/event/{failed['id']}/retry/"
    answer = memoryd.post({}, path)
    assert (answer.status_code, answer.json()["id"]) == (200, failed["id"]), answer.text
    wait_until(lambda: len(ledger.texts(user)) == 2)
    [request] = ledger.requests(user)
    assert (request["status"], request["reason"]) == ("SUCCEEDED", None)
    again = memoryd.post({}, path)
    assert (again.status_code, again.json()["code"]) == (409, "EVENT_NOT_FAILED")


def test_what_is_done_in_the_background_is_tried_again(
    memoryd: Memoryd, model: Model, ledger: LedgerFile, user: str, key: str
) -> None:
    """A passing outage delays an asynchronous add; nobody has to send it again."""
    model.answers(*[status(500, retry_after=0.01)] * 3, GOOD)
    post(memoryd, key, user, "/v3/memories/add/")
    wait_until(lambda: len(ledger.texts(user)) == 2)
    [request] = ledger.requests(user)
    assert (request["status"], request["attempts"]) == ("SUCCEEDED", 2)
