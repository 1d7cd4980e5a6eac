"""Finds the memories that answer a query.

Memories that a filter picks are scored one by one while they are few enough (`EXACT_UP_TO`). Of more, the
index is asked for the nearest, and those are scored, without regard to what was said around them. `rerank`
buys exact scoring for larger sets (`RERANKED_UP_TO`) with time. Either way `service.memory.ranking` orders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import numpy as np

from service.memory.begun import begun
from service.memory.filters import Filter
from service.memory.filters.grammar import And, OneOf
from service.memory.filters.scopes import required_ids
from service.memory.known_vectors import KnownVectors
from service.memory.lexical import terms
from service.memory.model import Memory, Vector, Vectors
from service.memory.ports import Clock, Embedder, Index, MemoryReader
from service.memory.ranking import Document, Wording, rank, ranked
from service.memory.versions import Version

EXACT_UP_TO = 1000
"""Memories that are scored one by one; reading that many vectors takes about 30 ms."""

RERANKED_UP_TO = 10_000
"""The same with `rerank`: up to about 400 ms instead of 40."""

NEAREST = 200
"""How many of a large set the index is asked for."""

CLEARLY_WORSE = 0.5
"""The share of the best score below which `filter_memories` leaves a memory out."""


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is asked, and where to look."""

    text: str
    filter: Filter
    top_k: int = 10
    threshold: float = 0.0
    """The lowest score that is given."""
    rerank: bool = False
    keyword_search: bool = False
    """Give what holds a word of the query whatever its score."""
    filter_memories: bool = False
    """Give only what is nearly as good as the best."""
    filters_only: bool = False
    """Give what meets the filter, newest first, and score nothing."""
    show_expired: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A memory that was found."""

    memory: Memory
    score: float | None
    """How well it answers, in [0, 1]; None when nothing was scored."""
    version: Version | None = None
    """Which version of the memory it is, where the past was searched."""


class SearchMemories:
    """Searches the memories of one project."""

    def __init__(
        self,
        reader: MemoryReader,
        index: Index,
        known_vectors: KnownVectors,
        embedder: Embedder,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._index = index
        self._known_vectors = known_vectors
        self._embedder = embedder
        self._now = clock

    async def __call__(self, project_id: str, query: SearchQuery) -> Sequence[Hit]:
        """The hits, best first, at most `top_k`.

        Raises:
            Unavailable: a store or the embedder does not answer.
        """
        on = None if query.show_expired else self._now().date()
        if query.filters_only:
            page = await self._reader.page(project_id, query.filter, offset=0, limit=query.top_k, on=on)
            return [Hit(memory, None) for memory in page.memories]
        exact_up_to = RERANKED_UP_TO if query.rerank else EXACT_UP_TO
        async with (
            begun(self._embedder.embed([query.text])) as as_is,
            self._known_vectors.ahead(project_id) as vectors_of,
        ):
            found = await self._reader.scorable(
                project_id, query.filter, limit=exact_up_to + 1, on=on, ahead=vectors_of.begin
            )
            memories, pending = found.memories, found.pending_vectors
            wording = await self._wording(query, memories)
            many = len(memories) > exact_up_to
            # All of it is under way, but for what the query's other phrasing may take.
            asked = await self._asked(wording, as_is)
            known = await vectors_of(() if many else memories, pending)
        if not memories:
            return []
        if many:
            memories = await self._nearest(project_id, query, asked, pending, on)
            # What the index picks here and there was not said together.
            wording = await self._wording(query, memories, together=False)
            known = await self._known_vectors(project_id, memories, pending)
        oldest_first = list(reversed(memories))
        nowhere = np.zeros(self._embedder.dimensions, dtype=np.float32)
        # What is nowhere is found by its words alone.
        vectors = np.stack([known.get(memory.id, nowhere) for memory in oldest_first])
        ranking = await ranked(partial(rank, wording, asked, vectors), len(vectors))
        hits = [Hit(oldest_first[place], float(ranking.scores[place])) for place in ranking.order]
        return wanted(hits, query)[: query.top_k]

    @staticmethod
    async def _wording(query: SearchQuery, memories: Sequence[Memory], *, together: bool = True) -> Wording:
        """What is asked of memories, given newest first, and whether what stands side by side was said so."""
        documents = [document(memory) for memory in reversed(memories)]
        if not together:
            documents = [replace(each, verbatim=False) for each in documents]
        return await ranked(partial(Wording.of, query.text, documents), len(documents))

    async def _asked(self, wording: Wording, as_is: Awaitable[Vectors]) -> Vectors:
        """The embeddings of the query's phrasings: mostly it has just the one that is being embedded."""
        text, focused = wording.phrasings
        if focused == text:
            return np.repeat(await as_is, 2, axis=0)
        return np.concatenate(await asyncio.gather(as_is, self._embedder.embed([focused])))

    async def _nearest(
        self,
        project_id: str,
        query: SearchQuery,
        asked: Vectors,
        pending: Mapping[str, Vector],
        on: date | None,
    ) -> Sequence[Memory]:
        """The nearest of many, and those that the index does not know yet."""
        scope = required_ids(query.filter)
        nearest = await self._index.nearest(project_id, scope, asked, max(NEAREST, 2 * query.top_k))
        ids = [memory_id for memory_id, _ in nearest] + list(pending)[:EXACT_UP_TO]
        picked = And((query.filter, OneOf("id", tuple(ids))))
        return (await self._reader.scorable(project_id, picked, limit=len(ids), on=on)).memories


def document(memory: Memory) -> Document:
    """What ranking looks at."""
    # What was said under the same ids was said together.
    conversation = "\0".join(f"{name}={value}" for name, value in memory.scope.ids.items())
    return Document(memory.text, memory.speaker, conversation, memory.verbatim)


def wanted(hits: Sequence[Hit], query: SearchQuery) -> Sequence[Hit]:
    """What the thresholds leave."""
    lowest = query.threshold
    if query.filter_memories and hits:
        lowest = max(lowest, CLEARLY_WORSE * (hits[0].score or 0.0))
    words = terms(query.text) if query.keyword_search else frozenset()
    return [hit for hit in hits if (hit.score or 0.0) >= lowest or words & terms(hit.memory.text)]
