"""Erasure: a separate, explicit act that removes an entity and everything that is kept of it, for good.

Nothing but this destroys what memoryd knew: a deletion ends memories, and their past stays. An erasure takes
the past along, and what any table or file still holds of it, before it answers.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.memory.entities import EntityKey
from service.memory.errors import DeadlineExceeded
from service.memory.ports import Clock, Deadline, Wake

PAUSE_SECONDS = 0.02
"""Between two looks at whether the index has forgotten."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased. It names nobody."""

    id: str
    at: datetime
    memories: int
    versions: int
    changes: int
    requests: int
    feedback: int
    exports: int
    previews: int
    vectors: int


class Eraser(Protocol):
    """Erases from the ledger. Every method raises Unavailable when the ledger cannot be had."""

    async def erase(self, project_id: str, key: EntityKey, actor: str, at: datetime) -> Receipt:
        """Removes every row of an entity in one transaction, leaves the index to forget, keeps a receipt."""

    async def last_index_work(self, project_id: str) -> int:
        """The number of the newest work that is left to the index; 0 when there is none."""

    async def index_work(self, project_id: str, last: int) -> int:
        """How much of the work up to that number is not done yet."""

    async def wipe(self) -> None:
        """Overwrites what removed rows have left in the files of an embedded database."""


class VectorEraser(Protocol):
    """Erases from the index."""

    async def wipe(self, project_id: str) -> None:
        """Overwrites what deleted vectors have left in the files of an embedded index."""


class EraseEntity:
    """Erases entities."""

    def __init__(self, eraser: Eraser, index: VectorEraser, clock: Clock, on_commit: Wake) -> None:
        self._eraser = eraser
        self._index = index
        self._now = clock
        self._on_commit = on_commit

    async def __call__(self, project_id: str, key: EntityKey, actor: str, deadline: Deadline) -> Receipt:
        """Erases an entity with all memories that carry its id. Repeating it erases what is left.

        Raises:
            DeadlineExceeded: the index could not forget in time. The ledger has; the call may be repeated.
            Unavailable: a store does not answer; the call may be repeated.
        """
        receipt = await self._eraser.erase(project_id, key, actor, self._now())
        self._on_commit()
        last = await self._eraser.last_index_work(project_id)
        while await self._eraser.index_work(project_id, last):
            if not deadline.remaining():
                text = "The ledger has erased it; the index has not yet. Repeat the call."
                raise DeadlineExceeded(text, reason="ERASURE_UNFINISHED")
            await asyncio.sleep(PAUSE_SECONDS)
        await self._index.wipe(project_id)
        await self._eraser.wipe()
        return receipt
