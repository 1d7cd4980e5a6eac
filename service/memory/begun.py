"""Work that goes on beside other work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@asynccontextmanager
async def begun(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Future[T]]:
    """Begins some work, which ends with the block at the latest.

    What it raises is raised where it is awaited; where nobody does, nobody misses it.
    """
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        await end(task)


async def end(task: asyncio.Task[Any]) -> None:
    """Gives a task up, if it still runs, and waits for its end. What it raised is nobody's."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
