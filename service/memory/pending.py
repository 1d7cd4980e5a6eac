"""Performs the requests whose callers did not wait (`async_mode`)."""

from __future__ import annotations

import asyncio

import structlog

from service.memory.add import AddMemories
from service.memory.errors import MemorydError, Unavailable
from service.memory.ports import Clock, Deadline, Ledger
from service.memory.work import Worker

log = structlog.get_logger(__name__)


def pending_worker(
    ledger: Ledger, add: AddMemories, clock: Clock, seconds: float, woken: asyncio.Event
) -> Worker:
    """A worker that performs pending requests, oldest first.

    Args:
        ledger: where they are kept.
        add: what performs them.
        clock: tells the time.
        seconds: how long one request may take.
        woken: set when there is a pending request.
    """

    async def perform_oldest() -> bool:
        stored = await ledger.take_pending(clock())
        if stored is None:
            return False
        try:
            await add.perform(stored, Deadline.after(seconds))
        except MemorydError as error:
            # The failure stands in the ledger with its reason; the next request is not to blame for it.
            log.warning("asynchronous add failed", event_id=stored.event_id, reason=error.reason)
        return True

    return Worker("pending requests", perform_oldest, (Unavailable,), woken)
