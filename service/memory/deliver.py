"""Tells webhooks of changes: what is due becomes a row, and is sent until it arrives or is given up."""

from __future__ import annotations

import asyncio
import enum
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from memoryd.exact_json import dumps

from service.failpoints import DELIVERED, failpoint
from service.memory.errors import Unavailable
from service.memory.feed import LoggedChange
from service.memory.pages import Listing, PageRequest
from service.memory.ports import Clock
from service.memory.work import Bell, Worker

SIDE_BY_SIDE = 8
"""Deliveries that a process sends at once."""

AT_ONE_WEBHOOK = 4
"""Of these, how many may go to one webhook: a slow one must not hold the others up."""

LEASE = timedelta(seconds=30)
"""For so long a delivery belongs to whoever took it; an attempt takes less. Then another may take it."""

IDLE_SECONDS = 1.0
"""How often a process looks for what is due again."""

GATHERING_SECONDS = 0.1
"""How long changes gather before they become deliveries."""

LONGEST_PAUSE_SECONDS = 3600.0

CHANGE_GONE = "CHANGE_GONE"
"""The change was erased before it was sent."""

log = structlog.get_logger(__name__)


class DeliveryState(enum.StrEnum):
    """How far a delivery has come."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One change that a webhook is told."""

    id: str
    event_id: str
    """The change's id: the same for every attempt."""
    event_type: str
    memory_id: str
    state: DeliveryState
    attempts: int
    last_status: int | None
    last_error: str | None
    created_at: datetime
    next_attempt_at: datetime
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that was taken to be sent now."""

    id: str
    event_id: str
    attempt: int
    """Counted from 1. Whoever ends the attempt says which one it was."""
    url: str
    secret: str
    change: LoggedChange | None
    """None: it was erased."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended."""

    state: DeliveryState
    status: int | None
    error: str | None
    again_at: datetime


class Deliveries(Protocol):
    """Keeps deliveries. Every method is one transaction and raises Unavailable when it cannot be had."""

    async def make(self, at: datetime) -> bool:
        """Makes deliveries of what one webhook was not told yet; False when there is no such webhook."""

    async def take(self, at: datetime, until: datetime) -> Due | None:
        """Takes what is due, for as long as the lease lasts.

        Of one memory a webhook is told in order: a delivery begins when all before it have ended.
        """

    async def end(self, delivery_id: str, attempt: int, result: Attempt, at: datetime) -> None:
        """Records how an attempt ended, unless another has begun meanwhile."""

    async def deliveries(
        self, project_id: str, webhook_id: str, state: DeliveryState | None, page: PageRequest
    ) -> Listing[Delivery]:
        """A page of what a webhook was told and is to be told, the newest first."""


class PostFailed(Exception):
    """No answer came. The reason is a stable name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Post(Protocol):
    """Sends a body somewhere."""

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Sends it and gives the status of the answer.

        Raises:
            PostFailed: there was none in time, or the address must not be reached.
        """


@dataclass(frozen=True, slots=True)
class Retries:
    """How often to try, and how long to wait in between."""

    attempts: int
    first_seconds: float

    def after(self, attempt: int) -> timedelta:
        """How long to wait after an attempt, counted from 1, that failed."""
        return timedelta(seconds=min(self.first_seconds * 4 ** (attempt - 1), LONGEST_PAUSE_SECONDS))


def webhook_workers(
    deliveries: Deliveries, post: Post, clock: Clock, retries: Retries, committed: asyncio.Event
) -> Sequence[Worker]:
    """Workers that turn changes into deliveries, and that send these.

    Args:
        deliveries: where they are kept.
        post: sends them.
        clock: tells the time.
        retries: how often to try.
        committed: set when there are changes.
    """
    made = Bell(SIDE_BY_SIDE)

    async def make() -> bool:
        any_made = await deliveries.make(clock())
        if any_made:
            made()
        return any_made

    async def send_one() -> bool:
        due = await deliveries.take(clock(), clock() + LEASE)
        if due is None:
            return False
        result = await attempt(due, post, clock, retries)
        failpoint(DELIVERED)
        await deliveries.end(due.id, due.attempt, result, clock())
        return True

    senders = [Worker("webhooks", send_one, (Unavailable,), woken, IDLE_SECONDS) for woken in made.sleepers]
    maker = Worker("webhook deliveries", make, (Unavailable,), committed, gathering_seconds=GATHERING_SECONDS)
    return [maker, *senders]


async def attempt(due: Due, post: Post, clock: Clock, retries: Retries) -> Attempt:
    """Sends a delivery once."""
    now = clock()
    if due.change is None:
        return Attempt(DeliveryState.DEAD, None, CHANGE_GONE, now)
    body = body_of(due.change)
    status, error = None, None
    try:
        status = await post(due.url, body, signed_headers(due.secret, due.event_id, body, now))
    except PostFailed as failure:
        error = failure.reason
    if status is not None and 200 <= status < 300:
        return Attempt(DeliveryState.DELIVERED, status, None, now)
    state = DeliveryState.DEAD if due.attempt >= retries.attempts else DeliveryState.PENDING
    log.warning(
        "webhook not told",
        delivery=due.id,
        attempt=due.attempt,
        status=status,
        reason=error,
        given_up=state is DeliveryState.DEAD,
    )
    return Attempt(state, status, error or "STATUS", clock() + retries.after(due.attempt))


def body_of(change: LoggedChange) -> bytes:
    """What a webhook is told (contract section 5)."""
    text = change.old_text if change.new_text is None else change.new_text
    details = {"id": change.memory_id, "data": {"memory": text}, "event": change.event.value}
    return dumps({"event_details": details}).encode()


def signed_headers(secret: str, event_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """Headers that say who sent a body, and when: HMAC-SHA256 of "timestamp.body", hexadecimal."""
    timestamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Memoryd-Event-Id": event_id,
        "X-Memoryd-Timestamp": timestamp,
        "X-Memoryd-Signature": f"sha256={digest}",
    }
