"""What each part that memoryd leans on bears by itself: `python -m tests.benchmarks.limits`.

The embedder, the ledger on SQLite and on PostgreSQL, Chroma embedded and as a server, one after the other on
this machine. The cost model in tests/benchmarks/README.md is reckoned from these figures.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import uvloop
from rich.console import Console
from rich.table import Table

from service.embeddings import sentence_model
from service.embeddings.local import LocalEmbedder
from service.index.chroma import ChromaIndex
from service.index.connect import Connect, embedded, server
from service.ledger.accounts import SqlAccounts
from service.ledger.database import Database
from service.ledger.ledger import SqlLedger
from service.memory.model import AddRequest, Change, Event, Memory, Message, Role, Scope
from service.memory.ports import IndexEntry
from tests.benchmarks.preload import CACHE, MODEL
from tests.benchmarks.preloaded import DIMENSIONS, direction
from tests.contract.index.chroma_server import running_chroma
from tests.ledgers import URLS
from tests.running import free_port

FACTS = 3
GROUP = 256
CALLERS = 8
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Measures each part and prints a table."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        home = Path(directory)
        figures |= uvloop.run(_embedder())
        for name, url in URLS.items():
            (home / name).mkdir()
            figures |= uvloop.run(_ledger(name, stack.enter_context(url(home / name))))
        figures |= uvloop.run(_index("embedded", embedded(home / "chroma")))
        figures |= uvloop.run(_held(embedded(home / "chroma")))
        served = stack.enter_context(running_chroma(home / "served", free_port()))
        figures |= uvloop.run(_index("server", server(served)))
    table = Table("what", "measured", title=f"limits, {os.cpu_count()} processors")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.1f}")
    Console(width=110).print(table)
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "limits.json").write_text(json.dumps(figures, indent=1) + "\n")


async def _embedder() -> dict[str, float]:
    embedder = LocalEmbedder()
    said = "Visited a town by train. Bought a map of a coast. Met a baker called Ana."
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentence_model, "with_eight_bit_products", lambda model: model)
        wide = LocalEmbedder()
    facts = said.strip(".").split(". ")

    async def an_add(_: int) -> None:
        await embedder.embed([said])
        await embedder.embed(facts)

    figures = {
        "embedder: ms for what an add embeds, alone": 1000 / await _rate(an_add, 1),
        "embedder: adds/s that it bears": await _rate(an_add, CALLERS),
        "embedder: ms for a message": 1000 / await _rate(lambda _: _embed(embedder, said), 1),
        "embedder: ms for a message, by float32": 1000 / await _rate(lambda _: _embed(wide, said), 1),
    }
    await embedder.close()
    await wide.close()
    return figures


async def _embed(embedder: LocalEmbedder, text: str) -> None:
    await embedder.embed([text])


async def _ledger(name: str, url: str) -> dict[str, float]:
    database = Database(url)
    await asyncio.to_thread(database.migrate)
    project_id, _ = await SqlAccounts(database).ensure_default_project(NOW)
    ledger, random = SqlLedger(database), np.random.default_rng(1)
    vector = direction(random)

    async def an_add(caller: int) -> None:
        scope = Scope(user_id=f"user-{caller}")
        request = AddRequest(messages=(Message(Role.USER, "what was said"),), scope=scope)
        event_id = await ledger.store_request(project_id, request, NOW)
        version = (await ledger.read_scope(project_id, scope)).version
        facts = [Memory(str(uuid.uuid4()), scope, f"Fact {n} of {event_id}", NOW, NOW) for n in range(FACTS)]
        changes = [Change(Event.ADD, None, fact, vector) for fact in facts]
        await ledger.commit(project_id, event_id, scope, version, changes, (), NOW)

    figures = {f"ledger on {name}: adds/s, {CALLERS} callers": await _rate(an_add, CALLERS)}
    await asyncio.to_thread(database.close)
    return figures


async def _index(name: str, connect: Connect) -> dict[str, float]:
    index, random = ChromaIndex(connect, MODEL, DIMENSIONS), np.random.default_rng(1)
    written: list[str] = []

    async def write(_: int) -> None:
        ids = [str(uuid.uuid4()) for _ in range(GROUP)]
        entries = [IndexEntry(each, Scope(user_id="user"), direction(random)) for each in ids]
        await index.write("a-project", entries, [])
        written.extend(ids)

    async def read(number: int) -> None:
        await index.vectors("a-project", written[number * 100 : number * 100 + 100])

    figures = {
        f"Chroma {name}: vectors/s written in groups of {GROUP}": GROUP * await _rate(write, 1, 8),
        f"Chroma {name}: ms to read 100 by id": 1000 / await _rate(read, 1),
    }
    await asyncio.to_thread(index.close)
    return figures


async def _held(connect: Connect) -> dict[str, float]:
    """For how long a write to an embedded Chroma keeps the other threads of its process from getting on."""
    index, random = ChromaIndex(connect, MODEL, DIMENSIONS), np.random.default_rng(2)
    turns: list[float] = []
    ended = threading.Event()

    def take_turns() -> None:
        while not ended.wait(0.0005):
            turns.append(time.perf_counter())

    other = threading.Thread(target=take_turns)
    other.start()
    figures: dict[str, float] = {}
    for vectors in (3, 96):
        longest = []
        for _ in range(15):
            ids = [str(uuid.uuid4()) for _ in range(vectors)]
            entries = [IndexEntry(each, Scope(user_id="user"), direction(random)) for each in ids]
            turns[:] = [time.perf_counter()]
            await index.write("a-project", entries, [])
            await asyncio.sleep(0.02)
            longest.append(max(np.diff(turns)))
        figures[f"Chroma embedded: ms that writing {vectors} holds up others"] = 1000 * float(
            np.median(longest)
        )
    ended.set()
    other.join()
    await asyncio.to_thread(index.close)
    return figures


async def _rate(work: Callable[[int], Awaitable[None]], callers: int, seconds: float = 4) -> float:
    """How often a second so many callers together get it done."""
    done = 0

    async def run(caller: int) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await work(caller)
            done += 1

    end = time.perf_counter() + 0.5
    await asyncio.gather(*(run(caller) for caller in range(callers)))
    done, begun = 0, time.perf_counter()
    end = begun + seconds
    await asyncio.gather(*(run(caller) for caller in range(callers)))
    return done / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
