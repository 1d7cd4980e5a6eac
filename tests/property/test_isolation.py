"""Nothing crosses from one project to another: no id, no text, no count, no difference in an answer."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from memoryd.v1.memory_pb2 import EVENT_ADD, EVENT_UPDATE, Memory, MemoryData, MemoryEvent
from memoryd.v1.memory_service_pb2 import GetMemoryResponse

from service.ledger.database import Database, sqlite_url
from tests.property.isolation.answers import Answer
from tests.property.isolation.leaks import Belongings
from tests.property.isolation.machine import Isolation
from tests.property.isolation.methods import METHODS
from tests.property.isolation.mixups import confused
from tests.property.isolation.world import Books
from tests.running import Memoryd

EXAMPLES = 30
STEPS = 40


@pytest.fixture(scope="module")
def memoryd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memoryd]:
    """A service in a process of its own that reads facts by rules."""
    with Memoryd(tmp_path_factory.mktemp("isolation"), {"MEMORYD_REASONER": "rules"}) as running:
        yield running


@pytest.fixture(scope="module")
def database(memoryd: Memoryd) -> Iterator[Database]:
    """Its ledger."""
    opened = Database(sqlite_url(memoryd.data_dir / "ledger.sqlite3"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def channel(memoryd: Memoryd) -> Iterator[grpc.Channel]:
    """A channel to it."""
    with grpc.insecure_channel(f"127.0.0.1:{memoryd.grpc_port}") as opened:
        yield opened


def test_nothing_crosses(channel: grpc.Channel, database: Database) -> None:
    """Callers of three projects do everything there is to do, and each project stays what its model says."""
    machine: Any = lambda: Isolation(channel, database)  # noqa: E731 - what a class would be elsewhere
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=chosen)


def test_every_method_is_tried(channel: grpc.Channel, database: Database) -> None:
    """Every key tries every method of every service on every project, one after the other."""
    machine = Isolation(channel, database)
    machine.sweep()
    assert machine.callers.called == METHODS.keys()


@pytest.mark.parametrize(
    "method",
    [
        "AddMemories",
        "GetMemory",
        "SearchMemories",
        "UpdateMemory",
        "GetEvent",
        "ListEntities",
        "GetExport",
        "GetProfile",
        "GetProfileJob",
        "GetProject",
        "ListWebhooks",
    ],
)
def test_a_mixup_is_noticed(channel: grpc.Channel, database: Database, method: str) -> None:
    """Where one method takes one owner for another, the machine finds it."""
    with pytest.raises(AssertionError):
        confused(channel, database, method).sweep()


SECRET = "Zorb1q"


@pytest.mark.parametrize(
    "answer",
    [
        Answer("OK", GetMemoryResponse(memory=Memory(id="x", memory=f"Likes {SECRET}"))),
        Answer("OK", GetMemoryResponse(memory=Memory(metadata=f'{{"a": "{SECRET}"}}'))),
        Answer("NOT_FOUND", text=f"{SECRET} is another's"),
        Answer("NOT_FOUND", details=(("memory", SECRET),)),
    ],
)
def test_a_leak_is_noticed(answer: Answer) -> None:
    """What is another's is found in messages, error texts and details, unless the caller said it first."""
    belongings = Belongings()
    belongings.note(SECRET, "mine")
    assert belongings.leaks(answer, {"other"}) == [SECRET]
    assert belongings.leaks(answer, {"mine"}) == []
    assert belongings.leaks(answer, {"other"}, [f"about {SECRET}?"]) == []


@pytest.mark.parametrize(
    "other",
    [
        Answer("PERMISSION_DENIED", text="Memory not found!", reason="NOT_FOUND"),
        Answer("NOT_FOUND", text="Not your memory", reason="NOT_FOUND"),
        Answer("NOT_FOUND", text="Memory not found!", reason="GONE"),
        Answer("NOT_FOUND", text="Memory not found!", reason="NOT_FOUND", details=(("owner", "b"),)),
    ],
)
def test_a_difference_is_noticed(other: Answer) -> None:
    """'Not yours' and 'not there' differ in nothing but ids."""
    absent = Answer("NOT_FOUND", text="Memory not found!", reason="NOT_FOUND")
    assert other.shape != absent.shape
    ids = [Answer("NOT_FOUND", text=f"No {uuid.uuid4()}") for _ in range(2)]
    assert ids[0].shape == ids[1].shape


def test_changes_across_scopes_are_noticed() -> None:
    """An add that says it changed a memory of another scope, or one that is not there, is found."""
    books, event = Books(), MemoryEvent(event=EVENT_ADD, id="m", data=MemoryData(memory="Lives in Berlin"))
    books.happened(event, (("user_id", "alex"),), "")
    event.MergeFrom(MemoryEvent(event=EVENT_UPDATE, previous_memory="Lives in Berlin"))
    with pytest.raises(AssertionError, match="another scope"):
        books.happened(event, (("user_id", "Alex"),), "")
    event.id = "n"
    with pytest.raises(AssertionError, match="not the project's"):
        books.happened(event, (("user_id", "alex"),), "")
