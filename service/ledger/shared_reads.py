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
        self._under_way: dict[Key, asyncio.Task[Value]] = {}
        self._next: dict[Key, asyncio.Task[Value]] = {}

    async def __call__(self, key: Key) -> Value:
        """What a read that begins after this call finds."""
        if (shared := self._next.get(key)) is None:
            before = self._under_way.get(key)
            shared = asyncio.create_task(self._after(before, key))
            (self._under_way if before is None else self._next)[key] = shared
        return await asyncio.shield(shared)

    async def _after(self, before: asyncio.Task[Value] | None, key: Key) -> Value:
        if before is not None:
            await asyncio.wait([before])
            self._under_way[key] = self._next.pop(key)
        try:
            return await self._read(key)
        finally:
            if key not in self._next:
                del self._under_way[key]
