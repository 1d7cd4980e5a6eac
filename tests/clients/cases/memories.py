"""Memories through the Python clients."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.client import ClientRaised
from tests.clients.releases import P0_1_40, P0_1_81, P0_1_118, P1_0_11, P2_2_1, SYNC
from tests.clients.table import Use, case

NOBODY = "00000000-0000-4000-8000-000000000000"


def listed(answer: Any) -> list[dict[str, Any]]:
    """The memories in an answer: 0.1.x gives the server's array, 1.x and 2.x have it under `results`."""
    results: list[dict[str, Any]] = answer["results"] if isinstance(answer, dict) else answer
    return results


def texts(answer: Any) -> set[str]:
    """The texts in an answer."""
    return {each["memory"] for each in listed(answer)}


def assert_raises(use: Use, status: int, text: str, method: str, /, *args: object, **kwargs: object) -> None:
    """The synchronous clients, and all of 1.x and 2.x, show the server's text; else httpx says the status."""
    with pytest.raises(ClientRaised) as raised:
        use.call(method, *args, **kwargs)
    assert (text if raised.value.kind != "HTTPStatusError" else str(status)) in raised.value.text


@case("add", until=P0_1_118)
def add_at_once(use: Use) -> None:
    """The events of an add are its answer."""
    answer = use.call("add", [{"role": "user", "content": "I live in Berlin"}], user_id=use.user)
    (event,) = listed(answer)
    assert event["event"] == "ADD"
    assert event.get("memory", event["data"]["memory"]) == "Lives in Berlin"
    assert use.texts() == ["Lives in Berlin"]


@case("add", P1_0_11)
def add_later_unless_told(use: Use) -> None:
    """1.0 asks for an answer at once; what it learns is there when the event has succeeded."""
    (queued,) = use.call("add", "I live in Berlin", user_id=use.user)["results"]
    assert queued["status"] == "PENDING"
    assert queued["message"] == "Memory processing has been queued for background execution"
    assert use.finished(queued["event_id"])["status"] == "SUCCEEDED"
    assert use.texts() == ["Lives in Berlin"]
    (event,) = use.call("add", "I moved to Munich", user_id=use.user, async_mode=False)["results"]
    assert (event["event"], event["memory"]) == ("UPDATE", "Lives in Munich")


@case("add", P2_2_1)
def add_later(use: Use) -> None:
    """2.x queues what is to be understood, and stores at once what is not; ids may stand in filters."""
    queued = use.call("add", "I live in Berlin", user_id=use.user)
    assert queued["status"] == "PENDING"
    assert use.finished(queued["event_id"])["results"][0]["data"]["memory"] == "Lives in Berlin"
    stored = use.call("add", "Hiking is fun", filters={"user_id": use.user}, infer=False)
    assert (stored["status"], [each["memory"] for each in stored["results"]]) == (
        "SUCCEEDED",
        ["Hiking is fun"],
    )
    assert set(use.texts()) == {"Lives in Berlin", "Hiking is fun"}


@case("get")
def get(use: Use) -> None:
    """A memory comes with its text, its scope and its metadata."""
    (memory_id,) = use.stored("Lives in Berlin", metadata={"source": "form", "n": 9007199254740993})
    memory = use.call("get", memory_id)
    assert (memory["id"], memory["memory"], memory["user_id"]) == (memory_id, "Lives in Berlin", use.user)
    assert memory["metadata"] == {"source": "form", "n": 9007199254740993}
    assert memory["created_at"]
    assert_raises(use, 404, "Memory not found!", "get", NOBODY)


@case("get_all", until=P0_1_118)
def get_all(use: Use) -> None:
    """v1 and v2 give arrays, and pages when pages are asked for."""
    use.stored("Lives in Berlin", "Loves hiking", "Is vegetarian")
    everything = use.call("get_all", user_id=use.user)
    assert isinstance(everything, list)
    assert texts(everything) == {"Lives in Berlin", "Loves hiking", "Is vegetarian"}
    page = use.call("get_all", user_id=use.user, page=1, page_size=2)
    assert (page["count"], len(page["results"]), page["previous"]) == (3, 2, None)
    assert page["next"].startswith("http")
    filters = {"AND": [{"user_id": use.user}]}
    assert texts(use.call("get_all", version="v2", filters=filters)) == texts(everything)
    second = use.call("get_all", version="v2", filters=filters, page=2, page_size=2)
    assert (second["count"], len(second["results"])) == (3, 1)


@case("get_all", since=P1_0_11)
def get_all_filtered(use: Use) -> None:
    """1.x and 2.x filter, and find the memories under `results`."""
    use.stored("Lives in Berlin", "Loves hiking")
    use.stored("Is vegetarian", run_id="trip")
    answer = use.call("get_all", filters={"user_id": use.user})
    assert texts(answer) == {"Lives in Berlin", "Loves hiking", "Is vegetarian"}
    both = {"AND": [{"user_id": use.user}, {"run_id": "trip"}]}
    assert texts(use.call("get_all", filters=both)) == {"Is vegetarian"}
    page = use.call("get_all", filters={"user_id": use.user}, page=2, page_size=2)
    assert (page["count"], len(page["results"])) == (3, 1)


@case("get_all", P1_0_11)
def get_all_by_id(use: Use) -> None:
    """1.0 passes ids on beside the filters: they choose, as they did before there were filters."""
    use.stored("Lives in Berlin")
    use.stored("Loves hiking", user_id=f"{use.user}-2")
    assert texts(use.call("get_all", user_id=use.user)) == {"Lives in Berlin"}
    assert texts(use.call("search", "Berlin", user_id=use.user)) == {"Lives in Berlin"}


@case("get_all", until=P0_1_118)
def get_all_by_a_dict_in_the_query(use: Use) -> None:
    """Filters given to v1 arrive as Python writes them, and are filters all the same."""
    use.stored("Lives in Berlin")
    use.stored("Loves hiking", user_id=f"{use.user}-2")
    assert texts(use.call("get_all", filters={"user_id": use.user})) == {"Lives in Berlin"}


@case("get_all")
def get_all_of_nobody(use: Use) -> None:
    """A page that is not there and a scope that is not given are errors that say so."""
    use.stored("Lives in Berlin")
    user = {"user_id": use.user}
    which: dict[str, Any] = {"filters": user} if use.release == P2_2_1 else user
    assert_raises(use, 404, "Invalid page.", "get_all", **which, page=7, page_size=10)
    text = "One of the filters: app_id, user_id, agent_id, run_id is required!"
    assert_raises(use, 400, text, "get_all")


@case("search", until=P0_1_118)
def search(use: Use) -> None:
    """The nearest memory comes first, with a score between 0 and 1."""
    use.stored("Lives in Berlin", "Loves hiking in the mountains", "Is vegetarian")
    found = use.call("search", "hiking", user_id=use.user, top_k=2)
    assert isinstance(found, list)
    assert (found[0]["memory"], len(found)) == ("Loves hiking in the mountains", 2)
    assert 0 <= found[1]["score"] <= found[0]["score"] <= 1
    filtered = use.call("search", "hiking", version="v2", filters={"user_id": use.user})
    assert filtered[0]["memory"] == "Loves hiking in the mountains"
    flat = use.call("search", "hiking", user_id=use.user, output_format="v1.1")
    assert (flat["results"][0]["memory"], flat["relations"]) == ("Loves hiking in the mountains", [])


@case("search", since=P1_0_11)
def search_filtered(use: Use) -> None:
    """The results stand under `results`; nobody else's are among them."""
    use.stored("Lives in Berlin", "Loves hiking in the mountains")
    use.stored("Loves hiking in the forest", user_id=f"{use.user}-2")
    found = use.call("search", "hiking", filters={"user_id": use.user}, top_k=5, rerank=True)["results"]
    assert found[0]["memory"] == "Loves hiking in the mountains"
    assert "Loves hiking in the forest" not in {each["memory"] for each in found}
    assert all(0 <= each["score"] <= 1 for each in found)
    assert_raises(use, 400, "Filters are required and cannot be empty.", "search", "hiking")


@case("update", until=P0_1_81)
def update_data(use: Use) -> None:
    """The new text is told in the answer and found afterwards."""
    (memory_id,) = use.stored("Lives in Berlin")
    assert use.call("update", memory_id, data="Lives in Munich")["memory"] == "Lives in Munich"
    assert use.texts() == ["Lives in Munich"]
    assert_raises(use, 404, "Memory not found!", "update", NOBODY, data="Lives in Rome")


@case("update", since=P0_1_118)
def update_text_and_metadata(use: Use) -> None:
    """Text and metadata change together or alone; metadata is merged."""
    (memory_id,) = use.stored("Lives in Berlin", metadata={"a": 1, "b": 2})
    memory = use.call("update", memory_id, text="Lives in Munich", metadata={"b": 3})
    assert (memory["memory"], memory["metadata"]) == ("Lives in Munich", {"a": 1, "b": 3})
    use.call("update", memory_id, metadata={"c": 4})
    memory = use.call("get", memory_id)
    assert (memory["memory"], memory["metadata"]) == ("Lives in Munich", {"a": 1, "b": 3, "c": 4})
    assert_raises(use, 404, "Memory not found!", "update", NOBODY, text="Lives in Rome")


@case("update", P2_2_1)
def update_the_expiration_date(use: Use) -> None:
    """2.x sets a date, and takes it away with an explicit None."""
    (memory_id,) = use.stored("Lives in Berlin")
    assert use.call("update", memory_id, expiration_date="2099-12-31")["expiration_date"] == "2099-12-31"
    assert use.call("update", memory_id, expiration_date=None)["expiration_date"] is None


@case("delete")
def delete(use: Use) -> None:
    """A deleted memory is not found again, and deleting it twice is an error."""
    first, _ = use.stored("Lives in Berlin", "Loves hiking")
    assert use.call("delete", first) == {"message": "Memory deleted successfully!"}
    assert use.texts() == ["Loves hiking"]
    assert_raises(use, 404, "Memory not found!", "delete", first)


@case("delete", P2_2_1)
def delete_linked(use: Use) -> None:
    """2.x may ask for the memories that a memory took the place of; here there are none."""
    first, _ = use.stored("Lives in Berlin", "Loves hiking")
    assert use.call("delete", first, delete_linked=True)["message"] == "Memory deleted successfully!"
    assert use.texts() == ["Loves hiking"]


@case("delete_all")
def delete_all(use: Use) -> None:
    """All of one user's memories go, and nobody else's."""
    use.stored(*(f"Fact number {number}" for number in range(120)))
    use.stored("Loves hiking", user_id=f"{use.user}-2")
    answer = use.call("delete_all", user_id=use.user)
    assert answer["message"] == "Memories deleted successfully!"
    assert answer["count"] == 120
    assert use.texts() == []
    assert use.texts(user_id=f"{use.user}-2") == ["Loves hiking"]
    assert_raises(
        use, 400, "One of the filters: app_id, user_id, agent_id, run_id is required!", "delete_all"
    )


@case("delete_all")
def delete_all_by_filters(use: Use) -> None:
    """A dict in the query, which Python writes its own way, is understood as the filter that it is."""
    use.stored("Lives in Berlin")
    use.stored("Is vegetarian", run_id="trip")
    answer = use.call("delete_all", filters={"AND": [{"user_id": use.user}, {"run_id": "trip"}]})
    assert answer["count"] == 1
    assert use.texts() == ["Lives in Berlin"]


@case("history")
def history(use: Use) -> None:
    """Every change is told, oldest first, also after the memory is gone."""
    (memory_id,) = use.stored("Lives in Berlin")
    use.rest("PUT", f"/v1/memories/{memory_id}/", json={"text": "Lives in Munich"})
    use.rest("DELETE", f"/v1/memories/{memory_id}/")
    told = use.call("history", memory_id)
    assert [each["event"] for each in told] == ["ADD", "UPDATE", "DELETE"]
    assert [each["old_memory"] for each in told] == [None, "Lives in Berlin", "Lives in Munich"]
    assert [each["new_memory"] for each in told][:2] == ["Lives in Berlin", "Lives in Munich"]
    assert {(each["memory_id"], each["user_id"]) for each in told} == {(memory_id, use.user)}


@case("batch_update", P0_1_40, kinds=[SYNC])
@case("batch_update", since=P0_1_81)
def batch_update(use: Use) -> None:
    """Two memories get new texts in one call."""
    ids = use.stored("Lives in Berlin", "Loves hiking")
    changes = [{"memory_id": ids[0], "text": "Lives in Munich"}, {"memory_id": ids[1], "text": "Loves chess"}]
    assert use.call("batch_update", changes)["message"] == "Successfully updated 2 memories"
    assert set(use.texts()) == {"Lives in Munich", "Loves chess"}


@case("batch_delete", P0_1_40, kinds=[SYNC])
@case("batch_delete", since=P0_1_81)
def batch_delete(use: Use) -> None:
    """Two memories go in one call, or none when one of them is not there."""
    ids = use.stored("Lives in Berlin", "Loves hiking", "Is vegetarian")
    wrong = [{"memory_id": ids[2]}, {"memory_id": NOBODY}]
    with pytest.raises(ClientRaised):
        use.call("batch_delete", wrong)
    two = [{"memory_id": each} for each in ids[:2]]
    assert use.call("batch_delete", two)["message"] == "Successfully deleted 2 memories"
    assert use.texts() == ["Is vegetarian"]


@case("feedback", P0_1_81, P2_2_1)
def feedback(use: Use) -> None:
    """Feedback is taken, repeated back, and can be taken back."""
    (memory_id,) = use.stored("Lives in Berlin")
    answer = use.call("feedback", memory_id, "positive", "It is right")
    assert (answer["feedback"], answer["feedback_reason"]) == ("POSITIVE", "It is right")
    assert answer["id"]
    assert use.call("feedback", memory_id)["feedback"] is None


@case("feedback", P0_1_118, P1_0_11, note="raises a TypeError of its own after the server has taken it")
def feedback_that_succeeds_and_raises(use: Use) -> None:
    """These two raise a TypeError of their own once the server has taken the feedback."""
    (memory_id,) = use.stored("Lives in Berlin")
    with pytest.raises(ClientRaised, match="capture_client_event") as raised:
        use.call("feedback", memory_id, "POSITIVE", "It is right")
    assert raised.value.kind == "TypeError"
    with pytest.raises(ClientRaised) as raised:
        use.call("feedback", NOBODY, "POSITIVE")
    assert raised.value.kind != "TypeError"
