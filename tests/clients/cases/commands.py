"""What users type at the command line, with MEM0_BASE_URL and MEM0_API_KEY set."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.clients.cases.memories import NOBODY
from tests.clients.client import ClientRaised
from tests.clients.command_line import CommandLine
from tests.clients.releases import CLI, COMMAND
from tests.clients.table import Check, Use, case, eventually

JSON = ("--output", "json")


def command(name: str) -> Callable[[Check], Check]:
    """Enters a check for a command."""
    return case(name, CLI, kinds=[COMMAND])


@command("add")
def add(use: Use) -> None:
    """A sentence is queued and understood; with --no-infer it is kept as it is."""
    (queued,) = use.call("add", "I live in Berlin", "--user-id", use.user, *JSON)
    assert use.finished(queued["event_id"])["status"] == "SUCCEEDED"
    stored = use.call("add", "Hiking is fun", "--user-id", use.user, "--no-infer", *JSON)
    assert [each["memory"] for each in stored["results"]] == ["Hiking is fun"]
    assert "1 memory" in use.call("add", "Chess is fun", "--user-id", use.user, "--no-infer")
    assert set(use.texts()) == {"Lives in Berlin", "Hiking is fun", "Chess is fun"}


@command("search")
def search(use: Use) -> None:
    """The command's own threshold of 0.3 lets through what is meant."""
    use.stored("Lives in Berlin", "Loves hiking in the mountains")
    (best,) = use.call("search", "hiking", "--user-id", use.user, "--top-k", 1, *JSON)
    assert best["memory"] == "Loves hiking in the mountains"
    assert 0.3 <= best["score"] <= 1
    assert "Loves hiking in the mountains" in use.call("search", "hiking", "--user-id", use.user)
    assert "Loves hiking in the mountains" in use.call("search", "outdoor sports", "--user-id", use.user)
    either = json.dumps({"OR": [{"user_id": use.user}, {"agent_id": "nobody"}]})
    best, *_ = use.call("search", "hiking", "--filter", either, "--keyword", *JSON)
    assert best["memory"] == "Loves hiking in the mountains"


@command("get")
def get(use: Use) -> None:
    """A memory is shown; one that is not there is an error."""
    (memory_id,) = use.stored("Lives in Berlin")
    assert use.call("get", memory_id, *JSON)["memory"] == "Lives in Berlin"
    assert "Lives in Berlin" in use.call("get", memory_id)
    with pytest.raises(ClientRaised, match="Resource not found"):
        use.call("get", NOBODY)


@command("list")
def list_memories(use: Use) -> None:
    """The user's memories, narrowed by run, category and date."""
    use.stored("Lives in Berlin")
    use.stored("Is vegetarian", run_id="trip")
    assert set(found(use)) == {"Lives in Berlin", "Is vegetarian"}
    assert found(use, "--run-id", "trip") == ["Is vegetarian"]
    assert len(found(use, "--after", "2020-01-01", "--before", "2099-01-01")) == 2
    assert found(use, "--category", "no-such-category") == []
    assert "Lives in Berlin" in use.call("list", "--user-id", use.user, "--output", "text")


def found(use: Use, *options: str) -> list[str]:
    """The texts that the command lists for the user."""
    listed = use.call("list", "--user-id", use.user, *options, *JSON)["data"]
    return [each["memory"] for each in listed]


@command("update")
def update(use: Use) -> None:
    """Text and metadata change."""
    (memory_id,) = use.stored("Lives in Berlin")
    use.call("update", memory_id, "Lives in Munich", "--metadata", '{"a": 1}', *JSON)
    memory = use.call("get", memory_id, *JSON)
    assert (memory["memory"], memory["metadata"]) == ("Lives in Munich", {"a": 1})


@command("delete")
def delete(use: Use) -> None:
    """One memory, all of a scope, an entity, and the whole project."""
    first, _ = use.stored("Lives in Berlin", "Loves hiking")
    use.call("delete", first, "--force")
    assert use.texts() == ["Loves hiking"]
    assert "1" in use.call("delete", "--all", "--user-id", use.user, "--dry-run")
    use.call("delete", "--all", "--user-id", use.user, "--force")
    assert use.texts() == []
    use.stored("Lives in Berlin")
    use.call("delete", "--entity", "--user-id", use.user, "--force")
    assert use.texts() == []


@command("delete")
def delete_the_whole_project(use: Use) -> None:
    """Four wildcards stand for everything, also for what has one id only."""
    there = use.elsewhere()
    there.stored("Lives in Berlin")
    there.stored("Answers within an hour", user_id=None, agent_id="support")
    use.stored("Loves hiking")
    there.call("delete", "--all", "--project", "--force")
    assert there.texts() == []
    assert there.texts(agent_id="support") == []
    assert use.texts() == ["Loves hiking"]


@command("import")
def import_file(use: Use) -> None:
    """Every entry of a file becomes an add."""
    assert isinstance(use.client.driver, CommandLine)
    file = use.client.driver.home / "memories.json"
    file.write_text(json.dumps([{"memory": "I live in Berlin"}, {"text": "I love hiking"}, {"none": 1}]))
    counted = use.call("import", file, "--user-id", use.user, *JSON)["data"]
    assert counted == {"added": 2, "failed": 1}
    both = {"Lives in Berlin", "Loves hiking"}
    eventually(lambda: set(use.texts()), lambda texts: texts == both)


@command("entity list")
def entity_list(use: Use) -> None:
    """Users are listed by their names."""
    use.stored("Lives in Berlin")
    assert use.user in {each["name"] for each in use.call("entity list", "users", *JSON)}


@command("entity delete")
def entity_delete(use: Use) -> None:
    """A user goes with all memories."""
    use.stored("Lives in Berlin")
    use.call("entity delete", "--user-id", use.user, "--force")
    assert use.texts() == []


@command("event status")
@command("event list")
def events(use: Use) -> None:
    """An add is followed to its end."""
    (queued,) = use.call("add", "I live in Berlin", "--user-id", use.user, *JSON)
    use.finished(queued["event_id"])
    event = use.call("event status", queued["event_id"], *JSON)
    assert (event["status"], event["results"][0]["data"]["memory"]) == ("SUCCEEDED", "Lives in Berlin")
    assert "SUCCEEDED" in use.call("event status", queued["event_id"])
    assert queued["event_id"] in {each["id"] for each in use.call("event list", *JSON)}
    assert "SUCCEEDED" in use.call("event list")


@command("status")
def status(use: Use) -> None:
    """The connection is there."""
    assert use.call("status", *JSON)["data"]["connected"] is True


@command("init")
def init(use: Use) -> None:
    """The key is checked by a ping and kept among the user's settings."""
    options = {"api_key": use.server.key, "host": use.server.url}
    newcomer = use.client.driver.open(COMMAND, options)
    told = newcomer.call("init", "--api-key", use.server.key, "--user-id", use.user)
    assert "Connected" in told
    assert newcomer.call("config get", "defaults.user_id").strip() == use.user
    wrong = use.client.driver.open(COMMAND, options)
    assert "Connected" not in wrong.call("init", "--api-key", "m0-wrong", "--user-id", use.user)
