"""Everything that can go wrong, as types. `service.transport.errors` decides what a client sees of each.

    MemorydError
    +-- InvalidRequest        the request breaks rules; names all of them
    |   +-- ScopeRequired     nothing says whose memories it is about
    +-- Unauthenticated       no key, or not a key of ours
    +-- PermissionDenied      the key may not do this
    +-- NotFound              nothing there, or nothing of yours
    +-- AlreadyExists         the name is taken
    +-- Immutable             the memory can only be deleted
    +-- Conflict              somebody else changed the same thing meanwhile; repeat the call
    +-- Busy                  too much is under way; come back in a moment
    +-- Unavailable           something memoryd depends on does not answer; nothing was changed
    |   +-- InferenceFailed   the model answered, and not with a plan
    +-- DeadlineExceeded      the caller's time ran out; nothing was changed

Every error has a public text and a stable reason. A private cause belongs in `__cause__`: it goes to the
log and never to a client.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEDGER_UNAVAILABLE = "LEDGER_UNAVAILABLE"
"""The reason of Unavailable where it is the ledger: then not even a failure can be recorded."""

INDEX_UNAVAILABLE = "INDEX_UNAVAILABLE"
"""The reason of Unavailable where it is the index. The call may be repeated."""

REQUEST_GIVEN_UP = "REQUEST_GIVEN_UP"
"""The reason of Conflict where the request was ended, or given to another process, before its commit."""

SCOPE_CHANGED = "SCOPE_CHANGED"
"""The reason of Conflict where others changed what the decision was based on: decide anew."""


class MemorydError(Exception):
    """The root. `reason` is stable and machine-readable; the text is for people."""

    reason = "INTERNAL"

    def __init__(self, text: str, *, reason: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.reason = reason or self.reason


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: the field's path as the contract writes it, and what is wrong with it."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request or other stored work failed."""

    reason: str
    """Stable, for programs."""
    text: str
    """For people."""


class InvalidRequest(MemorydError):
    """The request breaks rules."""

    reason = "INVALID_REQUEST"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(violation.description for violation in violations))
        self.violations = tuple(violations)


class ScopeRequired(InvalidRequest):
    """Nothing says whose memories the request is about."""

    reason = "SCOPE_REQUIRED"

    def __init__(self) -> None:
        # To the letter: clients look for it (contract section 1).
        text = "One of the filters: app_id, user_id, agent_id, run_id is required!"
        super().__init__([Violation("user_id", text)])


class Unauthenticated(MemorydError):
    """No key, or not a key of ours."""

    reason = "INVALID_API_KEY"

    def __init__(self) -> None:
        super().__init__("Invalid API key. Send the header 'Authorization: Token <your key>'.")


class PermissionDenied(MemorydError):
    """The key may not do this."""

    reason = "PERMISSION_DENIED"


class NotFound(MemorydError):
    """Nothing there, or nothing of yours: the two cannot be told apart."""

    reason = "NOT_FOUND"


class AlreadyExists(MemorydError):
    """There is one of that name already."""

    reason = "ALREADY_EXISTS"


class Immutable(MemorydError):
    """The memory was stored as one that never changes."""

    reason = "IMMUTABLE"

    def __init__(self) -> None:
        super().__init__("The memory is immutable: it can be deleted, not updated.")


class Conflict(MemorydError):
    """Somebody else changed the same thing meanwhile. The call may be repeated."""

    reason = "CONFLICT"


class Busy(MemorydError):
    """Too much is under way. The call may be repeated in a moment."""

    reason = "TOO_MANY_REQUESTS"

    def __init__(self, limit: int) -> None:
        super().__init__(f"More than {limit} requests are under way.")
        self.limit = limit


class Unavailable(MemorydError):
    """Something memoryd depends on does not answer. Nothing was changed; the call may be repeated."""

    reason = "UNAVAILABLE"


class InferenceFailed(Unavailable):
    """The model answered, and not with a plan. The messages are kept.

    `repairable` says whether telling the model what was wrong may help; a refusal stays a refusal.
    """

    reason = "INFERENCE_FAILED"

    def __init__(self, text: str, *, reason: str | None = None, repairable: bool = True) -> None:
        super().__init__(text, reason=reason)
        self.repairable = repairable
        """Whether asking again, with the text of this error, may help."""


class DeadlineExceeded(MemorydError):
    """The caller's time ran out before anything was changed."""

    reason = "DEADLINE_EXCEEDED"
