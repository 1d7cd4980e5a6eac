"""Memories in short."""

from __future__ import annotations

from dataclasses import dataclass

from service.memory.filling import Writer
from service.memory.filters import Filter
from service.memory.ports import Clock, Deadline, MemoryReader

MOST_MEMORIES = 500
"""How many memories a summary is made from: the newest ones."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Memories in short, and how that came about."""

    text: str
    """Empty when there are no memories."""
    written_by: str
    memories: int
    """How many were read."""
    total: int
    """How many meet the filter."""


async def summarize(
    reader: MemoryReader, writer: Writer, clock: Clock, project_id: str, filter_: Filter, deadline: Deadline
) -> Summary:
    """The newest memories that meet a filter, in short.

    Raises:
        InferenceFailed: the model answered, and not with a summary.
        Unavailable: the ledger or the model does not answer.
        DeadlineExceeded: the deadline passed first.
    """
    limit = min(MOST_MEMORIES, writer.memory_limit)
    page = await reader.page(project_id, filter_, offset=0, limit=limit, on=clock().date())
    text = await writer.summarize(page.memories, deadline) if page.memories else ""
    return Summary(text, writer.name, len(page.memories), page.total)
