"""What an operator does beside serving: build the index anew, compare, save and restore."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from service.bootstrap.index import chroma_of
from service.bootstrap.models import open_embedder
from service.bootstrap.stores import check_embedding_space
from service.config import Settings, StartError
from service.data_dir import sole_owner
from service.index.chroma import ChromaIndex
from service.ledger import backup as copies
from service.ledger.accounts import SqlAccounts
from service.ledger.source import SqlSource
from service.memory.ports import Embedder
from service.memory.rebuild import Difference, Rebuild, Rebuilt, compare, still_different
from service.opening import open_database

PAUSE_SECONDS = 3.0
"""Between two looks at what differs while others are at work."""


@dataclass(frozen=True, slots=True)
class _Stores:
    source: SqlSource
    accounts: SqlAccounts
    index: ChromaIndex
    embedder: Embedder


async def reindex(settings: Settings, grace: float) -> Rebuilt:
    """Fills the index from the ledger for the settings' embedding model, and switches over to it.

    Args:
        settings: what memoryd was told.
        grace: seconds after a switch in which the former index stays, for those who still read it.

    Raises:
        StartError: a store is embedded and another memoryd is in it.
        service.memory.errors.Unavailable: a store or the model does not answer. Nothing was switched.
    """
    async with _opened(settings) as stores:
        rebuild = Rebuild(stores.source, stores.index, stores.embedder)
        done = await rebuild.run()
        if done.switched_from is not None and not settings.own_directories:
            await asyncio.sleep(grace)
        await rebuild.drop_strays()
        return done


async def check(settings: Settings, sample: int) -> Sequence[Difference]:
    """In what ledger and index differ.

    Raises:
        StartError: a store is embedded and another memoryd is in it, or the index is of another model.
    """
    async with _opened(settings) as stores:
        await check_embedding_space(stores.accounts, stores.embedder)

        async def look() -> Sequence[Difference]:
            return await compare(stores.source, stores.index, stores.embedder, sample)

        return await still_different(look, 0.0 if settings.own_directories else PAUSE_SECONDS)


def backup(settings: Settings, target: Path) -> int:
    """Copies the embedded ledger and says how many memories it has.

    Raises:
        StartError: the ledger is not embedded, or something is in the way.
    """
    return copies.save(_embedded_ledger(settings), target)


async def restore(settings: Settings, source: Path) -> Rebuilt:
    """Puts a copy of the ledger into an empty data directory, and builds the index.

    Raises:
        StartError: the ledger is not embedded, the copy is not whole, or the directory is not empty.
    """
    _embedded_ledger(settings)
    copies.load(source, settings.data_dir)
    return await reindex(settings, 0.0)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[_Stores]:
    async with AsyncExitStack() as stack:
        for directory in settings.own_directories:
            stack.enter_context(sole_owner(directory))
        database = await asyncio.to_thread(open_database, settings)
        stack.callback(database.close)
        embedder = await open_embedder(settings)
        stack.push_async_callback(embedder.close)
        index = ChromaIndex(chroma_of(settings), embedder.model, embedder.dimensions)
        stack.callback(index.close)
        yield _Stores(SqlSource(database), SqlAccounts(database), index, embedder)


def _embedded_ledger(settings: Settings) -> Path:
    if settings.database_url is not None:
        raise StartError("MEMORYD_DATABASE_URL is set: save and restore that database with its own tools")
    return settings.data_dir / copies.LEDGER
