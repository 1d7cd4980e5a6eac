"""The vectors of memories that were read from the ledger."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from service.memory.model import Change, Memory, Vector
from service.memory.ports import Index

REMEMBERED_BYTES = 32 * 1024 * 1024
"""21,000 vectors of 384 dimensions. Reading a hundred from Chroma is most of what a small search costs."""

_Key: TypeAlias = tuple[str, int]


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
        self, project_id: str, memories: Sequence[Memory], pending: Mapping[str, Vector]
    ) -> Mapping[str, Vector]:
        """Vectors by memory id; a memory whose vector is nowhere is left out.

        Args:
            project_id: whose.
            memories: as the ledger says they are.
            pending: what is committed and not yet in the index, read in one moment with the memories.

        Raises:
            Unavailable: the index does not answer.
        """
        for memory in memories:
            if memory.id in pending:
                self._remember(memory, pending[memory.id])
        at_hand = {memory.id: vector for memory in memories if (vector := self._recall(memory)) is not None}
        missing = [memory for memory in memories if memory.id not in at_hand]
        if not missing:
            return at_hand
        indexed = await self._index.vectors(project_id, [memory.id for memory in missing])
        for memory in missing:
            if memory.id in indexed:
                # A copy: the answer's rows are one array, which each of them would keep as a whole.
                self._remember(memory, indexed[memory.id].copy())
        return {**at_hand, **indexed}

    def learn(self, changes: Iterable[Change]) -> None:
        """Remembers what was committed just now, which the next who reads its scope will want."""
        for change in changes:
            if change.after is not None and change.vector is not None:
                self._remember(change.after, change.vector)

    def _recall(self, memory: Memory) -> Vector | None:
        key = _key(memory)
        if key in self._remembered:
            self._remembered.move_to_end(key)
        return self._remembered.get(key)

    def _remember(self, memory: Memory, vector: Vector) -> None:
        self._left += getattr(self._remembered.pop(_key(memory), None), "nbytes", 0) - vector.nbytes
        self._remembered[_key(memory)] = vector
        while self._left < 0:
            _, oldest = self._remembered.popitem(last=False)
            self._left += oldest.nbytes


def _key(memory: Memory) -> _Key:
    """Ids are unique over all projects. The text itself is not kept: it may be erased."""
    return memory.id, hash(memory.text)
