"""What memoryd depends on goes away and comes back: explicit errors, and nothing is lost or done twice."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import httpx
import pytest
from memoryd.v1 import memory_service_pb2
from sqlalchemy import create_engine, text

from tests.functional.conftest import Model, openai_settings
from tests.functional.faces import Grpc, Refused, Rest, refusal_of, request_of
from tests.functional.ledgers import LedgerFile, wait_until
from tests.ledgers import URLS
from tests.replicas import Replicas, running_replicas
from tests.running import Memoryd, children, environment
from tests.scripted_openai import ScriptedOpenAI, add, plan, slow

pytestmark = pytest.mark.timeout(240)

FIRST = "The first thing"
SAID = "I have a dog"
GOOD = plan([add("Has a dog", quote="a dog")])


CHROMA_SECONDS = "3"
"""How long Chroma may stay silent."""

DEADLINE = 1.0
"""Seconds of who will not wait as long as that."""


@pytest.fixture(scope="module")
def replicas(scripted: ScriptedOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """One memoryd on PostgreSQL and a Chroma server."""
    settings = openai_settings(scripted) | {"MEMORYD_CHROMA_TIMEOUT": CHROMA_SECONDS}
    with running_replicas(tmp_path_factory.mktemp("outages"), settings, 1) as running:
        yield running


@pytest.fixture
def rest(replicas: Replicas) -> Rest:
    """Its REST face."""
    return Rest(replicas.all[0])


@pytest.fixture
def rpc(replicas: Replicas) -> Iterator[Grpc]:
    """Its gRPC face."""
    memoryd = replicas.all[0]
    with grpc.insecure_channel(f"127.0.0.1:{memoryd.grpc_port}") as channel:
        yield Grpc(memoryd, channel)


@pytest.fixture
def remembered(replicas: Replicas, rest: Rest, user: str) -> str:
    """A user of whom the index knows something, so that nothing can be added or found without it."""
    rest.add(FIRST, user_id=user, infer=False)
    indexed(replicas)
    return user


def indexed(replicas: Replicas) -> None:
    """Waits until the index has everything."""
    wait_until(lambda: not replicas.rows("SELECT 1 FROM outbox"), seconds=60)


def search(memoryd: Memoryd, user: str) -> tuple[int, list[str]]:
    """The status and the texts of a search."""
    answer = memoryd.post({"query": "dog", "user_id": user}, "/v1/memories/search/")
    return answer.status_code, [each["memory"] for each in answer.json()] if answer.is_success else []


def becomes(memoryd: Memoryd, status: int) -> None:
    """Waits until the readiness check says so; it takes its answer from the gRPC health service."""
    wait_until(lambda: httpx.get(f"{memoryd.url}/readyz").status_code == status)


def test_the_ledger_is_gone(replicas: Replicas, rest: Rest, model: Model, user: str) -> None:
    """Every call is 503 with its reason, and the service not ready; afterwards all is done, and done once."""
    model.answers_always(lambda _: slow(1.0, GOOD))
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    rest.post(SAID, user_id=user, async_mode=True)
    wait_until(lambda: model.asked)
    body = {"messages": SAID, "user_id": f"{user}-2"}
    with replicas.without_ledger():
        answer = rest.memoryd.post(body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "LEDGER_UNAVAILABLE")
        assert search(rest.memoryd, user) == (503, [])
        wait_until(lambda: "work failed" in rest.memoryd.output)
        becomes(rest.memoryd, 503)
    becomes(rest.memoryd, 200)
    wait_until(lambda: replicas.texts(user) == ["Has a dog"], seconds=60)
    assert [row["status"] for row in replicas.requests(user)] == ["SUCCEEDED"]
    assert replicas.requests(f"{user}-2") == []
    answers = [rest.memoryd.post(body, headers=headers) for _ in range(2)]
    assert answers[0].text == answers[1].text
    assert replicas.texts(f"{user}-2") == ["Has a dog"]


def test_the_ledger_goes_while_the_model_thinks(
    replicas: Replicas, rest: Rest, model: Model, user: str
) -> None:
    """The caller hears 503 though nothing could be recorded; sending it again converges to one effect."""
    model.answers(slow(2.0, GOOD))
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"messages": SAID, "user_id": user}

    with ThreadPoolExecutor(1) as clients:
        adding = clients.submit(rest.memoryd.post, body, headers=headers)
        wait_until(lambda: model.asked)
        with replicas.without_ledger():
            answer = adding.result()
    assert (answer.status_code, answer.json()["code"]) == (503, "LEDGER_UNAVAILABLE")
    model.answers_always(lambda _: GOOD)
    assert rest.memoryd.post(body, headers=headers).status_code == 200
    assert replicas.texts(user) == ["Has a dog"]
    assert len(replicas.requests(user)) == 1


def fails(replicas: Replicas, rest: Rest, user: str) -> tuple[Refused, str]:
    """An add and a search fail for the index; what the add was told, and its event."""
    refused = rest.refused(SAID, user_id=user)
    assert (refused.status, refused.reason) == ("UNAVAILABLE", "INDEX_UNAVAILABLE")
    assert search(rest.memoryd, user) == (503, [])
    [*_, failed] = replicas.requests(user)
    assert (failed["status"], failed["reason"]) == ("FAILED", "INDEX_UNAVAILABLE")
    assert replicas.texts(user) == [FIRST]
    return refused, str(failed["id"])


def mends(replicas: Replicas, rest: Rest, user: str, event_id: str) -> None:
    """The failed add can be performed after all, once, and is found."""
    assert rest.memoryd.post({}, f"/v1/event/{event_id}/retry/").status_code == 200
    wait_until(lambda: "Has a dog" in replicas.texts(user), seconds=60)
    indexed(replicas)
    assert sorted(replicas.texts(user)) == sorted(["Has a dog", FIRST])
    status, texts = search(rest.memoryd, user)
    assert (status, set(texts)) == (200, {"Has a dog", FIRST})


def test_chroma_is_gone(replicas: Replicas, rest: Rest, model: Model, remembered: str) -> None:
    """The service is not ready; what needs it is 503 and can be retried, what does not is done and found."""
    model.answers_always(lambda _: GOOD)
    replicas.chroma.stop()
    try:
        _, event_id = fails(replicas, rest, remembered)
        rest.add("A dog barks", user_id=f"{remembered}-2", infer=False)
        becomes(rest.memoryd, 503)
    finally:
        replicas.chroma.start()
    becomes(rest.memoryd, 200)
    mends(replicas, rest, remembered, event_id)
    assert search(rest.memoryd, f"{remembered}-2") == (200, ["A dog barks"])


def test_chroma_is_silent(replicas: Replicas, rest: Rest, rpc: Grpc, model: Model, remembered: str) -> None:
    """Whoever waits is told 503, whoever will not 504; writes that come too late do no harm."""
    model.answers_always(lambda _: GOOD)
    query = memory_service_pb2.SearchMemoriesRequest(query="dog", user_id=remembered)
    path = "/memoryd.v1.MemoryService/SearchMemories"
    searching_late: Callable[..., object] = rpc.channel.unary_unary(
        path,
        request_serializer=memory_service_pb2.SearchMemoriesRequest.SerializeToString,
        response_deserializer=memory_service_pb2.SearchMemoriesResponse.FromString,
    )

    def hurried() -> list[Refused]:
        adding = rpc.refusal(request_of(SAID, {"user_id": remembered}), DEADLINE)
        with pytest.raises(grpc.RpcError) as caught:
            searching_late(query, metadata=rpc.memoryd.metadata, timeout=DEADLINE)
        return [adding, refusal_of(caught.value)]

    with replicas.chroma.front.stalled(), ThreadPoolExecutor(3) as clients:
        rest.add("A dog barks", user_id=f"{remembered}-2", infer=False)
        [late_add, late_search] = hurried()
        adding = clients.submit(rest.refused, SAID, user_id=remembered)
        searching = clients.submit(search, rest.memoryd, remembered)
        assert (adding.result().status, adding.result().reason) == ("UNAVAILABLE", "INDEX_UNAVAILABLE")
        assert searching.result() == (503, [])
        assert late_add.status == late_search.status == "DEADLINE_EXCEEDED"
        assert replicas.texts(remembered) == [FIRST]
        failed = replicas.requests(remembered)[1:]
        assert [row["reason"] for row in failed] == ["DEADLINE_EXCEEDED", "INDEX_UNAVAILABLE"]
    mends(replicas, rest, remembered, failed[0]["id"])
    assert search(rest.memoryd, f"{remembered}-2") == (200, ["A dog barks"])


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_chroma_fails(replicas: Replicas, rest: Rest, model: Model, remembered: str, status: int) -> None:
    """Whatever it, or what stands before it, answers: 503, and never an empty success."""
    model.answers_always(lambda _: GOOD)
    with replicas.chroma.front.failing_with(status):
        _, event_id = fails(replicas, rest, remembered)
    mends(replicas, rest, remembered, event_id)


def test_chroma_is_not_trusted(replicas: Replicas, rest: Rest, model: Model, remembered: str) -> None:
    """Somebody else in its place is sent nothing; error and log name TLS."""
    model.answers_always(lambda _: GOOD)
    with replicas.chroma.impersonated():
        arrived = replicas.chroma.front.arrived
        refused, event_id = fails(replicas, rest, remembered)
        assert "TLS" in refused.text
        wait_until(lambda: "its TLS certificate does not hold" in rest.memoryd.output)
        assert replicas.chroma.front.arrived == arrived
    mends(replicas, rest, remembered, event_id)


@contextmanager
def full_disk(memoryd: Memoryd, files: str = "ledger.sqlite3*") -> Iterator[None]:
    """No file of memoryd grows beyond the size that the largest of these has now."""
    assert memoryd.process is not None
    sizes = [path.stat().st_size for path in memoryd.data_dir.glob(files)]
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    pids = (memoryd.process.pid, *children(memoryd.process.pid))
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (max(sizes), resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)


def test_a_full_disk(started: Callable[..., Memoryd], user: str) -> None:
    """503 with the reason for every add, nothing half written; once there is room the same adds are done."""
    memoryd = started()
    ledger, keys = LedgerFile(memoryd.data_dir), [str(uuid.uuid4()) for _ in range(3)]
    words = "x" * 500_000

    def send(key: str) -> tuple[int, str | None]:
        body = {"messages": f"{key} {words}", "user_id": user, "infer": False}
        answer = memoryd.post(body, headers={"Idempotency-Key": key})
        return answer.status_code, None if answer.is_success else answer.json()["code"]

    with full_disk(memoryd):
        assert [send(key) for key in keys] == [(503, "LEDGER_UNAVAILABLE")] * 3
        assert ledger.requests(user) == []
    assert [send(key) for key in keys * 2] == [(200, None)] * 6
    assert len(ledger.texts(user)) == 3
    wait_until(lambda: not ledger.rows("SELECT 1 FROM outbox"))


def test_a_full_disk_of_the_index(scripted: ScriptedOpenAI, tmp_path: Path, user: str) -> None:
    """The ledger has room, so adds are done and found; with room again an embedded Chroma catches up."""
    with URLS["postgresql"](tmp_path) as url:
        settings = openai_settings(scripted) | {"MEMORYD_DATABASE_URL": url}
        with Memoryd(tmp_path / "data", settings) as memoryd:
            texts = [f"Note {number}" for number in range(30)]

            def remember(part: list[str]) -> None:
                messages = [{"role": "user", "content": text} for text in part]
                memoryd.add(messages, user_id=user, infer=False)

            def is_indexed() -> bool:
                return ledger_rows(url, "SELECT 1 FROM outbox") == 0

            remember(texts[:2])
            wait_until(is_indexed, seconds=60)
            with full_disk(memoryd, "chroma/chroma.sqlite3"):
                remember(texts[2:])
                # More often than it has connections to its files.
                wait_until(lambda: memoryd.output.count("worker='index writer'") >= 6, seconds=60)
                assert search(memoryd, user)[0] == 200
                assert not is_indexed()
            wait_until(is_indexed, seconds=60)
            body = {"query": "Note", "user_id": user, "top_k": 100}
            found = memoryd.post(body, "/v1/memories/search/").json()
            assert {each["memory"] for each in found} == set(texts)


def test_the_process_of_the_index_is_killed(started: Callable[..., Memoryd], user: str) -> None:
    """Another takes its place: adds are done, what was committed is found, and the index catches up."""
    memoryd = started()
    assert memoryd.process is not None
    ledger = LedgerFile(memoryd.data_dir)
    said = []
    for number in range(3):
        said.append(f"Note {number}")
        memoryd.add([{"role": "user", "content": said[-1]}], user_id=user, infer=False)
        before = children(memoryd.process.pid)
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: search(memoryd, user)[0] == 200)
        body = {"query": "Note", "user_id": user, "top_k": 100}
        found = memoryd.post(body, "/v1/memories/search/").json()
        assert {each["memory"] for each in found} == set(said)
        wait_until(lambda: not ledger.rows("SELECT 1 FROM outbox"))
        assert len(children(memoryd.process.pid)) == 1
        assert children(memoryd.process.pid) != before


def ledger_rows(url: str, query: str) -> int:
    """How many rows a query finds in a ledger."""
    engine = create_engine(url)
    with engine.connect() as connection:
        number = len(connection.execute(text(query)).all())
    engine.dispose()
    return number


def test_embeddings_that_are_incomplete(started: Callable[..., Memoryd], model: Model, user: str) -> None:
    """503 with the reason, the messages kept; the command line has the event performed again."""
    settings = {"MEMORYD_EMBEDDER": "openai", "MEMORYD_EMBEDDING_MODEL": "test-embedding"}
    memoryd = started(**settings)
    ledger = LedgerFile(memoryd.data_dir)
    model.server.missing_embeddings = 1
    for infer in (True, False):
        refused = Rest(memoryd).refused(SAID, user_id=user, infer=infer)
        assert (refused.status, refused.reason) == ("UNAVAILABLE", "EMBEDDINGS_INCOMPLETE")
    assert ledger.texts(user) == []
    failed = ledger.requests(user)
    assert {(row["status"], row["reason"]) for row in failed} == {("FAILED", "EMBEDDINGS_INCOMPLETE")}

    model.server.missing_embeddings = 0
    model.answers(GOOD)
    for row in failed:
        retried = retry(memoryd, row["id"])
        assert retried.returncode == 0, retried.stderr
        assert retried.stdout == f"{row['id']} PENDING\n"
    wait_until(lambda: sorted(ledger.texts(user)) == ["Has a dog", SAID])
    assert "has not failed" in retry(memoryd, failed[0]["id"]).stderr
    assert "no event" in retry(memoryd, str(uuid.uuid4())).stderr


def retry(memoryd: Memoryd, event_id: str) -> subprocess.CompletedProcess[str]:
    """`memoryd events retry`, beside a running service."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("memoryd")), "events", "retry", event_id],
        env=environment(memoryd.data_dir, memoryd.settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
