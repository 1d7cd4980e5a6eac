"""The whole way without a language model: what the rules reasoner promises, over both faces."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest

from tests.functional.faces import Face, Grpc, Rest
from tests.functional.ledgers import LedgerFile
from tests.running import Memoryd


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memoryd]:
    """A memoryd that was told nothing, and so needs no key and no network."""
    with Memoryd(tmp_path_factory.mktemp("rules")) as running:
        yield running


@pytest.fixture(params=["rest", "rpc"])
def reader(request: pytest.FixtureRequest, ruled: Memoryd) -> Iterator[Face]:
    """Each of its two faces."""
    if request.param == "rest":
        yield Rest(ruled)
        return
    with grpc.insecure_channel(f"127.0.0.1:{ruled.grpc_port}") as channel:
        yield Grpc(ruled, channel)


Told = list[tuple[str, str, str | None]]


@pytest.mark.parametrize(
    ("known", "said", "told"),
    [
        (
            [],
            "Hi, I'm Alex. I'm vegetarian and allergic to nuts.",
            [
                ("ADD", "Name is Alex", None),
                ("ADD", "Is vegetarian", None),
                ("ADD", "Is allergic to nuts", None),
            ],
        ),
        (
            ["I live in Berlin"],
            "I moved from Berlin to Munich last month",
            [("UPDATE", "Lives in Munich", "Lives in Berlin")],
        ),
        (
            ["My favorite color is blue"],
            "My favourite colour is green now",
            [("UPDATE", "Favorite color is green", "Favorite color is blue")],
        ),
        (
            ["I love Chinese food"],
            "Actually I hate Chinese food",
            [("UPDATE", "Hates Chinese food", "Loves Chinese food")],
        ),
        (["I work at Acme"], "I don't work at Acme any more", [("DELETE", "Works at Acme", None)]),
        (["I live in Munich"], "My sister lives in Berlin", [("ADD", "Sister lives in Berlin", None)]),
        (["I love hiking"], "I love hiking", []),
        (["Lives in Berlin"], "User lives in Munich", [("UPDATE", "Lives in Munich", "Lives in Berlin")]),
        (["Loves hiking"], "Loves hiking", []),
        ([], "What's the weather? If I lived in Paris I'd walk more.", []),
    ],
)
def test_conversations(reader: Face, user: str, known: list[str], said: str, told: Told) -> None:
    """Messages after messages leave the facts that the issue's table says."""
    for earlier in known:
        assert len(reader.add(earlier, user_id=user)) == 1
    events = reader.add(said, user_id=user)
    assert [(event.event, event.memory, event.previous) for event in events] == told
    for event in events:
        assert event.evidence is not None
        assert event.evidence[0] == 0
        assert 0 <= event.evidence[1] < event.evidence[2] <= len(said)


def test_an_assistant(reader: Face, user: str) -> None:
    """What an assistant says is nothing about the user, and all about the agent that is alone."""
    assert reader.add([{"role": "assistant", "content": "You should visit Rome"}], user_id=user) == []
    said = "I am the support agent for ACME and I answer within an hour"
    events = reader.add([{"role": "assistant", "content": said}], agent_id=user)
    assert [event.event for event in events] == ["ADD", "ADD"]


def test_what_is_excluded_is_not_kept(reader: Face, ruled: Memoryd, user: str) -> None:
    """Excludes work by meaning, on the way from the request to the ledger."""
    said = "I love sushi. I work at Acme."
    reader.add(said, user_id=user, excludes="food preferences")
    assert LedgerFile(ruled.data_dir).texts(user) == ["Works at Acme"]


def test_the_same_words_give_the_same_facts(reader: Face, ruled: Memoryd, user: str) -> None:
    """Without a model nothing is left to chance."""
    said = "I'm Alex, I live in Berlin, I have two kids and a dog named Rex, and I love hiking."
    texts = [[event.memory for event in reader.add(said, user_id=f"{user}-{number}")] for number in range(3)]
    assert texts[0]
    assert texts == [texts[0]] * 3
    assert "rules" in ruled.output
