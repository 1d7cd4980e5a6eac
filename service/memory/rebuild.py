"""Builds the index anew from the ledger, also for another embedding model, and compares the two."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from service.memory.errors import Conflict
from service.memory.model import Memory, Scope, Vector
from service.memory.ports import Embedder, Index, IndexEntry

PAGE = 256
"""Memories that are embedded and written at once."""

FEW = 32
"""So few changes are caught up with while nobody else may commit."""

MOST_ROUNDS = 50

ALIKE = 0.98
"""Cosine of two embeddings of one text; devices and batches make small differences."""

Settle = Callable[[], Awaitable[None]]


class Source(Protocol):
    """The ledger, read as a whole. Every method is one transaction."""

    async def projects(self) -> Sequence[str]:
        """The ids of all projects."""

    async def page(self, project_id: str, after: int, limit: int) -> tuple[Sequence[Memory], int]:
        """Memories of a project in the order of their making, and where the next page begins."""

    async def scopes(self, project_id: str) -> Mapping[str, Scope]:
        """The scope of every memory of a project, by id."""

    async def on_the_way(self, project_id: str) -> Collection[str]:
        """The ids of memories of which the index has yet to learn something."""

    async def ends(self) -> Mapping[str, int]:
        """The number of the last change of every project that has one."""

    async def changed(
        self, project_id: str, after: int, until: int
    ) -> tuple[Sequence[Memory], Collection[str]]:
        """What was changed between two numbers: memories as they are now, and the ids of those gone."""

    async def space(self) -> tuple[str, int] | None:
        """Model and size of the vectors in the index; None before the first start."""

    async def switch(self, model: str, dimensions: int, settle: Settle) -> None:
        """Makes the index of another model the one that counts, in one step.

        Nobody commits from before `settle` is called until it is done: then a commit of a process with the
        former model fails. What was left for the index of the former model is forgotten.
        """


class Shelves(Index, Protocol):
    """The index, looked at as a whole."""

    async def scopes(self, project_id: str) -> Mapping[str, Scope]:
        """The scope of every vector of a project, by memory id."""

    async def strays(self, project_ids: Collection[str]) -> Sequence[str]:
        """Names of collections of memoryd that are of no such project or of another model."""

    async def drop_stray(self, name: str) -> None:
        """Deletes such a collection."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was done."""

    memories: int
    removed: int
    """Vectors of memories that are not there."""
    switched_from: str | None
    """The former model, if it is another one."""


class Rebuild:
    """Fills the index from the ledger while others go on, catches up, switches over, and sweeps.

    Args:
        source: the ledger.
        index: of the model that is to count.
        embedder: this model.
    """

    def __init__(self, source: Source, index: Shelves, embedder: Embedder) -> None:
        self._source = source
        self._index = index
        self._embedder = embedder
        self._seen: dict[str, int] = {}
        """By project: up to which change the index is right."""
        self._written = 0

    async def run(self) -> Rebuilt:
        """Does it.

        Raises:
            Conflict: changes come faster than they can be embedded.
            Unavailable: a store or the model does not answer. It can be repeated; nothing was switched.
        """
        before = await self._source.space()
        for project_id in await self._source.projects():
            await self._fill(project_id)
        for _ in range(MOST_ROUNDS):
            if await self._catch_up() <= FEW:
                break
        else:
            raise Conflict("Changes come faster than they can be embedded.", reason="TOO_MANY_CHANGES")
        await self._source.switch(self._embedder.model, self._embedder.dimensions, self._settle)
        removed = 0
        for project_id in await self._source.projects():
            removed += await self._sweep(project_id)
        former = before[0] if before is not None and before[0] != self._embedder.model else None
        return Rebuilt(self._written, removed, former)

    async def drop_strays(self) -> int:
        """Deletes collections that nobody needs any more, and says how many there were."""
        names = await self._index.strays(set(await self._source.projects()))
        for name in names:
            await self._index.drop_stray(name)
        return len(names)

    async def _settle(self) -> None:
        await self._catch_up()

    async def _fill(self, project_id: str) -> None:
        self._seen[project_id] = (await self._source.ends()).get(project_id, 0)
        after = 0
        while True:
            memories, after = await self._source.page(project_id, after, PAGE)
            if not memories:
                break
            await self._write(project_id, memories)

    async def _sweep(self, project_id: str) -> int:
        """Removes vectors of memories that are not there, and says how many: of an erasure no log tells.

        The index is read first: what it has was committed before, so what the ledger then has not is gone.
        """
        there = await self._index.scopes(project_id)
        gone = there.keys() - (await self._source.scopes(project_id)).keys()
        await self._index.write(project_id, (), sorted(gone))
        return len(gone)

    async def _catch_up(self) -> int:
        """Writes what was changed since, and says how much that was."""
        count = 0
        for project_id, end in (await self._source.ends()).items():
            seen = self._seen.get(project_id, 0)
            if end > seen:
                memories, gone = await self._source.changed(project_id, seen, end)
                for start in range(0, len(memories), PAGE):
                    await self._write(project_id, memories[start : start + PAGE])
                await self._index.write(project_id, (), sorted(gone))
                self._seen[project_id] = end
                count += len(memories) + len(gone)
        return count

    async def _write(self, project_id: str, memories: Sequence[Memory]) -> None:
        vectors = await self._embedder.embed([memory.text for memory in memories])
        entries = [
            IndexEntry(memory.id, memory.scope, vector)
            for memory, vector in zip(memories, vectors, strict=True)
        ]
        await self._index.write(project_id, entries, ())
        self._written += len(entries)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in which ledger and index differ."""

    kind: str
    """missing, extra, scope, vector or stray."""
    project_id: str
    what: str
    """The memory's id, or the collection's name."""


async def compare(source: Source, index: Shelves, embedder: Embedder, sample: int) -> Sequence[Difference]:
    """In what ledger and index differ, but for what is on its way.

    Args:
        source: the ledger.
        index: the index.
        embedder: the model that made its vectors.
        sample: of how many memories the vector is made anew, spread over all projects.
    """
    project_ids = await source.projects()
    found: list[Difference] = []
    for project_id in project_ids:
        found += await _compare_project(source, index, embedder, project_id, -(-sample // len(project_ids)))
    strays = await index.strays(set(project_ids))
    return [*found, *(Difference("stray", "", name) for name in strays)]


async def _compare_project(
    source: Source, index: Shelves, embedder: Embedder, project_id: str, sample: int
) -> list[Difference]:
    indexed, known = await index.scopes(project_id), await source.scopes(project_id)
    memories = await _spread(source, project_id, len(known), sample)
    stale = await _stale(index, embedder, project_id, [each for each in memories if each.id in indexed])
    # Asked last: what was not there yet when the two were read has been on its way since.
    moving = await source.on_the_way(project_id)
    kinds = {
        "missing": known.keys() - indexed.keys(),
        "extra": indexed.keys() - known.keys(),
        "scope": {each for each in known.keys() & indexed.keys() if known[each] != indexed[each]},
        "vector": stale,
    }
    return [
        Difference(kind, project_id, each)
        for kind, ids in kinds.items()
        for each in sorted(ids)
        if each not in moving
    ]


async def _spread(source: Source, project_id: str, total: int, sample: int) -> list[Memory]:
    """About so many memories of a project, taken at equal distances."""
    step, after, chosen = max(1, total // max(1, sample)), 0, list[Memory]()
    while len(chosen) < sample:
        memories, after = await source.page(project_id, after, PAGE)
        if not memories:
            break
        chosen += memories[::step]
    return chosen[:sample]


async def _stale(index: Index, embedder: Embedder, project_id: str, memories: Sequence[Memory]) -> set[str]:
    """Those whose vector is not that of their text."""
    if not memories:
        return set()
    vectors = await index.vectors(project_id, [memory.id for memory in memories])
    anew = await embedder.embed([memory.text for memory in memories])
    return {
        memory.id
        for memory, vector in zip(memories, anew, strict=True)
        if memory.id in vectors and _cosine(vectors[memory.id], vector) < ALIKE
    }


def _cosine(one: Vector, other: Vector) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


async def still_different(
    check: Callable[[], Awaitable[Sequence[Difference]]], pause: float
) -> Sequence[Difference]:
    """Differences that are there twice: others may be at work between two looks."""
    first = await check()
    if not first:
        return first
    await asyncio.sleep(pause)
    second = set(await check())
    return [each for each in first if each in second]
