"""Changes that people make to memories by hand, one or many, all or none.

An edit is decided inside the transaction that carries it out, on the memory as it is there. So it needs no
version to check, and it can neither lose a change that came first nor bring back a memory that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol, TypeAlias

from memoryd.exact_json import dumps

from service.memory.browse import require_scope
from service.memory.errors import Immutable, InvalidRequest, Violation
from service.memory.filters import Filter
from service.memory.model import Change, Event, Memory, Metadata, Vector
from service.memory.ports import Clock, Embedder, Wake

MOST_METADATA_BYTES = 64 * 1024
"""How much JSON the metadata of one memory may grow to, merge by merge."""


@dataclass(frozen=True, slots=True)
class Expiration:
    """The last day on which a memory shall hold; None: it holds for good."""

    day: date | None


@dataclass(frozen=True, slots=True)
class Edit:
    """What to change in one memory. None: leave it."""

    memory_id: str
    text: str | None = None
    metadata: Metadata | None = None
    """Merged key by key into the metadata that is there."""
    expiration: Expiration | None = None
    said_at: datetime | None = None
    """Becomes the time of creation."""


Decide: TypeAlias = Callable[[Memory], Change | None]
"""What to do with a memory as it is now; None: leave it as it is."""


class MemoryEditor(Protocol):
    """Carries out edits. Every method is one transaction: memories, log, and index work."""

    async def edit(
        self, project_id: str, memory_ids: Sequence[str], decide: Decide, actor: str, at: datetime
    ) -> Sequence[Memory]:
        """Changes memories as `decide` says, and gives them as they are then, or were last, in order.

        Args:
            project_id: whose.
            memory_ids: distinct ids.
            decide: called once for each, inside the transaction; what it raises undoes everything.
            actor: the id of the API key that asks.
            at: when.

        Raises:
            NotFound: one of them is not there; nothing was changed.
        """

    async def delete_matching(self, project_id: str, filter_: Filter, actor: str, at: datetime) -> int:
        """Deletes every memory that meets a filter, and says how many there were."""


class UpdateMemories:
    """Changes memories by hand."""

    def __init__(self, editor: MemoryEditor, embedder: Embedder, clock: Clock, on_commit: Wake) -> None:
        self._editor = editor
        self._embedder = embedder
        self._now = clock
        self._on_commit = on_commit

    async def __call__(self, project_id: str, edits: Sequence[Edit], actor: str) -> Sequence[Memory]:
        """Makes all edits, each of another memory, or none; gives the memories as they are then.

        Raises:
            NotFound: one of the memories is not there.
            Immutable: one of them can only be deleted.
            InvalidRequest: metadata would grow too large.
            Unavailable: a store or the embedder does not answer; nothing was changed.
        """
        vectors = await self._vectors(edits)
        wanted = {edit.memory_id: edit for edit in edits}
        now = self._now()

        def decide(memory: Memory) -> Change | None:
            return edited(memory, wanted[memory.id], vectors.get(memory.id), now)

        memories = await self._editor.edit(project_id, list(wanted), decide, actor, now)
        self._on_commit()
        return memories

    async def _vectors(self, edits: Sequence[Edit]) -> Mapping[str, Vector]:
        """The embeddings of the new texts by memory id. Made beforehand: a transaction waits for no model."""
        texts = {edit.memory_id: edit.text for edit in edits if edit.text is not None}
        return dict(zip(texts, await self._embedder.embed(list(texts.values())), strict=True))


class DeleteMemories:
    """Deletes memories."""

    def __init__(self, editor: MemoryEditor, clock: Clock, on_commit: Wake) -> None:
        self._editor = editor
        self._now = clock
        self._on_commit = on_commit

    async def __call__(self, project_id: str, memory_ids: Sequence[str], actor: str) -> int:
        """Deletes all of them or none, immutable ones too, and says how many there were.

        Raises:
            NotFound: one of them is not there.
            Unavailable: the ledger does not answer; nothing was changed.
        """
        distinct = list(dict.fromkeys(memory_ids))
        deleted = await self._editor.edit(project_id, distinct, deletion, actor, self._now())
        self._on_commit()
        return len(deleted)

    async def matching(self, project_id: str, filter_: Filter, actor: str) -> int:
        """Deletes every memory that meets a filter, expired and immutable ones too; says how many.

        Raises:
            ScopeRequired: the filter does not say whose memories.
            Unavailable: the ledger does not answer; nothing was changed.
        """
        require_scope(filter_)
        count = await self._editor.delete_matching(project_id, filter_, actor, self._now())
        self._on_commit()
        return count


def deletion(memory: Memory) -> Change:
    """The end of a memory."""
    return Change(Event.DELETE, memory, None)


def edited(memory: Memory, edit: Edit, vector: Vector | None, now: datetime) -> Change | None:
    """The change that an edit makes to a memory; None when it says nothing new.

    Args:
        memory: as it is now.
        edit: what is wanted.
        vector: the embedding of the edit's text, if it has one.
        now: when.

    Raises:
        Immutable: it can only be deleted.
        InvalidRequest: metadata would grow too large.
    """
    if memory.immutable:
        raise Immutable
    wanted = replace(
        memory,
        text=memory.text if edit.text is None else edit.text,
        metadata=_merged(memory.metadata, edit.metadata),
        expiration_date=memory.expiration_date if edit.expiration is None else edit.expiration.day,
        created_at=edit.said_at or memory.created_at,
    )
    if wanted == memory and _same_json(wanted.metadata, memory.metadata):
        return None
    says_something_new = wanted.text != memory.text
    return Change(
        Event.UPDATE, memory, replace(wanted, updated_at=now), vector if says_something_new else None
    )


def _merged(known: Metadata | None, more: Metadata | None) -> Metadata | None:
    if more is None:
        return known
    merged = {**(known or {}), **more}
    if len(dumps(merged).encode()) > MOST_METADATA_BYTES:
        text = f"metadata must have at most {MOST_METADATA_BYTES} bytes of JSON, together with what is there"
        raise InvalidRequest([Violation("metadata", text)])
    return merged


def _same_json(one: Metadata | None, other: Metadata | None) -> bool:
    """Whether both are the same to the letter: True equals 1 and 1.0 equals 1 in Python, not in JSON."""
    return one is other or dumps(one) == dumps(other)
