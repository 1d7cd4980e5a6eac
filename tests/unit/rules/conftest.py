from __future__ import annotations

from collections.abc import Sequence

import pytest

from service.embeddings.local import LocalEmbedder
from service.inference.rules import RulesReasoner
from service.memory.model import Vectors


class NotingEmbedder(LocalEmbedder):
    """The service's own embedder, which notes what it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See the port."""
        self.texts.extend(texts)
        return await super().embed(texts)


@pytest.fixture(scope="session")
def embedder() -> NotingEmbedder:
    """The embedder of the service's default."""
    return NotingEmbedder()


@pytest.fixture(scope="session")
def reasoner(embedder: NotingEmbedder) -> RulesReasoner:
    """One reasoner for all tests, for it keeps nothing that a test could see."""
    return RulesReasoner(embedder)
