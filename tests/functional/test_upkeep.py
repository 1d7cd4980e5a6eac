"""What an operator does beside serving, by the command line on real stores."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from service.config import StartError
from service.index import connect
from service.main import app
from tests.contract.index.chroma_server import free_port, running_chroma
from tests.functional.ledgers import LedgerFile, wait_until
from tests.ledgers import URLS
from tests.running import Memoryd, environment
from tests.scripted_openai import Body, Reply, ScriptedOpenAI, held

RULES = {"MEMORYD_REASONER": "rules"}
TEXTS = [
    f"The {thing} is in room {number}" for number, thing in enumerate(("piano", "globe", "safe", "harp"))
]

SECRET = "The key is under the mat"


@dataclass(frozen=True)
class Ended:
    """What a command said at its end."""

    returncode: int
    stdout: str
    stderr: str


def program(data_dir: Path, *arguments: str, settings: dict[str, str] = RULES) -> Ended:
    """A command of memoryd in a process of its own."""
    ended = subprocess.run(
        [str(Path(sys.executable).with_name("memoryd")), *arguments],
        env=environment(data_dir, settings),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def command(data_dir: Path, *arguments: str, settings: dict[str, str] = RULES) -> Ended:
    """The same in this process, which has everything loaded; what it raises is what `main` reports."""
    result = CliRunner().invoke(app, arguments, env=environment(data_dir, settings))
    if isinstance(result.exception, StartError):
        return Ended(2, result.stdout, str(result.exception))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def store(memoryd: Memoryd, *texts: str, user: str = "alex") -> list[str]:
    """Stores texts as they are and gives their ids."""
    messages = [{"role": "user", "content": text} for text in texts]
    return [event["id"] for event in memoryd.add(messages, user_id=user, infer=False)]


def found(memoryd: Memoryd, query: str, user: str = "alex") -> str:
    """The text that is found first."""
    answer = memoryd.post({"query": query, "filters": {"user_id": user}}, "/v2/memories/search/")
    assert answer.status_code == 200, answer.text
    return str(answer.json()[0]["memory"])


@pytest.fixture
def filled(tmp_path: Path) -> tuple[Memoryd, list[str]]:
    """A memoryd that has ended, and the ids of what it knows. All of it is indexed."""
    memoryd = Memoryd(tmp_path / "data", RULES)
    with memoryd:
        ids = store(memoryd, *TEXTS)
        ledger = LedgerFile(memoryd.data_dir)
        wait_until(lambda: not ledger.rows("SELECT 1 FROM outbox"))
    return memoryd, ids


@contextmanager
def collection(memoryd: Memoryd) -> Iterator[Any]:
    """The only collection of its index."""
    opened = connect.embedded(memoryd.data_dir / "chroma")()
    try:
        [only] = opened.client.list_collections()
        yield opened.client.get_collection(only.name, embedding_function=None)
    finally:
        opened.close()


def damage(memoryd: Memoryd, ids: list[str]) -> str:
    """Damages the index in every way that is looked for; gives the id of a vector without memory."""
    extra = str(uuid.uuid4())
    with collection(memoryd) as shelf:
        vectors = shelf.get(ids=ids, include=["embeddings"])["embeddings"]
        shelf.delete(ids=[ids[0]])
        shelf.add(ids=[extra], embeddings=[vectors[0]], metadatas=[{"user_id": "alex"}])
        shelf.update(ids=[ids[1]], metadatas=[{"user_id": "somebody else"}])
        shelf.update(ids=[ids[2]], embeddings=[-vectors[2]])
    opened = connect.embedded(memoryd.data_dir / "chroma")()
    opened.client.create_collection(f"memoryd-{uuid.uuid4()}-stray")
    opened.close()
    return extra


def test_check_names_and_reindex_mends(filled: tuple[Memoryd, list[str]]) -> None:
    """Each difference between ledger and index is named, and gone after building the index anew."""
    memoryd, ids = filled
    clean = program(memoryd.data_dir, "check")
    assert (clean.returncode, clean.stdout) == (0, ""), clean.stderr
    extra = damage(memoryd, ids)
    differing = program(memoryd.data_dir, "check")
    assert differing.returncode == 1, differing.stderr
    named = {(line.split()[0], line.split()[-1]) for line in differing.stdout.splitlines()}
    stray = {(kind, what) for kind, what in named if kind == "stray"}
    assert len(stray) == 1
    assert named - stray == {("missing", ids[0]), ("extra", extra), ("scope", ids[1]), ("vector", ids[2])}
    assert not any(text in differing.stdout + differing.stderr for text in TEXTS)
    built = command(memoryd.data_dir, "reindex")
    assert built.returncode == 0, built.stderr
    assert "4 memories embedded, 1 vectors without memory removed" in built.stdout
    assert command(memoryd.data_dir, "check").returncode == 0


def test_a_lost_index_is_built_anew(filled: tuple[Memoryd, list[str]]) -> None:
    """Without any index the ledger is enough to make one."""
    memoryd, _ = filled
    (memoryd.data_dir / "chroma").rename(memoryd.data_dir / "lost")
    assert command(memoryd.data_dir, "check").stdout.count("missing") == len(TEXTS)
    assert command(memoryd.data_dir, "reindex").returncode == 0
    with memoryd:
        assert found(memoryd, "where is the globe") == TEXTS[1]


def test_another_model(filled: tuple[Memoryd, list[str]]) -> None:
    """Embedded stores change their model while memoryd is stopped; before that a start is refused."""
    memoryd, _ = filled
    with ScriptedOpenAI() as server:
        other = RULES | {
            "MEMORYD_EMBEDDER": "openai",
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": server.base_url,
        }
        refused = program(memoryd.data_dir, "service", settings=other)
        assert refused.returncode == 2
        assert "memoryd reindex" in refused.stderr
        assert command(memoryd.data_dir, "check", settings=other).returncode == 2
        built = command(memoryd.data_dir, "reindex", settings=other)
        assert built.returncode == 0, built.stderr
        assert "switched over from all-MiniLM-L6-v2-int8" in built.stdout
        assert command(memoryd.data_dir, "check", settings=other).returncode == 0
        with Memoryd(memoryd.data_dir, other) as again:
            assert found(again, "the globe is in room 1") == TEXTS[1]
    assert command(memoryd.data_dir, "check").returncode == 2


def test_embedded_stores_in_use(tmp_path: Path) -> None:
    """While memoryd serves, what needs the stores for itself is refused with a message."""
    with Memoryd(tmp_path / "data", RULES) as memoryd:
        for name in ("reindex", "check"):
            refused = command(memoryd.data_dir, name)
            assert refused.returncode == 2
            assert "in use by another memoryd" in refused.stderr


def test_backup_and_restore(tmp_path: Path) -> None:
    """A copy that is made while memoryd serves and writes is whole, and restored it is all there again."""
    target = tmp_path / "backup"
    with Memoryd(tmp_path / "data", RULES) as memoryd:
        store(memoryd, *TEXTS)
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                store(memoryd, f"Noise {time.monotonic()}", user="noise")

        writer = threading.Thread(target=write)
        writer.start()
        saved = program(memoryd.data_dir, "backup", str(target))
        stop.set()
        writer.join()
        assert saved.returncode == 0, saved.stderr
        assert command(memoryd.data_dir, "backup", str(target)).returncode == 2
    assert {path.stat().st_mode & 0o777 for path in target.glob("*.sqlite3")} == {0o600}
    restored = tmp_path / "restored"
    done = command(restored, "restore", str(target))
    assert done.returncode == 0, done.stderr
    assert command(restored, "check").returncode == 0
    with Memoryd(restored, RULES) as again:
        assert found(again, "where is the globe") == TEXTS[1]
        history = httpx.get(
            f"{again.url}/v1/memories/",
            params={"user_id": "alex"},
            headers={"Authorization": f"Token {again.key}"},
        )
        assert {memory["memory"] for memory in history.json()} == set(TEXTS)


def test_damaged_and_unwelcome_backups(filled: tuple[Memoryd, list[str]], tmp_path: Path) -> None:
    """A copy that is not whole is refused, and so is a directory that holds something."""
    memoryd, _ = filled
    target = tmp_path / "backup"
    assert command(memoryd.data_dir, "backup", str(target)).returncode == 0
    occupied = command(memoryd.data_dir, "restore", str(target))
    assert (occupied.returncode, "is not empty" in occupied.stderr) == (2, True)
    manifest = (target / "manifest.json").read_text()
    (target / "manifest.json").unlink()
    assert command(tmp_path / "new", "restore", str(target)).returncode == 2
    (target / "manifest.json").write_text(manifest)
    with closing(sqlite3.connect(target / "ledger.sqlite3")) as connection:
        connection.execute("DELETE FROM memories")
        connection.commit()
    damaged = command(tmp_path / "new", "restore", str(target))
    assert (damaged.returncode, "is damaged" in damaged.stderr) == (2, True)
    assert not (tmp_path / "new").exists()
    nothing = command(tmp_path / "empty", "backup", str(tmp_path / "other"))
    assert (nothing.returncode, "there is no ledger" in nothing.stderr) == (2, True)


def test_a_database_server_has_its_own_tools(tmp_path: Path) -> None:
    """With PostgreSQL, backups are none of memoryd's business, and it says so."""
    settings = RULES | {"MEMORYD_DATABASE_URL": "postgresql://nowhere.invalid/x"}
    for arguments in (("backup", str(tmp_path / "b")), ("restore", str(tmp_path / "b"))):
        refused = command(tmp_path / "data", *arguments, settings=settings)
        assert (refused.returncode, "MEMORYD_DATABASE_URL" in refused.stderr) == (2, True)


def test_another_model_while_serving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With servers the index moves to another model under writes: nothing answered is missing afterwards.

    What is erased in between is not in the new index either.
    """
    with (
        URLS["postgresql"](tmp_path) as database,
        running_chroma(tmp_path / "chroma", free_port()) as chroma,
        ScriptedOpenAI() as model,
    ):
        servers = RULES | {"MEMORYD_DATABASE_URL": database, "MEMORYD_CHROMA_URL": chroma}
        other = servers | {
            "MEMORYD_EMBEDDER": "openai",
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": model.base_url,
        }
        old = Memoryd(tmp_path / "old", servers).start()
        answered, refused = store(old, *TEXTS), list[dict[str, Any]]()
        store(old, SECRET, user="erased")
        erased, regularly = threading.Event(), model.embedded

        def embedded(request: Body, *, missing: int = 0) -> Reply:
            reply = regularly(request, missing=missing)
            return held(erased.is_set, reply) if SECRET in request["input"] else reply

        monkeypatch.setattr(model, "embedded", embedded)

        def erase() -> None:
            wait_until(lambda: any(SECRET in request["input"] for request in model.embedding_requests), 60)
            url, headers = f"{old.url}/v2/entities/user/erased/", {"Authorization": f"Token {old.key}"}
            assert httpx.delete(url, params={"erase": True}, headers=headers, timeout=30).status_code == 200
            erased.set()

        def write() -> None:
            while not refused:
                answer = old.post({"messages": f"Noise {uuid.uuid4()}", "user_id": "alex", "infer": False})
                if answer.status_code == 200:
                    answered.extend(event["id"] for event in answer.json())
                else:
                    refused.append(answer.json() | {"status": answer.status_code})

        writer, eraser = threading.Thread(target=write), threading.Thread(target=erase)
        writer.start()
        eraser.start()
        wait_until(lambda: len(answered) > 20)
        built = command(tmp_path / "job", "reindex", "--grace", "3", settings=other)
        assert built.returncode == 0, built.stderr
        writer.join(20)
        eraser.join()
        assert erased.is_set()
        assert (refused[0]["status"], refused[0]["code"]) == (503, "EMBEDDING_SPACE_CHANGED")
        wait_until(lambda: httpx.get(f"{old.url}/readyz").status_code == 503)
        with Memoryd(tmp_path / "new", other) as new:
            headers = {"Authorization": f"Token {new.key}"}
            listed = httpx.get(
                f"{new.url}/v1/memories/",
                params={"user_id": "alex", "page_size": 2000},
                headers=headers,
                timeout=30,
            ).json()
            memories = listed["results"] if isinstance(listed, dict) else listed
            assert {memory["id"] for memory in memories} == set(answered)
            assert found(new, TEXTS[2]) == TEXTS[2]
            checked = command(tmp_path / "job", "check", settings=other)
            assert checked.returncode == 0, json.dumps([checked.stdout, checked.stderr])
        old.kill()
