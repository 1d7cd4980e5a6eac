"""Reads facts from messages and reconciles them with what is known (design: "An add with `infer: true`")."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from service.failpoints import MODEL_ANSWERED, PLAN_CHECKED, failpoint
from service.memory import reconcile
from service.memory.begun import begun
from service.memory.candidates import Utterances, near_the_messages
from service.memory.categories import DEFAULT_CATEGORIES
from service.memory.errors import SCOPE_CHANGED, Conflict, InferenceFailed, Unavailable
from service.memory.evidence import readable
from service.memory.known_vectors import KnownVectors
from service.memory.locks import KeyedLocks
from service.memory.model import (
    AddRequest,
    Candidate,
    Change,
    Event,
    Inference,
    Memory,
    Outcome,
    Plan,
    Policy,
    Rejection,
    Role,
    Scope,
    Vector,
)
from service.memory.ports import (
    Clock,
    Deadline,
    Embedder,
    Index,
    Ledger,
    ProjectSettings,
    ReadAhead,
    Reasoner,
    ScopeSnapshot,
    StoredRequest,
    Turn,
)
from service.memory.reconcile import Draft
from service.memory.topics import topic_terms


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a request would change, checked and ready to commit."""

    changes: Sequence[Change]
    rejections: Sequence[Rejection]
    candidates: Sequence[Candidate]
    """What the reasoner was shown of what is known."""
    version: int | None
    """Of the subject, when what is known was read; None where nothing was."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is got ready of a request before anybody works on it."""

    about: Role
    """Whose facts are wanted."""
    said: Utterances
    settings: asyncio.Future[ProjectSettings]


@dataclass(frozen=True, slots=True)
class _Task:
    """A request, prepared once for all attempts."""

    event_id: str | None
    """By which the log finds it; None for what nobody asked to carry out."""
    project_id: str
    request: AddRequest
    inference: Inference
    """But for the candidates."""
    said: Utterances
    deadline: Deadline


ATTEMPTS = 4
"""How often a request is reconciled anew when another replica changes its scope meanwhile."""

TURN = timedelta(seconds=20)
"""How long other requests leave a scope to one that met a conflict, at most. Should it take longer, or its
process end, they go on; what then meets is found at the commit, as ever."""

TURN_POLL_SECONDS = 0.05

CONTEXT_MESSAGES = 20
"""How many earlier messages of the scope `version: v2` adds."""

log = structlog.get_logger(__name__)


class InferFacts:
    """Turns one stored request into durable changes."""

    def __init__(
        self,
        ledger: Ledger,
        index: Index,
        known_vectors: KnownVectors,
        embedder: Embedder,
        reasoner: Reasoner,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._index = index
        self._known_vectors = known_vectors
        self._embedder = embedder
        self._reasoner = reasoner
        self._now = clock
        self._locks = KeyedLocks()

    @asynccontextmanager
    async def hear(self, project_id: str, request: AddRequest) -> AsyncIterator[Heard]:
        """Begins what needs no turn, until the block ends: embedding what was said, reading the settings.

        What fails is raised where it is needed.
        """
        about = Role.ASSISTANT if request.scope.is_an_agent else Role.USER
        texts = [request.messages[index].content for index in readable(request.messages, about)]
        async with (
            begun(self._embedder.embed(texts)) as embedding,
            begun(self._ledger.project_settings(project_id)) as settings,
        ):
            yield Heard(about, Utterances(texts, embedding), settings)

    async def __call__(
        self, stored: StoredRequest, deadline: Deadline, heard: Heard | None = None
    ) -> Outcome:
        """Reconciles until nobody changed the scope between reading it and committing.

        Args:
            stored: what to reconcile.
            deadline: when to give up.
            heard: what was got ready of it while it was stored, if it was.

        Raises: see `service.memory.add.AddMemories`.
        """
        project_id, request = stored.project_id, stored.request
        async with (
            self.hear(project_id, request) if heard is None else nullcontext(heard) as ready,
            self._locks.hold((project_id, request.scope.subject)),
        ):
            task = await self._task(stored.event_id, project_id, request, deadline, ready)
            try:
                return await self._reconcile(stored.event_id, task)
            except Conflict as conflict:
                _only_if_the_scope_changed(conflict)
            async with self._turn(stored.event_id, task):
                return await self._reconcile_in_turn(stored.event_id, task)

    async def _reconcile_in_turn(self, event_id: str, task: _Task) -> Outcome:
        """Other replicas keep away now; only a change by hand can still come in between."""
        for attempt in range(2, ATTEMPTS):
            log.info("scope changed meanwhile", event_id=event_id, attempt=attempt)
            try:
                return await self._reconcile(event_id, task)
            except Conflict as conflict:
                _only_if_the_scope_changed(conflict)
        return await self._reconcile(event_id, task)

    @asynccontextmanager
    async def _turn(self, event_id: str, task: _Task) -> AsyncIterator[None]:
        """Waits for the subject's turn, and keeps it while the block lasts."""
        project_id, scope = task.project_id, task.request.scope
        now = self._now()
        while not await self._ledger.take_turn(project_id, scope, event_id, now, now + TURN):
            if not task.deadline.remaining():
                raise Conflict("Other requests kept changing this scope.", reason=SCOPE_CHANGED)
            await asyncio.sleep(TURN_POLL_SECONDS)
            now = self._now()
        try:
            yield
        finally:
            with suppress(Unavailable):  # it ends by itself, and nothing hangs on it
                await self._ledger.end_turn(project_id, scope, event_id)

    async def propose(self, project_id: str, request: AddRequest, deadline: Deadline) -> Proposal:
        """What a request would change now. Nothing is written, and nobody is kept waiting.

        Raises: see `service.memory.add.AddMemories`.
        """
        async with self.hear(project_id, request) as heard:
            return await self._proposal(await self._task(None, project_id, request, deadline, heard))

    async def _reconcile(self, event_id: str, task: _Task) -> Outcome:
        proposal = await self._proposal(task)
        outcome = await self._ledger.commit(
            task.project_id,
            event_id,
            task.request.scope,
            proposal.version,
            proposal.changes,
            proposal.rejections,
            self._now(),
        )
        self._known_vectors.learn(proposal.changes)
        return outcome

    async def _task(
        self, event_id: str | None, project_id: str, request: AddRequest, deadline: Deadline, heard: Heard
    ) -> _Task:
        inference = Inference(
            messages=request.messages,
            candidates=(),
            policy=_policy(request, await asyncio.shield(heard.settings), heard.about),
            about=heard.about,
            said_at=request.said_at or self._now(),
            context=tuple(
                await self._ledger.earlier_messages(project_id, request.scope, CONTEXT_MESSAGES)
                if request.with_context
                else ()
            ),
        )
        return _Task(event_id, project_id, request, inference, heard.said, deadline)

    async def _proposal(self, task: _Task) -> Proposal:
        project_id, scope, said = task.project_id, task.request.scope, task.said
        if not said.texts:
            # Nobody whose facts are wanted said anything, so there is nothing to ask a model.
            return Proposal((), (), (), None)
        async with self._known_vectors.ahead(project_id) as vectors_of:
            snapshot = await self._current(project_id, scope, vectors_of.begin)
            if task.event_id is not None:
                self._give_way(snapshot.turn, task.event_id)
            candidates, vectors = await near_the_messages(
                self._index, vectors_of, project_id, scope, snapshot, said, self._reasoner.candidate_limit
            )
        inference = replace(task.inference, candidates=candidates)
        plan = await self._propose(inference, task.deadline)
        failpoint(MODEL_ANSWERED)
        drafts, rejected = reconcile.review(plan, inference, snapshot.memories)
        log.info(
            "plan checked",
            event_id=task.event_id,
            proposed=len(plan.operations),
            kept=len(drafts),
            rejected=[rejection.reason for rejection in rejected],
            tokens_in=plan.tokens_in,
            tokens_out=plan.tokens_out,
        )
        changed = {draft.target.id for draft in drafts if draft.target}
        unchanged = [
            (memory, vectors[memory.id])
            for memory in snapshot.memories
            if memory.id in vectors and memory.id not in changed
        ]
        changes, duplicates = await self._changes(drafts, unchanged, task.request)
        failpoint(PLAN_CHECKED)
        return Proposal(changes, (*rejected, *duplicates), candidates, snapshot.version)

    async def _current(self, project_id: str, scope: Scope, ahead: ReadAhead) -> ScopeSnapshot:
        """What is known and holds today. A fact that meets an expired one is new, or nobody would see it."""
        snapshot = await self._ledger.read_scope(project_id, scope, ahead)
        today = self._now().date()
        return replace(snapshot, memories=[each for each in snapshot.memories if each.holds_on(today)])

    def _give_way(self, turn: Turn | None, event_id: str) -> None:
        """Asks no model for what could not be committed."""
        if turn is not None and turn.event_id != event_id and self._now() < turn.until:
            raise Conflict("It is another request's turn to change this scope.", reason=SCOPE_CHANGED)

    async def _propose(self, inference: Inference, deadline: Deadline) -> Plan:
        """Asks once, and once more with what was wrong when the answer was no plan."""
        try:
            return await self._reasoner.plan(inference, deadline)
        except InferenceFailed as error:
            if not error.repairable:
                raise
            log.info("model answered with no plan, asking once more", reason=error.reason)
            return await self._reasoner.plan(inference, deadline, repair=error.text)

    async def _changes(
        self,
        drafts: Sequence[Draft],
        unchanged: Sequence[tuple[Memory, Vector]],
        request: AddRequest,
    ) -> tuple[list[Change], list[Rejection]]:
        """Deletions first, so that what replaces a fact never meets it; then what is new, in one batch."""
        now = self._now()
        deleted = [
            Change(Event.DELETE, draft.target, None, None, draft.evidence)
            for draft in drafts
            if draft.event is Event.DELETE
        ]
        speaking = [draft for draft in drafts if draft.event is not Event.DELETE]
        excluded = topic_terms(request.excludes) if speaking and request.excludes else ()
        vectors = await self._embedder.embed([*(draft.text for draft in speaking), *excluded])
        said, terms = vectors[: len(speaking)], vectors[len(speaking) :]
        kept, rejected = reconcile.without_near_duplicates(speaking, list(said), unchanged)
        if request.excludes:
            kept, unwanted = reconcile.without_excluded(kept, request.excludes, terms)
            rejected += unwanted
        written = [
            Change(draft.event, draft.target, _written(draft, request, now), vector, draft.evidence)
            for draft, vector in kept
        ]
        return deleted + written, rejected


def _only_if_the_scope_changed(conflict: Conflict) -> None:
    if conflict.reason != SCOPE_CHANGED:
        raise conflict


def new_memory(request: AddRequest, text: str, now: datetime) -> Memory:
    """A memory as this request wants it, with an id of its own. It is as old as what was said."""
    return Memory(
        id=str(uuid.uuid4()),
        scope=request.scope,
        text=text,
        created_at=request.said_at or now,
        updated_at=now,
        metadata=request.metadata,
        immutable=request.immutable,
        expiration_date=request.expiration_date,
    )


def _written(draft: Draft, request: AddRequest, now: datetime) -> Memory:
    """The memory after the draft. Metadata merges with what is there (contract section 3)."""
    speaker = None if draft.evidence is None else draft.evidence.speaker
    known = draft.target
    if known is None:
        return replace(new_memory(request, draft.text, now), categories=draft.categories, speaker=speaker)
    return replace(
        known,
        text=draft.text,
        updated_at=now,
        metadata={**(known.metadata or {}), **request.metadata} if request.metadata else known.metadata,
        categories=draft.categories or known.categories,
        immutable=request.immutable,
        expiration_date=request.expiration_date or known.expiration_date,
        speaker=speaker or known.speaker,
    )


def _policy(request: AddRequest, settings: ProjectSettings, about: Role) -> Policy:
    """What a call says for itself stands in for what its project says, and that for the defaults."""
    agents = about is Role.ASSISTANT
    return Policy(
        categories=request.custom_categories or settings.custom_categories or DEFAULT_CATEGORIES,
        includes=request.includes or settings.includes,
        excludes=request.excludes or settings.excludes,
        instructions=(request.agent_custom_instructions if agents else None)
        or request.custom_instructions
        or (settings.agent_custom_instructions if agents else None)
        or settings.custom_instructions,
    )
