"""Work that goes on beside the calls: done when woken, tried again when it fails."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from service.memory.errors import Failure, MemorydError

T = TypeVar("T")

IDLE_SECONDS = 5.0
"""How long a worker sleeps when nobody wakes it, so that nothing waits for ever for a lost wake-up."""

LONGEST_PAUSE_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Bell:
    """Wakes several workers. Each has an event of its own: whoever wakes first would clear a shared one."""

    def __init__(self, workers: int) -> None:
        self.sleepers = [asyncio.Event() for _ in range(workers)]

    def __call__(self) -> None:
        """Wakes them all."""
        for woken in self.sleepers:
            woken.set()


def all_of(*wakes: Callable[[], None]) -> Callable[[], None]:
    """Wakes each of them."""

    def wake() -> None:
        for each in wakes:
            each()

    return wake


class Worker:
    """Repeats a step while there is work, then sleeps until it is woken.

    Args:
        name: how logs call it.
        step: does a piece of work and says whether there was any.
        passing: errors that come and go. After any error the step is tried again, later and later, but one
            that is not of these is a fault of ours and logged as such.
        woken: set by whoever has something to do for it.
        idle_seconds: how long it sleeps when nobody wakes it.
        gathering_seconds: how long it lets work gather after it was woken: what comes often costs less
            in groups.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], Awaitable[bool]],
        passing: tuple[type[Exception], ...],
        woken: asyncio.Event,
        idle_seconds: float = IDLE_SECONDS,
        gathering_seconds: float = 0.0,
    ) -> None:
        self._name = name
        self._step = step
        self._passing = passing
        self._woken = woken
        self._idle_seconds = idle_seconds
        self._gathering_seconds = gathering_seconds

    async def drain(self) -> None:
        """Works until nothing is left to do."""
        while await self._step():
            pass

    async def run(self) -> None:
        """Works until it is cancelled."""
        pause = 0.1
        while True:
            self._woken.clear()
            try:
                await self.drain()
            except Exception as error:  # noqa: BLE001 - outermost in its task: a worker that dies, dies unheard
                self._log_failure(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS, self._idle_seconds)
                continue
            pause = 0.1
            try:
                async with asyncio.timeout(self._idle_seconds):
                    await self._woken.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(self._gathering_seconds)

    def _log_failure(self, error: Exception) -> None:
        """Without the error's text, which may quote a memory."""
        kind = type(error).__name__
        if isinstance(error, self._passing):
            log.warning("work failed, trying again", worker=self._name, reason=kind)
        else:
            places = "".join(traceback.format_tb(error.__traceback__))
            log.error("work failed, trying again", worker=self._name, reason=kind, places=places)


async def carry_out(
    work: Awaitable[T],
    finish: Callable[[T], Awaitable[None]],
    fail: Callable[[Failure], Awaitable[None]],
) -> None:
    """Does a piece of work that is stored, and keeps how it ended.

    Args:
        work: what to do.
        finish: keeps the result.
        fail: keeps why there is none.
    """
    try:
        result = await work
    except MemorydError as error:
        await fail(Failure(error.reason, error.text))
    except asyncio.CancelledError:
        # The process ends: its next start takes the work up again.
        raise
    except Exception:
        # Whatever ended it: work that nobody does must not stay RUNNING.
        await fail(Failure("INTERNAL", "Internal error."))
        raise
    else:
        await finish(result)
