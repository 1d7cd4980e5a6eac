"""Erasure: what is erased is in no answer and in no file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from tests.functional.api import Api
from tests.running import Memoryd

RULES = {"MEMORYD_REASONER": "rules"}
SCHEMA = {"type": "object", "properties": {"facts": {"type": "array", "items": {"type": "string"}}}}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A memoryd whose files are looked into."""
    with (
        Memoryd(tmp_path_factory.mktemp("erasure"), RULES) as memoryd,
        grpc.insecure_channel(f"127.0.0.1:{memoryd.grpc_port}") as channel,
        httpx.Client(
            base_url=memoryd.url, timeout=60, headers={"Authorization": f"Token {memoryd.key}"}
        ) as client,
    ):
        yield Api(memoryd, client, channel)


def holding(directory: Path, *marks: str) -> list[str]:
    """The files that hold any of the marks, as text in UTF-8 or UTF-16."""
    wanted = [mark.encode(code) for mark in marks for code in ("utf-8", "utf-16-le")]
    files = [path for path in directory.rglob("*") if path.is_file()]
    return sorted(
        str(path.relative_to(directory))
        for path in files
        if any(mark in path.read_bytes() for mark in wanted)
    )


def live(api: Api, user: str, mark: str) -> dict[str, Any]:
    """A life that leaves traces in every table: facts, edits, deletions, opinions, exports, plans."""
    first, *others = api.store(user, f"Zorb{mark} lives in Berlin", f"Zorb{mark} plays chess")
    path = f"/v1/memories/{first}/"
    api.ok("PUT", path, {"text": f"Zorb{mark} lives in Munich", "metadata": {"note": f"zorb {mark}"}})
    api.ok("POST", "/v1/feedback/", {"memory_id": first, "feedback": "POSITIVE", "feedback_reason": mark})
    api.ok("DELETE", f"/v1/memories/{others[0]}/")
    said = {"messages": [{"role": "user", "content": f"My name is Zorb{mark}"}], "user_id": user}
    api.ok("POST", "/v1/memories/", said)
    api.ok("POST", "/v1/memories/preview/", said | {"run_id": "r"})
    for route, body in (
        ("/v1/users/", {"user_id": user, "metadata": {"m": mark}}),
        ("/v1/exports/", {"schema": SCHEMA, "filters": {"user_id": user}}),
    ):
        assert api.send("POST", route, body).status_code == 201
    search = {"query": mark, "filters": {"user_id": user}}
    assert api.ok("POST", "/v2/memories/search/", search)
    return {"first": first, "search": search}


def test_nothing_is_left_in_any_file(own: Api) -> None:
    """After erasing a user, no file of the ledger or the index holds its texts, its id or its memories'."""
    mark, user = uuid.uuid4().hex, f"user-{uuid.uuid4().hex}"
    neighbour = f"user-{uuid.uuid4().hex}"
    own.store(neighbour, *(f"The neighbour says {number}" for number in range(50)))
    lived = live(own, user, mark)
    directory = own.memoryd.data_dir
    assert holding(directory, mark) != []
    erased = own.ok("DELETE", f"/v2/entities/user/{user}/", erase=True)
    receipt = erased["receipt"]
    assert receipt["memories"] == erased["count"] == receipt["vectors"] >= 1
    assert all(
        receipt[name] for name in ("versions", "changes", "requests", "feedback", "exports", "previews")
    )
    assert holding(directory, mark, user, lived["first"]) == []
    assert own.refused("GET", f"/v1/memories/{lived['first']}/history/")[0] == 404
    assert own.texts(user, include_superseded=True) == []
    assert own.ok("POST", "/v2/memories/search/", lived["search"]) == []
    asked = {"query": "neighbour", "filters": {"user_id": neighbour}, "top_k": 50}
    assert len(own.ok("POST", "/v2/memories/search/", asked)) == 50
    again = own.ok("DELETE", f"/v1/entities/user/{user}/", erase=True)["receipt"]
    assert not any(again[name] for name in ("memories", "versions", "changes", "requests", "vectors"))


def test_a_deletion_erases_nothing(own: Api) -> None:
    """Without `erase` the past of an entity stays."""
    user = f"user-{uuid.uuid4().hex}"
    (memory_id,) = own.store(user, "Loves tea")
    assert "receipt" not in own.ok("DELETE", f"/v2/entities/user/{user}/")
    assert own.texts(user, include_superseded=True) == ["Loves tea"]
    assert len(own.ok("GET", f"/v1/memories/{memory_id}/history/")) == 2


def test_an_erasure_takes_nobody_else_along(own: Api) -> None:
    """Erasing a run leaves the same user's other memories, their past, and everybody's search."""
    user = f"user-{uuid.uuid4().hex}"
    run = f"run-{uuid.uuid4().hex}"
    own.store(user, "Said in the run", run_id=run)
    (kept,) = own.store(user, "Loves tea")
    own.ok("PUT", f"/v1/memories/{kept}/", {"text": "Loves coffee"})
    assert own.ok("DELETE", f"/v2/entities/run/{run}/", erase=True)["count"] == 1
    assert own.texts(user, include_superseded=True) == ["Loves coffee", "Loves tea"]
    (found,) = own.ok("POST", "/v2/memories/search/", {"query": "coffee", "filters": {"user_id": user}})
    assert found["memory"] == "Loves coffee"
    assert own.store(user, "Life goes on")
    assert holding(own.memoryd.data_dir, run) == []
