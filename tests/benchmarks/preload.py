"""Fills memoryd's data directory with memories: the ledger's and the index's own writes, without a model.

200,000 memories take several minutes, most of them Chroma's.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import shutil
import uuid
from pathlib import Path

import chromadb
import numpy as np
import structlog

from service.index.chroma import ChromaIndex
from service.index.connect import embedded
from service.ledger.accounts import SqlAccounts
from service.ledger.database import Database, sqlite_url
from service.ledger.leases import Holder, SqlLeases
from service.ledger.ledger import SqlLedger
from service.ledger.migrations import versions as migration_versions
from service.memory.indexing import index_writer
from service.memory.model import AddRequest, Change, Event, Memory, Message, Role, Scope
from tests.benchmarks import preloaded
from tests.benchmarks.preloaded import DIMENSIONS, SEED, START, direction, said_at, text
from tests.clients.environments import kept

CACHE = Path(__file__).parents[2] / ".cache/benchmarks"
MODEL = "all-MiniLM-L6-v2-int8"


A_USER = 100

GROUP = 5_000
"""Changes that go to Chroma at once."""


def copy_preloaded(memories: int, data_dir: Path, a_user: int = A_USER) -> None:
    """Makes a data directory with that many memories, `a_user` for each user `user-0`, `user-1`, ...

    Args:
        memories: how many in all; they are made once and kept in the cache.
        data_dir: does not exist yet.
        a_user: how many belong to one user.
    """
    shutil.copytree(preload(memories, a_user) / "data", data_dir)


def preload(memories: int, a_user: int = A_USER) -> Path:
    """The directory whose `data` is to be copied, made if need be."""

    def make(home: Path) -> None:
        _fill(home / "data", memories, a_user)

    # Whatever decides what is in there names the directory.
    migrations = sorted(path.name for path in Path(migration_versions.__path__[0]).glob("*.py"))
    content = "".join(inspect.getsource(each) for each in (preloaded, _preload, _change))
    digest = f"{chromadb.__version__} {migrations} {content}".encode()
    return kept(f"preloaded-memoryd-{memories}-{a_user}", digest, make, CACHE)


def _fill(data_dir: Path, memories: int, a_user: int) -> None:
    data_dir.mkdir(parents=True)
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
    writer = index_writer(ledger, leases, index, lambda: START, asyncio.Event(), GROUP)
    random = np.random.default_rng(SEED)
    for user in range(memories // a_user):
        scope = Scope(user_id=f"user-{user}")
        request = AddRequest(messages=(Message(Role.USER, "preloaded"),), scope=scope, infer=False)
        event_id = await ledger.store_request(project_id, request, START)
        changes = [_change(scope, user, number, random) for number in range(a_user)]
        await ledger.commit(project_id, event_id, scope, None, changes, (), START)
        if user % 50 == 49:
            await writer.drain()
    await writer.drain()
    index.close()
    database.close()


def _change(scope: Scope, user: int, number: int, random: np.random.Generator) -> Change:
    said = said_at(number)
    memory = Memory(str(uuid.uuid4()), scope, text(user, number), said, said)
    return Change(Event.ADD, None, memory, direction(random))
