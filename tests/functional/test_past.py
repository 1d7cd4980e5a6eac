"""What memories said before: no inference and no edit destroys it."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest
from memoryd.v1 import memory_service_pb2 as pb

from service.memory.search_past import MOST
from tests.functional.api import Api
from tests.functional.conftest import Model, shown_in
from tests.scripted_openai import Body, Reply, plan, update

Read = dict[str, Any]


def moment() -> str:
    """A moment between what is done before and after."""
    time.sleep(0.002)
    now = f"{time.time():.6f}"
    time.sleep(0.002)
    return now


def _move(body: Body) -> Reply:
    known = shown_in(body)["known"]
    (target,) = (fact["id"] for fact in known if fact["text"] == "Lives in Berlin")
    return plan([update(target, "Lives in Munich", quote="moved to Munich")])


def versions(memories: list[Read]) -> list[tuple[str, bool]]:
    """Text and whether it is superseded."""
    return [(memory["memory"], memory["superseded"]) for memory in memories]


def test_what_was_known_at_a_moment(api: Api, user: str) -> None:
    """As of a moment, all forms of get and list tell what was current then."""
    before = moment()
    (memory_id,) = api.store(user, "Lives in Berlin", metadata={"n": 1})
    berlin = moment()
    api.ok("PUT", f"/v1/memories/{memory_id}/", {"text": "Lives in Munich", "metadata": {"n": 2}})
    munich = moment()
    api.ok("DELETE", f"/v1/memories/{memory_id}/")
    path = f"/v1/memories/{memory_id}/"
    for at, expected in ((before, []), (berlin, ["Lives in Berlin"]), (munich, ["Lives in Munich"])):
        assert api.texts(user, as_of=at) == expected
        for form in ("/v2/memories/", "/v3/memories/"):
            found = api.ok("POST", form, {"filters": {"user_id": user}, "as_of": float(at)})
            listed = found["results"] if isinstance(found, dict) else found
            assert [memory["memory"] for memory in listed] == expected
        if not expected:
            assert api.refused("GET", path, as_of=at) == (404, "Memory not found!")
        else:
            assert api.ok("GET", path, as_of=at)["memory"] == expected[0]
    assert api.texts(user) == []
    assert api.ok("GET", path, as_of=berlin)["metadata"] == {"n": 1}
    assert api.ok("GET", path, include_superseded=True)["memory"] == "Lives in Munich"
    listed = api.ok("GET", "/v1/memories/", user_id=user, include_superseded=True)
    assert versions(listed) == [("Lives in Munich", True), ("Lives in Berlin", True)]
    assert versions(api.ok("GET", "/v1/memories/", user_id=user, include_superseded=True, as_of=berlin)) == [
        ("Lives in Berlin", True)
    ]
    newer, older = listed
    assert older["valid_to"] == newer["valid_from"] < newer["valid_to"]
    history = api.ok("GET", f"{path}history/")
    assert [entry["created_at"] for entry in history] == [
        older["valid_from"],
        newer["valid_from"],
        newer["valid_to"],
    ]


def test_filters_look_at_what_was_said_then(api: Api, user: str) -> None:
    """A filter on metadata, text or expiration meets the version of the moment, not today's."""
    (memory_id,) = api.store(user, "Lives in Berlin", metadata={"n": 1})
    then = moment()
    api.ok("PUT", f"/v1/memories/{memory_id}/", {"text": "Lives in Munich", "metadata": {"n": 2}})
    for filter_, past, present in (
        ({"metadata": {"n": 1}}, 1, 0),
        ({"metadata": {"n": 2}}, 0, 1),
        ({"text": {"contains": "Berlin"}}, 1, 0),
        ({"NOT": [{"metadata": {"n": 1}}]}, 0, 1),
    ):
        body = {"filters": {"AND": [{"user_id": user}, filter_]}}
        assert len(api.ok("POST", "/v2/memories/", body | {"as_of": then})) == past
        assert len(api.ok("POST", "/v2/memories/", body)) == present


def test_inference_keeps_what_it_changes(api: Api, model: Model, user: str) -> None:
    """What a model's UPDATE replaced is found by a search of the past, and by none of the present."""
    api.store(user, "Lives in Berlin", "Plays chess")
    then = moment()
    model.answers_always(_move)
    api.ok(
        "POST",
        "/v1/memories/",
        {"messages": [{"role": "user", "content": "I moved to Munich"}], "user_id": user},
    )
    asked = {"query": "Which city: Berlin?", "filters": {"user_id": user}}
    (best, *_) = api.ok("POST", "/v2/memories/search/", asked | {"as_of": then})
    assert (best["memory"], best["superseded"]) == ("Lives in Berlin", True)
    assert best["score"] > 0
    present = [hit["memory"] for hit in api.ok("POST", "/v2/memories/search/", asked)]
    assert "Lives in Berlin" not in present
    everything = api.ok("POST", "/v3/memories/search/", asked | {"include_superseded": True})["results"]
    assert {hit["memory"] for hit in everything} == {"Lives in Berlin", "Lives in Munich", "Plays chess"}


def test_a_search_of_the_past_scores_as_the_present_did(api: Api, user: str) -> None:
    """The same question as of then gives the same order and scores as it gave then."""
    first, *_ = api.store(user, "Loves green tea", "Plays chess on Sundays", "Has a dog named Rex")
    asked = {"query": "What does he drink?", "filters": {"user_id": user}}
    before = api.ok("POST", "/v2/memories/search/", asked)
    then = moment()
    api.ok("PUT", f"/v1/memories/{first}/", {"text": "Loves coffee"})
    again = api.ok("POST", "/v2/memories/search/", asked | {"as_of": then})
    assert [hit["memory"] for hit in again] == [hit["memory"] for hit in before]
    assert [hit["score"] for hit in again] == pytest.approx([hit["score"] for hit in before], abs=1e-3)


def test_a_past_too_large_to_search_is_refused(api: Api, user: str) -> None:
    """A search of the past that would have to guess says so."""
    for start in range(0, MOST + 1, 100):
        api.store(user, *(f"Fact {number}" for number in range(start, min(start + 100, MOST + 1))))
    asked = {"query": "fact", "filters": {"user_id": user}, "as_of": moment()}
    status, text = api.refused("POST", "/v2/memories/search/", asked)
    assert (status, "narrow them" in text) == (400, True)
    only = asked | {"only_metadata_based_search": True, "top_k": 3}
    assert len(api.ok("POST", "/v2/memories/search/", only)) == 3


@pytest.mark.parametrize("wrong", ["", "yesterday", "2024-01-01", "NaN", "1e999", "Infinity"])
def test_a_moment_that_is_none(api: Api, user: str, wrong: str) -> None:
    """What is no moment is refused, also a day, of which morning and evening differ."""
    status, text = api.refused("GET", "/v1/memories/", user_id=user, as_of=wrong)
    assert (status, text) == (400, "as_of must be a time: RFC 3339 or Unix seconds")
    refused = api.rpc_refused("ListMemories", pb.ListMemoriesRequest(user_id=user, as_of=wrong))
    assert refused.fields == ("as_of",)


def test_the_present_says_nothing_of_versions(api: Api, user: str) -> None:
    """Who does not ask for the past gets the fields that clients know."""
    (memory_id,) = api.store(user, "Loves tea")
    memory = api.ok("GET", f"/v1/memories/{memory_id}/")
    assert memory.keys().isdisjoint({"valid_from", "valid_to", "superseded"})
    told = api.ok("GET", f"/v1/memories/{memory_id}/", as_of="2999-01-01T00:00:00+02:00")
    assert (told["valid_to"], told["superseded"]) == (None, False)
    assert datetime.fromisoformat(told["valid_from"]).year >= 2024
