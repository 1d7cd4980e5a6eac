"""Work that goes on beside a block, and what becomes of it."""

from __future__ import annotations

import asyncio

import pytest

from service.memory.begun import begun


async def _raise() -> int:
    raise LookupError("nothing")


async def test_goes_on_meanwhile() -> None:
    """It has begun by the first wait of the block, and is given where it is awaited."""
    started = asyncio.Event()

    async def work() -> int:
        started.set()
        return 7

    async with begun(work()) as value:
        await started.wait()
        assert await value == 7


async def test_fails_where_it_is_awaited() -> None:
    """And nowhere else: a block that ends before does not hear of it."""
    with pytest.raises(LookupError):
        async with begun(_raise()) as value:
            await value
    async with begun(_raise()):
        await asyncio.sleep(0)


async def test_ends_with_the_block() -> None:
    """What the block does not wait for is given up when the block is left, however that comes."""
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def block() -> None:
        async with begun(work()):
            await asyncio.sleep(0)
            raise KeyError

    with pytest.raises(KeyError):
        await block()
    assert ended.is_set()
