"""Finds the versions of memories that answer a query, among those that were current once.

The index holds the vectors of present versions alone. Those of the others are made again when they are asked
for: the same model gives the same vectors, and nobody pays for a past that is never searched. With the local
model that costs about 5 ms a version. So a search looks at `MOST` versions and refuses to guess among more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from service.memory.errors import InvalidRequest, Violation
from service.memory.model import Vector, Vectors
from service.memory.ports import Clock, Embedder, Index
from service.memory.ranking import Wording, rank
from service.memory.search import EXACT_UP_TO, Hit, SearchQuery, document, wanted
from service.memory.versions import Past, Version, VersionReader

MOST = EXACT_UP_TO
"""Versions that one search looks at."""


class SearchPast:
    """Searches the versions of one project's memories."""

    def __init__(self, reader: VersionReader, index: Index, embedder: Embedder, clock: Clock) -> None:
        self._reader = reader
        self._index = index
        self._embedder = embedder
        self._now = clock

    async def __call__(self, project_id: str, query: SearchQuery, past: Past) -> Sequence[Hit]:
        """The hits, best first, at most `top_k`.

        Raises:
            InvalidRequest: the filter picks more than `MOST` versions.
            Unavailable: a store or the embedder does not answer.
        """
        on = None if query.show_expired else past.day(self._now)
        if query.filters_only:
            page = await self._reader.versions(
                project_id, query.filter, past, offset=0, limit=query.top_k, on=on
            )
            return [Hit(version.memory, None, version) for version in page.versions]
        found = await self._reader.scorable(project_id, query.filter, past, limit=MOST + 1, on=on)
        if len(found.versions) > MOST:
            raise _too_many(past)
        if not found.versions:
            return []
        oldest_first = list(reversed(found.versions))
        documents = [document(version.memory) for version in oldest_first]
        if past.include_superseded:
            # Versions of one memory stand side by side, and were not said one after another.
            documents = [replace(each, verbatim=False) for each in documents]
        wording = Wording.of(query.text, documents)
        asked = await self._embedder.embed(wording.phrasings)
        vectors = await self._vectors(project_id, oldest_first, found.pending_vectors)
        ranking = await asyncio.to_thread(rank, wording, asked, vectors)
        hits = [
            Hit(oldest_first[place].memory, float(ranking.scores[place]), oldest_first[place])
            for place in ranking.order
        ]
        return wanted(hits, query)[: query.top_k]

    async def _vectors(
        self, project_id: str, versions: Sequence[Version], pending: Mapping[str, Vector]
    ) -> Vectors:
        """Their embeddings, shape (versions, dimensions); zeros for a present one that is nowhere."""
        present = [version.memory.id for version in versions if version.valid_to is None]
        ended = list(dict.fromkeys(v.memory.text for v in versions if v.valid_to is not None))
        indexed = await self._index.vectors(project_id, [each for each in present if each not in pending])
        again = dict(zip(ended, await self._embedder.embed(ended), strict=True))
        nowhere = np.zeros(self._embedder.dimensions, dtype=np.float32)
        known = {**indexed, **pending}
        return np.stack(
            [
                known.get(version.memory.id, nowhere)
                if version.valid_to is None
                else again[version.memory.text]
                for version in versions
            ]
        )


def _too_many(past: Past) -> InvalidRequest:
    field = "include_superseded" if past.as_of is None else "as_of"
    text = f"a search of the past looks at {MOST} versions at most, and the filters pick more: narrow them"
    return InvalidRequest([Violation(field, text)])
