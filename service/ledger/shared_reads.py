"""One read for all who ask for the same at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class SharedReads(Generic[Key, Value]):
    """Reads for all who wait for the same key at once.

    Who asks while a read of the key is under way does not get what that one finds, for it may have looked
    already: all who do so share the next one. So everybody's read begins after they asked, as if each had
    read alone: a key that was revoked before a call is revoked for that call. To be used from one event loop.

    Args:
        read: reads a value; what it raises, all who share the read get.
    """

    def __init__(self, read: Callable[[Key], Awaitable[Value]]) -> None:
        self._read = read
        self._under_way: dict[Key, asyncio.Event] = {}
        """Is set when the read of a key has ended."""
        self._next: dict[Key, asyncio.Task[Value]] = {}

    async def __call__(self, key: Key) -> Value:
        """What a read that begins after this call finds."""
        if (shared := self._next.get(key)) is None:
            before = self._under_way.get(key)
            if before is None:
                return await self._begin(key)
            shared = self._next[key] = asyncio.create_task(self._after(before, key))
        return await asyncio.shield(shared)

    async def _after(self, before: asyncio.Event, key: Key) -> Value:
        await before.wait()
        del self._next[key]
        return await self._begin(key)

    async def _begin(self, key: Key) -> Value:
        ended = self._under_way[key] = asyncio.Event()
        try:
            return await self._read(key)
        finally:
            ended.set()
            if key not in self._next:
                del self._under_way[key]
