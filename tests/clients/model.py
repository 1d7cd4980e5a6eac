"""The language model behind the clients' tests: it knows a few sentences, and answers as a model would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.scripted_openai import Body, Reply, add, delete, plan, status, text, update

BREAKDOWN = "break down"
"""Who says this gets no answer but errors."""


@dataclass(frozen=True)
class Sentence:
    """A sentence, the fact in it, and the beginning of the known fact whose place it takes, if any."""

    said: str
    fact: str
    replaces: str = ""


SENTENCES = (
    Sentence("I'm vegetarian", "Is vegetarian"),
    Sentence("I live in Berlin", "Lives in Berlin"),
    Sentence("I moved to Munich", "Lives in Munich", replaces="Lives in "),
    Sentence("I love hiking", "Loves hiking"),
    Sentence("My favourite colour is green", "Favorite color is green"),
    Sentence("Forget where I live", "", replaces="Lives in "),
    Sentence("I am the support agent for ACME", "Is the support agent for ACME"),
)


def answer(request: Body) -> Reply:
    """What the model says: a plan for messages, a value for a schema, else a summary."""
    system, user = (message["content"] for message in request["messages"])
    asked = json.loads(user)
    if "messages" in asked:
        return _planned(system, asked)
    known = [each["memory"] for each in asked["memories"]]
    return text(json.dumps({"result": _filled(known)}) if "schema" in asked else ". ".join(known))


def _planned(system: str, asked: dict[str, Any]) -> Reply:
    """A plan with a change for each known sentence that the right speaker said."""
    if any(BREAKDOWN in message["content"] for message in asked["messages"]):
        return status(500, retry_after=0)
    name, *_ = policy_of(system).get("categories", {"misc": ""})
    changes = [
        _change(sentence, message["index"], asked["known"], name)
        for message in asked["messages"]
        if message["role"] == asked["about"]
        for sentence in SENTENCES
        if sentence.said in message["content"]
    ]
    return plan(changes)


def _filled(known: list[str]) -> dict[str, str]:
    """The one value that the schemas of these tests ask for."""
    home = "Lives in "
    city, *_ = (each.removeprefix(home) for each in known if each.startswith(home))
    return {"city": city}


def policy_of(system: str) -> dict[str, Any]:
    """The application's wishes, which stand in one line of what the model is told."""
    lines = [line for line in system.splitlines() if line.startswith("{") and "operations" not in line]
    policy: dict[str, Any] = json.loads(lines[0])
    return policy


def _change(sentence: Sentence, index: int, known: list[dict[str, str]], category: str) -> Body:
    targets = [
        each["id"] for each in known if sentence.replaces and each["text"].startswith(sentence.replaces)
    ]
    if not targets:
        return add(sentence.fact, quote=sentence.said, message_index=index, categories=[category])
    if not sentence.fact:
        return delete(targets[0], quote=sentence.said, message_index=index)
    return update(targets[0], sentence.fact, quote=sentence.said, message_index=index, categories=[category])
