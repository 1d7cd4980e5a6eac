"""One read for all who ask for the same at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
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
        self._waiting: dict[Key, list[asyncio.Future[Value]]] = {}
        """Who shares the next read of a key, while one is under way."""
        self._reading: set[asyncio.Task[None]] = set()

    async def __call__(self, key: Key) -> Value:
        """What a read that begins after this call finds."""
        if key not in self._waiting:
            self._waiting[key] = []
            try:
                return await self._read(key)
            finally:
                self._go_on(key)
        # A future of their own: who goes away takes neither the read along nor the others who wait for it.
        answer: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        self._waiting[key].append(answer)
        return await answer

    def _go_on(self, key: Key) -> None:
        waiting = self._waiting.pop(key)
        if waiting:
            self._waiting[key] = []
            reading = asyncio.create_task(self._read_for(waiting, key))
            self._reading.add(reading)
            reading.add_done_callback(self._reading.discard)

    async def _read_for(self, waiting: Sequence[asyncio.Future[Value]], key: Key) -> None:
        try:
            value = await self._read(key)
        except Exception as error:  # noqa: BLE001 - it is raised where the read was asked for
            for answer in waiting:
                if not answer.done():
                    answer.set_exception(error)
        else:
            for answer in waiting:
                if not answer.done():
                    answer.set_result(value)
        finally:
            self._go_on(key)
