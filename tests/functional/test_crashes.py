"""The process is killed at every step of an add; after its next start the guarantees hold."""

from __future__ import annotations

import signal
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from service import failpoints
from tests.functional.conftest import Model, openai_settings
from tests.functional.ledgers import LedgerFile, wait_until
from tests.running import Memoryd
from tests.scripted_openai import add, plan

SAID = "I have a dog and live in Bonn"
FACTS = ["Has a dog", "Lives in Bonn"]
GOOD = plan([add("Has a dog", quote="a dog"), add("Lives in Bonn", quote="in Bonn")])

COMMITTED_BY_THEN = {failpoints.COMMITTED, failpoints.INDEXED, failpoints.ANSWERED}
"""Where the add is there, answered or not; before, nothing of it is."""


def died(memoryd: Memoryd) -> None:
    """Waits until the failpoint has done its work."""
    assert memoryd.process is not None
    assert memoryd.process.wait(20) == -signal.SIGKILL


def index_ids(data_dir: Path) -> set[str]:
    """The ids that the files of the embedded Chroma hold, read while nobody else uses them."""
    with closing(sqlite3.connect(data_dir / "chroma" / "chroma.sqlite3")) as connection:
        return {row[0] for row in connection.execute("SELECT embedding_id FROM embeddings")}


def found(memoryd: Memoryd, user: str) -> list[str]:
    """What a search finds."""
    answer = memoryd.post({"query": "dog", "user_id": user, "threshold": 0.0}, "/v1/memories/search/")
    return sorted(each["memory"] for each in answer.json())


@pytest.mark.parametrize("name", failpoints.NAMES)
def test_killed_at(name: str, model: Model, user: str, tmp_path: Path) -> None:
    """An answered add is there and found; any other is there whole or not at all, and its retry converges."""
    memoryd = Memoryd(tmp_path / "data", openai_settings(model.server))
    memoryd.launch(MEMORYD_FAILPOINT=name)
    memoryd.wait()
    ledger, headers = LedgerFile(memoryd.data_dir), {"Idempotency-Key": str(uuid.uuid4())}
    body = {"messages": SAID, "user_id": user}
    model.answers_always(lambda _: GOOD)
    answered: str | None = None
    try:
        answered = memoryd.post(body, headers=headers).text
    except httpx.TransportError:
        # The answer and the writer of the index are on their way at the same time.
        assert name != failpoints.ANSWERED
    died(memoryd)

    assert ledger.texts(user) == (FACTS if name in COMMITTED_BY_THEN else [])
    [before] = ledger.requests(user)
    memoryd.start()
    try:
        [request] = ledger.requests(user)
        expected = ("SUCCEEDED", None) if name in COMMITTED_BY_THEN else ("FAILED", "INTERRUPTED")
        assert (request["status"], request["reason"]) == expected
        if answered is not None:
            assert found(memoryd, user) == FACTS
        again = memoryd.post(body, headers=headers)
        assert again.status_code == 200, again.text
        assert answered in {None, again.text}
        assert {event["event_id"] for event in again.json()} == {before["id"]}
        assert ledger.texts(user) == found(memoryd, user) == FACTS
        assert len(ledger.rows("SELECT 1 FROM changes")) == len(FACTS)
        wait_until(lambda: not ledger.rows("SELECT 1 FROM outbox"))
        assert found(memoryd, user) == FACTS
        assert memoryd.stop() == 0
        assert index_ids(memoryd.data_dir) == {row["id"] for row in ledger.memories(user)}
    finally:
        memoryd.kill()


@pytest.mark.parametrize("name", [failpoints.REQUEST_STORED, failpoints.PLAN_CHECKED, failpoints.COMMITTED])
def test_an_asynchronous_add_killed_at(
    name: str, started: Callable[..., Memoryd], model: Model, user: str, tmp_path: Path
) -> None:
    """What was stored is performed after the next start, once."""
    model.answers_always(lambda _: GOOD)
    memoryd = Memoryd(tmp_path / "data", openai_settings(model.server))
    memoryd.launch(MEMORYD_FAILPOINT=name)
    memoryd.wait()
    try:
        memoryd.post({"messages": SAID, "user_id": user, "async_mode": True})
    except httpx.TransportError:
        assert name == failpoints.REQUEST_STORED
    died(memoryd)
    started()
    ledger = LedgerFile(memoryd.data_dir)
    wait_until(lambda: [row["status"] for row in ledger.requests(user)] == ["SUCCEEDED"])
    assert ledger.texts(user) == FACTS
