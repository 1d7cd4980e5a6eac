"""What an add would do, shown before anybody decides to do it.

A preview asks the model, checks its plan, and keeps the result for `KEPT`. It can be committed as it was
shown, once, and only while nobody has changed the memories of its subject: what was shown is what happens, or
nothing.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from service.memory.add import AddMemories
from service.memory.errors import Conflict, NotFound
from service.memory.events import EventLog, RequestRecord
from service.memory.infer import InferFacts, Proposal
from service.memory.locks import KeyedLocks
from service.memory.model import AddRequest, Candidate, Change, Event, Rejection, RequestStatus, Scope
from service.memory.ports import Clock, Deadline

KEPT = timedelta(hours=1)

PREVIEW_NOT_FOUND = "Preview not found!"


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan that can be committed."""

    plan_id: str
    request: AddRequest
    version: int
    """Of the subject, when the plan was made."""
    changes: Sequence[Change]
    rejections: Sequence[Rejection]
    expires_at: datetime
    event_id: str | None = None
    """The request that commits it, once somebody began to."""


class PreviewBook(Protocol):
    """Keeps previews. Every method is one transaction and raises Unavailable when it cannot be had."""

    async def version(self, project_id: str, scope: Scope) -> int:
        """How many commits have changed the memories of the scope's subject."""

    async def keep(self, project_id: str, preview: Preview, at: datetime) -> None:
        """Keeps a preview, and forgets those that have expired.

        Raises:
            NotFound: the project was deleted.
            Conflict: a memory that it would change is gone; if it was erased, its text must not stay here.
        """

    async def preview(self, project_id: str, plan_id: str, at: datetime) -> Preview | None:
        """The preview, unless it has expired or never was."""

    async def begin(self, project_id: str, preview: Preview, event_id: str) -> bool:
        """Notes which request commits the preview; False when another one was noted since it was read."""


class PreviewMemories:
    """Shows what a request would change, and keeps it."""

    def __init__(self, book: PreviewBook, infer: InferFacts, add: AddMemories, clock: Clock) -> None:
        self._book = book
        self._infer = infer
        self._add = add
        self._now = clock

    async def __call__(
        self, project_id: str, request: AddRequest, deadline: Deadline
    ) -> tuple[Preview, Sequence[Candidate]]:
        """The plan, and what the model was shown of what is known. No memory is written.

        Raises: see `service.memory.add.AddMemories`.
        """
        # Somebody will wait for the commit.
        request = replace(request, async_mode=False)
        version = await self._book.version(project_id, request.scope)
        proposal = await self._proposal(project_id, request, deadline)
        preview = Preview(
            str(uuid.uuid4()),
            request,
            version if proposal.version is None else proposal.version,
            proposal.changes,
            proposal.rejections,
            self._now() + KEPT,
        )
        await self._book.keep(project_id, preview, self._now())
        return preview, proposal.candidates

    async def _proposal(self, project_id: str, request: AddRequest, deadline: Deadline) -> Proposal:
        if request.infer:
            return await self._infer.propose(project_id, request, deadline)
        return Proposal(await self._add.verbatim(request), (), (), None)


class CommitPreview:
    """Makes the changes that a preview showed."""

    def __init__(self, book: PreviewBook, add: AddMemories, log: EventLog, clock: Clock) -> None:
        self._book = book
        self._add = add
        self._log = log
        self._now = clock
        self._locks = KeyedLocks()

    async def __call__(self, project_id: str, plan_id: str, actor: str) -> RequestRecord:
        """Commits it, or gives what came of it if that was done before.

        Raises:
            NotFound: there is no such preview, or not any more.
            Conflict: memories of its subject were changed since; nothing was changed now.
            Unavailable: the ledger does not answer.
        """
        async with self._locks.hold((project_id, plan_id)):
            preview = await self._book.preview(project_id, plan_id, self._now())
            if preview is None:
                raise NotFound(PREVIEW_NOT_FOUND, reason="PREVIEW_NOT_FOUND")
            done = await self._committed(project_id, preview)
            if done is not None:
                return done
            if await self._book.version(project_id, preview.request.scope) != preview.version:
                raise _outdated()
            return await self._commit(project_id, preview, actor)

    async def _committed(self, project_id: str, preview: Preview) -> RequestRecord | None:
        """The request that committed it, unless it failed."""
        if preview.event_id is None:
            return None
        record = await self._log.event(project_id, preview.event_id)
        if record is None or record.status is RequestStatus.FAILED:
            return None
        if record.status is RequestStatus.SUCCEEDED:
            return record
        raise Conflict("The preview is being committed.", reason="PREVIEW_UNDER_WAY")

    async def _commit(self, project_id: str, preview: Preview, actor: str) -> RequestRecord:
        now = self._now()
        said_at = preview.request.said_at
        proposal = Proposal(
            [_as_of_now(change, now, said_at) for change in preview.changes],
            preview.rejections,
            (),
            preview.version,
        )

        async def begin(event_id: str) -> None:
            if not await self._book.begin(project_id, preview, event_id):
                raise Conflict("The preview is being committed.", reason="PREVIEW_UNDER_WAY")

        request = replace(preview.request, actor=actor)
        # A caller that goes away must not leave it half told: it ends either way.
        outcome = await asyncio.shield(self._add.carry_out(project_id, request, proposal, begin))
        record = await self._log.event(project_id, outcome.event_id)
        if record is None:
            raise NotFound(PREVIEW_NOT_FOUND, reason="PREVIEW_NOT_FOUND")
        return record


def _as_of_now(change: Change, now: datetime, said_at: datetime | None) -> Change:
    """The change as it is made now, with the times of now."""
    if change.after is None:
        return change
    after = replace(change.after, updated_at=now)
    if change.event is Event.ADD and said_at is None:
        after = replace(after, created_at=now)
    return replace(change, after=after)


def _outdated() -> Conflict:
    text = "The memories of this scope were changed since the preview was made. Make another one."
    return Conflict(text, reason="SCOPE_CHANGED")
