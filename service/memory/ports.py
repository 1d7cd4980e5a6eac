"""What the domain needs from the world. Implementations live in the folders beside this one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeAlias

from service.memory.filters import Filter
from service.memory.model import (
    AddRequest,
    Change,
    Inference,
    Memory,
    Message,
    Outcome,
    Plan,
    Rejection,
    RequestStatus,
    Scope,
    Vector,
    Vectors,
)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in monotonic time at which the caller stops waiting."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - time.monotonic())


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Now, in UTC."""


class Wake(Protocol):
    """Tells a worker that there is something to do."""

    def __call__(self) -> None:
        """Returns at once."""


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def model(self) -> str:
        """The model's name. Vectors of different models are not comparable."""

    @property
    def dimensions(self) -> int:
        """The length of every vector."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Embeds texts, one row each, of length 1; shape (len(texts), dimensions). No texts, no rows.

        Raises:
            Unavailable: the model does not answer, or answers with fewer vectors than texts.
        """

    async def ping(self) -> None:
        """Raises Unavailable unless the model answers."""

    async def close(self) -> None:
        """Ends what it holds."""


class Reasoner(Protocol):
    """Reads messages against what is known and proposes changes."""

    @property
    def name(self) -> str:
        """How logs and the start banner call it."""

    @property
    def candidate_limit(self) -> int:
        """How many known memories are worth offering."""

    async def plan(self, inference: Inference, deadline: Deadline, repair: str | None = None) -> Plan:
        """Proposes what to change. An empty plan says that nothing is worth keeping.

        Args:
            inference: messages, candidates and rules.
            deadline: when to give up.
            repair: what was wrong with the previous answer to the same inference, if there was one.

        Raises:
            InferenceFailed: the model answered, and not with a plan. The text says how.
            Unavailable: the model does not answer.
            DeadlineExceeded: the deadline passed first.
        """


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A current memory as the index keeps it."""

    memory_id: str
    scope: Scope
    vector: Vector


class Index(Protocol):
    """Holds the vectors of the current memories, one space a project."""

    async def vectors(self, project_id: str, memory_ids: Sequence[str]) -> Mapping[str, Vector]:
        """The vectors of those of `memory_ids` that the index knows, by id."""

    async def nearest(
        self, project_id: str, scope: Scope, queries: Vectors, limit: int
    ) -> Sequence[tuple[str, float]]:
        """The memories of the scope nearest to any of the queries: (id, cosine similarity), best first."""

    async def write(self, project_id: str, upserts: Sequence[IndexEntry], deletes: Sequence[str]) -> None:
        """Makes the index say so. Repeating it changes nothing."""

    async def drop(self, project_id: str) -> None:
        """Forgets everything of a project. Repeating it changes nothing."""

    async def ping(self) -> None:
        """Raises Unavailable unless the index answers."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Nobody but this request may commit what it has reconciled for a subject, until then."""

    event_id: str
    until: datetime


ReadAhead: TypeAlias = Callable[[Sequence[tuple[str, str]]], None]
"""Is told of memories, by id and text, while more of them is being read: once, in any thread, or never.

The transaction that reads them has begun by then, so whoever asks the index now finds what that transaction
does not give as pending.
"""


@dataclass(frozen=True, slots=True)
class ScopeSnapshot:
    """The current memories of a scope, and the version of its subject at which they were read."""

    version: int
    memories: Sequence[Memory]
    pending_vectors: Mapping[str, Vector]
    """Vectors that are committed and not yet in the index, by memory id."""
    turn: Turn | None = None
    """Of the subject; it may be over."""


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What a project wants of every request. None or empty: the defaults of memoryd."""

    custom_categories: Mapping[str, str]
    custom_instructions: str | None = None
    agent_custom_instructions: str | None = None
    includes: str | None = None
    excludes: str | None = None


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request as it was stored before the model was called."""

    event_id: str
    project_id: str
    request: AddRequest
    in_background: bool = False
    """Nobody waits for it: a worker took it, and may take it again."""
    attempt: int = 1
    """How often somebody began to work on it, this time included."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What became of handing in a request under an idempotency key."""

    event_id: str
    status: RequestStatus
    mine: bool
    """Whether whoever handed it in now has to see to it: it is new, or had failed, or was left behind."""


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """Work that the index has not done yet: write `entry`, or forget `memory_id` when it is None."""

    sequence: int
    project_id: str
    memory_id: str
    entry: IndexEntry | None


class Ledger(Protocol):
    """The system of record. Every method is one transaction and raises Unavailable when it cannot be had."""

    async def project_settings(self, project_id: str) -> ProjectSettings:
        """What the project wants of every request.

        Raises:
            NotFound: the project was deleted.
        """

    async def store_request(self, project_id: str, request: AddRequest, at: datetime) -> str:
        """Keeps a request durably as PENDING and gives its event id, a UUID.

        Raises:
            NotFound: the project was deleted.
        """

    async def claim_request(
        self, project_id: str, request: AddRequest, key: str, at: datetime, forgotten_before: datetime
    ) -> Claim:
        """Keeps a request like `store_request`, unless the project has one of this idempotency key.

        That one is taken over when it has failed or the process at work on it is gone. A key whose request
        was stored before `forgotten_before` and has ended is forgotten.

        Raises:
            NotFound: the project was deleted.
            AlreadyExists: the key belongs to another request.
        """

    def at_work_on(self, event_id: str) -> AbstractContextManager[None]:
        """Keeps a RUNNING request this process's own, beyond its first lease, while the block lasts."""

    async def take_pending(self, at: datetime) -> StoredRequest | None:
        """Takes the oldest asynchronous request that may begin; it becomes RUNNING under a lease.

        Those of one subject are performed in the order in which they came: one begins when all before it
        have ended.
        """

    async def read_scope(
        self, project_id: str, scope: Scope, ahead: ReadAhead | None = None
    ) -> ScopeSnapshot:
        """The current memories of one subject that carry every id of `scope`, as of one moment."""

    async def earlier_messages(self, project_id: str, scope: Scope, limit: int) -> Sequence[Message]:
        """The last messages that earlier requests of exactly this scope brought, oldest first."""

    async def commit(
        self,
        project_id: str,
        event_id: str,
        scope: Scope,
        expected_version: int | None,
        changes: Sequence[Change],
        rejections: Sequence[Rejection],
        at: datetime,
    ) -> Outcome:
        """Makes the changes, their log, the request's result and the index work durable, all or none.

        Raises:
            Conflict: the subject's version is not `expected_version`, or it is another request's turn (None:
                neither is looked at).
        """

    async def take_turn(
        self, project_id: str, scope: Scope, event_id: str, at: datetime, until: datetime
    ) -> bool:
        """Keeps other requests from committing what they reconcile for a subject; False when one does so."""

    async def end_turn(self, project_id: str, scope: Scope, event_id: str) -> None:
        """Lets the others commit again."""

    async def outbox(self, limit: int) -> Sequence[OutboxItem]:
        """The oldest index work that is not done."""

    async def outbox_done(self, sequences: Sequence[int]) -> None:
        """Forgets index work that is done."""

    async def dropped_projects(self, limit: int) -> Sequence[str]:
        """Ids of projects that were deleted and that the index may still hold."""

    async def project_dropped(self, project_id: str) -> None:
        """Notes that the index holds nothing of a deleted project any more."""

    async def fail_request(
        self, project_id: str, event_id: str, reason: str, text: str, at: datetime
    ) -> None:
        """Marks the request as FAILED for a stable reason, said for people in a text. Its messages stay."""

    async def postpone_request(
        self, project_id: str, event_id: str, reason: str, text: str, until: datetime
    ) -> None:
        """Makes a request PENDING again, to be tried from `until` on; says why it did not work this time."""

    async def ping(self) -> None:
        """Raises Unavailable unless the ledger answers."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the memories that meet a filter, newest first, and how many meet it in all."""

    memories: Sequence[Memory]
    total: int


@dataclass(frozen=True, slots=True)
class Scorable:
    """Memories to be scored."""

    memories: Sequence[Memory]
    """Newest first."""
    pending_vectors: Mapping[str, Vector]
    """Vectors that are committed and not yet in the index, by memory id."""


class MemoryReader(Protocol):
    """Reads the current memories of one project, newest first by creation.

    `on` is the day of asking, in UTC: memories that expired before it are passed over, on their last day they
    are not. None passes over nothing. Every method raises Unavailable when the ledger cannot be had.
    """

    async def get(self, project_id: str, memory_id: str) -> Memory | None:
        """One memory, expired or not; None when the project has none of this id."""

    async def page(
        self, project_id: str, filter_: Filter, *, offset: int, limit: int, on: date | None
    ) -> Page:
        """At most `limit` memories from the `offset`th on, and the total."""

    async def ids(self, project_id: str, filter_: Filter, *, limit: int, on: date | None) -> Sequence[str]:
        """The ids of at most `limit` memories."""

    async def count(self, project_id: str, filter_: Filter, *, on: date | None) -> int:
        """How many memories there are."""

    async def scorable(
        self,
        project_id: str,
        filter_: Filter,
        *,
        limit: int,
        on: date | None,
        ahead: ReadAhead | None = None,
    ) -> Scorable:
        """At most `limit` memories and what the index does not know of them yet, as of one moment."""
