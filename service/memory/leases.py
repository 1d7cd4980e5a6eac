"""Work belongs to a process for as long as it shows signs of life; then others take it up."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from service.memory.errors import Unavailable
from service.memory.ports import Clock, Wake
from service.memory.work import Worker

SIGNS_PER_LEASE = 3
"""How often a lease is renewed while it lasts: two signs of life may be lost."""

log = structlog.get_logger(__name__)


class Leases(Protocol):
    """Knows who works on what. Every method is one transaction."""

    async def renew(self, at: datetime) -> None:
        """Keeps what this process works on its own for one more lease."""

    async def recover(self, at: datetime, *, alone: bool = False) -> int:
        """Takes work from processes whose leases are over, and says how much it was.

        What nobody waits for becomes PENDING again, or FAILED as TOO_MANY_ATTEMPTS; a request whose caller
        waited is FAILED as INTERRUPTED, for the caller got no answer.

        Args:
            at: now.
            alone: no other process works on this ledger, so that all work that is RUNNING was left behind.
        """

    async def release(self, at: datetime) -> None:
        """Gives back all that this process has. Call it when it works on nothing any more."""

    async def lead(self, role: str, at: datetime, until: datetime) -> bool:
        """Takes or keeps a role that one process at a time has; False when another one has it."""


def lease_keeper(leases: Leases, clock: Clock, lease: timedelta, on_recovered: Wake) -> Worker:
    """A worker that gives signs of life, and takes up what dead processes left.

    Args:
        leases: where they are kept.
        clock: tells the time.
        lease: how long one lasts.
        on_recovered: wakes those who work in the background.
    """

    async def step() -> bool:
        await leases.renew(clock())
        if recovered := await leases.recover(clock()):
            log.warning("took work from a process that is gone", pieces=recovered)
            on_recovered()
        return False

    every = lease.total_seconds() / SIGNS_PER_LEASE
    return Worker("leases", step, (Unavailable,), asyncio.Event(), every)
