"""The values of the domain. All are immutable; times are timezone-aware and in UTC."""

from __future__ import annotations

import enum
import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.float32]
"""One text's embedding, shape (dimensions,), of length 1."""

Vectors: TypeAlias = npt.NDArray[np.float32]
"""Several texts' embeddings, shape (texts, dimensions), each row of length 1."""

Metadata: TypeAlias = Mapping[str, object]
"""What a client hangs on a memory: a JSON object, numbers kept exactly (see `memoryd.exact_json`)."""


class Event(enum.Enum):
    """What happens to a memory."""

    ADD = "ADD"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class RequestStatus(enum.Enum):
    """How far a request has come."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class Role(enum.Enum):
    """Who speaks, as chat completions know it."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    DEVELOPER = "developer"
    TOOL = "tool"


INSTRUCTING_ROLES = frozenset({Role.SYSTEM, Role.DEVELOPER})
"""Roles whose messages instruct an assistant. They are never remembered."""


@dataclass(frozen=True, slots=True)
class Message:
    """One utterance."""

    role: Role
    content: str
    name: str | None = None

    @property
    def speaker(self) -> str:
        """The name, or the role of a speaker without one."""
        return self.name or self.role.value


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a memory is about: the first id given of user, run, app and agent."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Scope:
    """The ids that a request names and a memory carries (contract section 3)."""

    user_id: str | None = None
    agent_id: str | None = None
    app_id: str | None = None
    run_id: str | None = None

    @property
    def subject(self) -> Subject:
        """Whom it is about.

        Two scopes can hold the same memory only if they have the same subject, so a subject is what
        reconciliation locks and what carries the version that a commit checks.
        """
        ids = self.ids
        name = next(name for name in ("user_id", "run_id", "app_id", "agent_id") if name in ids)
        return Subject(name.removesuffix("_id"), ids[name])

    @property
    def is_an_agent(self) -> bool:
        """Whether the agent itself is remembered: its id alone is given (contract section 3)."""
        return set(self.ids) == {"agent_id"}

    @property
    def ids(self) -> dict[str, str]:
        """The ids that are given, by field name."""
        named = {
            "user_id": self.user_id,
            "agent_id": self.agent_id,
            "app_id": self.app_id,
            "run_id": self.run_id,
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Memory:
    """A fact that is remembered now."""

    id: str
    scope: Scope
    text: str
    created_at: datetime
    updated_at: datetime
    metadata: Metadata | None = None
    categories: tuple[str, ...] = ()
    immutable: bool = False
    expiration_date: date | None = None
    speaker: str | None = None
    verbatim: bool = False
    """Whether it is a message as it was said, and not a fact that was read from one."""

    @property
    def hash(self) -> str:
        """MD5 of the text in hexadecimal: the `hash` that clients see. It protects nothing."""
        return hashlib.md5(self.text.encode(), usedforsecurity=False).hexdigest()

    def holds_on(self, day: date) -> bool:
        """Whether it has not expired on that day in UTC. On its last day it still holds."""
        return self.expiration_date is None or day <= self.expiration_date


def fingerprint(text: str) -> str:
    """A digest that two wordings of one text share: case, spacing, Unicode form and a final stop aside."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".!")
    return hashlib.sha256(folded.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words a fact was read from: code points [start, end) of a message's content."""

    message_index: int
    start: int
    end: int
    speaker: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known memory that a plan may change, under the short id by which the plan names it."""

    ref: str
    memory: Memory
    score: float
    """How near it is to the messages; comparable only within one request."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What to keep and how to call it."""

    categories: Mapping[str, str]
    """Category name to description."""
    includes: str | None = None
    excludes: str | None = None
    instructions: str | None = None


@dataclass(frozen=True, slots=True)
class Inference:
    """What a reasoner is given."""

    messages: tuple[Message, ...]
    candidates: tuple[Candidate, ...]
    policy: Policy
    about: Role
    """Whose facts are wanted: USER, or ASSISTANT when an agent alone is remembered."""
    said_at: datetime
    """When the messages were said."""
    context: tuple[Message, ...] = ()
    """Earlier messages of the scope; read for understanding, never as a source of facts."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A change that a reasoner proposes."""

    event: Event
    text: str
    """What the memory shall say. Of no meaning for DELETE."""
    target: str | None = None
    """The `ref` of the candidate to change; None for ADD."""
    message_index: int | None = None
    quote: str | None = None
    """Words of that message that say so, to the letter."""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reasoner proposes to do, in order."""

    operations: tuple[Operation, ...]
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class Rejection:
    """A proposed operation that was not carried out as proposed."""

    event: Event
    reason: str
    carried_out_as: Event | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A change to one memory: what is there before, and after."""

    event: Event
    before: Memory | None
    after: Memory | None
    vector: Vector | None = None
    """The embedding of the new text; None when nothing is to be indexed."""
    evidence: Evidence | None = None

    @property
    def memory(self) -> Memory:
        """The memory as it is now or, once deleted, as it was last."""
        memory = self.after or self.before
        if memory is None:
            raise ValueError("a change has at least one end")
        return memory


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request came to."""

    event_id: str
    status: RequestStatus
    changes: tuple[Change, ...] = ()
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class AddRequest:
    """A checked request to add (contract section 3)."""

    messages: tuple[Message, ...]
    scope: Scope
    metadata: Metadata | None = None
    includes: str | None = None
    excludes: str | None = None
    infer: bool = True
    custom_categories: Mapping[str, str] = field(default_factory=dict)
    custom_instructions: str | None = None
    agent_custom_instructions: str | None = None
    immutable: bool = False
    expiration_date: date | None = None
    said_at: datetime | None = None
    async_mode: bool = False
    with_context: bool = False
    """Add earlier messages of the scope as context (`version: v2`)."""
    actor: str | None = None
    """The id of the API key that asks."""
