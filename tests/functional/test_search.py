from __future__ import annotations

from typing import Any

import pytest
from memoryd.v1 import memory_service_pb2 as pb

from tests.functional.api import Api

FACTS = (
    "Lives in Munich",
    "Is allergic to nuts",
    "Has a dog named Rex",
    "Works at Acme as a nurse",
    "Loves hiking in the Alps",
)
SEARCHES = ("/v1/memories/search/", "/v2/memories/search/", "/v3/memories/search/")


@pytest.fixture
def told(api: Api, user: str) -> str:
    """A user of whom five things are known."""
    api.store(user, *FACTS, metadata={"topic": "life"})
    return user


def search(api: Api, path: str, user: str, query: str, **options: Any) -> list[dict[str, Any]]:
    """The hits, whatever their envelope."""
    found = api.ok("POST", path, {"query": query, "filters": {"user_id": user}} | options)
    hits: list[dict[str, Any]] = found["results"] if isinstance(found, dict) else found
    return hits


@pytest.mark.parametrize("path", SEARCHES)
def test_the_answer_comes_first(api: Api, told: str, path: str) -> None:
    """The memory that answers is first, scores fall, and each is between 0 and 1."""
    for query, answer in (("What is the name of the dog?", FACTS[2]), ("Where does she live?", FACTS[0])):
        hits = search(api, path, told, query)
        scores = [hit["score"] for hit in hits]
        assert hits[0]["memory"] == answer
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        assert {hit["memory"] for hit in hits} == set(FACTS)


def test_envelopes(api: Api, told: str) -> None:
    """v1 is an array, or results and relations under v1.1; v2 is an array; v3 has results."""
    asked = {"query": "dog", "filters": {"user_id": told}}
    assert isinstance(api.ok("POST", SEARCHES[0], asked), list)
    assert list(api.ok("POST", SEARCHES[0], asked | {"output_format": "v1.1"})) == ["results", "relations"]
    assert isinstance(api.ok("POST", SEARCHES[1], asked), list)
    assert list(api.ok("POST", SEARCHES[2], asked)) == ["results"]


def test_both_faces_find_the_same(api: Api, told: str) -> None:
    """GRPC finds what REST finds, with the same scores."""
    found = api.rpc("SearchMemories", pb.SearchMemoriesRequest(query="dog", user_id=told))
    by_rest = search(api, SEARCHES[0], told, "dog")
    assert [hit["id"] for hit in by_rest] == [hit.id for hit in found.memories]
    scores = [hit.score for hit in found.memories]
    assert [hit["score"] for hit in by_rest] == pytest.approx(scores, abs=1e-6)


def test_how_many(api: Api, told: str) -> None:
    """top_k, or its older name, says how many; threshold how good; keyword_search lifts the threshold."""
    assert len(search(api, SEARCHES[1], told, "dog", top_k=2)) == 2
    assert len(search(api, SEARCHES[1], told, "dog", limit=1)) == 1
    good = search(api, SEARCHES[1], told, "Rex the dog", threshold=0.4)
    assert [hit["memory"] for hit in good] == [FACTS[2]]
    meant = search(api, SEARCHES[1], told, "pets", threshold=0.3)
    assert [hit["memory"] for hit in meant] == [FACTS[2]]
    assert search(api, SEARCHES[1], told, "hiking boots", threshold=0.95) == []
    kept = search(api, SEARCHES[1], told, "hiking boots", threshold=0.95, keyword_search=True)
    assert [hit["memory"] for hit in kept] == [FACTS[4]]
    assert len(search(api, SEARCHES[1], told, "Rex the dog", filter_memories=True)) == 1


def test_rerank_changes_nothing_in_a_small_scope(api: Api, told: str) -> None:
    """A scope that is scored exactly anyway has the same order with rerank."""
    reranked = search(api, SEARCHES[1], told, "dog", rerank=True)
    plain = search(api, SEARCHES[1], told, "dog")
    assert [hit["id"] for hit in reranked] == [hit["id"] for hit in plain]
    # To the last digit a vector's cosine depends on where it lies in memory.
    assert [hit["score"] for hit in reranked] == pytest.approx([hit["score"] for hit in plain], abs=1e-6)


def test_filters_hold(api: Api, user: str) -> None:
    """Filters, categories and metadata narrow the search; an exact match of words outside does not count."""
    api.store(user, "Likes green tea", metadata={"topic": "drinks"}, agent_id="bot")
    api.store(user, "Likes green paint", metadata={"topic": "art"})
    for narrowed in (
        {"metadata": {"topic": "art"}},
        {"filters": {"AND": [{"user_id": user}, {"metadata": {"topic": "art"}}]}},
        {"filters": {"user_id": user, "NOT": {"agent_id": "bot"}}},
        {"filters": {"user_id": user, "text": {"icontains": "PAINT"}}},
    ):
        hits = search(api, SEARCHES[0], user, "green tea", **narrowed)
        assert [hit["memory"] for hit in hits] == ["Likes green paint"]


def test_filters_only(api: Api, told: str) -> None:
    """only_metadata_based_search gives what meets the filters, newest first, unscored."""
    hits = search(api, SEARCHES[0], told, "dog", only_metadata_based_search=True)
    assert [hit["memory"] for hit in hits] == list(reversed(FACTS))
    assert {hit["score"] for hit in hits} == {None}


def test_fields(api: Api, told: str) -> None:
    """`fields` leaves the named fields and the score."""
    assert list(search(api, SEARCHES[1], told, "dog", fields=["id", "memory"])[0]) == [
        "score",
        "id",
        "memory",
    ]


def test_expired_memories(api: Api, user: str) -> None:
    """What has expired is not found, unless it is asked for."""
    api.store(user, "Has a parking permit", expiration_date="2020-01-01")
    assert search(api, SEARCHES[1], user, "parking permit") == []
    assert len(search(api, SEARCHES[1], user, "parking permit", show_expired=True)) == 1


def test_a_deleted_memory_is_gone_at_once(api: Api, told: str) -> None:
    """Search never gives what was deleted before it, nor the old text of what was updated."""
    (dog,) = search(api, SEARCHES[1], told, "Rex the dog", top_k=1)
    api.ok("PUT", f"/v1/memories/{dog['id']}/", {"text": "Has a cat named Tom"})
    assert search(api, SEARCHES[1], told, "a cat named Tom", top_k=1)[0]["id"] == dog["id"]
    api.ok("DELETE", f"/v1/memories/{dog['id']}/")
    assert dog["id"] not in [hit["id"] for hit in search(api, SEARCHES[1], told, "a cat named Tom")]


def test_what_is_refused(api: Api, told: str) -> None:
    """A search without a query or without any filter is refused, every fault named at once."""
    for path in SEARCHES:
        status, text = api.refused("POST", path, {"query": "dog", "filters": {}})
        assert (status, text.startswith("Filters are required and cannot be empty.")) == (400, True)
        assert api.refused("POST", path, {"query": "dog"})[0] == 400
    status, text = api.refused(
        "POST",
        SEARCHES[1],
        {"query": " ", "filters": {"user_id": told, "colour": 1}, "top_k": 0, "threshold": 2},
    )
    assert status == 400
    assert all(field in text for field in ("query", "colour", "top_k", "threshold"))
    assert (
        "user_id is not supported here"
        in api.refused("POST", SEARCHES[2], {"query": "dog", "user_id": told, "filters": {"user_id": told}})[
            1
        ]
    )


def test_a_large_scope(api: Api, user: str) -> None:
    """In a scope too large to be scored one by one the index finds the answer; rerank scores all."""
    for start in range(0, 1100, 550):
        api.store(
            user, *(f"Note {number} is about item {number * 7}" for number in range(start, start + 550))
        )
    api.store(user, "The spare key lies under the blue flower pot")
    for options in ({}, {"rerank": True}):
        hits = search(api, SEARCHES[1], user, "where is the spare key hidden?", **options)
        assert hits[0]["memory"] == "The spare key lies under the blue flower pot"
        assert len(hits) == 10
