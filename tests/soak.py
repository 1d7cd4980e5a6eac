"""Random kills under load, and a model of what must be there afterwards: `make soak SECONDS=600`.

Two replicas on PostgreSQL and a Chroma server; several clients add under keys of their own and send again
whatever was not answered, as clients do; one replica after the other is killed and started again.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from service.index.chroma import ChromaIndex
from tests.functional.conftest import openai_settings, shown_in
from tests.functional.ledgers import wait_until
from tests.replicas import Replicas, running_replicas
from tests.scripted_openai import Body, Reply, ScriptedOpenAI, add, plan, slow

CLIENTS = 4
USERS = 3
PATIENCE_SECONDS = 120.0
"""How long a client sends one request again and again."""


@dataclass
class Sent:
    """One request of a client, and the answer it got in the end."""

    key: str
    user: str
    how: str
    tries: int = 0
    answer: str | None = None
    ids: Sequence[str] = ()

    @property
    def text(self) -> str:
        """What is said; nobody else says it."""
        return f"My word is {self.key}"


@dataclass
class History:
    """What happened."""

    sent: list[Sent] = field(default_factory=list)
    kills: int = 0
    surprises: list[str] = field(default_factory=list)
    """Answers that no guarantee allows."""


@dataclass(frozen=True)
class Verdict:
    """What the model says of a history. All but the first three must be 0."""

    kills: int
    requests: int
    tries: int
    lost: int
    duplicated: int
    unanswered: int
    unsettled: int
    not_indexed: int
    surprises: int

    @property
    def good(self) -> bool:
        """Whether every guarantee held."""
        return not (
            self.lost
            or self.duplicated
            or self.unanswered
            or self.unsettled
            or self.not_indexed
            or self.surprises
        )


def attentive(body: Body) -> Reply:
    """Remembers every word it is told."""
    said: str = shown_in(body)["messages"][0]["content"]
    return slow(random.random() * 0.1, plan([add(f"Word is {said.rpartition(' ')[2]}", quote=said)]))


async def run(directory: Path, seconds: float, seed: int) -> Verdict:
    """Adds and kills for some seconds, lets everything come to rest, and judges."""
    with (
        ScriptedOpenAI(default=attentive) as model,
        running_replicas(directory, openai_settings(model)) as replicas,
    ):
        history = _play(replicas, seconds, random.Random(seed))
        return await _judge(replicas, history)


def _play(replicas: Replicas, seconds: float, chance: random.Random) -> History:
    history, over = History(), threading.Event()
    seeds = [chance.random() for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        working = [clients.submit(_client, replicas, history, over, random.Random(seed)) for seed in seeds]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(chance.uniform(0.5, 2.0))
            _kill_one(replicas, history, chance)
        over.set()
        for replica in replicas.all:
            replica.wait()
        for client in working:
            client.result()
    return history


def _kill_one(replicas: Replicas, history: History, chance: random.Random) -> None:
    """Kills a replica that is up, waits a little, and starts it again; the other one goes on."""
    victim = chance.choice(replicas.all)
    for replica in replicas.all:
        replica.wait()
    victim.kill()
    history.kills += 1
    time.sleep(chance.uniform(0.0, 0.3))
    victim.launch()


def _client(replicas: Replicas, history: History, over: threading.Event, chance: random.Random) -> None:
    while not over.is_set():
        how = chance.choice(["inferred", "verbatim", "asynchronous"])
        sent = Sent(uuid.UUID(int=chance.getrandbits(128)).hex, f"user-{chance.randrange(USERS)}", how)
        history.sent.append(sent)
        _send_until_answered(replicas, history, sent, chance)


def _send_until_answered(replicas: Replicas, history: History, sent: Sent, chance: random.Random) -> None:
    body: dict[str, object] = {"messages": sent.text, "user_id": sent.user}
    body |= {"verbatim": {"infer": False}, "asynchronous": {"async_mode": True}}.get(sent.how, {})
    limit = time.monotonic() + PATIENCE_SECONDS
    while sent.answer is None and time.monotonic() < limit:
        sent.tries += 1
        try:
            answer = chance.choice(replicas.all).post(body, headers={"Idempotency-Key": sent.key})
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        if answer.status_code == 200:
            sent.answer = answer.text
            sent.ids = [event["id"] for event in answer.json() if "id" in event]
        elif answer.status_code not in {409, 503, 504} or "REUSED" in answer.text:
            history.surprises.append(f"{answer.status_code} {answer.text}")
            return
        else:
            time.sleep(0.1)


async def _judge(replicas: Replicas, history: History) -> Verdict:
    unended = "SELECT 1 FROM requests WHERE status IN ('PENDING', 'RUNNING')"
    wait_until(lambda: not replicas.rows(unended), seconds=90)
    wait_until(lambda: not replicas.rows("SELECT 1 FROM outbox"), seconds=90)
    known = {row["id"]: row["text"] for row in replicas.rows("SELECT id, text FROM memories")}
    times = Counter(text.rpartition(" ")[2] for text in known.values())
    events = Counter(row["idempotency_key"] for row in replicas.rows("SELECT idempotency_key FROM requests"))
    status = {row["idempotency_key"]: row["status"] for row in replicas.rows("SELECT * FROM requests")}
    answered = [sent for sent in history.sent if sent.answer is not None]
    return Verdict(
        kills=history.kills,
        requests=len(history.sent),
        tries=sum(sent.tries for sent in history.sent),
        lost=sum(times[sent.key] == 0 or not known.keys() >= set(sent.ids) for sent in answered),
        duplicated=sum(times[sent.key] > 1 or events[sent.key] > 1 for sent in history.sent),
        unanswered=len(history.sent) - len(answered),
        unsettled=sum(status[sent.key] != "SUCCEEDED" for sent in answered),
        not_indexed=await _not_indexed(replicas, list(known)),
        surprises=len(history.surprises),
    )


async def _not_indexed(replicas: Replicas, memory_ids: list[str]) -> int:
    [space] = replicas.rows("SELECT model, dimensions FROM embedding_space")
    [project] = replicas.rows("SELECT id FROM projects")
    index = ChromaIndex(replicas.chroma.connect, space["model"], space["dimensions"])
    try:
        return len(memory_ids) - len(await index.vectors(project["id"], memory_ids))
    finally:
        index.close()


def main() -> None:
    """Runs for as long as the command line says, and prints the verdict."""
    import asyncio

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    with TemporaryDirectory(prefix="memoryd-soak-") as directory:
        verdict = asyncio.run(run(Path(directory), arguments.seconds, arguments.seed))
    print(verdict)
    raise SystemExit(0 if verdict.good else 1)


if __name__ == "__main__":
    main()
