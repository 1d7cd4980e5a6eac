"""What two replicas do to each other without the check of versions, and that they do not with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from service.index.chroma import ChromaIndex
from service.index.connect import embedded
from service.ledger.database import Database, sqlite_url
from service.ledger.ledger import SqlLedger
from service.memory.infer import InferFacts
from service.memory.known_vectors import KnownVectors
from service.memory.model import (
    AddRequest,
    Change,
    Event,
    Inference,
    Message,
    Operation,
    Outcome,
    Plan,
    Rejection,
    Role,
    Scope,
    Vectors,
)
from service.memory.ports import Deadline, StoredRequest
from tests.ledgers import migrated, new_project
from tests.scripted_openai import text_vector

USER = Scope(user_id="ann")
SCOPES = {
    "user alone": (USER, USER),
    "user, and user in a run": (USER, Scope(user_id="ann", run_id="r")),
    "user, and user with an agent": (USER, Scope(user_id="ann", agent_id="a")),
    "agent alone": (Scope(agent_id="a"), Scope(agent_id="a")),
}
"""Two scopes of which the first sees what the second stores."""


class Unchecked(SqlLedger):
    """A ledger that takes every commit, whatever it was decided on."""

    async def commit(
        self,
        project_id: str,
        event_id: str,
        scope: Scope,
        expected_version: int | None,  # noqa: ARG002 - which is the point
        changes: Sequence[Change],
        rejections: Sequence[Rejection],
        at: datetime,
    ) -> Outcome:
        """See the port, but for the version."""
        return await super().commit(project_id, event_id, scope, None, changes, rejections, at)


class Words:
    """An embedder that knows words."""

    model, dimensions = "words", 64

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See the port."""
        rows = [text_vector(text, self.dimensions) for text in texts]
        return np.array(rows, np.float32).reshape(len(rows), self.dimensions)

    async def ping(self) -> None:
        """See the port."""

    async def close(self) -> None:
        """See the port."""


class Slow:
    """A model that, asked for the first time, answers once the other replica has asked too."""

    name, candidate_limit = "slow", 10

    def __init__(self, decide: Callable[[Inference], Operation | None], both: asyncio.Barrier) -> None:
        self._decide, self._both, self.asked = decide, both, 0

    async def plan(self, inference: Inference, deadline: Deadline, repair: str | None = None) -> Plan:
        """See the port."""
        assert deadline.remaining()
        assert repair is None
        self.asked += 1
        if self.asked == 1:
            await self._both.wait()
        operation = self._decide(inference)
        return Plan(() if operation is None else (operation,))


def note_once(inference: Inference) -> Operation | None:
    """Adds a fact that it is not shown."""
    if any(candidate.memory.text == "Has a dog" for candidate in inference.candidates):
        return None
    return Operation(Event.ADD, "Has a dog", None, 0, "dog")


def count_up(inference: Inference) -> Operation:
    """Adds one to what it is shown."""
    if not inference.candidates:
        return Operation(Event.ADD, "Has 1 dog", None, 0, "dog")
    known = inference.candidates[0]
    number = int(known.memory.text.split()[1])
    return Operation(Event.UPDATE, f"Has {number + 1} dog", known.ref, 0, "dog")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty ledger."""
    with migrated(sqlite_url(tmp_path / "ledger.db")) as opened:
        yield opened


@pytest.fixture
def index(tmp_path: Path) -> Iterator[ChromaIndex]:
    """An empty index. Nothing reaches it here: what is new is read from the outbox."""
    opened = ChromaIndex(embedded(tmp_path / "chroma"), Words.model, Words.dimensions)
    yield opened
    opened.close()


class World:
    """A project that two replicas work on."""

    def __init__(self, ledger: SqlLedger, index: ChromaIndex, project_id: str) -> None:
        self.ledger, self._index, self._project_id = ledger, index, project_id

    async def infer(self, scope: Scope, *reasoners: Slow) -> None:
        """Says the same to every replica at once, each with locks of its own."""
        await asyncio.gather(*(self._infer(scope, reasoner) for reasoner in reasoners))

    async def _infer(self, scope: Scope, reasoner: Slow) -> None:
        now = datetime.now(UTC)
        request = AddRequest((Message(Role.USER, "dog"), Message(Role.ASSISTANT, "dog")), scope)
        event_id = await self.ledger.store_request(self._project_id, request, now)
        replica = InferFacts(
            self.ledger, self._index, KnownVectors(self._index), Words(), reasoner, lambda: datetime.now(UTC)
        )
        await replica(StoredRequest(event_id, self._project_id, request), Deadline.after(30))

    async def texts(self, scope: Scope) -> list[str]:
        """What is remembered."""
        return [memory.text for memory in (await self.ledger.read_scope(self._project_id, scope)).memories]


async def world(database: Database, index: ChromaIndex, kind: type[SqlLedger]) -> World:
    """A fresh project on such a ledger."""
    return World(kind(database), index, await new_project(database))


async def two_at_once(at: World, scope: Scope, decide: Callable[[Inference], Operation | None]) -> None:
    """Both replicas read the scope before either commits."""
    both = asyncio.Barrier(2)
    await at.infer(scope, Slow(decide, both), Slow(decide, both))


@pytest.mark.parametrize("scope", [USER, Scope(agent_id="a"), Scope(user_id="ann", run_id="r")], ids=str)
@pytest.mark.parametrize(
    ("ledger", "remembered"),
    [(Unchecked, ["Has a dog"] * 2), (SqlLedger, ["Has a dog"])],
    ids=["unchecked", "checked"],
)
async def test_duplicates(
    database: Database, index: ChromaIndex, scope: Scope, ledger: type[SqlLedger], remembered: list[str]
) -> None:
    """Without the check a fact that two replicas learn at once is stored twice; with it, once."""
    at = await world(database, index, ledger)
    await two_at_once(at, scope, note_once)
    assert await at.texts(scope) == remembered


@pytest.mark.parametrize(("first", "second"), SCOPES.values(), ids=list(SCOPES))
@pytest.mark.parametrize(
    ("ledger", "remembered"),
    [(Unchecked, ["Has 2 dog"]), (SqlLedger, ["Has 3 dog"])],
    ids=["unchecked", "checked"],
)
async def test_lost_updates(
    database: Database,
    index: ChromaIndex,
    first: Scope,
    second: Scope,
    ledger: type[SqlLedger],
    remembered: list[str],
) -> None:
    """Without the check one of two updates is lost, in scopes that overlap too; with it, neither is."""
    at = await world(database, index, ledger)
    await at.infer(second, Slow(count_up, asyncio.Barrier(1)))
    both = asyncio.Barrier(2)
    await asyncio.gather(at.infer(first, Slow(count_up, both)), at.infer(second, Slow(count_up, both)))
    assert await at.texts(first) == remembered
