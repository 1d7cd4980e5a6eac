"""The forms of a request and of an answer that only REST has."""

from __future__ import annotations

import pytest

from tests.functional.conftest import Model
from tests.functional.faces import Rest
from tests.functional.ledgers import LedgerFile, wait_until
from tests.scripted_openai import add, plan, update

SAID = "I have a dog"


@pytest.mark.parametrize(
    ("messages", "content"),
    [
        (SAID, SAID),
        ({"role": "user", "content": SAID}, SAID),
        ([{"role": "user", "content": SAID}], SAID),
        ([{"role": "user", "content": [{"type": "text", "text": SAID}]}], SAID),
        (
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": "https://images.example/1.png"}},
                        {"type": "text", "text": SAID},
                        {"type": "image_url", "image_url": "https://images.example/2.png"},
                    ],
                }
            ],
            f"[image]\n{SAID}\n[image]",
        ),
        ([{"role": "user", "content": SAID, "name": None, "tool_calls": [], "x": {"y": 1}}], SAID),
    ],
    ids=["string", "object", "list", "text part", "image parts", "unknown and null fields"],
)
def test_forms_of_messages(rest: Rest, model: Model, user: str, messages: object, content: str) -> None:
    """Every spelling of a conversation is the same conversation."""
    model.answers(plan([add("Has a dog", quote=SAID)]))
    [event] = rest.add(messages, user_id=user)
    assert [message["content"] for message in model.shown["messages"]] == [content]
    assert event.evidence is not None
    assert content[event.evidence[1] : event.evidence[2]] == SAID


def test_v1_0(rest: Rest, model: Model, user: str) -> None:
    """v1.0, the default, is an array whose items hold the text under data."""
    model.answers(plan([add("Has a dog", quote=SAID)]), plan([add("Has a cat", quote="cat")]))
    for chosen in ({}, {"output_format": "v1.0"}):
        [item] = rest.post(f"{SAID} and a cat", user_id=user, **chosen).json()
        assert item["event"] == "ADD"
        assert item["data"].keys() == {"memory"}
        assert item["status"] == "SUCCEEDED"
        assert item["id"] != item["event_id"]
        assert "memory" not in item


def test_v1_1(rest: Rest, model: Model, user: str) -> None:
    """v1.1 is an envelope whose items hold the text flat too, and what an UPDATE replaced."""
    model.answers(
        plan([add("Has a dog", quote=SAID)]),
        plan([update("m1", "Has two dogs", quote="two dogs"), update("m9", "Has a cat", quote="a cat")]),
    )
    rest.add(SAID, user_id=user)
    body = rest.post("I have two dogs and a cat", user_id=user, output_format="v1.1").json()
    assert body["relations"] == []
    updated, added = body["results"]
    assert (updated["event"], updated["memory"], updated["previous_memory"]) == (
        "UPDATE",
        "Has two dogs",
        "Has a dog",
    )
    assert added["data"]["memory"] == added["memory"] == "Has a cat"
    assert "previous_memory" not in added
    assert body["rejected"] == [{"event": "UPDATE", "reason": "UNKNOWN_ID", "carried_out_as": "ADD"}]


@pytest.mark.parametrize(
    ("output_format", "empty"), [("v1.0", []), ("v1.1", {"results": [], "relations": []})]
)
def test_empty_answers(rest: Rest, model: Model, user: str, output_format: str, empty: object) -> None:
    """Nothing to tell is told in the form that was asked for."""
    model.answers(plan())
    answer = rest.post("Hello", user_id=user, output_format=output_format)
    assert (answer.status_code, answer.json()) == (200, empty)


@pytest.mark.parametrize("output_format", ["v1.0", "v1.1"])
def test_async_mode(rest: Rest, model: Model, ledger: LedgerFile, user: str, output_format: str) -> None:
    """The answer is PENDING; then the work is done, and the next add knows the fact."""
    model.answers(plan([add("Has a dog", quote=SAID)]), plan())
    body = rest.post(SAID, user_id=user, async_mode=True, output_format=output_format).json()
    [item] = body["results"] if output_format == "v1.1" else body
    assert item.pop("event_id") == ledger.requests(user)[0]["id"]
    assert item == {
        "message": "Memory processing has been queued for background execution",
        "status": "PENDING",
    }
    wait_until(lambda: ledger.requests(user)[0]["status"] == "SUCCEEDED")
    rest.add("Hello", user_id=user)
    assert model.known == ["Has a dog"]


def test_async_work_survives_a_failure(rest: Rest, model: Model, ledger: LedgerFile, user: str) -> None:
    """A failure is recorded with its reason, and the next request is not to blame for it."""
    from tests.scripted_openai import refusal

    model.answers(refusal(), plan([add("Has a dog", quote=SAID)]))
    for _ in range(2):
        rest.post(SAID, user_id=user, async_mode=True)
    wait_until(lambda: ledger.texts(user))
    wait_until(lambda: all(row["completed_at"] for row in ledger.requests(user)))
    assert [(row["status"], row["reason"]) for row in ledger.requests(user)] == [
        ("FAILED", "MODEL_REFUSED"),
        ("SUCCEEDED", None),
    ]


def test_null_is_absent(rest: Rest, model: Model, user: str) -> None:
    """Null fields and unknown ones are as if they were not there."""
    model.answers(plan([add("Has a dog", quote=SAID)]))
    names = ("agent_id", "metadata", "includes", "infer", "custom_categories", "org_id", "output_format")
    later = ("timestamp", "expiration_date", "immutable", "async_mode", "version", "structured_data_schema")
    nothing = dict.fromkeys((*names, *later))
    assert len(rest.add(SAID, user_id=user, **nothing, source="OPEN", api_version="v9")) == 1
