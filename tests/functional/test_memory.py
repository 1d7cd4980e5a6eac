from __future__ import annotations

import hashlib
import uuid
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from memoryd.v1 import memory_service_pb2 as pb

from tests.functional.api import Api
from tests.functional.conftest import Model
from tests.functional.ledgers import LedgerFile, wait_until
from tests.scripted_openai import Body, Reply, add, plan, update

FIELDS = [
    "id",
    "memory",
    "user_id",
    "agent_id",
    "app_id",
    "run_id",
    "session_id",
    "hash",
    "metadata",
    "categories",
    "immutable",
    "expiration_date",
    "created_at",
    "updated_at",
]

NOT_FOUND = (404, "Memory not found!")
NO_UUID = (400, "memory_id should be a valid UUID")

ONE_MEMORY = [
    ("GET", "/v1/memories/{}/", None),
    ("PUT", "/v1/memories/{}/", {"text": "x"}),
    ("DELETE", "/v1/memories/{}/", None),
    ("GET", "/v1/memories/{}/history/", None),
]


def test_a_memory_has_the_shape_of_the_contract(api: Api, user: str) -> None:
    """All fields are there, in order, with null for what is not."""
    (memory_id,) = api.store(user, "Loves tea", run_id="r1", metadata={"b": 1, "a": None})
    memory = api.ok("GET", f"/v1/memories/{memory_id}/")
    assert list(memory) == FIELDS
    assert memory["hash"] == hashlib.md5(b"Loves tea").hexdigest()
    assert list(memory["metadata"].items()) == [("b", 1), ("a", None)]
    assert (memory["run_id"], memory["session_id"], memory["agent_id"]) == ("r1", "r1", None)
    assert (memory["immutable"], memory["categories"], memory["expiration_date"]) == (False, None, None)
    assert memory["created_at"] == memory["updated_at"]
    assert memory["created_at"].endswith("Z")


def test_both_faces_give_the_same_memory(api: Api, user: str) -> None:
    """What gRPC says is what REST says."""
    (memory_id,) = api.store(user, "Loves tea", metadata={"n": 2**70})
    said = api.ok("GET", f"/v1/memories/{memory_id}/")
    memory = api.rpc("GetMemory", pb.GetMemoryRequest(memory_id=memory_id)).memory
    assert (memory.id, memory.memory, memory.user_id, memory.hash) == (
        memory_id,
        said["memory"],
        user,
        said["hash"],
    )
    assert memory.metadata == f'{{"n":{2**70}}}'
    assert not memory.HasField("agent_id")
    assert memory.created_at.ToJsonString() == said["created_at"]


@pytest.mark.parametrize(("method", "path", "body"), ONE_MEMORY)
def test_ids_that_are_not_there(api: Api, method: str, path: str, body: object) -> None:
    """An unknown id is 404, one that is no UUID 400, each in the words that clients look for."""
    assert api.refused(method, path.format(uuid.uuid4()), body) == NOT_FOUND
    assert api.refused(method, path.format("nonsense"), body) == NO_UUID
    assert api.refused(method, path.format(str(uuid.uuid4()).replace("-", "")), body) == NO_UUID


@pytest.mark.parametrize("name", ["text", "memory"])
def test_update_the_text(api: Api, user: str, name: str) -> None:
    """The answer is the memory as it is now; its id, its age and its metadata stay."""
    (memory_id,) = api.store(user, "Loves tea", metadata={"turn": 1})
    before = api.ok("GET", f"/v1/memories/{memory_id}/")
    after = api.ok("PUT", f"/v1/memories/{memory_id}/", {name: "Loves coffee"})
    assert after == api.ok("GET", f"/v1/memories/{memory_id}/")
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"memory", "hash", "updated_at"}
    assert api.texts(user) == ["Loves coffee"]


def test_update_the_metadata(api: Api, user: str) -> None:
    """Metadata merges: a key that is not named stays, null is a value, numbers stay exact."""
    (memory_id,) = api.store(user, "Loves tea", metadata={"turn": 1, "source": "chat"})
    answer = api.send("PUT", f"/v1/memories/{memory_id}/", {"metadata": {"turn": 2**64, "x": None}})
    assert f'"metadata":{{"turn":{2**64},"source":"chat","x":null}}' in answer.text
    assert api.texts(user) == ["Loves tea"]


def test_metadata_that_only_looks_the_same(api: Api, user: str) -> None:
    """True is not 1: such an update changes the memory."""
    (memory_id,) = api.store(user, "Loves tea", metadata={"flag": 1})
    answer = api.ok("PUT", f"/v1/memories/{memory_id}/", {"metadata": {"flag": True}})
    assert answer["metadata"] == {"flag": True}
    assert answer["metadata"]["flag"] is True


def test_an_update_that_says_nothing_new(api: Api, user: str, ledger: LedgerFile) -> None:
    """It is answered with the memory, and nothing is logged."""
    (memory_id,) = api.store(user, "Loves tea", metadata={"turn": 1})
    before = api.ok("GET", f"/v1/memories/{memory_id}/")
    assert (
        api.ok("PUT", f"/v1/memories/{memory_id}/", {"text": "Loves tea", "metadata": {"turn": 1}}) == before
    )
    assert len(ledger.changes(memory_id)) == 1


@pytest.mark.parametrize(
    "timestamp", [1736942400, 1736942400.0, "2025-01-15T12:00:00Z", "2025-01-15T12:00:00"]
)
def test_update_the_timestamp(api: Api, user: str, timestamp: object) -> None:
    """Seconds or ISO 8601: it becomes the time of creation."""
    (memory_id,) = api.store(user, "Loves tea")
    memory = api.ok("PUT", f"/v1/memories/{memory_id}/", {"timestamp": timestamp})
    assert memory["created_at"] == "2025-01-15T12:00:00.000000Z"
    assert memory["updated_at"] > memory["created_at"]


def test_the_expiration_date(api: Api, user: str) -> None:
    """It hides a memory from lists, not from who knows its id; null takes it back."""
    (memory_id,) = api.store(user, "Loves tea")
    path = f"/v1/memories/{memory_id}/"
    assert api.ok("PUT", path, {"expiration_date": "2020-01-01"})["expiration_date"] == "2020-01-01"
    assert api.ok("GET", path)["memory"] == "Loves tea"
    assert api.texts(user) == []
    assert api.texts(user, show_expired="true") == ["Loves tea"]
    assert api.ok("PUT", path, {"expiration_date": None})["expiration_date"] is None
    assert api.texts(user) == ["Loves tea"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": None}, "text"),
        ({"text": " "}, "text"),
        ({"text": "a\0b"}, "text"),
        ({"text": 3}, "text"),
        ({"text": "a", "memory": "b"}, "memory"),
        ({"text": "x" * 100_001}, "text"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"a": "x" * 70_000}}, "metadata"),
        ({"metadata": {"a": "\0"}}, "metadata"),
        ({"expiration_date": "tomorrow"}, "expiration_date"),
        ({"expiration_date": 3}, "expiration_date"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": True}, "timestamp"),
        ({"timestamp": 1e20}, "timestamp"),
        ({"timestamp": -(10**14)}, "timestamp"),
    ],
)
def test_wrong_updates(api: Api, user: str, body: Any, field: str) -> None:
    """What is wrong is named, and nothing is changed."""
    (memory_id,) = api.store(user, "Loves tea")
    answer = api.send("PUT", f"/v1/memories/{memory_id}/", body)
    assert (answer.status_code, [v["field"] for v in answer.json()["violations"]]) == (400, [field])
    assert api.texts(user) == ["Loves tea"]


def test_merged_metadata_has_a_limit(api: Api, user: str) -> None:
    """Merging cannot grow metadata beyond what one request may send."""
    (memory_id,) = api.store(user, "Loves tea", metadata={"a": "x" * 60_000})
    status, text = api.refused("PUT", f"/v1/memories/{memory_id}/", {"metadata": {"b": "x" * 60_000}})
    assert (status, "metadata" in text) == (400, True)


def test_immutable_memories(api: Api, user: str) -> None:
    """They are never updated, alone or in a batch, and can be deleted."""
    (memory_id,) = api.store(user, "Born in 1990", immutable=True)
    answer = api.send("PUT", f"/v1/memories/{memory_id}/", {"text": "Born in 1991"})
    assert (answer.status_code, answer.json()["code"]) == (400, "IMMUTABLE")
    refused = api.rpc_refused(
        "UpdateMemory", pb.UpdateMemoryRequest(memory_id=memory_id, text="Born in 1991")
    )
    assert (refused.status, refused.reason) == ("FAILED_PRECONDITION", "IMMUTABLE")
    (other,) = api.store(user, "Loves tea")
    batch = [{"memory_id": other, "text": "Loves coffee"}, {"memory_id": memory_id, "text": "Born in 1991"}]
    assert api.send("PUT", "/v1/batch/", {"memories": batch}).json()["code"] == "IMMUTABLE"
    assert api.texts(user) == ["Loves tea", "Born in 1990"]
    assert api.ok("DELETE", f"/v1/memories/{memory_id}/")


def test_delete(api: Api, user: str) -> None:
    """A deleted memory is gone at once; deleting it again is 404."""
    (memory_id,) = api.store(user, "Loves tea")
    path = f"/v1/memories/{memory_id}/"
    assert api.ok("DELETE", path, delete_linked="true") == {"message": "Memory deleted successfully!"}
    assert api.refused("GET", path) == api.refused("DELETE", path) == NOT_FOUND
    assert api.refused("PUT", path, {"text": "x"}) == NOT_FOUND
    assert api.texts(user) == []


def test_the_history_of_a_deleted_memory(api: Api, model: Model, user: str) -> None:
    """Who, when, before, after and from which messages: oldest first, also after the end."""
    model.answers(plan([add("Loves tea", quote="love tea")]))
    said = {"role": "user", "content": "I love tea"}
    body = {"messages": [said], "user_id": user, "metadata": {"turn": 1}}
    (event,) = api.ok("POST", "/v1/memories/", body)
    path = f"/v1/memories/{event['id']}/"
    api.ok("PUT", path, {"text": "Loves coffee", "metadata": {"turn": 2}})
    api.ok("DELETE", path)
    entries = api.ok("GET", f"{path}history/")
    assert [(e["event"], e["old_memory"], e["new_memory"]) for e in entries] == [
        ("ADD", None, "Loves tea"),
        ("UPDATE", "Loves tea", "Loves coffee"),
        ("DELETE", "Loves coffee", None),
    ]
    assert [e["input"] for e in entries] == [[said], [], []]
    assert [e["metadata"] for e in entries] == [{"turn": 1}, {"turn": 2}, {"turn": 2}]
    assert {(e["memory_id"], e["user_id"]) for e in entries} == {(event["id"], user)}
    assert entries[0]["event_id"] == event["event_id"]
    assert len({e["event_id"] for e in entries}) == 3
    assert len({e["actor"] for e in entries}) == 1
    assert entries[0]["actor"]
    assert [e["created_at"] for e in entries] == sorted(e["created_at"] for e in entries)


def test_batch_update(api: Api, user: str) -> None:
    """Texts, metadata and dates of many memories change together."""
    first, second = api.store(user, "Loves tea", "Has a dog")
    batch = [{"memory_id": first, "text": "Loves coffee"}, {"memory_id": second, "metadata": {"a": 1}}]
    answer = api.ok("PUT", "/v1/batch/", {"memories": batch})
    assert answer == {"message": "Successfully updated 2 memories"}
    assert api.texts(user) == ["Has a dog", "Loves coffee"]
    assert api.ok("GET", f"/v1/memories/{second}/")["metadata"] == {"a": 1}


def test_batch_delete(api: Api, user: str) -> None:
    """Many memories go together; an id that stands twice counts once."""
    ids = api.store(user, "Loves tea", "Has a dog", "Plays chess")
    batch = [{"memory_id": memory_id} for memory_id in (*ids[:2], ids[0])]
    answer = api.ok("DELETE", "/v1/batch/", {"memories": batch})
    assert answer == {"message": "Successfully deleted 2 memories"}
    assert api.texts(user) == ["Plays chess"]


@pytest.mark.parametrize(("method", "done"), [("PUT", "updated"), ("DELETE", "deleted")])
def test_batches_are_all_or_nothing(api: Api, user: str, method: str, done: str) -> None:
    """One unknown id, or one too many, and nothing happens."""
    ids = api.store(user, "Loves tea", "Has a dog")
    batch = [{"memory_id": memory_id, "text": "x"} for memory_id in (*ids, str(uuid.uuid4()))]
    assert api.refused(method, "/v1/batch/", {"memories": batch}) == NOT_FOUND
    many = [{"memory_id": str(uuid.uuid4()), "text": "x"} for _ in range(1001)]
    assert api.refused(method, "/v1/batch/", {"memories": many}) == (
        400,
        f"Maximum of 1000 memories can be {done} in a single request",
    )
    assert api.refused(method, "/v1/batch/", {"memories": []})[0] == 400
    assert api.refused(method, "/v1/batch/", {})[0] == 400
    assert api.refused(method, "/v1/batch/", {"memories": [{"memory_id": "x", "text": "x"}]}) == NO_UUID
    assert api.texts(user) == ["Has a dog", "Loves tea"]


def test_one_memory_twice_in_a_batch(api: Api, user: str) -> None:
    """Which of two updates should win nobody could tell, so it is refused."""
    (memory_id,) = api.store(user, "Loves tea")
    batch = [{"memory_id": memory_id, "text": "a"}, {"memory_id": memory_id.upper(), "text": "b"}]
    answer = api.send("PUT", "/v1/batch/", {"memories": batch})
    assert answer.json()["violations"][0]["field"] == "memories[1].memory_id"


def test_a_full_batch(api: Api, user: str) -> None:
    """A thousand memories fit."""
    ids = api.store(user, *(f"Fact number {number}" for number in range(1000)))
    batch = [{"memory_id": memory_id, "metadata": {"seen": True}} for memory_id in ids]
    assert api.ok("PUT", "/v1/batch/", {"memories": batch}) == {
        "message": "Successfully updated 1000 memories"
    }
    assert api.ok("DELETE", "/v1/batch/", {"memories": batch})["message"].startswith(
        "Successfully deleted 1000"
    )
    assert api.texts(user) == []


def test_feedback(api: Api, user: str) -> None:
    """The last opinion stands, under one id; null takes it back."""
    (memory_id,) = api.store(user, "Loves tea")
    body = {"memory_id": memory_id, "feedback": "POSITIVE", "feedback_reason": "so true"}
    first = api.ok("POST", "/v1/feedback/", body)
    assert first == {"id": first["id"], "feedback": "POSITIVE", "feedback_reason": "so true"}
    second = api.ok("POST", "/v1/feedback/", {**body, "feedback": "VERY_NEGATIVE", "feedback_reason": None})
    assert second == {"id": first["id"], "feedback": "VERY_NEGATIVE", "feedback_reason": None}
    assert api.ok("POST", "/v1/feedback/", {**body, "feedback": None})["feedback"] is None
    assert api.refused("POST", "/v1/feedback/", {**body, "memory_id": str(uuid.uuid4())}) == NOT_FOUND
    assert api.refused("POST", "/v1/feedback/", {**body, "memory_id": "x"}) == NO_UUID
    assert api.refused("POST", "/v1/feedback/", {**body, "feedback": "SO_SO"})[0] == 400


def test_inference_never_brings_back_what_was_deleted(api: Api, model: Model, user: str) -> None:
    """A memory that is deleted while the model thinks stays deleted; the new fact is kept beside it."""
    (memory_id,) = api.store(user, "Lives in Berlin")

    def think(_: Body) -> Reply:
        if api.send("DELETE", f"/v1/memories/{memory_id}/").status_code == 200:
            return plan([update("m1", "Lives in Munich", quote="moved to Munich")])
        return plan([add("Lives in Munich", quote="moved to Munich")])

    model.answers_always(think)
    (event,) = api.ok("POST", "/v1/memories/", {"messages": "I moved to Munich", "user_id": user})
    assert (event["event"], event["id"] == memory_id) == ("ADD", False)
    assert api.texts(user) == ["Lives in Munich"]
    assert api.refused("GET", f"/v1/memories/{memory_id}/") == NOT_FOUND


def test_inference_meets_what_was_written_by_hand(api: Api, model: Model, user: str) -> None:
    """A memory that is changed by hand while the model thinks is reconciled as it is then."""
    (memory_id,) = api.store(user, "Lives in Berlin")

    def think(body: Body) -> Reply:
        if "Lives in Bonn" not in str(body):
            api.ok("PUT", f"/v1/memories/{memory_id}/", {"text": "Lives in Bonn"})
        return plan([update("m1", "Lives in Munich", quote="moved to Munich")])

    model.answers_always(think)
    (event,) = api.ok("POST", "/v1/memories/", {"messages": "I moved to Munich", "user_id": user})
    assert (event["event"], event["previous_memory"]) == ("UPDATE", "Lives in Bonn")


def test_the_index_learns_of_it(api: Api, model: Model, user: str, ledger: LedgerFile) -> None:
    """A new text is found by its new meaning, and a change of metadata keeps the vector."""
    (memory_id,) = api.store(user, "Loves tea")
    wait_until(lambda: not ledger.rows("SELECT 1 FROM outbox WHERE memory_id = ?", memory_id))
    api.ok("PUT", f"/v1/memories/{memory_id}/", {"metadata": {"a": 1}})
    assert not ledger.rows("SELECT 1 FROM outbox WHERE memory_id = ?", memory_id)
    model.answers(plan())
    api.ok("POST", "/v1/memories/", {"messages": "I love tea", "user_id": user})
    assert model.known == ["Loves tea"]


def test_a_check_changes_nothing(api: Api, user: str) -> None:
    """What only REST finds fault with is checked by the service, and not carried out."""
    (memory_id,) = api.store(user, "Loves tea")
    request = pb.UpdateMemoryRequest(memory_id=memory_id, text="x", validate_only=True)
    assert not api.rpc("UpdateMemory", request).HasField("memory")
    api.rpc("DeleteMemory", pb.DeleteMemoryRequest(memory_id=memory_id, validate_only=True))
    api.rpc("DeleteMemories", pb.DeleteMemoriesRequest(user_id=user, validate_only=True))
    assert api.send("DELETE", f"/v1/memories/{memory_id}/", org_id=["a", "b"]).status_code == 400
    assert api.texts(user) == ["Loves tea"]


def test_times_beyond_the_calendar(api: Api, user: str) -> None:
    """A proto can hold times that no calendar has."""
    (memory_id,) = api.store(user, "Loves tea")
    request = pb.UpdateMemoryRequest(memory_id=memory_id, timestamp=Timestamp(seconds=10**15))
    assert api.rpc_refused("UpdateMemory", request).fields == ("timestamp",)


def test_inference_passes_over_what_has_expired(api: Api, model: Model, user: str) -> None:
    """The model is not shown it, and a fact that says the same is a new one, which can be seen."""
    api.store(user, "Loves tea", expiration_date="2020-01-01")
    model.answers(plan([add("Loves tea", quote="love tea")]))
    (event,) = api.ok("POST", "/v1/memories/", {"messages": "I love tea", "user_id": user})
    assert (event["event"], model.known, api.texts(user)) == ("ADD", [], ["Loves tea"])


def test_large_pages(api: Api, user: str) -> None:
    """A page holds as much as a hundred large memories."""
    text = "word " * 60_000
    for number in range(10):
        api.store(user, *(f"{number} {each} {text}" for each in range(8)))
    assert sum(map(len, api.texts(user))) > 20 * 1024 * 1024


def test_names_in_the_history(api: Api, user: str) -> None:
    """Who spoke is kept with what was said."""
    said = {"role": "user", "content": "Loves tea", "name": "Jo"}
    body = {"messages": [said], "user_id": user, "infer": False}
    (event,) = api.ok("POST", "/v1/memories/", body)
    (entry,) = api.ok("GET", f"/v1/memories/{event['id']}/history/")
    assert entry["input"] == [said]
