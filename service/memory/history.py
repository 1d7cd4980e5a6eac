"""What ever happened to a memory: who changed it, when, from what to what, and because of which messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.memory.errors import NotFound
from service.memory.model import Event, Evidence, Message, Metadata

MEMORY_NOT_FOUND = "Memory not found!"
"""To the letter: clients look for it (contract section 1)."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change."""

    id: str
    memory_id: str
    event: Event
    old_text: str | None
    new_text: str | None
    messages: tuple[Message, ...]
    """The messages of the request that it was part of; none for a change by hand."""
    user_id: str | None
    metadata: Metadata | None
    categories: tuple[str, ...]
    evidence: Evidence | None
    actor: str | None
    """The id of the API key that asked for it; None where that was not recorded."""
    request_id: str
    at: datetime


class ChangeLog(Protocol):
    """Remembers every change for good."""

    async def history(self, project_id: str, memory_id: str) -> Sequence[HistoryEntry]:
        """The changes of one memory, oldest first; none when there never was such a memory."""


async def read_history(log: ChangeLog, project_id: str, memory_id: str) -> Sequence[HistoryEntry]:
    """The changes of one memory, oldest first, also after its end.

    Raises:
        NotFound: the project never had such a memory.
    """
    entries = await log.history(project_id, memory_id)
    if not entries:
        raise NotFound(MEMORY_NOT_FOUND)
    return entries
