"""What an add comes to when the model fails: an error with its reason, nothing written, nothing lost."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable

import pytest
from memoryd.v1 import memory_pb2, memory_service_pb2

from tests.functional.conftest import Model
from tests.functional.faces import Face, Grpc, Rest
from tests.functional.ledgers import LedgerFile, wait_until
from tests.running import Memoryd
from tests.scripted_openai import (
    Reply,
    add,
    delete,
    disconnect,
    hang,
    plan,
    refusal,
    slow,
    status,
    text,
    truncated,
    update,
)

SAID = "I have a dog"
GOOD = plan([add("Has a dog", quote="a dog")])
OPERATIONS = json.dumps({"operations": [add("Has a dog", quote="a dog")]})
FENCED = text(f"Here you are:\n```json\n{OPERATIONS}\n```\nBye!")
CUT_OFF = '{"operations": [{"message_index": 0, "quote": "a do'


@pytest.mark.parametrize(
    "replies",
    [
        [slow(0.7, GOOD)],
        [status(429, retry_after=0.3), GOOD],
        [status(500), GOOD],
        [status(503), status(502), GOOD],
        [disconnect(), GOOD],
        [truncated(CUT_OFF), GOOD],
        [text("There is nothing that I could say."), GOOD],
        [text(CUT_OFF), GOOD],
        [text('{"operations": [{"event": "FORGET"}]}'), GOOD],
        [FENCED],
    ],
    ids=[
        "slow",
        "429 once",
        "500 once",
        "two outages",
        "disconnect once",
        "cut off once",
        "prose once",
        "half an object once",
        "wrong schema once",
        "prose around JSON",
    ],
)
def test_what_passes(rest: Rest, model: Model, ledger: LedgerFile, user: str, replies: list[Reply]) -> None:
    """What can be waited for, tried again or mended is no failure."""
    model.answers(*replies)
    assert [event.memory for event in rest.add(SAID, user_id=user)] == ["Has a dog"]
    assert ledger.texts(user) == ["Has a dog"]


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ([status(429, retry_after=0.01)] * 3, "MODEL_RATE_LIMITED"),
        ([status(500, retry_after=0.01)] * 3, "MODEL_UNAVAILABLE"),
        ([disconnect()] * 3, "MODEL_UNAVAILABLE"),
        ([status(401)], "MODEL_AUTHENTICATION"),
        ([Reply(body=b"<html>proxy</html>")], "MODEL_UNAVAILABLE"),
        ([refusal()], "MODEL_REFUSED"),
        ([truncated(CUT_OFF)] * 2, "MODEL_OUTPUT_TRUNCATED"),
        ([text("I noted that.")] * 2, "MODEL_OUTPUT_INVALID"),
    ],
    ids=["429", "500", "disconnect", "wrong key", "proxy", "refusal", "cut off twice", "prose twice"],
)
def test_what_fails(
    face: Face, model: Model, ledger: LedgerFile, user: str, replies: list[Reply], reason: str
) -> None:
    """An outage is 503 with its reason, never an empty success; the messages are kept and may come again."""
    model.answers(*replies)
    refused = face.refused(SAID, user_id=user)
    assert (refused.status, refused.reason) == ("UNAVAILABLE", reason)
    assert ledger.texts(user) == []
    [request] = ledger.requests(user)
    assert (request["status"], request["reason"]) == ("FAILED", reason)
    assert SAID in request["payload"]
    assert request["completed_at"] is not None

    model.answers(GOOD)
    assert [event.memory for event in face.add(SAID, user_id=user)] == ["Has a dog"]


def test_unavailable_says_when_to_come_back(rest: Rest, model: Model, user: str) -> None:
    """503 carries Retry-After in whole seconds."""
    model.answers(refusal())
    answer = rest.post(SAID, user_id=user)
    assert answer.status_code == 503
    assert answer.headers["retry-after"].isdecimal()


def test_repair_names_the_mistake(rest: Rest, model: Model, user: str) -> None:
    """The second question says what was wrong with the first answer, and the messages stay apart from it."""
    model.answers(text('{"operations": [{"event": "FORGET"}]}'), GOOD)
    rest.add(SAID, user_id=user)
    first, second = (body["messages"][1]["content"] for body in model.server.requests)
    assert second.startswith(first)
    assert "operations[0]" in second.removeprefix(first)


def test_an_id_that_was_not_offered(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """An UPDATE of an unknown memory becomes an ADD, a DELETE of one is dropped."""
    model.answers(plan([update("m7", "Has a dog", quote="a dog"), delete("m8", quote="a dog")]))
    assert [(event.event, event.memory) for event in face.add(SAID, user_id=user)] == [("ADD", "Has a dog")]
    assert json.loads(ledger.requests(user)[0]["rejections"]) == [
        ["UPDATE", "UNKNOWN_ID", "ADD"],
        ["DELETE", "UNKNOWN_ID", None],
    ]


def test_a_quote_that_is_not_in_the_messages(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """Without evidence an ADD is kept and says so, an UPDATE becomes an ADD, a DELETE is dropped."""
    model.answers(plan([add("Has a dog", quote="a dog"), add("Likes tea", quote="hot tea")]))
    added = face.add(SAID, user_id=user)
    assert [event.evidence for event in added] == [(0, 7, 12, "user"), None]

    model.answers(plan([update("m1", "Has two dogs", quote="x"), delete("m2", quote="y")]))
    [event] = face.add("Hm", user_id=user)
    assert (event.event, event.memory, event.evidence) == ("ADD", "Has two dogs", None)
    assert ledger.texts(user) == ["Has a dog", "Likes tea", "Has two dogs"]
    assert json.loads(ledger.requests(user)[1]["rejections"]) == [
        ["UPDATE", "QUOTE_NOT_FOUND", "ADD"],
        ["DELETE", "QUOTE_NOT_FOUND", None],
    ]


def test_one_memory_changes_once(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """A second change of the same memory in one plan is kept beside the first."""
    model.answers(GOOD, plan([delete("m1", quote="dog"), update("m1", "Has a cat", quote="cat")]))
    face.add(SAID, user_id=user)
    events = face.add("No dog, a cat", user_id=user)
    assert [(event.event, event.memory) for event in events] == [
        ("DELETE", "Has a dog"),
        ("ADD", "Has a cat"),
    ]
    assert ledger.texts(user) == ["Has a cat"]


def test_a_model_that_hangs(rpc: Grpc, model: Model, ledger: LedgerFile, user: str) -> None:
    """The caller hears of it before its own deadline, and the request is FAILED with its messages."""
    model.answers(hang())
    message = memory_pb2.Message(role="user", content=SAID)
    request = memory_service_pb2.AddMemoriesRequest(messages=[message], user_id=user)
    started = time.monotonic()
    refused = rpc.refusal(request, timeout=1.5)
    assert (refused.status, refused.reason) == ("DEADLINE_EXCEEDED", "MODEL_TIMEOUT")
    assert time.monotonic() - started < 1.5
    [stored] = ledger.requests(user)
    assert (stored["status"], stored["reason"]) == ("FAILED", "MODEL_TIMEOUT")
    assert SAID in stored["payload"]
    model.answers(GOOD)
    assert len(rpc.add(SAID, user_id=user)) == 1


def test_a_model_that_hangs_behind_the_gateway(
    started: Callable[..., Memoryd], model: Model, user: str
) -> None:
    """Over REST it is 504 with the reason, within MEMORYD_REQUEST_TIMEOUT."""
    memoryd = started(MEMORYD_REQUEST_TIMEOUT="1.5")
    model.answers(hang())
    begun = time.monotonic()
    refused = Rest(memoryd).refused(SAID, user_id=user)
    assert (refused.status, refused.reason) == ("DEADLINE_EXCEEDED", "MODEL_TIMEOUT")
    assert time.monotonic() - begun < 3


def test_a_caller_who_hangs_up(rpc: Grpc, model: Model, ledger: LedgerFile, user: str) -> None:
    """A cancelled call ends its request as FAILED, and holds up nobody who comes after."""
    model.answers(hang())
    message = memory_pb2.Message(role="user", content=SAID)
    call = rpc.begin(memory_service_pb2.AddMemoriesRequest(messages=[message], user_id=user))
    wait_until(lambda: model.asked)
    call.cancel()
    wait_until(lambda: [row["status"] for row in ledger.requests(user)] == ["FAILED"])
    assert ledger.requests(user)[0]["reason"] == "CANCELLED"
    model.answers(GOOD)
    assert len(rpc.add(SAID, user_id=user)) == 1


def test_nobody_listens(started: Callable[..., Memoryd], user: str) -> None:
    """An endpoint that is not there is 503; memoryd is ready all the same, for the model is not its own."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        memoryd = started(OPENAI_BASE_URL=f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        refused = Rest(memoryd).refused(SAID, user_id=user)
    assert (refused.status, refused.reason) == ("UNAVAILABLE", "MODEL_UNAVAILABLE")
    assert LedgerFile(memoryd.data_dir).texts(user) == []


def test_an_embedder_that_fails(started: Callable[..., Memoryd], model: Model, user: str) -> None:
    """An outage of the embeddings is 503 with its reason at every step, and nothing is written."""
    memoryd = started(MEMORYD_EMBEDDER="openai", MEMORYD_EMBEDDING_MODEL="test-embedding")
    rest, ledger = Rest(memoryd), LedgerFile(memoryd.data_dir)
    down = [status(500, retry_after=0.01)] * 3

    model.server.script_embeddings(*down)
    refused = rest.refused(SAID, user_id=user)
    assert refused.status == "UNAVAILABLE"
    assert refused.reason.startswith("EMBED")

    model.server.script_embeddings(*down)
    assert rest.refused(SAID, user_id=user, infer=False).status == "UNAVAILABLE"

    # The utterances are embedded, the new fact is not.
    model.server.script_embeddings(model.server.embedded({"input": SAID}), *down)
    model.answers(GOOD)
    assert rest.refused(SAID, user_id=user).status == "UNAVAILABLE"

    assert ledger.texts(user) == []
    assert {row["status"] for row in ledger.requests(user)} == {"FAILED"}
    model.answers(GOOD)
    assert len(rest.add(SAID, user_id=user)) == 1
