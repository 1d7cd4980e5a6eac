"""What became of a request: the events that clients follow after an asynchronous add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from service.memory.errors import Conflict, Failure, NotFound
from service.memory.model import AddRequest, Event, Evidence, Metadata, Rejection, RequestStatus
from service.memory.pages import Listing, PageRequest, within
from service.memory.ports import Wake

EVENT_NOT_FOUND = "Event not found or you don't have permission to access it."
"""To the letter: clients look for it (contract section 1)."""

ADD = "ADD"
SEARCH = "SEARCH"
EVENT_TYPES = (ADD, SEARCH)
"""What a client may ask for. Searches change nothing, and memoryd keeps no record of them."""


@dataclass(frozen=True, slots=True)
class MadeChange:
    """A change that a request made, as the log of changes has it."""

    event: Event
    memory_id: str
    old_text: str | None
    new_text: str | None
    metadata: Metadata | None
    categories: tuple[str, ...]
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request, and what became of it."""

    event_id: str
    request: AddRequest
    status: RequestStatus
    changes: tuple[MadeChange, ...]
    rejections: tuple[Rejection, ...]
    failure: Failure | None
    """Of the last attempt. One that is PENDING after it will be tried again."""
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def updated_at(self) -> datetime:
        """When it last came further."""
        return self.completed_at or self.started_at or self.created_at

    @property
    def latency(self) -> timedelta | None:
        """How long the work on it took; None before it has ended."""
        if self.started_at is None or self.completed_at is None:
            return None
        return self.completed_at - self.started_at


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted. None: whatever it is."""

    event_type: str | None = None
    status: RequestStatus | None = None
    since: datetime | None = None
    """Inclusive."""
    until: datetime | None = None
    """Exclusive."""


class EventLog(Protocol):
    """Remembers every request. Every method is one transaction."""

    async def event(self, project_id: str, event_id: str) -> RequestRecord | None:
        """A request of the project, if it has one of that id."""

    async def events(self, project_id: str, wanted: EventFilter, page: PageRequest) -> Listing[RequestRecord]:
        """A page of the project's requests, the newest first."""


class Retries(Protocol):
    """Takes failed requests up again."""

    async def retry_request(self, project_id: str, event_id: str) -> bool:
        """Makes a FAILED request PENDING; False when the project has none of that id that has failed."""


async def get_event(log: EventLog, project_id: str, event_id: str) -> RequestRecord:
    """A request, and what became of it.

    Raises:
        NotFound: the project has no such request.
    """
    record = await log.event(project_id, event_id)
    if record is None:
        raise NotFound(EVENT_NOT_FOUND, reason="EVENT_NOT_FOUND")
    return record


class RetryEvent:
    """Performs failed requests again.

    Args:
        requests: where they are kept.
        log: what became of them.
        on_pending: wakes the workers of asynchronous requests.
    """

    def __init__(self, requests: Retries, log: EventLog, on_pending: Wake) -> None:
        self._requests = requests
        self._log = log
        self._on_pending = on_pending

    async def __call__(self, project_id: str, event_id: str) -> RequestRecord:
        """Leaves a failed request to the workers, under its own event id, and says how it stands.

        Raises:
            NotFound: the project has no such request.
            Conflict: it has not failed.
        """
        if not await self._requests.retry_request(project_id, event_id):
            record = await get_event(self._log, project_id, event_id)
            text = f"The event is {record.status.value}; only one that is FAILED can be retried."
            raise Conflict(text, reason="EVENT_NOT_FAILED")
        record = await get_event(self._log, project_id, event_id)
        self._on_pending()
        return record


async def list_events(
    log: EventLog, project_id: str, wanted: EventFilter, page: PageRequest
) -> Listing[RequestRecord]:
    """A page of the project's requests, the newest first.

    Raises:
        NotFound: the page lies beyond the end.
    """
    if wanted.event_type not in {None, ADD}:
        nothing: Sequence[RequestRecord] = ()
        return within(page, Listing(0, nothing))
    return within(page, await log.events(project_id, wanted, page))
