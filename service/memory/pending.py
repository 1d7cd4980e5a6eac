"""Performs the requests whose callers did not wait (`async_mode`)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import structlog

from service.memory.add import AddMemories
from service.memory.errors import LEDGER_UNAVAILABLE, MemorydError, Unavailable
from service.memory.ports import Clock, Deadline, Ledger, StoredRequest
from service.memory.work import Bell, Worker

SIDE_BY_SIDE = 8
"""How many requests are performed at once, each of another subject. Mostly they wait for a model."""

log = structlog.get_logger(__name__)


def pending_workers(
    ledger: Ledger, add: AddMemories, clock: Clock, seconds: float, bell: Bell
) -> Sequence[Worker]:
    """Workers that perform pending requests, oldest first, as many as the bell wakes.

    Requests of one subject are performed one after another, in the order in which they came.

    Args:
        ledger: where they are kept.
        add: what performs them.
        clock: tells the time.
        seconds: how long one request may take.
        bell: rung when there is a pending request.
    """
    unended: deque[StoredRequest] = deque()

    async def perform_oldest() -> bool:
        stored = unended.popleft() if unended else await ledger.take_pending(clock())
        if stored is None:
            return False
        try:
            await add.perform(stored, Deadline.after(seconds))
        except MemorydError as error:
            if error.reason == LEDGER_UNAVAILABLE:
                # It could not be ended either way, and would stand in the way of its subject for ever.
                unended.append(stored)
                raise
            # The failure stands in the ledger with its reason; the next request is not to blame for it.
            log.warning("asynchronous add failed", event_id=stored.event_id, reason=error.reason)
        finally:
            # Whoever sleeps may now begin the next request of this subject.
            bell()
        return True

    return [Worker("pending requests", perform_oldest, (Unavailable,), woken) for woken in bell.sleepers]
