"""Who asks at the same time shares a read, and nobody gets what was read before they asked."""

from __future__ import annotations

import asyncio

import pytest

from service.ledger.shared_reads import SharedReads


class Slow:
    """Something that is read slowly and changes meanwhile."""

    def __init__(self) -> None:
        self.value = 0
        self.reads = 0
        self.gate = asyncio.Event()

    async def read(self, key: str) -> tuple[str, int]:
        """What it is when the read begins, as soon as the gate is open."""
        self.reads += 1
        seen = self.value
        await self.gate.wait()
        if seen < 0:
            raise LookupError(key)
        return key, seen


async def begun(shared: SharedReads[str, tuple[str, int]], key: str) -> asyncio.Task[tuple[str, int]]:
    """A question that has been asked."""
    task = asyncio.ensure_future(shared(key))
    await asyncio.sleep(0.01)
    return task


async def test_everybody_reads_after_asking() -> None:
    """Those who ask during a read share the one after it, which sees what changed before they asked."""
    slow = Slow()
    shared = SharedReads(slow.read)
    first = await begun(shared, "k")
    slow.value = 1
    others = [await begun(shared, "k") for _ in range(5)]
    another = await begun(shared, "other")
    slow.gate.set()
    assert await first == ("k", 0)
    assert await asyncio.gather(*others) == [("k", 1)] * 5
    assert await another == ("other", 1)
    assert slow.reads == 3
    assert await shared("k") == ("k", 1)
    assert slow.reads == 4


async def test_a_failure_is_everybodys_and_no_longer() -> None:
    """Who shared the read gets its error; who asks afterwards reads anew."""
    slow = Slow()
    shared = SharedReads(slow.read)
    first = await begun(shared, "k")
    slow.value = -1
    others = [await begun(shared, "k") for _ in range(3)]
    slow.gate.set()
    assert await first == ("k", 0)
    for other in others:
        with pytest.raises(LookupError):
            await other
    slow.value = 2
    assert await shared("k") == ("k", 2)


async def test_who_gives_up_takes_nobody_along() -> None:
    """A caller who goes away ends neither the read nor the wait of the others."""
    slow = Slow()
    shared = SharedReads(slow.read)
    first = await begun(shared, "k")
    second, third = await begun(shared, "k"), await begun(shared, "k")
    first.cancel()
    second.cancel()
    slow.gate.set()
    assert await third == ("k", 0)
    assert first.cancelled()
    assert second.cancelled()
    assert await shared("k") == ("k", 0)


async def test_who_reads_may_give_up() -> None:
    """The first caller does the reading; when that one goes away, the next who waits begins."""
    slow = Slow()
    shared = SharedReads(slow.read)
    first = await begun(shared, "k")
    second = await begun(shared, "k")
    first.cancel()
    await asyncio.sleep(0.01)
    assert slow.reads == 2
    slow.gate.set()
    assert await second == ("k", 0)
    assert await shared("k") == ("k", 0)
    assert slow.reads == 3
