"""The changes of a project as they are committed, for whoever follows them: in order, each at least once."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.memory.model import Event, Metadata, Scope

BATCH = 100
"""Changes that are read at once. The next ones are read when these have been taken."""

POLL_SECONDS = 0.5
"""How long changes of another replica may go unnoticed; those of this process are noticed at once."""

QUIET_SECONDS = 15.0
"""How long a follower hears nothing; then it is told that it still hears everything."""

_PREFIX = "c1."


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """One change, as the log has it."""

    sequence: int
    id: str
    event: Event
    memory_id: str
    old_text: str | None
    new_text: str | None
    categories: tuple[str, ...]
    metadata: Metadata | None
    scope: Scope
    request_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """Some changes, and how far the log has been read with them."""

    changes: Sequence[LoggedChange]
    position: int


class Feed(Protocol):
    """Reads the log of changes in the order of commits. Every method is one transaction."""

    async def changes(self, project_id: str, after: int, scope: Scope, limit: int) -> Batch:
        """At most `limit` changes after a position, of memories that carry every id of the scope.

        What is committed later than this is read never has a lower number than the batch's position.
        """

    async def position(self, project_id: str) -> int:
        """Where the log of a project ends now."""


class Arrivals:
    """Wakes everybody who waits for changes, and all of them once and for all at the end."""

    def __init__(self) -> None:
        self._next = asyncio.Event()
        self.ended = False

    def __call__(self) -> None:
        """There are changes."""
        self._next.set()
        self._next = asyncio.Event()

    def end(self) -> None:
        """Nobody shall wait any more."""
        self.ended = True
        self()

    def next(self) -> asyncio.Event:
        """Set by the next arrival. Ask before you look for changes, wait when there were none."""
        return self._next


Admit = Callable[[], Awaitable[object]]
"""Raises when the follower may not read the project any more."""


async def follow(
    feed: Feed,
    arrivals: Arrivals,
    admit: Admit,
    project_id: str,
    after: int | None,
    scope: Scope,
    *,
    until_now: bool = False,
) -> AsyncIterator[Batch]:
    """All changes after a position and from now on, until the service ends or the caller goes away.

    The first batch comes at once, with or without changes: from then on nothing can be missed. An empty one
    comes after every quiet while.

    Args:
        feed: the log.
        arrivals: says that there may be more.
        admit: asked before anything is told, for access can end while one follows.
        project_id: whose changes.
        after: a batch's position; None: only what comes from now on.
        scope: ids that a memory must carry.
        until_now: ends once everything has been told that there is.
    """
    position = await feed.position(project_id) if after is None else after
    told = False
    heard_at = asyncio.get_running_loop().time()
    while not arrivals.ended:
        more = arrivals.next()
        batch = await feed.changes(project_id, position, scope, BATCH)
        position = batch.position
        now = asyncio.get_running_loop().time()
        if batch.changes or not told or now - heard_at >= QUIET_SECONDS:
            await admit()
            told, heard_at = True, now
            yield batch
        if len(batch.changes) == BATCH:
            continue
        if until_now:
            return
        await _arrival(more)


async def _arrival(more: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(POLL_SECONDS):
            await more.wait()
    except TimeoutError:
        return


def cursor_of(position: int) -> str:
    """A position as clients keep it."""
    return _PREFIX + base64.urlsafe_b64encode(position.to_bytes(8)).decode().rstrip("=")


def position_in(cursor: str) -> int | None:
    """The position that a cursor says; None when it is none of ours."""
    body = cursor.removeprefix(_PREFIX)
    if body == cursor or not body.isascii():
        return None
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    position = int.from_bytes(data)
    return position if len(data) == 8 and position < 2**63 else None
