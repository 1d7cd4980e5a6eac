"""The use case that memoryd exists for: messages go in, reconciled facts come out.

Every request is stored before anything else happens to it, so that nothing sent is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import structlog

from service.failpoints import COMMITTED, REQUEST_STORED, failpoint
from service.memory.errors import (
    INDEX_UNAVAILABLE,
    LEDGER_UNAVAILABLE,
    SCOPE_CHANGED,
    DeadlineExceeded,
    MemorydError,
)
from service.memory.evidence import whole
from service.memory.infer import Heard, InferFacts, Proposal, new_memory
from service.memory.model import INSTRUCTING_ROLES, AddRequest, Change, Event, Outcome, RequestStatus
from service.memory.ports import Clock, Deadline, Embedder, Ledger, StoredRequest, Wake

PASSING = frozenset(
    {
        "MODEL_UNAVAILABLE",
        "MODEL_RATE_LIMITED",
        "MODEL_TIMEOUT",
        "EMBEDDER_UNAVAILABLE",
        INDEX_UNAVAILABLE,
        SCOPE_CHANGED,
    }
)
"""Reasons for which it may go better later. What nobody waits for is then tried again."""

MOST_ATTEMPTS = 5
"""How often it is tried; then it stays FAILED until somebody asks to retry it."""

BACKOFF_BASE = 4
"""The pauses between attempts are its powers, in seconds: 1, 4, 16, 64."""

log = structlog.get_logger(__name__)


class AddMemories:
    """Stores a request, and does what it asks for.

    Args:
        ledger: where everything is kept.
        embedder: for messages that are stored as they are.
        infer: what reads facts from messages.
        clock: tells the time.
        on_commit: wakes the writer of the index.
        on_pending: wakes the worker of asynchronous requests.
    """

    def __init__(
        self,
        ledger: Ledger,
        embedder: Embedder,
        infer: InferFacts,
        clock: Clock,
        on_commit: Wake,
        on_pending: Wake,
    ) -> None:
        self._ledger = ledger
        self._embedder = embedder
        self._infer = infer
        self._now = clock
        self._on_commit = on_commit
        self._on_pending = on_pending

    async def __call__(self, project_id: str, request: AddRequest, deadline: Deadline) -> Outcome:
        """Stores the request durably, then performs it, or leaves that to a worker (`async_mode`).

        Raises:
            Unavailable: a store or the model does not answer; nothing was changed.
            InferenceFailed: the model did not give a plan; nothing was changed, the messages are kept.
            Conflict: others kept changing the scope; the call may be repeated.
            DeadlineExceeded: the caller's time ran out; nothing was changed.
        """
        if not deadline.remaining():
            raise DeadlineExceeded("There was not enough time left to begin.")
        performed_now = request.infer and not request.async_mode
        async with self._infer.hear(project_id, request) if performed_now else nullcontext() as heard:
            stored = await self._store(project_id, request)
            return await self.begin(stored.event_id, project_id, request, deadline, heard)

    async def begin(
        self,
        event_id: str,
        project_id: str,
        request: AddRequest,
        deadline: Deadline,
        heard: Heard | None = None,
    ) -> Outcome:
        """Performs a request that was stored just now, or leaves that to a worker."""
        failpoint(REQUEST_STORED)
        if request.async_mode:
            self._on_pending()
            return Outcome(event_id, RequestStatus.PENDING)
        return await self.perform(StoredRequest(event_id, project_id, request), deadline, heard)

    async def abandon(
        self, event_id: str, project_id: str, request: AddRequest, error: BaseException
    ) -> None:
        """Ends a request whose caller went away before it was begun; one for a worker is left to it."""
        if not request.async_mode:
            await self._give_up(StoredRequest(event_id, project_id, request), error)

    async def perform(self, stored: StoredRequest, deadline: Deadline, heard: Heard | None = None) -> Outcome:
        """Does what a stored request asks for; a failure is recorded with the request and raised."""
        work = self._infer(stored, deadline, heard) if stored.request.infer else self._store_verbatim(stored)
        return await self._ended(stored, work, deadline)

    async def carry_out(
        self,
        project_id: str,
        request: AddRequest,
        proposal: Proposal,
        begin: Callable[[str], Awaitable[None]],
    ) -> Outcome:
        """Stores a request and commits what was proposed for it before.

        Args:
            project_id: whose.
            request: what was asked for.
            proposal: its changes.
            begin: told the event's id before the commit; what it raises ends the request.

        Raises:
            Conflict: the scope was changed since the proposal was made; nothing was changed.
            Unavailable: the ledger does not answer; nothing was changed.
        """
        stored = await self._store(project_id, request)

        async def commit() -> Outcome:
            await begin(stored.event_id)
            return await self._ledger.commit(
                project_id,
                stored.event_id,
                request.scope,
                proposal.version,
                proposal.changes,
                proposal.rejections,
                self._now(),
            )

        return await self._ended(stored, commit())

    async def _ended(
        self, stored: StoredRequest, work: Awaitable[Outcome], deadline: Deadline | None = None
    ) -> Outcome:
        """What the work comes to; a failure is recorded with the request and raised."""
        with self._ledger.at_work_on(stored.event_id):
            try:
                outcome = await work
            except (Exception, asyncio.CancelledError) as error:
                # Whatever ended it: a request that nobody works on must not stay RUNNING.
                await self._give_up(stored, _overdue(error, stored, deadline) or error)
                raise
            failpoint(COMMITTED)
            self._on_commit()
            return outcome

    async def _store(self, project_id: str, request: AddRequest) -> StoredRequest:
        storing = asyncio.ensure_future(self._ledger.store_request(project_id, request, self._now()))
        try:
            return StoredRequest(await asyncio.shield(storing), project_id, request)
        except asyncio.CancelledError as error:
            # Its transaction goes on without its caller, and must not leave a request that nobody ends.
            await self.abandon(await storing, project_id, request, error)
            raise

    async def _give_up(self, stored: StoredRequest, error: BaseException) -> None:
        reason, text = _failure(error)
        if stored.in_background and reason in {"CANCELLED", LEDGER_UNAVAILABLE}:
            # Nobody waits for it, so it is the process that ends, and gives it back; or the ledger does not
            # answer, and it is tried again as soon as it does.
            return
        log.warning("add failed", event_id=stored.event_id, reason=reason, attempt=stored.attempt)
        await asyncio.shield(self._record(stored, reason, text))

    async def _record(self, stored: StoredRequest, reason: str, text: str) -> None:
        if stored.in_background and reason in PASSING and stored.attempt < MOST_ATTEMPTS:
            until = self._now() + timedelta(seconds=BACKOFF_BASE ** (stored.attempt - 1))
            await self._ledger.postpone_request(stored.project_id, stored.event_id, reason, text, until)
        else:
            await self._ledger.fail_request(stored.project_id, stored.event_id, reason, text, self._now())

    async def _store_verbatim(self, stored: StoredRequest) -> Outcome:
        changes = await self.verbatim(stored.request)
        return await self._ledger.commit(
            stored.project_id, stored.event_id, stored.request.scope, None, changes, (), self._now()
        )

    async def verbatim(self, request: AddRequest) -> Sequence[Change]:
        """What stores every message as it was said. Nothing is written."""
        now = self._now()
        said = [
            (index, message)
            for index, message in enumerate(request.messages)
            if message.role not in INSTRUCTING_ROLES
        ]
        vectors = await self._embedder.embed([message.content for _, message in said])
        return [
            Change(
                Event.ADD,
                None,
                replace(new_memory(request, message.content, now), speaker=message.speaker, verbatim=True),
                vector,
                whole(index, message),
            )
            for (index, message), vector in zip(said, vectors, strict=True)
        ]


def _overdue(
    error: BaseException, stored: StoredRequest, deadline: Deadline | None
) -> DeadlineExceeded | None:
    """What a cancellation stands for when the caller's time is over; nobody's time is, in the background."""
    cancelled = isinstance(error, asyncio.CancelledError) and not stored.in_background
    if cancelled and deadline is not None and not deadline.remaining():
        return DeadlineExceeded("The deadline passed before the request was done.")
    return None


def _failure(error: BaseException) -> tuple[str, str]:
    """The stable reason, and what people may read of it: never the text of an error that is not ours."""
    if isinstance(error, MemorydError):
        return error.reason, error.text
    if isinstance(error, asyncio.CancelledError):
        return "CANCELLED", "The caller went away before it was done."
    return "INTERNAL", "Internal error."
