"""The clients of the seed endpoint's time add memories and read the events."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.client import Client, ClientRaised, isolated
from tests.clients.environments import python_environment
from tests.clients.model import policy_of
from tests.running import Memoryd
from tests.scripted_openai import ScriptedOpenAI
from tests.unit.test_readme import README, between

RELEASES = ("mem0ai-0.1.40", "mem0ai-0.1.81", "mem0ai-0.1.118")
CLASSES = ("MemoryClient", "AsyncMemoryClient")
NO_SCOPE = "At least one of the filters: agent_id, user_id, app_id, run_id is required!"
BERLIN = [{"role": "user", "content": "Hi, I live in Berlin."}, {"role": "assistant", "content": "Nice."}]

# The first test of a release also makes its environment.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """A release of the client."""
    name: str = request.param
    return name


@pytest.fixture(params=CLASSES)
def client(request: pytest.FixtureRequest, release: str, opened: Callable[[str, str], Client]) -> Client:
    """A client that was constructed, for which it has asked the server who it is."""
    return opened(release, request.param)


def events(answer: Any) -> list[tuple[str, str]]:
    """What an application reads, whichever of the two forms its client asks for."""
    if isinstance(answer, dict):
        assert answer["relations"] == []
        return [(each["event"], each["memory"]) for each in answer["results"]]
    return [(each["event"], each["data"]["memory"]) for each in answer]


def items(answer: Any) -> list[dict[str, Any]]:
    """The items of either form."""
    listed: list[dict[str, Any]] = answer["results"] if isinstance(answer, dict) else answer
    return listed


def test_a_conversation_becomes_events(client: Client, alex: str) -> None:
    """A fact is added, then changed, then forgotten; the ids are the same, and old text is told."""
    first = client.call("add", BERLIN, user_id=alex)
    assert events(first) == [("ADD", "Lives in Berlin")]
    second = client.call("add", [{"role": "user", "content": "I moved to Munich"}], user_id=alex)
    assert events(second) == [("UPDATE", "Lives in Munich")]
    assert items(second)[0]["previous_memory"] == "Lives in Berlin"
    third = client.call("add", [{"role": "user", "content": "Forget where I live"}], user_id=alex)
    assert events(third) == [("DELETE", "Lives in Munich")]
    assert len({items(answer)[0]["id"] for answer in (first, second, third)}) == 1


def test_the_readme_example(server: Memoryd, release: str, tmp_path: Path) -> None:
    """What the README shows runs as it is, and the fact is there."""
    example = between("mem0", README.read_text()).removeprefix("```python").removesuffix("```")
    program = f"api_key = {server.key!r}\n" + example.replace("http://127.0.0.1:8080", server.url)
    python = python_environment(release) / "bin" / "python"
    subprocess.run([str(python), "-c", program], check=True, env=isolated(tmp_path), cwd=tmp_path)
    listed = httpx.get(
        f"{server.url}/v1/memories/?user_id=alex", headers={"Authorization": f"Token {server.key}"}
    ).json()
    assert [each["memory"] for each in listed] == ["Favorite color is green"]


def test_a_string_is_a_user_message(client: Client, alex: str) -> None:
    """Every release takes a string, and the newest of the three passes it on as it is."""
    assert events(client.call("add", "I'm vegetarian", user_id=alex)) == [("ADD", "Is vegetarian")]


@pytest.mark.parametrize("kind", CLASSES)
def test_an_object_is_one_message(opened: Callable[[str, str], Client], kind: str, alex: str) -> None:
    """0.1.118 passes a single message on; the older releases drop it before they send anything."""
    client = opened("mem0ai-0.1.118", kind)
    answer = client.call("add", {"role": "user", "content": "I'm vegetarian"}, user_id=alex)
    assert events(answer) == [("ADD", "Is vegetarian")]


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("older", RELEASES[:2])
def test_a_dropped_object_is_refused(
    opened: Callable[[str, str], Client], older: str, kind: str, alex: str
) -> None:
    """What reaches the server has no messages, and the user is told so."""
    with pytest.raises(ClientRaised, match=r"messages|400 Bad Request"):
        opened(older, kind).call("add", {"role": "user", "content": "I'm vegetarian"}, user_id=alex)


def test_v1_1_has_the_text_flat(client: Client, alex: str) -> None:
    """Who asks for v1.1 finds results and relations."""
    answer = client.call("add", "I love hiking", user_id=alex, output_format="v1.1")
    assert answer["relations"] == []
    (result,) = answer["results"]
    assert (result["event"], result["memory"]) == ("ADD", "Loves hiking")
    assert result["data"] == {"memory": "Loves hiking"}
    assert result["status"] == "SUCCEEDED"


def test_metadata_comes_back_exactly(client: Client, alex: str) -> None:
    """Numbers, nulls and nesting survive both the client and the server."""
    metadata = {
        "order": 9007199254740993123,
        "rate": 0.1,
        "none": None,
        "deep": {"z": [1, {"a": "ü"}], "a": 1},
    }
    (item,) = items(client.call("add", "I love hiking", user_id=alex, metadata=metadata))
    assert item["metadata"] == metadata
    assert list(item["metadata"]["deep"]) == ["z", "a"]


def test_infer_false_stores_what_was_said(client: Client, alex: str) -> None:
    """Every message that is not the system's is kept as it is, one event each, with its id."""
    messages = [{"role": "system", "content": "Be kind."}, *BERLIN]
    answer = client.call("add", messages, user_id=alex, infer=False)
    assert events(answer) == [("ADD", "Hi, I live in Berlin."), ("ADD", "Nice.")]
    assert len({item["id"] for item in items(answer)}) == 2


def test_nothing_worth_keeping_is_an_empty_answer(client: Client, alex: str) -> None:
    """Small talk leaves no events."""
    assert events(client.call("add", "What's the weather?", user_id=alex)) == []


def test_the_wishes_reach_the_model(client: Client, alex: str, language_model: ScriptedOpenAI) -> None:
    """includes, excludes and custom_categories are told to the model; the category comes back."""
    wishes = {
        "includes": "food preferences",
        "excludes": "health",
        "custom_categories": [{"cooking": "recipes and techniques"}],
    }
    (item,) = items(client.call("add", "I'm vegetarian", user_id=alex, **wishes))
    assert item["categories"] == ["cooking"]
    policy = policy_of(language_model.requests[-1]["messages"][0]["content"])
    assert policy["keep_only"] == "food preferences"
    assert policy["never_keep"] == "health"
    assert policy["categories"] == {"cooking": "recipes and techniques"}


def test_an_agent_alone_is_who_is_remembered(client: Client, alex: str) -> None:
    """With agent_id alone the facts come from the assistant's own messages."""
    said = [{"role": "user", "content": "I live in Berlin"}]
    said.append({"role": "assistant", "content": "I am the support agent for ACME"})
    answer = client.call("add", said, agent_id=alex)
    assert events(answer) == [("ADD", "Is the support agent for ACME")]


def test_no_scope_is_refused_in_words(client: Client) -> None:
    """Who names nobody reads what is missing."""
    with pytest.raises(ClientRaised) as raised:
        client.call("add", "I'm vegetarian")
    assert_told(client, raised.value, NO_SCOPE)


def test_bare_categories_are_refused_in_words(client: Client, alex: str) -> None:
    """The text that the clients' own documentation shows."""
    with pytest.raises(ClientRaised) as raised:
        client.call("add", "I'm vegetarian", user_id=alex, custom_categories=["cooking"])
    assert_told(client, raised.value, "Expected a dictionary of items but got type")


def assert_told(client: Client, raised: ClientRaised, text: str) -> None:
    """The user reads the server's text; the asynchronous clients of the time let httpx speak instead."""
    if client.kind == "AsyncMemoryClient":
        assert raised.kind == "HTTPStatusError"
        assert "400 Bad Request" in raised.text
        return
    assert raised.kind == ("ValidationError" if client.driver.release == RELEASES[-1] else "APIError")
    assert text in raised.text
