"""The process is killed at every step of an add; after its next start the guarantees hold."""

from __future__ import annotations

import signal
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from service import failpoints
from tests.functional.conftest import Model, openai_settings
from tests.functional.ledgers import LedgerFile, wait_until
from tests.functional.test_deliveries import Hooked
from tests.receiver import Receiver, Reply
from tests.running import Memoryd
from tests.scripted_openai import ScriptedOpenAI, add, plan

SAID = "I have a dog and live in Bonn"
FACTS = ["Has a dog", "Lives in Bonn"]
GOOD = plan([add("Has a dog", quote="a dog"), add("Lives in Bonn", quote="in Bonn")])

HEARD = "heard"
"""After the last step: the process is killed as soon as its caller has the answer."""

COMMITTED_BY_THEN = {failpoints.COMMITTED, failpoints.INDEXED, failpoints.ANSWERED, HEARD}
"""Where the add is there, answered or not; before, nothing of it is."""

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Mortal:
    """A memoryd that is killed where a test says, and started again. All tests use the same."""

    memoryd: Memoryd
    place: Path

    @property
    def ledger(self) -> LedgerFile:
        """What it keeps."""
        return LedgerFile(self.memoryd.data_dir)

    def shall_die_at(self, name: str) -> None:
        """Kills it there, the next time it comes by."""
        self.rest()
        self.place.write_text(name)

    def rest(self) -> None:
        """Waits until nothing is left to do for the index."""
        wait_until(lambda: not self.ledger.rows("SELECT 1 FROM outbox"), PATIENCE_SECONDS)

    def died(self) -> None:
        """Waits until it is dead."""
        assert self.memoryd.process is not None
        assert self.memoryd.process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
        self.place.unlink(missing_ok=True)

    def found(self, user: str) -> list[str]:
        """What a search finds."""
        body = {"query": "dog", "user_id": user, "threshold": 0.0}
        return sorted(each["memory"] for each in self.memoryd.post(body, "/v1/memories/search/").json())

    def indexed(self) -> set[str]:
        """The ids that the files of the embedded Chroma hold. Read them while it is at rest."""
        path = self.memoryd.data_dir / "chroma" / "chroma.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return {row[0] for row in connection.execute("SELECT embedding_id FROM embeddings")}


@pytest.fixture(scope="module")
def shared(scripted: ScriptedOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    """The memoryd of all these tests. At the end it stops as any other does."""
    place = tmp_path_factory.mktemp("failpoint") / "place"
    settings = {failpoints.VARIABLE: str(place), "MEMORYD_WEBHOOK_ALLOW_PRIVATE": "true"}
    memoryd = Memoryd(tmp_path_factory.mktemp("mortal"), openai_settings(scripted) | settings)
    yield Mortal(memoryd, place)
    if memoryd.process is not None and memoryd.process.poll() is None:
        assert memoryd.stop() == 0


@pytest.fixture
def mortal(shared: Mortal, model: Model) -> Iterator[Mortal]:
    """It lives, and its model knows what to say."""
    model.answers_always(lambda _: GOOD)
    if shared.memoryd.process is None or shared.memoryd.process.poll() is not None:
        shared.memoryd.start()
    yield shared
    if shared.place.exists():  # the test failed
        shared.memoryd.kill()
        shared.place.unlink()


@pytest.mark.parametrize("name", [*failpoints.OF_ADDS, HEARD])
def test_killed_at(name: str, mortal: Mortal, user: str) -> None:
    """An answered add is there and found; any other is there whole or not at all, and its retry converges."""
    memoryd, ledger = mortal.memoryd, mortal.ledger
    body, headers = {"messages": SAID, "user_id": user}, {"Idempotency-Key": str(uuid.uuid4())}
    mortal.shall_die_at(name)
    answered: str | None = None
    try:
        answered = memoryd.post(body, headers=headers).text
    except httpx.TransportError:
        assert name != HEARD
    else:
        # The answer is on its way at the same time.
        assert name in {failpoints.INDEXED, failpoints.ANSWERED, HEARD}
    if name == HEARD:
        memoryd.kill()
    mortal.died()

    assert ledger.texts(user) == (FACTS if name in COMMITTED_BY_THEN else [])
    [before] = ledger.requests(user)
    memoryd.start()
    [request] = ledger.requests(user)
    expected = ("SUCCEEDED", None) if name in COMMITTED_BY_THEN else ("FAILED", "INTERRUPTED")
    assert (request["status"], request["reason"]) == expected
    assert SAID in request["payload"]
    if answered is not None:
        assert mortal.found(user) == FACTS
    again = memoryd.post(body, headers=headers)
    assert again.status_code == 200, again.text
    assert answered in {None, again.text}
    assert {event["event_id"] for event in again.json()} == {before["id"]}
    assert ledger.texts(user) == mortal.found(user) == FACTS
    assert len(ledger.rows("SELECT 1 FROM changes WHERE user_id = ?", user)) == len(FACTS)
    mortal.rest()
    assert mortal.found(user) == FACTS
    assert mortal.indexed() == {row["id"] for row in ledger.rows("SELECT id FROM memories")}


@pytest.mark.parametrize("name", [failpoints.REQUEST_STORED, failpoints.PLAN_CHECKED, failpoints.COMMITTED])
def test_an_asynchronous_add_killed_at(name: str, mortal: Mortal, user: str) -> None:
    """What was stored is performed after the next start, once."""
    mortal.shall_die_at(name)
    try:
        mortal.memoryd.post({"messages": SAID, "user_id": user, "async_mode": True})
    except httpx.TransportError:
        # Whether the answer comes first is chance, except that nothing is answered before it is stored.
        assert mortal.ledger.requests(user)
    mortal.died()
    mortal.memoryd.start()
    ledger = mortal.ledger
    wait_until(lambda: [row["status"] for row in ledger.requests(user)] == ["SUCCEEDED"], PATIENCE_SECONDS)
    assert ledger.texts(user) == FACTS


def test_killed_between_a_webhooks_answer_and_the_record_of_it(mortal: Mortal) -> None:
    """Nobody knows that it was told, so it is told once more, with the same id; then nothing follows."""
    with Receiver() as receiver:
        hooked = Hooked(mortal.memoryd, receiver)
        mortal.shall_die_at(failpoints.DELIVERED)
        try:
            hooked.add("Likes tea")
        except httpx.TransportError:
            assert mortal.ledger.rows("SELECT 1 FROM memories WHERE project_id = ?", hooked.project)
        mortal.died()
        [taken] = mortal.ledger.rows("SELECT * FROM webhook_deliveries")
        assert (taken["state"], taken["attempts"]) == ("pending", 1)
        mortal.memoryd.start()
        wait_until(lambda: hooked.log(state="DELIVERED"), PATIENCE_SECONDS)
        [told] = hooked.log()
    first, second = receiver.received
    assert (told["attempts"], told["id"]) == (2, taken["id"])
    assert first.body == second.body
    assert first.headers["X-Memoryd-Event-Id"] == second.headers["X-Memoryd-Event-Id"] == told["event_id"]


def test_killed_while_webhooks_are_told(mortal: Mortal) -> None:
    """What was committed and not delivered is delivered by the next process, which waits for no lease."""
    with Receiver() as receiver:
        receiver.will(*[Reply(seconds=PATIENCE_SECONDS)] * 4)
        hooked = Hooked(mortal.memoryd, receiver)
        memories = hooked.add(*(f"Fact {number}" for number in range(10)))
        mortal.memoryd.kill()
        receiver.script.clear()
        before = len(receiver.received)
        mortal.memoryd.start()
        hooked.wait("DELIVERED", len(memories))
        assert {each.details["id"] for each in receiver.received[before:]} == set(memories)
