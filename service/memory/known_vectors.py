"""The vectors of memories that were read from the ledger."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

from service.memory.begun import end
from service.memory.model import Change, Memory, Vector
from service.memory.ports import Index

REMEMBERED_BYTES = 32 * 1024 * 1024
"""21,000 vectors of 384 dimensions. Reading a hundred from Chroma is most of what a small search costs."""

MOST_AHEAD = 1_000
"""Of more memories than this the vectors may not be wanted, so they are not fetched ahead."""

SENT_SECONDS = 0.005
"""How long a thread waits for the loop to send what it has begun; a busy loop does so later."""

_Key: TypeAlias = tuple[str, int]

_Fetched: TypeAlias = Mapping[str, Vector | None]
"""What the index was asked for, and gave if it had it."""


class KnownVectors:
    """Gives the vectors of memories: those that the index has not got yet, those it gave before, and its own.

    A vector is remembered for what a memory says, so that one which another replica has changed is read anew.
    To be used from one event loop.

    Args:
        index: where the vectors are.
        remembered_bytes: how much of them is kept at hand; those asked for longest ago go first.
    """

    def __init__(self, index: Index, remembered_bytes: int = REMEMBERED_BYTES) -> None:
        self._index = index
        self._left = remembered_bytes
        self._remembered: OrderedDict[_Key, Vector] = OrderedDict()

    async def __call__(
        self,
        project_id: str,
        memories: Sequence[Memory],
        pending: Mapping[str, Vector],
        fetched: _Fetched | None = None,
    ) -> Mapping[str, Vector]:
        """Vectors by memory id; a memory whose vector is nowhere is left out.

        Args:
            project_id: whose.
            memories: as the ledger says they are.
            pending: what is committed and not yet in the index, read in one moment with the memories.
            fetched: what the index has said since that moment.

        Raises:
            Unavailable: the index does not answer.
        """
        known: dict[str, Vector] = {}
        missing: dict[str, _Key] = {}
        for memory in memories:
            key = _key(memory.id, memory.text)
            if memory.id in pending:
                self._remember(key, pending[memory.id])
            if (vector := self._recall(key)) is None:
                missing[memory.id] = key
            else:
                known[memory.id] = vector
        indexed = {} if fetched is None else dict(fetched)
        if unasked := [memory_id for memory_id in missing if memory_id not in indexed]:
            indexed |= await self._index.vectors(project_id, unasked)
        for memory_id, key in missing.items():
            if (vector := indexed.get(memory_id)) is not None:
                # A copy: the answer's rows are one array, which each of them would keep as a whole.
                known[memory_id] = vector.copy()
                self._remember(key, known[memory_id])
        return known

    @asynccontextmanager
    async def ahead(self, project_id: str) -> AsyncIterator[VectorsAhead]:
        """The vectors of memories that the ledger is asked for within the block.

        Args:
            project_id: whose.
        """
        ahead = VectorsAhead(self, project_id)
        try:
            yield ahead
        finally:
            await ahead.end()

    async def fetch(self, project_id: str, memories: Sequence[tuple[str, str]]) -> _Fetched:
        """What the index has of those memories, by id and text, that are not at hand.

        Raises:
            Unavailable: the index does not answer.
        """
        wanted = [memory_id for memory_id, text in memories if _key(memory_id, text) not in self._remembered]
        return dict.fromkeys(wanted) | dict(await self._index.vectors(project_id, wanted)) if wanted else {}

    def learn(self, changes: Iterable[Change]) -> None:
        """Remembers what was committed just now, which the next who reads its scope will want."""
        for change in changes:
            if change.after is not None and change.vector is not None:
                self._remember(_key(change.after.id, change.after.text), change.vector)

    def _recall(self, key: _Key) -> Vector | None:
        if key in self._remembered:
            self._remembered.move_to_end(key)
        return self._remembered.get(key)

    def _remember(self, key: _Key, vector: Vector) -> None:
        before = self._remembered.pop(key, None)
        self._left += (0 if before is None else before.nbytes) - vector.nbytes
        self._remembered[key] = vector
        while self._left < 0:
            _, oldest = self._remembered.popitem(last=False)
            self._left += oldest.nbytes


class VectorsAhead:
    """Vectors that are fetched as soon as it is known whose, while the memories are still being read."""

    def __init__(self, known: KnownVectors, project_id: str) -> None:
        self._known = known
        self._project_id = project_id
        self._loop = asyncio.get_running_loop()
        self._fetching: asyncio.Task[_Fetched] | None = None
        self._ended = False

    def begin(self, memories: Sequence[tuple[str, str]]) -> None:
        """Implements `service.memory.ports.ReadAhead`."""
        if len(memories) > MOST_AHEAD:
            return
        sent = threading.Event()
        self._loop.call_soon_threadsafe(self._begin, memories, sent)
        # Else the loop would wait for this thread to let go of the interpreter, and the index with it.
        sent.wait(SENT_SECONDS)

    async def __call__(
        self, memories: Sequence[Memory], pending: Mapping[str, Vector]
    ) -> Mapping[str, Vector]:
        """See `KnownVectors.__call__`."""
        fetched = None if self._fetching is None else await self._fetching
        return await self._known(self._project_id, memories, pending, fetched)

    async def end(self) -> None:
        """Fetches nothing any more."""
        self._ended = True
        if self._fetching is not None:
            await end(self._fetching)

    def _begin(self, memories: Sequence[tuple[str, str]], sent: threading.Event) -> None:
        if not self._ended:  # else whoever asked has gone
            self._fetching = asyncio.create_task(self._known.fetch(self._project_id, memories))
        self._loop.call_soon(sent.set)  # after the first step of that task


def _key(memory_id: str, text: str) -> _Key:
    """Ids are unique over all projects. The text itself is not kept: it may be erased."""
    return memory_id, hash(text)
