from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from memoryd.v1 import memory_service_pb2 as pb

from tests.functional.api import Api
from tests.functional.ledgers import LedgerFile

NO_SCOPE = "One of the filters: app_id, user_id, agent_id, run_id is required!"

LISTS: list[tuple[str, str, Any]] = [
    ("GET", "/v1/memories/", None),
    ("POST", "/v2/memories/", {}),
    ("POST", "/v3/memories/", {}),
]


def names(results: list[dict[str, Any]]) -> list[str]:
    """The texts of memories."""
    return [memory["memory"] for memory in results]


@pytest.fixture
def stored(api: Api, user: str) -> str:
    """A user with three memories: A of an agent, B with metadata, C that expired; A is the oldest."""
    api.store(user, "A likes tea", agent_id="bot")
    api.store(user, "B likes coffee", metadata={"topic": "drinks", "n": 1})
    api.store(user, "C likes water", expiration_date="2020-01-01")
    return user


def test_a_list_is_an_array_or_a_page(api: Api, stored: str) -> None:
    """The old lists give a bare array, newest first, unless page and page_size are both given."""
    query = {"user_id": stored}
    assert names(api.ok("GET", "/v1/memories/", **query)) == ["B likes coffee", "A likes tea"]
    assert names(api.ok("GET", "/v1/memories/", **query, page_size=1)) == ["B likes coffee"]
    assert names(api.ok("GET", "/v1/memories/", **query, limit=1)) == ["B likes coffee"]
    page = api.ok("GET", "/v1/memories/", **query, page=1, page_size=10)
    assert list(page) == ["count", "next", "previous", "results"]
    assert (page["count"], page["next"], page["previous"]) == (2, None, None)
    body = {"filters": query}
    assert names(api.ok("POST", "/v2/memories/", body)) == ["B likes coffee", "A likes tea"]
    assert names(api.ok("POST", "/v2/memories/", query)) == ["B likes coffee", "A likes tea"]
    assert api.ok("POST", "/v2/memories/", body, page=1, page_size=10) == page
    assert api.ok("POST", "/v2/memories/", {**body, "page": 1, "page_size": 10}) == page
    assert api.ok("POST", "/v3/memories/", body) == page


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/memories/"), ("POST", "/v2/memories/"), ("POST", "/v3/memories/")]
)
def test_pages_follow_one_another(api: Api, user: str, method: str, path: str) -> None:
    """`next` and `previous` are absolute addresses of pages that neither repeat nor leave out anything."""
    texts = [f"Fact {number}" for number in range(5)]
    for text in texts:
        api.store(user, text)
    query: dict[str, Any] = {"page": 1, "page_size": 2}
    body = {"filters": {"user_id": user}} if method == "POST" else None
    page = api.ok(method, path, body, **query, **({} if body else {"user_id": user}))
    forward = names(page["results"])
    backward = None
    while page["next"]:
        assert page["next"].startswith(api.memoryd.url)
        backward = page
        page = api.client.request(method, page["next"], json=body).json()
        forward += names(page["results"])
    assert forward == texts[::-1]
    assert backward is not None
    assert api.client.request(method, page["previous"], json=body).json() == backward


def test_addresses_behind_a_proxy(api: Api, stored: str) -> None:
    """The address that the client used stands in the addresses of the pages."""
    headers = {"host": "memory.example", "x-forwarded-proto": "https"}
    query: dict[str, Any] = {"user_id": stored, "page": 1, "page_size": 1}
    answer = api.client.get("/v1/memories/", params=query, headers=headers)
    assert answer.json()["next"].startswith("https://memory.example/v1/memories/?user_id=")


@pytest.mark.parametrize(("method", "path", "body"), LISTS)
def test_pages_beyond_the_end(api: Api, user: str, method: str, path: str, body: Any) -> None:
    """They are 404 in the words that clients look for; the first page is there even when it is empty."""
    ids = {"user_id": user} if method == "GET" else {}
    body = None if body is None else {"filters": {"user_id": user}}
    assert api.ok(method, path, body, **ids, page=1, page_size=10)["results"] == []
    for page in (0, -1, 2, 999_999_999):
        assert api.refused(method, path, body, **ids, page=page, page_size=10) == (404, "Invalid page.")
    for wrong in ({"page": "x", "page_size": 1}, {"page": 1, "page_size": 0}, {"page": 1, "page_size": 1.5}):
        assert api.refused(method, path, body, **ids, **wrong)[0] == 400


def test_a_page_has_at_most_two_hundred(api: Api, user: str) -> None:
    """More is read as that, and 100 is what is given unasked."""
    api.store(user, *(f"Fact {number}" for number in range(201)))
    assert len(api.texts(user)) == 100
    assert len(api.texts(user, limit=1000)) == 200
    page = api.ok("POST", "/v3/memories/", {"filters": {"user_id": user}}, page_size=500)
    assert (page["count"], len(page["results"])) == (201, 200)
    assert page["next"]


@pytest.mark.parametrize("path", ["/v2/memories/", "/v3/memories/"])
def test_the_size_of_a_page_in_a_body(api: Api, user: str, path: str) -> None:
    """It stands in the addresses of the pages beside: they are pages of that size without it."""
    api.store(user, *(f"Fact {number}" for number in range(5)))
    filters = {"filters": {"user_id": user}}
    page = api.ok("POST", path, {**filters, "page": 1, "page_size": 2})
    following = api.client.post(page["next"], json=filters).json()
    assert names(page["results"] + following["results"]) == [f"Fact {number}" for number in (4, 3, 2, 1)]
    assert api.client.post(following["previous"], json=filters).json() == page | {"next": page["next"]}


@pytest.mark.parametrize(("method", "path", "body"), LISTS)
def test_a_list_needs_a_scope(api: Api, method: str, path: str, body: Any) -> None:
    """Without an id the answer is the bare array that clients look for."""
    answer = api.send(method, path, body)
    assert (answer.status_code, answer.json()) == (400, [NO_SCOPE])
    assert api.rpc_refused("ListMemories", pb.ListMemoriesRequest()).reason == "SCOPE_REQUIRED"


def test_the_newest_list_takes_ids_in_filters_only(api: Api, stored: str) -> None:
    """An id beside `filters` is refused, not ignored."""
    body = {"filters": {"user_id": stored}, "agent_id": "bot"}
    status, text = api.refused("POST", "/v3/memories/", body)
    assert (status, "agent_id" in text) == (400, True)
    assert names(api.ok("POST", "/v2/memories/", body)) == ["A likes tea"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"agent_id": "bot"}, ["A"]),
        ({"agent_id": "*"}, ["A"]),
        ({"agent_id": "nobody"}, []),
        ({"metadata": '{"topic": "drinks"}'}, ["B"]),
        ({"metadata": "{'topic': 'drinks', 'n': 1}"}, ["B"]),
        ({"keywords": "COFFEE"}, ["B"]),
        ({"keywords": ["coffee", "tea"]}, ["B", "A"]),
        ({"categories": "food,music"}, []),
        ({"start_date": "2020-01-01"}, ["B", "A"]),
        ({"end_date": "2020-01-01"}, []),
        ({"show_expired": "true"}, ["C", "B", "A"]),
        ({"show_expired": "False"}, ["B", "A"]),
        ({"filters": '{"agent_id": "bot"}'}, ["A"]),
        ({"source": "CLI", "unknown": "x"}, ["B", "A"]),
    ],
)
def test_filters_in_a_query(api: Api, stored: str, query: dict[str, Any], expected: list[str]) -> None:
    """Each narrows the list, in the spellings of every client."""
    found = api.ok("GET", "/v1/memories/", user_id=stored, **query)
    assert [text[0] for text in names(found)] == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"filters": {"agent_id": "bot"}}, ["A"]),
        ({"filters": {"OR": [{"agent_id": "bot"}, {"metadata": {"n": 1}}]}}, ["B", "A"]),
        ({"filters": {"NOT": {"agent_id": "bot"}}}, ["B"]),
        ({"filters": {"text": {"icontains": "TEA"}}}, ["A"]),
        ({"metadata": {"n": 1}}, ["B"]),
        ({"keywords": "tea"}, ["A"]),
        ({"categories": ["food"]}, []),
        ({"start_date": "2020-01-01", "end_date": None}, ["B", "A"]),
        ({"show_expired": True}, ["C", "B", "A"]),
        ({"top_k": 1}, ["B"]),
        ({"limit": 1}, ["B"]),
    ],
)
def test_filters_in_a_body(api: Api, stored: str, body: dict[str, Any], expected: list[str]) -> None:
    """Both newer lists read them alike; the newest wants the user in the filters."""
    found = api.ok("POST", "/v2/memories/", {**body, "user_id": stored})
    assert [text[0] for text in names(found)] == expected
    filters = {"AND": [{"user_id": stored}, *([body["filters"]] if "filters" in body else [])]}
    found = api.ok("POST", "/v3/memories/", {**body, "filters": filters})["results"]
    assert [text[0] for text in names(found)] == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"filters": "{"}, "filters"),
        ({"filters": "[object Object]"}, "filters"),
        ({"filters": "[1]"}, "filters"),
        ({"filters": "{}"}, "filters"),
        ({"filters": '{"nonsense": 1}'}, "filters.nonsense"),
        ({"metadata": "x"}, "metadata"),
        ({"show_expired": "perhaps"}, "show_expired"),
        ({"limit": "many"}, "limit"),
        ({"start_date": "soon"}, "start_date"),
        ({"user_id": ""}, "user_id"),
    ],
)
def test_filters_that_cannot_be_read(api: Api, user: str, query: dict[str, Any], field: str) -> None:
    """They are refused and named, never read as no filter."""
    answer = api.send("GET", "/v1/memories/", **({"user_id": user} | query))
    assert answer.status_code == 400, answer.text
    assert field in [violation["field"] for violation in answer.json()["violations"]]


def test_fields(api: Api, stored: str) -> None:
    """Only the fields that were asked for are there, on both faces."""
    expected = {"memory": "A likes tea", "session_id": None}
    for fields in ("memory,session_id", ["memory", "session_id"]):
        assert api.ok("GET", "/v1/memories/", user_id=stored, agent_id="bot", fields=fields) == [expected]
    body = {"filters": {"user_id": stored, "agent_id": "bot"}, "fields": ["memory", "session_id"]}
    assert api.ok("POST", "/v3/memories/", body)["results"] == [expected]
    request = pb.ListMemoriesRequest(user_id=stored, agent_id="bot", fields=["memory"])
    (memory,) = api.rpc("ListMemories", request).memories
    assert [field.name for field, _ in memory.ListFields()] == ["memory"]


@pytest.mark.parametrize("entity", ["Jo/hn", "history", "ü & co", "*?#"])
def test_the_memories_of_an_entity(api: Api, entity: str) -> None:
    """Its id stands in the path, whatever letters it has."""
    agent = f"{uuid.uuid4()}{entity}"
    api.store(None, "Answers fast", agent_id=agent)
    path = f"/v1/memories/agent/{_encoded(agent)}/"
    assert names(api.client.get(path).json()) == ["Answers fast"]
    page = api.client.get(path, params={"page": 1, "page_size": 1}).json()
    assert (page["count"], names(page["results"])) == (1, ["Answers fast"])
    assert api.send("GET", f"/v1/memories/cat/{_encoded(agent)}/").status_code == 404


def test_an_entity_called_like_a_route(api: Api) -> None:
    """A user may be called `history`."""
    assert api.ok("GET", "/v1/memories/user/history/") == []


def test_both_faces_list_alike(api: Api, stored: str) -> None:
    """A page over gRPC is the page over REST."""
    request = pb.ListMemoriesRequest(filters=json.dumps({"user_id": stored}), page_size=1)
    answer = api.rpc("ListMemories", request)
    page = api.ok("POST", "/v3/memories/", {"filters": {"user_id": stored}}, page_size=1)
    assert [memory.id for memory in answer.memories] == [memory["id"] for memory in page["results"]]
    assert (answer.count, answer.has_next) == (page["count"], page["next"] is not None) == (2, True)
    request = pb.ListMemoriesRequest(entity_type="user", entity_id=stored, show_expired=True)
    assert api.rpc("ListMemories", request).count == 3
    request = pb.ListMemoriesRequest(entity_type="cat", entity_id="Tom", page_size=-1, user_id=stored)
    assert api.rpc_refused("ListMemories", request).fields == ("page_size", "entity_type")


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ({}, []),
        ({"agent_id": "bot"}, ["C", "B"]),
        ({"agent_id": "*"}, ["C", "B"]),
        ({"run_id": "*"}, ["C", "B", "A"]),
        ({"metadata": '{"n": 1}'}, ["C", "A"]),
        ({"keywords": "tea"}, ["C", "B"]),
        ({"filters": "{'agent_id': 'bot'}"}, ["C", "B"]),
        ({"filters": '{"NOT": {"agent_id": "bot"}}'}, ["A"]),
        ({"memory_ids": str(uuid.UUID(int=0))}, ["C", "B", "A"]),
    ],
)
def test_delete_all(api: Api, stored: str, query: dict[str, Any], left: list[str]) -> None:
    """What meets every filter is gone, expired or not, and counted; the rest stays."""
    answer = api.ok("DELETE", "/v1/memories/", user_id=stored, **query)
    assert answer == {"message": "Memories deleted successfully!", "count": 3 - len(left)}
    assert [text[0] for text in api.texts(stored, show_expired="true")] == left


def test_delete_all_by_filters_alone(api: Api, stored: str) -> None:
    """Newer clients send the whole filter as one parameter, as Python writes a dict."""
    answer = api.ok("DELETE", "/v1/memories/", filters=str({"user_id": stored}))
    assert answer["count"] == 3
    assert api.texts(stored, show_expired="true") == []


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"user_id": ""},
        {"source": "CLI"},
        {"filters": "[object Object]"},
        {"filters": "{'user_id': 'a', 'user_id': 'b'}"},
        {"filters": '{"user_id": "a", "user_id": "b"}'},
        {"filters": "{}"},
        {"filters": "__import__('os')"},
        {"filters": "{'a': {1, 2}}"},
        {"filters": "(" * 10_000},
        {"filters": '{"categories": "food"}'},
        {"metadata": '{"n": 1}'},
        {"memory_ids": "x"},
    ],
)
def test_delete_all_never_guesses(api: Api, stored: str, query: dict[str, Any]) -> None:
    """Without a scope, or with a filter that cannot be read, nothing is deleted."""
    assert api.refused("DELETE", "/v1/memories/", **query)[0] == 400
    assert len(api.texts(stored, show_expired="true")) == 3


def test_delete_all_says_what_is_missing(api: Api) -> None:
    """The text is the one that clients look for."""
    assert api.refused("DELETE", "/v1/memories/") == (400, NO_SCOPE)


def test_delete_all_is_complete(api: Api, user: str, ledger: LedgerFile) -> None:
    """However many there are; each one's history tells of it."""
    ids = api.store(user, *(f"Fact {number}" for number in range(1000)))
    ids += api.store(user, *(f"Fact {number}" for number in range(1000, 1300)), agent_id="bot")
    assert api.ok("DELETE", "/v1/memories/", user_id=user)["count"] == 1300
    assert ledger.memories(user) == []
    assert ledger.rows("SELECT 1 FROM memory_metadata WHERE memory_id = ?", ids[0]) == []
    entries = api.ok("GET", f"/v1/memories/{ids[-1]}/history/")
    assert [entry["event"] for entry in entries] == ["ADD", "DELETE"]
    assert entries[1]["user_id"] == user
    assert entries[1]["actor"] == entries[0]["actor"]
    assert api.ok("DELETE", "/v1/memories/", user_id=user)["count"] == 0


def _encoded(text: str) -> str:
    return quote(text, safe="")
