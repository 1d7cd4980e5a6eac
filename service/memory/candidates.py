"""Which known memories a reasoner shall see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from service.memory.model import Candidate, Memory, Scope, Vector, Vectors
from service.memory.ports import Index, ScopeSnapshot

EXACT_UP_TO = 1000
"""Memories whose vectors are fetched and scored one by one; for more, the index is asked for the nearest."""


async def known_vectors(
    index: Index, project_id: str, snapshot: ScopeSnapshot, memories: Sequence[Memory]
) -> Mapping[str, Vector]:
    """The vectors of these memories by id: from the index, or from the ledger where it is not there yet."""
    missing = [memory.id for memory in memories if memory.id not in snapshot.pending_vectors]
    indexed = await index.vectors(project_id, missing) if missing else {}
    return {**indexed, **snapshot.pending_vectors}


async def near_the_messages(
    index: Index, project_id: str, scope: Scope, snapshot: ScopeSnapshot, queries: Vectors, limit: int
) -> tuple[tuple[Candidate, ...], Mapping[str, Vector]]:
    """The memories of the scope nearest to any utterance, best first, and the vectors of those looked at.

    Args:
        index: where the vectors are.
        project_id: whose.
        scope: the ids that a memory must carry.
        snapshot: the memories of that scope.
        queries: the utterances' embeddings, shape (utterances, dimensions).
        limit: how many are wanted.
    """
    looked_at = await _worth_a_look(index, project_id, scope, snapshot, queries, limit)
    vectors = await known_vectors(index, project_id, snapshot, looked_at)
    scored = [
        (float(np.max(queries @ vectors[memory.id])), memory) for memory in looked_at if memory.id in vectors
    ]
    scored.sort(key=lambda pair: -pair[0])
    nearest = (
        Candidate(f"m{number}", memory, score)
        for number, (score, memory) in enumerate(scored[:limit], start=1)
    )
    return tuple(nearest), vectors


async def _worth_a_look(
    index: Index, project_id: str, scope: Scope, snapshot: ScopeSnapshot, queries: Vectors, limit: int
) -> Sequence[Memory]:
    if len(snapshot.memories) <= EXACT_UP_TO:
        return snapshot.memories
    nearest = dict(await index.nearest(project_id, scope, queries, limit))
    return [
        memory
        for memory in snapshot.memories
        if memory.id in nearest or memory.id in snapshot.pending_vectors
    ]
