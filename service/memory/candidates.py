"""Which known memories a reasoner shall see."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from service.memory.known_vectors import VectorsAhead
from service.memory.model import Candidate, Memory, Scope, Vector, Vectors
from service.memory.ports import Index, ScopeSnapshot
from service.memory.ranking import nearest_known, ranked

EXACT_UP_TO = 1000
"""Memories whose vectors are fetched and scored one by one; for more, the index is asked for the nearest."""

LOOKED_AT = 4
"""How many times as many memories of a large scope are scored as are wanted."""


@dataclass(frozen=True, slots=True)
class Utterances:
    """What was said."""

    texts: Sequence[str]
    embedding: asyncio.Future[Vectors]
    """Their embeddings, shape (texts, dimensions), which are made while the scope is read."""


async def near_the_messages(
    index: Index,
    vectors_of: VectorsAhead,
    project_id: str,
    scope: Scope,
    snapshot: ScopeSnapshot,
    said: Utterances,
    limit: int,
) -> tuple[tuple[Candidate, ...], Mapping[str, Vector]]:
    """The memories of the scope nearest to any utterance, best first, and the vectors of those looked at.

    Args:
        index: finds the nearest of many.
        vectors_of: gives the vectors of memories, which are fetched since the scope was read.
        project_id: whose.
        scope: the ids that a memory must carry.
        snapshot: the memories of that scope.
        said: what the memories shall be near to.
        limit: how many are wanted.
    """
    looked_at = await _worth_a_look(index, project_id, scope, snapshot, said, limit)
    vectors = await vectors_of(looked_at, snapshot.pending_vectors)
    spoken = await asyncio.shield(said.embedding)
    known = [memory for memory in looked_at if memory.id in vectors]
    if not known:
        return (), vectors
    rank = partial(
        nearest_known,
        said.texts,
        spoken,
        [memory.text for memory in known],
        np.stack([vectors[memory.id] for memory in known]),
        limit,
    )
    nearest = await ranked(rank, len(said.texts) * len(known))
    candidates = (
        Candidate(f"m{number}", known[place], score) for number, (place, score) in enumerate(nearest, start=1)
    )
    return tuple(candidates), vectors


async def _worth_a_look(
    index: Index, project_id: str, scope: Scope, snapshot: ScopeSnapshot, said: Utterances, limit: int
) -> Sequence[Memory]:
    """All of a small scope; of a large one what the index finds, and what it has not got yet."""
    if len(snapshot.memories) <= EXACT_UP_TO:
        return snapshot.memories
    queries = await asyncio.shield(said.embedding)
    nearest = dict(await index.nearest(project_id, scope, queries, LOOKED_AT * limit))
    return [
        memory
        for memory in snapshot.memories
        if memory.id in nearest or memory.id in snapshot.pending_vectors
    ]
