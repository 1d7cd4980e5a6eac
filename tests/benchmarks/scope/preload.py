"""Fills a data directory with memories, fast: the ledger's and the index's own writes, without a model."""

from __future__ import annotations

import asyncio
import logging
import uuid
from pathlib import Path

import numpy as np
import structlog

from service.index.chroma import ChromaIndex
from service.index.connect import embedded
from service.ledger.accounts import SqlAccounts
from service.ledger.database import Database, sqlite_url
from service.ledger.leases import Holder, SqlLeases
from service.ledger.ledger import SqlLedger
from service.memory.indexing import index_writer
from service.memory.model import AddRequest, Change, Event, Memory, Message, Role, Scope
from tests.benchmarks.preloaded import DIMENSIONS, SEED, START, direction, said_at, text

MODEL = "all-MiniLM-L6-v2-int8"


def preload(data_dir: Path, memories: int, a_user: int) -> None:
    """Fills an empty directory with that many memories, `a_user` for each user `user-0`, `user-1`, ..."""
    data_dir.mkdir(parents=True, exist_ok=True)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    asyncio.run(_preload(data_dir.absolute(), memories, a_user))


async def _preload(data_dir: Path, memories: int, a_user: int) -> None:
    database = Database(sqlite_url(data_dir / "ledger.sqlite3"))
    database.migrate()
    ledger, accounts = SqlLedger(database), SqlAccounts(database)
    index = ChromaIndex(embedded(data_dir / "chroma"), MODEL, DIMENSIONS)
    await accounts.embedding_space(MODEL, DIMENSIONS)
    project_id, _ = await accounts.ensure_default_project(START)
    leases = SqlLeases(database, Holder())
    writer = index_writer(ledger, leases, index, lambda: START, asyncio.Event())
    random = np.random.default_rng(SEED)
    for user in range(memories // a_user):
        scope = Scope(user_id=f"user-{user}")
        request = AddRequest(messages=(Message(Role.USER, "preloaded"),), scope=scope, infer=False)
        event_id = await ledger.store_request(project_id, request, START)
        changes = [_change(scope, user, number, random) for number in range(a_user)]
        await ledger.commit(project_id, event_id, scope, None, changes, (), START)
        if user % 20 == 19:
            await writer.drain()
    await writer.drain()
    index.close()
    database.close()


def _change(scope: Scope, user: int, number: int, random: np.random.Generator) -> Change:
    said = said_at(number)
    memory = Memory(str(uuid.uuid4()), scope, text(user, number), said, said)
    return Change(Event.ADD, None, memory, direction(random))
