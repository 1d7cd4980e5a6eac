"""What outlives a crash, and how a process begins and ends."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.functional.conftest import MODEL_KEY, Model, openai_settings
from tests.functional.faces import Rest
from tests.functional.ledgers import LedgerFile, wait_until
from tests.running import Memoryd, environment
from tests.scripted_openai import add, hang, plan, refusal, slow, status, text, update

SAID = "I have a dog"
GOOD = plan([add("Has a dog", quote="a dog")])

Start = Callable[..., Memoryd]


def failed_start(data_dir: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """A `memoryd serve` that is expected to give up."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("memoryd")), "serve"],
        env=environment(data_dir, settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def processor_seconds(memoryd: Memoryd) -> float:
    """What it has used so far. On a busy machine the clock says less about it."""
    assert memoryd.process is not None
    fields = Path(f"/proc/{memoryd.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_what_was_answered_survives_a_crash(started: Start, model: Model, user: str) -> None:
    """Killed right after the answer: the fact is known after the restart, and reaches the index."""
    memoryd = started()
    model.answers(
        plan([add("Has a dog named Rex", quote="a dog")]), plan([add("Lives in Bonn", quote="Bonn")])
    )
    events = Rest(memoryd).add(SAID, user_id=user, metadata={"n": 1})
    memoryd.kill()

    ledger = LedgerFile(memoryd.data_dir)
    assert ledger.texts(user) == ["Has a dog named Rex"]
    memoryd.start()
    assert processor_seconds(memoryd) < 10
    assert Rest(memoryd).add("I live in Bonn", user_id=user)[0].id != events[0].id
    assert model.known == ["Has a dog named Rex"]
    wait_until(lambda: not ledger.rows("SELECT 1 FROM outbox"))

    # From the index alone, then: an identical fact and a reworded one are known.
    model.answers(plan([add("Has a dog named Rex.", quote="dog"), add("Has the dog named Rex", quote="dog")]))
    assert Rest(memoryd).add("My dog!", user_id=user) == []
    assert sorted(model.known) == ["Has a dog named Rex", "Lives in Bonn"]


def test_what_was_not_indexed_is_known_all_the_same(started: Start, model: Model, user: str) -> None:
    """Committed changes that never reached the index are read from the outbox, and reach it in the end."""
    memoryd = started()
    model.answers(GOOD, plan([update("m1", "Has two dogs", quote="two dogs")]))
    ledger = LedgerFile(memoryd.data_dir)
    Rest(memoryd).add(SAID, user_id=user)
    wait_until(lambda: not ledger.rows("SELECT 1 FROM outbox"))
    Rest(memoryd).add("I have two dogs", user_id=user)
    memoryd.kill()
    memoryd.start()
    model.answers(plan([add("Has two dogs.", quote="two dogs")]))
    assert Rest(memoryd).add("Yes, two dogs", user_id=user) == []
    assert model.known == ["Has two dogs"]
    wait_until(lambda: not ledger.rows("SELECT 1 FROM outbox"))


def test_asynchronous_work_is_taken_up_again(started: Start, model: Model, user: str) -> None:
    """What was promised as PENDING and begun is done after a restart."""
    memoryd = started()
    model.answers(hang())
    [item] = Rest(memoryd).post(SAID, user_id=user, async_mode=True).json()
    wait_until(lambda: model.asked)
    memoryd.stop()
    model.answers(GOOD)
    memoryd.start()
    ledger = LedgerFile(memoryd.data_dir)
    wait_until(lambda: ledger.texts(user) == ["Has a dog"])
    [request] = ledger.requests(user)
    assert (request["id"], request["status"]) == (item["event_id"], "SUCCEEDED")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_clean_end(started: Start, model: Model, user: str, number: signal.Signals) -> None:
    """Either signal ends it with exit code 0 and no traceback."""
    memoryd = started()
    model.answers(GOOD)
    Rest(memoryd).add(SAID, user_id=user)
    assert memoryd.stop(number) == 0
    assert "Traceback" not in memoryd.output
    assert "error" not in memoryd.output.lower()


def test_a_call_under_way_is_answered_at_the_end(started: Start, model: Model, user: str) -> None:
    """SIGTERM lets a call under way finish; its answer arrives."""
    memoryd = started()
    model.answers(slow(1.5, GOOD))
    with ThreadPoolExecutor(1) as clients:
        adding = clients.submit(Rest(memoryd).add, SAID, user_id=user)
        wait_until(lambda: model.asked)
        assert memoryd.stop() == 0
        assert [event.memory for event in adding.result()] == ["Has a dog"]
    assert LedgerFile(memoryd.data_dir).texts(user) == ["Has a dog"]


def test_wrong_settings_are_named_all_at_once(tmp_path: Path) -> None:
    """Exit code 2 and one message with every mistake, without the values that may be secrets."""
    ended = failed_start(
        tmp_path / "data",
        MEMORYD_GRPC_ADDRESS="nowhere",
        MEMORYD_REQUEST_TIMEOUT="-1",
        MEMORYD_REASONER="oracle",
        MEMORYD_EMBEDDER="openai",
        MEMORYD_LOG_LEVEL="loud",
        MEMORYD_BOOTSTRAP_API_KEY="tooshort-secret",
    )
    assert ended.returncode == 2
    for name in ("GRPC_ADDRESS", "REQUEST_TIMEOUT", "REASONER", "LOG_LEVEL", "BOOTSTRAP_API_KEY"):
        assert f"MEMORYD_{name}:" in ended.stderr
    assert "OPENAI_API_KEY" in ended.stderr
    assert "tooshort" not in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "data").exists()


def test_a_setting_that_does_not_exist_is_pointed_out(started: Start) -> None:
    """A misspelt variable is ignored and named in the log."""
    memoryd = started(MEMORYD_REQUEST_TIMOUT="5")
    assert "MEMORYD_REQUEST_TIMOUT" in memoryd.output


def test_another_embedding_model_is_refused(started: Start, model: Model) -> None:
    """Vectors of two models cannot be compared: exit code 2, and what to do."""
    memoryd = started()
    memoryd.stop()
    ended = failed_start(memoryd.data_dir, MEMORYD_EMBEDDER="openai", **openai_settings(model.server))
    assert ended.returncode == 2, ended.stderr
    assert "The stored vectors are of all-MiniLM-L6-v2-int8 (384 dimensions)" in ended.stderr
    assert "MEMORYD_EMBEDDER" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("face", ["GRPC", "HTTP"])
def test_a_port_that_is_taken(memoryd: Memoryd, model: Model, tmp_path: Path, face: str) -> None:
    """Another process's port is never shared: exit code 2, the address, and what to do."""
    taken = memoryd.grpc_port if face == "GRPC" else memoryd.http_port
    settings = openai_settings(model.server) | {
        "MEMORYD_GRPC_ADDRESS": "127.0.0.1:0",
        "MEMORYD_HTTP_ADDRESS": "127.0.0.1:0",
        f"MEMORYD_{face}_ADDRESS": f"127.0.0.1:{taken}",
    }
    ended = failed_start(tmp_path / "data", **settings)
    assert ended.returncode == 2
    assert f"memoryd: cannot listen on 127.0.0.1:{taken}" in ended.stderr
    assert f"End what listens there, or set another MEMORYD_{face}_ADDRESS." in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_data_directory_has_one_owner(memoryd: Memoryd, model: Model, tmp_path: Path) -> None:
    """The embedded stores bear one process: a second one is refused, however it names the files."""
    settings = openai_settings(model.server) | {
        "MEMORYD_GRPC_ADDRESS": "127.0.0.1:0",
        "MEMORYD_HTTP_ADDRESS": "127.0.0.1:0",
    }
    url = f"sqlite:///{memoryd.data_dir}/ledger.sqlite3"
    by_url = settings | {"MEMORYD_DATABASE_URL": url, "MEMORYD_CHROMA_URL": "http://127.0.0.1:1"}
    for ended in (failed_start(memoryd.data_dir, **settings), failed_start(tmp_path / "other", **by_url)):
        assert ended.returncode == 2
        assert f"memoryd: {memoryd.data_dir} is in use by another memoryd" in ended.stderr


def test_a_data_directory_that_is_none(tmp_path: Path) -> None:
    """Where no directory can be, the start ends with exit code 2, the setting and the reason."""
    file = tmp_path / "file"
    file.touch()
    ended = failed_start(file, MEMORYD_REASONER="rules", MEMORYD_HTTP_ADDRESS="127.0.0.1:0")
    assert ended.returncode == 2
    assert f"memoryd: MEMORYD_DATA_DIR {file} cannot be used: File exists" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_revoked_bootstrap_key(started: Start) -> None:
    """Revoking is for ever: the key is not made valid again, and the start says why."""
    memoryd = started()
    memoryd.stop()
    LedgerFile(memoryd.data_dir).run("UPDATE api_keys SET revoked_at = 1")
    ended = failed_start(memoryd.data_dir, MEMORYD_BOOTSTRAP_API_KEY=memoryd.key, MEMORYD_REASONER="rules")
    assert ended.returncode == 2
    assert "MEMORYD_BOOTSTRAP_API_KEY holds a revoked key" in ended.stderr


def test_logs_tell_nothing_private(started: Start, model: Model, user: str) -> None:
    """However much is logged and whatever goes wrong: no memory, no quote, no key is in the output."""
    memoryd = started(MEMORYD_LOG_LEVEL="DEBUG")
    rest = Rest(memoryd)
    secret = f"tangerine-{uuid.uuid4()}"
    said = f"My locker code is {secret}"
    wrong_key = f"m0-{secret}"
    model.answers(
        plan([add(f"Locker code is {secret}", quote=secret)]),
        plan([update("m1", f"{secret} it is", quote=secret), update("m9", secret, quote="?")]),
        *[text(f"I noted {secret}")] * 2,
        refusal(secret),
        status(400, body={"error": {"message": f"bad: {secret}", "code": secret}}),
        status(401, body={"error": {"message": f"Incorrect API key: {MODEL_KEY}"}}),
    )
    rest.add(said, user_id=user, metadata={"note": secret}, includes=secret, custom_instructions=secret)
    rest.add(said, user_id=user)
    for _ in range(4):
        assert rest.refused(said, user_id=user).status == "UNAVAILABLE"
    model.answers(refusal(secret))
    rest.post(said, user_id=user, async_mode=True)
    wait_until(lambda: LedgerFile(memoryd.data_dir).requests(user)[-1]["completed_at"])
    memoryd.post({"messages": said}, headers={"Authorization": f"Token {wrong_key}"})
    memoryd.post({"messages": said, "output_format": secret, "custom_categories": [secret]})
    memoryd.post(f'{{"messages": "{secret}"'.encode())
    assert memoryd.stop() == 0
    for private in (secret, "locker", memoryd.key, MODEL_KEY):
        assert private not in memoryd.output
    assert "Traceback" not in memoryd.output


def test_a_ledger_that_cannot_be_written(started: Start, model: Model, user: str) -> None:
    """A caller hears 503; what was promised is tried again until the ledger can be written, and then done."""
    memoryd = started()
    rest, ledger = Rest(memoryd), LedgerFile(memoryd.data_dir)
    model.answers_always(lambda _: slow(0.5, GOOD))
    rest.post(SAID, user_id=user, async_mode=True)
    wait_until(lambda: model.asked)
    with closing(sqlite3.connect(ledger.data_dir / "ledger.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = rest.refused(SAID, user_id=f"{user}-2")
        assert (refused.status, refused.reason) == ("UNAVAILABLE", "LEDGER_UNAVAILABLE")
        wait_until(lambda: "work failed" in memoryd.output)
        other.execute("ROLLBACK")
    wait_until(lambda: ledger.texts(user) == ["Has a dog"], seconds=40)
    assert [row["status"] for row in ledger.requests(user)] == ["SUCCEEDED"]
    assert ledger.texts(f"{user}-2") == []
    assert len(rest.add(SAID, user_id=f"{user}-2")) == 1
