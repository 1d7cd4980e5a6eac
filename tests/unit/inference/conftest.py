from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from service.inference.chat import Chat
from service.inference.openai import OpenAIReasoner
from tests.scripted_openai import ScriptedOpenAI

API_KEY = "sk-secret-of-the-test"


@pytest.fixture
def server() -> Iterator[ScriptedOpenAI]:
    """A scripted endpoint; the test fails unless it asked exactly what it scripted."""
    with ScriptedOpenAI() as running:
        yield running
        running.verify()


@pytest.fixture
async def reasoner(server: ScriptedOpenAI) -> AsyncIterator[OpenAIReasoner]:
    """A reasoner that asks the scripted endpoint."""
    chat = Chat(api_key=API_KEY, base_url=server.base_url, model="gpt-test")
    yield OpenAIReasoner(chat)
    await chat.aclose()
