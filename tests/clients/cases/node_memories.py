"""Memories through the clients on Node: 2.x speaks snake_case, 3.x camelCase."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.clients.cases.memories import NOBODY, texts
from tests.clients.client import ClientRaised
from tests.clients.releases import N2_4_6, N3_1_6, NODE, SYNC
from tests.clients.table import Check, Use, case


def node(method: str, *releases: str) -> Callable[[Check], Check]:
    """Enters a check for a method of the clients on Node."""
    return case(method, *(releases or NODE), kinds=[SYNC])


def name(use: Use, snake: str) -> str:
    """A field's name as the client has it."""
    return snake if use.release == N2_4_6 else re.sub(r"_(\w)", lambda found: found[1].upper(), snake)


def named(use: Use, **fields: object) -> dict[str, object]:
    """An object of options as the client has them."""
    return {name(use, field): value for field, value in fields.items()}


def assert_refused(use: Use, kind: str, text: str, method: str, *args: object) -> None:
    """The client raises an error of a kind that says what the server says."""
    with pytest.raises(ClientRaised) as raised:
        use.call(method, *args)
    assert raised.value.kind == kind
    assert text in raised.value.text


@node("ping")
def ping(use: Use) -> None:
    """The client asks who it is; that is all a ping gives."""
    assert use.call("ping") is None
    with pytest.raises(ClientRaised, match="Invalid API key"):
        use.client.driver.open(SYNC, {"apiKey": "m0-wrong", "host": use.server.url}).call("ping")


@node("add", N2_4_6)
def add_at_once(use: Use) -> None:
    """2.x gets the events as an array, each with its status, and relations when it asks for v1.1."""
    said = [{"role": "user", "content": "I live in Berlin"}]
    (event,) = use.call("add", said, {"user_id": use.user, "metadata": {"a": {"b": 1}}})
    assert (event["event"], event["data"]["memory"], event["status"]) == (
        "ADD",
        "Lives in Berlin",
        "SUCCEEDED",
    )
    assert event["event_id"]
    said = [{"role": "user", "content": "I moved to Munich"}]
    answer = use.call("add", said, {"user_id": use.user, "output_format": "v1.1"})
    assert answer["relations"] == []
    assert (answer["results"][0]["event"], answer["results"][0]["memory"]) == ("UPDATE", "Lives in Munich")
    queued = use.call(
        "add", [{"role": "user", "content": "I love hiking"}], {"user_id": use.user, "async_mode": True}
    )
    assert use.finished(queued[0]["event_id"])["status"] == "SUCCEEDED"
    assert set(use.texts()) == {"Lives in Munich", "Loves hiking"}


@node("add", N3_1_6)
def add_later(use: Use) -> None:
    """3.x queues what is to be understood; what is not is stored at once."""
    queued = use.call("add", [{"role": "user", "content": "I live in Berlin"}], {"userId": use.user})
    assert queued["status"] == "PENDING"
    assert use.finished(queued["eventId"])["status"] == "SUCCEEDED"
    said = [{"role": "user", "content": "Hiking is fun"}]
    stored = use.call("add", said, {"userId": use.user, "infer": False, "metadata": {"my_key": 1}})
    assert (stored["status"], stored["results"][0]["memory"]) == ("SUCCEEDED", "Hiking is fun")
    assert set(use.texts()) == {"Lives in Berlin", "Hiking is fun"}


@node("get")
def get(use: Use) -> None:
    """A memory comes with its text, its scope and its metadata, whose keys are the user's own."""
    (memory_id,) = use.stored("Lives in Berlin", metadata={"snake_case": {"inner_key": 1}})
    memory = use.call("get", memory_id)
    assert (memory["memory"], memory[name(use, "user_id")]) == ("Lives in Berlin", use.user)
    assert memory["metadata"] == {"snake_case": {"inner_key": 1}}
    assert memory[name(use, "created_at")]
    assert_refused(use, "MemoryNotFoundError", "Memory not found!", "get", NOBODY)


@node("getAll", N2_4_6)
def get_all(use: Use) -> None:
    """2.x lists by ids through v1 and by filters through v2, with pages in both."""
    use.stored("Lives in Berlin", "Loves hiking", "Is vegetarian")
    everything = use.call("getAll", {"user_id": use.user})
    assert isinstance(everything, list)
    assert texts(everything) == {"Lives in Berlin", "Loves hiking", "Is vegetarian"}
    page = use.call("getAll", {"user_id": use.user, "page": 2, "page_size": 2})
    assert (page["count"], len(page["results"])) == (3, 1)
    filters = {"OR": [{"user_id": use.user}, {"agent_id": "nobody"}]}
    found = use.call("getAll", {"api_version": "v2", "filters": filters})
    assert texts(found) == texts(everything)
    first = use.call("getAll", {"api_version": "v2", "filters": filters, "page": 1, "page_size": 2})
    assert (first["count"], len(first["results"])) == (3, 2)


@node("getAll", N3_1_6)
def get_all_filtered(use: Use) -> None:
    """3.x always gets a page."""
    use.stored("Lives in Berlin", "Loves hiking", "Is vegetarian")
    answer = use.call("getAll", {"filters": {"user_id": use.user}})
    assert (answer["count"], len(answer["results"])) == (3, 3)
    page = use.call("getAll", {"filters": {"user_id": use.user}, "page": 2, "pageSize": 2})
    assert (page["count"], len(page["results"]), page["next"]) == (3, 1, None)


@node("search", N2_4_6)
def search(use: Use) -> None:
    """2.x searches by ids through v1 and by filters through v2."""
    use.stored("Lives in Berlin", "Loves hiking in the mountains")
    found = use.call("search", "hiking", {"user_id": use.user, "limit": 1})
    assert texts(found) == {"Loves hiking in the mountains"}
    found = use.call("search", "hiking", {"api_version": "v2", "filters": {"user_id": use.user}, "top_k": 1})
    assert texts(found) == {"Loves hiking in the mountains"}
    assert 0 <= found[0]["score"] <= 1


@node("search", N3_1_6)
def search_filtered(use: Use) -> None:
    """3.x finds the nearest first."""
    use.stored("Lives in Berlin", "Loves hiking in the mountains")
    options = {"filters": {"user_id": use.user}, "topK": 1, "threshold": 0.1}
    (found,) = use.call("search", "hiking", options)["results"]
    assert found["memory"] == "Loves hiking in the mountains"
    assert 0 <= found["score"] <= 1


@node("update")
def update(use: Use) -> None:
    """Text and metadata change; the answer shows the memory as it is now."""
    (memory_id,) = use.stored("Lives in Berlin", metadata={"a": 1})
    memory = use.call("update", memory_id, {"text": "Lives in Munich", "metadata": {"b": 2}})
    assert (memory["memory"], memory["metadata"]) == ("Lives in Munich", {"a": 1, "b": 2})
    assert use.texts() == ["Lives in Munich"]
    assert_refused(
        use, "MemoryNotFoundError", "Memory not found!", "update", NOBODY, {"text": "Lives in Rome"}
    )


@node("update", N3_1_6)
def update_the_expiration_date(use: Use) -> None:
    """3.x sets a date, and takes it away with an explicit null."""
    (memory_id,) = use.stored("Lives in Berlin")
    assert use.call("update", memory_id, {"expirationDate": "2099-12-31"})["expirationDate"] == "2099-12-31"
    assert use.call("update", memory_id, {"expirationDate": None})["expirationDate"] is None


@node("delete")
def delete(use: Use) -> None:
    """A deleted memory is not found again."""
    first, _ = use.stored("Lives in Berlin", "Loves hiking")
    assert use.call("delete", first) == {"message": "Memory deleted successfully!"}
    assert use.texts() == ["Loves hiking"]
    assert_refused(use, "MemoryNotFoundError", "Memory not found!", "delete", first)


@node("delete", N3_1_6)
def delete_linked(use: Use) -> None:
    """3.x may ask for the memories that a memory took the place of; here there are none."""
    first, _ = use.stored("Lives in Berlin", "Loves hiking")
    assert use.call("delete", first, {"deleteLinked": True})["message"] == "Memory deleted successfully!"
    assert use.texts() == ["Loves hiking"]


@node("deleteAll")
def delete_all(use: Use) -> None:
    """All of one user's memories go; an object where an id should be is refused, never ignored."""
    use.stored("Lives in Berlin", "Loves hiking")
    use.stored("Is vegetarian", user_id=f"{use.user}-2")
    filters = {"filters": {"user_id": use.user}}
    with pytest.raises(ClientRaised) as raised:
        use.call("deleteAll", filters)
    assert raised.value.kind == "ValidationError"
    assert len(use.texts()) == 2
    assert use.call("deleteAll", named(use, user_id=use.user))["message"] == "Memories deleted successfully!"
    assert use.texts() == []
    assert use.texts(user_id=f"{use.user}-2") == ["Is vegetarian"]
    text = "One of the filters: app_id, user_id, agent_id, run_id is required!"
    assert_refused(use, "ValidationError", text, "deleteAll")


@node("history")
def history(use: Use) -> None:
    """Every change is told, oldest first."""
    (memory_id,) = use.stored("Lives in Berlin")
    use.rest("PUT", f"/v1/memories/{memory_id}/", json={"text": "Lives in Munich"})
    told = use.call("history", memory_id)
    assert [each["event"] for each in told] == ["ADD", "UPDATE"]
    assert [each[name(use, "new_memory")] for each in told] == ["Lives in Berlin", "Lives in Munich"]


@node("batchUpdate")
def batch_update(use: Use) -> None:
    """Two memories get new texts in one call."""
    ids = use.stored("Lives in Berlin", "Loves hiking")
    changes = [{"memoryId": ids[0], "text": "Lives in Munich"}, {"memoryId": ids[1], "text": "Loves chess"}]
    assert use.call("batchUpdate", changes)["message"] == "Successfully updated 2 memories"
    assert set(use.texts()) == {"Lives in Munich", "Loves chess"}


@node("batchDelete")
def batch_delete(use: Use) -> None:
    """Two memories go in one call, or none when one of them is not there."""
    ids = use.stored("Lives in Berlin", "Loves hiking", "Is vegetarian")
    with pytest.raises(ClientRaised):
        use.call("batchDelete", [ids[2], NOBODY])
    assert use.call("batchDelete", ids[:2])["message"] == "Successfully deleted 2 memories"
    assert use.texts() == ["Is vegetarian"]


@node("feedback")
def feedback(use: Use) -> None:
    """Feedback is taken and repeated back."""
    (memory_id,) = use.stored("Lives in Berlin")
    given = named(use, memory_id=memory_id, feedback="POSITIVE", feedback_reason="It is right")
    answer = use.call("feedback", given)
    assert (answer["feedback"], answer[name(use, "feedback_reason")]) == ("POSITIVE", "It is right")
