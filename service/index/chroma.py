"""The index on Chroma, off the event loop of this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as Several
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from service.index.connect import Connect
from service.index.store import ChromaStore
from service.memory.model import Scope, Vector, Vectors
from service.memory.ports import IndexEntry

READERS = 4
"""Reads that go on at once."""

P = ParamSpec("P")
R = TypeVar("R")


class ChromaIndex:
    """Implements `service.memory.ports.Index` with a `ChromaStore` in threads of this process.

    Args and errors: see `ChromaStore`.
    """

    def __init__(self, connect: Connect, model: str, dimensions: int) -> None:
        self._store = ChromaStore(connect, model, dimensions)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="index-read")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="index-write")

    async def vectors(self, project_id: str, memory_ids: Sequence[str]) -> Mapping[str, Vector]:
        """See the port."""
        ids, vectors = await _run(self._readers, self._store.vectors, project_id, memory_ids)
        return dict(zip(ids, vectors, strict=True))

    async def nearest(
        self, project_id: str, scope: Scope, queries: Vectors, limit: int
    ) -> Sequence[tuple[str, float]]:
        """See the port, and `ChromaStore.nearest`."""
        return await _run(self._readers, self._store.nearest, project_id, scope, queries, limit)

    async def write(self, project_id: str, upserts: Sequence[IndexEntry], deletes: Sequence[str]) -> None:
        """See the port, and `ChromaStore.write`."""
        await _run(self._writer, self._store.write, project_id, upserts, deletes)

    async def drop(self, project_id: str) -> None:
        """See the port."""
        await _run(self._writer, self._store.drop, project_id)

    async def wipe(self, project_id: str) -> None:
        """See `ChromaStore.wipe`."""
        await _run(self._writer, self._store.wipe, project_id)

    async def scopes(self, project_id: str) -> Mapping[str, Scope]:
        """See `ChromaStore.scopes`."""
        return await _run(self._readers, self._store.scopes, project_id)

    async def strays(self, project_ids: Several[str]) -> Sequence[str]:
        """See `ChromaStore.strays`."""
        return await _run(self._readers, self._store.strays, project_ids)

    async def drop_stray(self, name: str) -> None:
        """See `ChromaStore.drop_stray`."""
        await _run(self._writer, self._store.drop_stray, name)

    async def ping(self) -> None:
        """See the port."""
        await _run(self._readers, self._store.ping)

    def close(self) -> None:
        """Ends what is going on, then the connection."""
        self._writer.shutdown()
        self._readers.shutdown()
        self._store.close()


async def _run(executor: Executor, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return await asyncio.get_running_loop().run_in_executor(executor, lambda: work(*args, **kwargs))
