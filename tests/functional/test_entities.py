"""Entities and stats over REST and gRPC against a real server without a model."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from memoryd.v1 import entity_service_pb2 as pb
from memoryd.v1.entity_service_pb2_grpc import EntityServiceStub

from tests.running import Memoryd, environment


@pytest.fixture(scope="module")
def memoryd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memoryd]:
    """A memoryd of these tests only, so that they may count everything in it."""
    with Memoryd(tmp_path_factory.mktemp("entities"), {"MEMORYD_REASONER": "rules"}) as running:
        yield running


@pytest.fixture
def name() -> str:
    """An id that nobody else has."""
    return f"id-{uuid.uuid4()}"


def call(memoryd: Memoryd, method: str, path: str, **more: Any) -> httpx.Response:
    """The bare answer."""
    headers = {"Authorization": f"Token {memoryd.key}"}
    return httpx.request(method, memoryd.url + path, headers=headers, timeout=30, **more)


def good(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The body of a success."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def entities(memoryd: Memoryd, **query: str) -> list[dict[str, Any]]:
    """All entities."""
    found: list[dict[str, Any]] = good(call(memoryd, "GET", "/v1/entities/", params=query))["results"]
    return found


def remember(memoryd: Memoryd, *texts: str, **ids: str) -> list[str]:
    """Stores texts as they are, and gives the memories' ids."""
    body = [{"role": "user", "content": text} for text in texts]
    answer = memoryd.post({"messages": body, "infer": False} | ids)
    assert answer.status_code == 200, answer.text
    return [event["id"] for event in answer.json()]


def test_entities_come_from_memories(memoryd: Memoryd, name: str) -> None:
    """Every id that a memory carries is an entity, with the number of its memories."""
    remember(memoryd, "one", "two", user_id=name, agent_id=name)
    remember(memoryd, "three", agent_id=name, app_id=name, run_id=name)
    found = {each["type"]: each for each in entities(memoryd) if each["name"] == name}
    assert {kind: each["total_memories"] for kind, each in found.items()} == {
        "user": 2,
        "agent": 3,
        "app": 1,
        "run": 1,
    }
    user = found["user"]
    assert set(user) == {
        "id",
        "name",
        "type",
        "created_at",
        "updated_at",
        "total_memories",
        "owner",
        "metadata",
    }
    assert (user["id"], user["metadata"]) == (name, None)
    assert user["owner"] == good(call(memoryd, "GET", "/v1/ping/"))["org_id"]
    assert found["agent"]["created_at"] == user["created_at"] < found["agent"]["updated_at"]
    assert good(call(memoryd, "GET", f"/v2/entities/user/{name}/")) == user
    assert good(call(memoryd, "GET", f"/v1/entities/user/{name}/")) == user


def test_totals_and_stats_count_the_whole_project(memoryd: Memoryd, name: str) -> None:
    """Totals do not depend on the page that is shown."""
    before = good(call(memoryd, "GET", "/v1/stats/"))
    remember(memoryd, "one", "two", user_id=name, run_id=name)
    good(call(memoryd, "POST", "/v1/users/", json={"user_id": name}), 201)
    after = good(call(memoryd, "GET", "/v1/stats/"))
    assert {key: after[key] - before[key] for key in after} == {
        "total_memories": 2,
        "total_add_events": 1,
        "total_search_events": 0,
        "total_users": 1,
        "total_agents": 0,
        "total_apps": 0,
        "total_runs": 1,
    }
    page = good(call(memoryd, "GET", "/v1/entities/", params={"page_size": 1, "entity_type": "app"}))
    assert all(page[key] == after[key] for key in after if key in page)
    filters = good(call(memoryd, "GET", "/v1/entities/filters/"))["results"]
    assert [each["type"] for each in filters] == ["user", "agent", "app", "run"]
    assert filters[0] == {"type": "user", "field": "user_id", "total": after["total_users"]}


def test_entities_are_listed_page_by_page(memoryd: Memoryd, name: str) -> None:
    """Pages partition the list; without a page everything is there."""
    for number in range(3):
        remember(memoryd, "x", app_id=f"{name}-{number}")
    everything = good(call(memoryd, "GET", "/v1/entities/"))
    assert (everything["next"], everything["previous"]) == (None, None)
    assert everything["count"] == len(everything["results"])
    seen: list[dict[str, Any]] = []
    page = good(call(memoryd, "GET", "/v1/entities/", params={"page_size": 2}))
    while True:
        seen += page["results"]
        if page["next"] is None:
            break
        page = good(call(memoryd, "GET", page["next"].removeprefix(memoryd.url)))
    assert seen == everything["results"]
    beyond = call(memoryd, "GET", "/v1/entities/", params={"page": 1000, "page_size": 2})
    assert (beyond.status_code, beyond.json()["detail"]) == (404, "Invalid page.")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_entity_is_deleted_with_its_memories(memoryd: Memoryd, name: str, version: str) -> None:
    """Every memory that carries the id is gone from lists; histories stay; others are untouched."""
    mine = remember(memoryd, "one", "two", user_id=f"{name}-a", agent_id=name)
    mine += remember(memoryd, "three", user_id=f"{name}-b", agent_id=name)
    kept = remember(memoryd, "four", user_id=f"{name}-a")
    good(call(memoryd, "POST", "/v1/agents/", json={"agent_id": name, "metadata": {"a": 1}}), 201)
    deleted = good(call(memoryd, "DELETE", f"/{version}/entities/agent/{name}/"))
    assert deleted == {"message": "Entity deleted successfully!", "count": 3}
    for memory_id in mine:
        assert call(memoryd, "GET", f"/v1/memories/{memory_id}/").status_code == 404
        history = call(memoryd, "GET", f"/v1/memories/{memory_id}/history/").json()
        assert [each["event"] for each in history] == ["ADD", "DELETE"]
    assert call(memoryd, "GET", f"/v1/memories/{kept[0]}/").status_code == 200
    gone = call(memoryd, "GET", f"/v2/entities/agent/{name}/")
    assert (gone.status_code, gone.json()["detail"]) == (404, "Entity not found!")
    again = good(call(memoryd, "DELETE", f"/{version}/entities/agent/{name}/"))
    assert again["count"] == 0


STRANGE = [
    "a/b",
    "a/",
    "/a",
    "a//b",
    "a%2Fb",
    "100%",
    "Grüße 你好 👋",
    "a b+c",
    "a?b=c#d",
    "user@example.com",
    "*",
    ".hidden",
    "a\\b",
    "filters",
]


@pytest.mark.parametrize("slash", ["/", ""])
@pytest.mark.parametrize("strange", STRANGE)
def test_ids_of_any_kind_arrive(memoryd: Memoryd, name: str, strange: str, slash: str) -> None:
    """An id is what the client encoded, with and without the path's trailing slash."""
    entity_id = f"{strange}{name}{strange}"
    (memory_id,) = remember(memoryd, "x", user_id=entity_id)
    remember(memoryd, "y", user_id=name)
    path = f"/v2/entities/user/{quote(entity_id, safe='')}{slash}"
    assert good(call(memoryd, "GET", path))["name"] == entity_id
    assert good(call(memoryd, "DELETE", path))["count"] == 1
    assert call(memoryd, "GET", f"/v1/memories/{memory_id}/").status_code == 404
    assert good(call(memoryd, "GET", f"/v2/entities/user/{name}/"))["total_memories"] == 1


def test_a_star_is_no_wildcard_here(memoryd: Memoryd, name: str) -> None:
    """Deleting the entity called * deletes nobody else's memories."""
    remember(memoryd, "x", user_id=name)
    assert good(call(memoryd, "DELETE", "/v2/entities/user/*/"))["count"] == 0
    assert good(call(memoryd, "GET", f"/v2/entities/user/{name}/"))["total_memories"] == 1


@pytest.mark.parametrize(
    ("path", "field"), [("users", "user_id"), ("agents", "agent_id"), ("apps", "app_id"), ("runs", "run_id")]
)
def test_entities_are_made_by_hand(memoryd: Memoryd, name: str, path: str, field: str) -> None:
    """An entity is there without memories; its metadata comes back exactly and is replaced as a whole."""
    body = f'{{"{field}": "{name}", "name": "ignored", "metadata": {{"z": 1.50, "a": 12345678901234567890}}}}'
    made = call(memoryd, "POST", f"/v1/{path}/", content=body)
    assert made.status_code == 201
    assert '"metadata":{"z":1.50,"a":12345678901234567890}' in made.text
    assert made.json()[field] == name
    kind = field.removesuffix("_id")
    found = good(call(memoryd, "GET", f"/v2/entities/{kind}/{name}/"))
    assert (found["type"], found["name"], found["total_memories"]) == (kind, name, 0)
    remember(memoryd, "x", **{field: name})
    good(call(memoryd, "POST", f"/v1/{path}/", json={field: name, "metadata": {"b": 2}}), 201)
    changed = good(call(memoryd, "GET", f"/v2/entities/{kind}/{name}/"))
    assert (changed["metadata"], changed["total_memories"]) == ({"b": 2}, 1)
    assert (changed["created_at"], changed["updated_at"] > found["updated_at"]) == (found["created_at"], True)


def test_bad_requests_are_refused(memoryd: Memoryd, name: str) -> None:
    """Unknown types, missing ids and wrong metadata are 400 with the field's name."""
    wrong = call(memoryd, "GET", f"/v2/entities/users/{name}/")
    assert (wrong.status_code, wrong.json()["violations"][0]["field"]) == (400, "entity_type")
    assert "Invalid entity type" in wrong.json()["detail"]
    assert call(memoryd, "DELETE", f"/v2/entities/nobody/{name}/").status_code == 400
    assert call(memoryd, "GET", f"/v2/entities/user/{'x' * 256}/").status_code == 400
    assert call(memoryd, "DELETE", "/v2/entities/user/%00/").status_code == 400
    assert call(memoryd, "DELETE", "/v2/entities/user/%20/").status_code == 400
    for body in ({}, {"user_id": ""}, {"user_id": 1}, {"user_id": "a", "metadata": [1]}, {"agent_id": "a"}):
        assert call(memoryd, "POST", "/v1/users/", json=body).status_code == 400, body
    missing = call(memoryd, "POST", "/v1/agents/", json={}).json()
    assert [each["field"] for each in missing["violations"]] == ["agent_id"]


def test_no_id_is_never_every_id(memoryd: Memoryd, name: str) -> None:
    """A path without an id is not found and deletes nothing."""
    remember(memoryd, "x", user_id=name)
    for path in ("/v2/entities/user//", "/v2/entities/user/", "/v1/entities/user", "/v1/entities/"):
        assert call(memoryd, "DELETE", path).status_code in {400, 404, 405}
    assert good(call(memoryd, "GET", f"/v2/entities/user/{name}/"))["total_memories"] == 1


async def test_entities_over_grpc(memoryd: Memoryd, name: str) -> None:
    """Both faces tell the same."""
    remember(memoryd, "x", user_id=name)
    rest = good(call(memoryd, "GET", f"/v2/entities/user/{name}/"))
    async with memoryd.channel() as channel:
        stub = EntityServiceStub(channel)
        asked = pb.GetEntityRequest(entity_type="user", entity_id=name)
        got = (await stub.GetEntity(asked, metadata=memoryd.metadata)).entity
        both = pb.CreateEntityRequest(user_id=name, agent_id=name)
        with pytest.raises(Exception, match="Exactly one of"):
            await stub.CreateEntity(both, metadata=memoryd.metadata)
        doomed = pb.DeleteEntityRequest(entity_type="user", entity_id=name)
        deleted = await stub.DeleteEntity(doomed, metadata=memoryd.metadata)
    assert (got.id, got.type, got.total_memories) == (name, pb.ENTITY_TYPE_USER, 1)
    assert got.created_at.ToJsonString()[:19] == rest["created_at"][:19]
    assert deleted.count == 1


def test_entities_need_a_key(memoryd: Memoryd) -> None:
    """Nobody lists, makes or deletes entities without a key."""
    for method, path in (
        ("GET", "/v1/entities/"),
        ("GET", "/v1/stats/"),
        ("GET", "/v2/entities/user/a/"),
        ("DELETE", "/v2/entities/user/a/"),
        ("POST", "/v1/users/"),
    ):
        assert httpx.request(method, memoryd.url + path).status_code == 401


def test_a_reader_may_look_and_not_touch(memoryd: Memoryd, name: str) -> None:
    """A key that may only read is refused by every write, and sees what an owner sees."""
    remember(memoryd, "x", user_id=name)
    made = subprocess.run(
        [str(Path(sys.executable).with_name("memoryd")), "keys", "create", "--role", "reader"],
        env=environment(memoryd.data_dir, {}),
        capture_output=True,
        text=True,
        check=True,
    )
    reader = {"Authorization": f"Token {made.stdout.strip()}"}

    def status(method: str, path: str, **more: Any) -> int:
        return httpx.request(method, memoryd.url + path, headers=reader, timeout=30, **more).status_code

    assert status("POST", "/v1/users/", json={"user_id": name}) == 403
    assert status("DELETE", f"/v2/entities/user/{name}/") == 403
    assert status("POST", "/v1/exports/", json={"schema": {}}) == 403
    assert status("POST", "/v3/memories/add/", json={"messages": "x", "user_id": name}) == 403
    for path in ("/v1/entities/", f"/v2/entities/user/{name}/", "/v1/stats/", "/v1/events/"):
        assert status("GET", path) == 200
    assert status("POST", "/v1/summary/", json={"filters": {"user_id": name}}) == 200
    assert status("GET", f"/v1/events/?project_id={uuid.uuid4()}") == 403
