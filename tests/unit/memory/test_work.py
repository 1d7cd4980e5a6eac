from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from service.memory.errors import Unavailable
from service.memory.work import Worker

SECRET = "my locker code is 4711"


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[asyncio.Task[None]]:
    """The worker at work, until the block ends."""
    task = asyncio.create_task(worker.run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    """Waits until something is so."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - what is waited for is whatever a test says
            await asyncio.sleep(0.005)


async def test_it_works_until_nothing_is_left_and_again_when_woken() -> None:
    """Work that is there at the start is done unasked; what comes later, as soon as it is woken."""
    left, done, woken = [1, 2, 3], [], asyncio.Event()

    async def step() -> bool:
        if left:
            done.append(left.pop(0))
        return bool(left)

    async with running(Worker("test", step, (), woken)):
        await until(lambda: done == [1, 2, 3])
        left.append(4)
        woken.set()
        await until(lambda: done == [1, 2, 3, 4])


@pytest.mark.parametrize("error", [Unavailable(SECRET), ValueError(SECRET)], ids=["known", "unexpected"])
async def test_it_survives_errors(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    """After an error the step is tried again, whatever it was; the log tells its type and not its text."""
    attempts = 0

    async def step() -> bool:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise error
        return False

    async with running(Worker("test", step, (Unavailable,), asyncio.Event())) as task:
        await until(lambda: attempts == 3)
        assert not task.done()
    printed = capsys.readouterr()
    shown = printed.out + printed.err
    assert type(error).__name__ in shown
    assert ("places" in shown) is isinstance(error, ValueError)
    assert SECRET not in shown


async def test_it_ends_when_it_is_cancelled() -> None:
    """Nothing but cancellation ends it."""
    begun = asyncio.Event()

    async def step() -> bool:
        begun.set()
        await asyncio.sleep(60)
        return True

    task = asyncio.create_task(Worker("test", step, (Unavailable,), asyncio.Event()).run())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
