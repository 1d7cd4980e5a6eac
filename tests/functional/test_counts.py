"""What an add and a search ask of others, counted: a regression shows here before anybody takes a time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from memoryd import exact_json
from memoryd.v1 import memory_pb2

from service.embeddings.local import LocalEmbedder
from service.index.apart import IndexApart
from service.inference.plan_schema import plan_schema
from service.inference.prompt import system_text
from service.memory.categories import DEFAULT_CATEGORIES
from service.memory.model import Policy
from service.transport.call import _current
from tests.functional.conftest import MODEL_KEY
from tests.functional.statements import Listening, listening
from tests.scripted_openai import Body, Reply, ScriptedOpenAI, add, plan

SAID = "Lives in Oslo. Has a red bicycle. Plays the cello."


def three_facts(request: Body) -> Reply:
    """A plan with a fact for each sentence of the message."""
    [message] = json.loads(request["messages"][1]["content"])["messages"]
    sentences = [each.strip(". ") for each in message["content"].split(". ")]
    return plan([add(each, quote=each) for each in sentences])


@dataclass
class Counting:
    """A service, its model, and how often calls went to the embedder and to Chroma."""

    service: Listening
    model: ScriptedOpenAI
    calls: Counter[str] = field(default_factory=Counter)

    async def add(self, user: str, text: str) -> dict[str, int]:
        """What an add of three facts costs."""
        self.model.requests.clear()
        self.calls.clear()
        message = memory_pb2.Message(role="user", content=text)
        statements = await self.service.statements("AddMemories", messages=[message], user_id=user)
        return {"model": len(self.model.requests), "sql": len(statements), **self.calls}

    async def search(self, user: str, query: str) -> dict[str, int]:
        """What a search costs."""
        self.calls.clear()
        statements = await self.service.statements("SearchMemories", query=query, user_id=user)
        return {"sql": len(statements), **self.calls}


@pytest.fixture(scope="module")
async def counting(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counting]:
    """A service with a user `few` of 3 memories and a user `many` of 150, all in the index."""
    with ScriptedOpenAI(default=three_facts) as model, pytest.MonkeyPatch.context() as patch:
        settings = {"openai_api_key": MODEL_KEY, "openai_base_url": model.base_url}
        calls = Counter[str]()
        for owner, method in ((LocalEmbedder, "embed"), (IndexApart, "vectors"), (IndexApart, "nearest")):
            patch.setattr(owner, method, _counted(owner, method, calls))
        async with listening(tmp_path_factory.mktemp("counts"), settings) as service:
            counting = Counting(service, model, calls)
            await counting.add("few", "Likes tea. Has a cat. Reads maps.")
            for number in range(50):
                await counting.add("many", f"Saw film {number}. Met person {number}. Ate dish {number}.")
            yield counting


def _counted(owner: type, method: str, calls: Counter[str]) -> Any:
    original = getattr(owner, method)

    async def counted(self: object, *arguments: Any) -> Any:
        if _current.get(None) is not None:  # what workers and the readiness check ask is no part of a call
            calls[method] += 1
        return await original(self, *arguments)

    return counted


ADD = {"model": 1, "embed": 2, "sql": 13}
"""One call to the model; one batch for what was said, one for the facts. The statements: key and
project (2), the request, the settings, the version and the index work of the scope, and the commit (7).
"""


async def test_an_add(counting: Counting) -> None:
    """An add of three facts costs the same whatever its user has, once its scope has been read."""
    for user in ("few", "many"):
        await counting.add(user, f"Bought a hat of {user}. Sold a coat of {user}. Lent a scarf to {user}.")
        assert await counting.add(user, SAID) == ADD


async def test_a_cold_scope(counting: Counting) -> None:
    """Whoever comes to a scope anew reads it by one more statement, and its vectors by one call."""
    await counting.add("many", "Painted a door. Fixed a lamp. Moved a shelf.")
    wider = {"messages": [memory_pb2.Message(role="user", content=SAID)], "user_id": "many", "run_id": "new"}
    counting.calls.clear()
    assert len(await counting.service.statements("AddMemories", **wider)) == ADD["sql"] + 1


async def test_a_search(counting: Counting) -> None:
    """A search costs the same among 3 memories and among 150: its key, what is new of its user, one batch.

    The first of a user reads the memories besides, and looks once for their vectors.
    """
    for user in ("few", "many"):
        first = await counting.search(user, "what does she play?")
        assert first.pop("vectors", 0) <= 1
        assert first in ({"sql": 4, "embed": 1}, {"sql": 5, "embed": 1})
        assert await counting.search(user, "where does she go?") == {"sql": 4, "embed": 1}


def test_the_prompt_is_short() -> None:
    """Rules, policy and schema take at most 6,000 characters of every call to the model."""
    schema = plan_schema(["m1"], list(DEFAULT_CATEGORIES))
    assert len(system_text(Policy(DEFAULT_CATEGORIES))) + len(exact_json.dumps(schema)) <= 6_000
