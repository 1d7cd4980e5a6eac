from __future__ import annotations

import asyncio

import pytest

from service.memory.locks import KeyedLocks


async def test_one_at_a_time_in_order() -> None:
    """Holders of one key take turns in the order in which they came."""
    locks, held, order = KeyedLocks(), 0, []

    async def hold(number: int) -> None:
        nonlocal held
        async with locks.hold("key"):
            held += 1
            assert held == 1
            order.append(number)
            await asyncio.sleep(0)
            held -= 1

    await asyncio.gather(*(hold(number) for number in range(10)))
    assert order == list(range(10))


async def test_keys_do_not_wait_for_each_other() -> None:
    """Somebody else's key is free."""
    locks = KeyedLocks()
    async with asyncio.timeout(1), locks.hold("a"), locks.hold("b"):
        pass


async def test_a_key_is_free_again_after_an_error() -> None:
    """Nothing that happens inside keeps it."""
    locks = KeyedLocks()
    with pytest.raises(ValueError, match="inside"):
        async with locks.hold("key"):
            raise ValueError("inside")
    async with asyncio.timeout(1), locks.hold("key"):
        pass


async def test_who_gives_up_waiting_is_passed_over() -> None:
    """A cancelled waiter neither holds the key nor takes it from those behind."""
    locks, entered = KeyedLocks(), []

    async def hold(name: str) -> None:
        async with locks.hold("key"):
            entered.append(name)

    async with locks.hold("key"):
        first, second = asyncio.create_task(hold("first")), asyncio.create_task(hold("second"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        assert entered == []
    async with asyncio.timeout(1):
        await second
    assert first.cancelled()
    assert entered == ["second"]


async def test_unused_keys_are_forgotten() -> None:
    """As many locks as keys in use, and no more."""
    locks = KeyedLocks()
    for key in range(100):
        async with locks.hold(key):
            pass
    assert locks._locks == {}
    assert not locks._users
