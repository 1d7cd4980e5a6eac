"""What memoryd depends on goes away and comes back: explicit errors, and nothing is lost or done twice."""

from __future__ import annotations

import resource
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.functional.conftest import Model, openai_settings
from tests.functional.faces import Rest
from tests.functional.ledgers import LedgerFile, wait_until
from tests.replicas import Replicas, running_replicas
from tests.running import Memoryd, environment
from tests.scripted_openai import ScriptedOpenAI, add, plan, slow

pytestmark = pytest.mark.timeout(240)

SAID = "I have a dog"
GOOD = plan([add("Has a dog", quote="a dog")])


@pytest.fixture(scope="module")
def replicas(scripted: ScriptedOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """One memoryd on PostgreSQL and a Chroma server."""
    with running_replicas(tmp_path_factory.mktemp("outages"), openai_settings(scripted), 1) as running:
        yield running


@pytest.fixture
def rest(replicas: Replicas) -> Rest:
    """Its REST face."""
    return Rest(replicas.all[0])


def search(memoryd: Memoryd, user: str) -> tuple[int, list[str]]:
    """The status and the texts of a search."""
    answer = memoryd.post({"query": "dog", "user_id": user}, "/v1/memories/search/")
    return answer.status_code, [each["memory"] for each in answer.json()] if answer.is_success else []


def test_the_ledger_is_gone(replicas: Replicas, rest: Rest, model: Model, user: str) -> None:
    """Every call is 503 with its reason; what was promised is done afterwards, what is sent again once."""
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


def test_chroma_is_gone(replicas: Replicas, rest: Rest, model: Model, user: str) -> None:
    """What needs it is 503 and can be retried; what does not is done, and found afterwards."""
    model.answers_always(lambda _: GOOD)
    rest.add("The first thing", user_id=user, infer=False)
    wait_until(lambda: not replicas.rows("SELECT 1 FROM outbox"))
    replicas.chroma.stop()
    try:
        refused = rest.refused(SAID, user_id=user)
        assert (refused.status, refused.reason) == ("UNAVAILABLE", "INDEX_UNAVAILABLE")
        assert search(rest.memoryd, user)[0] == 503
        rest.add("A dog barks", user_id=user, infer=False)
        [_, failed, _] = replicas.requests(user)
        assert (failed["status"], failed["reason"]) == ("FAILED", "INDEX_UNAVAILABLE")
    finally:
        replicas.chroma.start()
    assert rest.memoryd.post({}, f"/v1/event/{failed['id']}/retry/").status_code == 200
    wait_until(lambda: "Has a dog" in replicas.texts(user), seconds=60)
    wait_until(lambda: not replicas.rows("SELECT 1 FROM outbox"), seconds=60)
    status, texts = search(rest.memoryd, user)
    assert (status, set(texts)) == (200, {"The first thing", "A dog barks", "Has a dog"})


@contextmanager
def full_disk(memoryd: Memoryd) -> Iterator[None]:
    """No file of memoryd grows beyond the size that the ledger's largest has now."""
    assert memoryd.process is not None
    sizes = [path.stat().st_size for path in memoryd.data_dir.glob("ledger.sqlite3*")]
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(memoryd.process.pid, resource.RLIMIT_FSIZE, (max(sizes), resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(memoryd.process.pid, resource.RLIMIT_FSIZE, unlimited)


def test_a_full_disk(started: Callable[..., Memoryd], user: str) -> None:
    """503 with the reason for every add, nothing half written; once there is room the same adds are done."""
    memoryd = started()
    ledger, keys = LedgerFile(memoryd.data_dir), [str(uuid.uuid4()) for _ in range(3)]
    text = "x" * 500_000

    def send(key: str) -> tuple[int, str | None]:
        body = {"messages": f"{key} {text}", "user_id": user, "infer": False}
        answer = memoryd.post(body, headers={"Idempotency-Key": key})
        return answer.status_code, None if answer.is_success else answer.json()["code"]

    with full_disk(memoryd):
        assert [send(key) for key in keys] == [(503, "LEDGER_UNAVAILABLE")] * 3
        assert ledger.requests(user) == []
    assert [send(key) for key in keys * 2] == [(200, None)] * 6
    assert len(ledger.texts(user)) == 3
    wait_until(lambda: not ledger.rows("SELECT 1 FROM outbox"))


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
