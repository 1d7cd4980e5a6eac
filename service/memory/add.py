"""The use case that memoryd exists for: messages go in, reconciled facts come out.

Every request is stored before anything else happens to it, so that nothing sent is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from service.memory.errors import LEDGER_UNAVAILABLE, DeadlineExceeded, MemorydError
from service.memory.evidence import whole
from service.memory.infer import InferFacts, new_memory
from service.memory.model import INSTRUCTING_ROLES, AddRequest, Change, Event, Outcome, RequestStatus
from service.memory.ports import Clock, Deadline, Embedder, Ledger, StoredRequest, Wake

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
        stored = await self._store(project_id, request)
        if request.async_mode:
            self._on_pending()
            return Outcome(stored.event_id, RequestStatus.PENDING)
        return await self.perform(stored, deadline)

    async def perform(self, stored: StoredRequest, deadline: Deadline) -> Outcome:
        """Does what a stored request asks for; a failure is recorded with the request and raised."""
        work = self._infer(stored, deadline) if stored.request.infer else self._store_verbatim(stored)
        try:
            outcome = await work
        except (Exception, asyncio.CancelledError) as error:
            # Whatever ended it: a request that nobody works on must not stay RUNNING.
            await self._give_up(stored, error)
            raise
        self._on_commit()
        return outcome

    async def _store(self, project_id: str, request: AddRequest) -> StoredRequest:
        storing = asyncio.ensure_future(self._ledger.store_request(project_id, request, self._now()))
        try:
            return StoredRequest(await asyncio.shield(storing), project_id, request)
        except asyncio.CancelledError as error:
            # Its transaction goes on without its caller, and must not leave a request that nobody ends.
            await self._give_up(StoredRequest(await storing, project_id, request), error)
            raise

    async def _give_up(self, stored: StoredRequest, error: BaseException) -> None:
        reason, text = _failure(error)
        if stored.request.async_mode and reason in {"CANCELLED", LEDGER_UNAVAILABLE}:
            # Nobody waits for it, so it is the process that ends, and its next start takes the request up
            # again; or the ledger does not answer, and it is tried again as soon as it does.
            return
        log.warning("add failed", event_id=stored.event_id, reason=reason)
        await asyncio.shield(
            self._ledger.fail_request(stored.project_id, stored.event_id, reason, text, self._now())
        )

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


def _failure(error: BaseException) -> tuple[str, str]:
    """The stable reason, and what people may read of it: never the text of an error that is not ours."""
    if isinstance(error, MemorydError):
        return error.reason, error.text
    if isinstance(error, asyncio.CancelledError):
        return "CANCELLED", "The caller went away before it was done."
    return "INTERNAL", "Internal error."
