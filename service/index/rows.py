"""Reading and writing the rows of one collection: a memory id, its vector, its scope's ids."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import TypeAlias, TypeVar, cast

import numpy as np
from chromadb import Collection, Where

from service.memory.model import Scope, Vectors
from service.memory.ports import IndexEntry

FIELDS = ("user_id", "agent_id", "app_id", "run_id")
"""All the metadata that ever reaches Chroma: scalars of the scope, nothing of a client's making."""

T = TypeVar("T")

FoundVectors: TypeAlias = tuple[Sequence[str], Vectors]
"""Ids, and the vectors they have, shape (ids, dimensions)."""


def upsert(collection: Collection, entries: Sequence[IndexEntry], rows: int) -> None:
    """Writes entries with distinct ids, at most `rows` in one call."""
    for chunk in _chunks(entries, rows):
        collection.upsert(
            ids=[entry.memory_id for entry in chunk],
            embeddings=np.stack([entry.vector for entry in chunk]),
            # Chroma keeps a field of before unless None takes it away.
            metadatas=[{name: entry.scope.ids.get(name) for name in FIELDS} for entry in chunk],
        )


def delete(collection: Collection, memory_ids: Sequence[str], rows: int) -> None:
    """Deletes what there is of distinct ids, at most `rows` in one call."""
    for chunk in _chunks(memory_ids, rows):
        collection.delete(ids=chunk)


def vectors(collection: Collection, memory_ids: Sequence[str], rows: int) -> FoundVectors:
    """The vectors there are of distinct ids, at most `rows` in one call."""
    ids: list[str] = []
    packed: list[bytes] = []
    for chunk in _chunks(memory_ids, rows):
        # What `collection.get` does, but for a way through float64.
        answer = collection._client._get(  # noqa: SLF001 - there is no other way to the numbers as they are
            collection.id,
            ids=chunk,
            include=["embeddings"],
            tenant=collection.tenant,
            database=collection.database,
        )
        ids += answer["ids"]
        packed += _packed(cast("Sequence[Sequence[float]]", answer["embeddings"] or []))
    return ids, np.frombuffer(b"".join(packed), np.float32).reshape(len(ids), -1 if ids else 0)


def _packed(vectors: Sequence[Sequence[float]]) -> Iterator[bytes]:
    """Lists of numbers as float32; NumPy by itself takes longer."""
    if vectors:
        packing = struct.Struct(f"{len(vectors[0])}f")
        yield from (packing.pack(*vector) for vector in vectors)


def scopes_by_id(collection: Collection, rows: int) -> dict[str, Scope]:
    """The scope of every row, by id, read at most `rows` at once."""
    found: dict[str, Scope] = {}
    while True:
        page = collection.get(limit=rows, offset=len(found), include=["metadatas"])
        for memory_id, metadata in zip(page["ids"], page["metadatas"] or [], strict=True):
            ids = {name: str(value) for name, value in (metadata or {}).items() if name in FIELDS}
            found[memory_id] = Scope(**ids)
        if len(page["ids"]) < rows:
            return found


def nearest(collection: Collection, scope: Scope, queries: Vectors, limit: int) -> list[tuple[str, float]]:
    """The `limit` memories of the scope nearest to any query, with the similarity to the nearest query."""
    answer = collection.query(
        query_embeddings=queries, n_results=limit, where=_where(scope), include=["distances"]
    )
    best: dict[str, float] = {}
    for ids, distances in zip(answer["ids"], answer["distances"] or [], strict=True):
        for memory_id, distance in zip(ids, distances, strict=True):
            similarity = min(1.0, max(0.0, 1.0 - float(distance)))
            best[memory_id] = max(similarity, best.get(memory_id, 0.0))
    return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]


def _where(scope: Scope) -> Where | None:
    """Chroma's filter for memories that carry all ids of a scope."""
    conditions: list[Where] = [{name: value} for name, value in scope.ids.items()]
    if len(conditions) > 1:
        return {"$and": conditions}
    return conditions[0] if conditions else None


def _chunks(items: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
