"""The use cases that write memories, and what they wake."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from service.bootstrap.models import Models
from service.bootstrap.stores import Stores
from service.config import Settings
from service.handlers.memories import MemoryUseCases
from service.ledger.erasure import SqlErasure
from service.ledger.feedback import SqlFeedback
from service.ledger.history import SqlChangeLog
from service.ledger.previews import SqlPreviews
from service.memory.add import AddMemories
from service.memory.edit import DeleteMemories, UpdateMemories
from service.memory.erase import EraseEntity
from service.memory.feed import Arrivals
from service.memory.infer import InferFacts
from service.memory.known_vectors import KnownVectors
from service.memory.once import AddOnce
from service.memory.pending import SIDE_BY_SIDE
from service.memory.ports import Wake
from service.memory.preview import CommitPreview, PreviewMemories
from service.memory.search import SearchMemories
from service.memory.search_past import SearchPast
from service.memory.work import Bell, all_of
from service.opening import now


@dataclass(frozen=True, slots=True)
class Bells:
    """What tells the workers of this process that there is something to do."""

    index: asyncio.Event = field(default_factory=asyncio.Event)
    webhooks: asyncio.Event = field(default_factory=asyncio.Event)
    followers: Arrivals = field(default_factory=Arrivals)
    requests: Bell = field(default_factory=lambda: Bell(SIDE_BY_SIDE))
    exports: asyncio.Event = field(default_factory=asyncio.Event)
    profiles: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def committed(self) -> Wake:
        """Wakes everybody who waits for changes."""
        return all_of(self.index.set, self.webhooks.set, self.followers)

    def resume(self) -> None:
        """Wakes everybody who takes up what a process that is gone has left."""
        self.requests()
        self.exports.set()
        self.profiles.set()


@dataclass(frozen=True, slots=True)
class UseCases:
    """What several handlers and workers do."""

    memories: MemoryUseCases
    erase: EraseEntity


def use_cases_on(stores: Stores, models: Models, bells: Bells, settings: Settings) -> UseCases:
    """The use cases of one service."""
    ledger, embedder, index = stores.ledger, models.embedder, stores.index
    known_vectors = KnownVectors(index)
    infer = InferFacts(ledger, index, known_vectors, embedder, models.reasoner, now)
    add = AddMemories(ledger, embedder, infer, now, on_commit=bells.committed, on_pending=bells.requests)
    previews = SqlPreviews(stores.database)
    memories = MemoryUseCases(
        reader=stores.memories,
        versions=stores.versions,
        search=SearchMemories(stores.memories, index, known_vectors, embedder, now),
        search_past=SearchPast(stores.versions, index, embedder, now),
        add=add,
        add_once=AddOnce(add, ledger, stores.events, now, timedelta(hours=settings.idempotency_hours)),
        update=UpdateMemories(stores.edits, embedder, now, on_commit=bells.committed),
        preview=PreviewMemories(previews, infer, add, now),
        commit_preview=CommitPreview(previews, add, stores.events, now),
        delete=DeleteMemories(stores.edits, now, on_commit=bells.committed),
        log=SqlChangeLog(stores.database),
        feedback=SqlFeedback(stores.database),
    )
    return UseCases(
        memories,
        EraseEntity(SqlErasure(stores.database, stores.scopes), index, now, on_commit=bells.committed),
    )
