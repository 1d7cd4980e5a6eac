"""Adds that are sent again under the same idempotency key have one effect and one answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from service.memory.add import AddMemories
from service.memory.errors import REQUEST_GIVEN_UP, Conflict, DeadlineExceeded
from service.memory.events import EventLog, RequestRecord, get_event
from service.memory.model import AddRequest, Outcome, RequestStatus
from service.memory.ports import Claim, Clock, Deadline, Ledger

SHORTEST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.5


class AddOnce:
    """Performs a request unless it was handed in before, and then answers as it was answered.

    Args:
        add: what performs requests.
        ledger: where they are kept.
        log: what became of them.
        clock: tells the time.
        kept: how long a key is remembered.
    """

    def __init__(
        self, add: AddMemories, ledger: Ledger, log: EventLog, clock: Clock, kept: timedelta
    ) -> None:
        self._add = add
        self._ledger = ledger
        self._log = log
        self._now = clock
        self._kept = kept

    async def __call__(
        self, project_id: str, request: AddRequest, key: str, deadline: Deadline
    ) -> Outcome | RequestRecord:
        """The outcome of performing it now, or the record of when it was performed.

        While another call works on the same request this one waits, whichever replica that is on. A request
        that failed is performed again, under the event id that it has.

        Raises:
            AlreadyExists: the key belongs to another request.
            DeadlineExceeded: the other call is still at work on it.
            MemorydError: see `service.memory.add.AddMemories`.
        """
        pause = SHORTEST_PAUSE_SECONDS
        while True:
            claim = await self._claim(project_id, request, key)
            if claim.mine:
                try:
                    return await self._add.begin(claim.event_id, project_id, request, deadline)
                except Conflict as conflict:
                    if conflict.reason != REQUEST_GIVEN_UP:
                        raise
                    # Another process took it for abandoned, and has it now.
            elif request.async_mode:
                return Outcome(claim.event_id, RequestStatus.PENDING)
            elif claim.status is RequestStatus.SUCCEEDED:
                return await get_event(self._log, project_id, claim.event_id)
            if deadline.remaining() <= pause:
                text = "Another call is still at work on this request. Send it again later."
                raise DeadlineExceeded(text, reason="REQUEST_IN_PROGRESS")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _claim(self, project_id: str, request: AddRequest, key: str) -> Claim:
        now = self._now()
        claiming = asyncio.ensure_future(
            self._ledger.claim_request(project_id, request, key, now, now - self._kept)
        )
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError as error:
            # Its transaction goes on without its caller, and must not leave a request that nobody ends.
            claim = await claiming
            if claim.mine:
                await self._add.abandon(claim.event_id, project_id, request, error)
            raise
