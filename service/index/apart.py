"""An embedded Chroma in a process of its own, so that nobody waits for its writes.

Chroma keeps the interpreter's lock from the beginning of a write to its end: 8 ms for three vectors, 44 for
96 (chromadb 1.5.9, tests/benchmarks/limits). Whatever else its process does stands still for so long, calls
and timers alike. In a process apart only reads of the index do.

The two processes speak through the other's standard input and output (`service.index.messages`). The other
ends when its input does, so also with a process that was killed. Should it end by itself, the next call
starts another one.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from service.index.messages import BUFFER_BYTES, Kind, Request, framed, read_message
from service.memory.errors import INDEX_UNAVAILABLE, Unavailable
from service.memory.model import Scope, Vector, Vectors
from service.memory.ports import IndexEntry

END_SECONDS = 30.0
"""How long the process may take to finish what it is at."""


class IndexApart:
    """Implements `service.memory.ports.Index` with a `ChromaIndex` in another process.

    To be used from one event loop. Every method raises what `ChromaIndex` raises, and Unavailable with the
    reason INDEX_UNAVAILABLE when the other process ends meanwhile.

    Args:
        begun: the other process. It takes a second to load, so it may be begun before anything else.
        model: the name of the model that made the vectors.
        dimensions: their length.
    """

    def __init__(self, begun: IndexProcess, model: str, dimensions: int) -> None:
        self._other = begun
        self._kind: Kind = (model, dimensions)
        self._starting = asyncio.Lock()

    async def vectors(self, project_id: str, memory_ids: Sequence[str]) -> Mapping[str, Vector]:
        """See the port."""
        found, vectors = await self._ask("vectors", project_id, list(memory_ids))
        return dict(zip(found, cast("Vectors", vectors), strict=True))

    async def nearest(
        self, project_id: str, scope: Scope, queries: Vectors, limit: int
    ) -> Sequence[tuple[str, float]]:
        """See the port."""
        return cast(
            "Sequence[tuple[str, float]]", await self._ask("nearest", project_id, scope, queries, limit)
        )

    async def write(self, project_id: str, upserts: Sequence[IndexEntry], deletes: Sequence[str]) -> None:
        """See the port."""
        await self._ask("write", project_id, list(upserts), list(deletes))

    async def drop(self, project_id: str) -> None:
        """See the port."""
        await self._ask("drop", project_id)

    async def wipe(self, project_id: str) -> None:
        """See `ChromaIndex.wipe`."""
        await self._ask("wipe", project_id)

    async def ping(self) -> None:
        """See the port."""
        await self._ask("ping")

    async def close(self) -> None:
        """Lets the other process finish what it is at, and ends it."""
        await self._other.end()

    async def _ask(self, method: str, *arguments: Any) -> Any:  # noqa: ANN401 - whatever the method gives
        if not self._other.alive:
            async with self._starting:
                if not self._other.alive:
                    await self._other.end()
                    self._other = await IndexProcess.begin(self._other.path)
        return await self._other.ask(self._kind, method, arguments)


class IndexProcess:
    """The process of an embedded Chroma, while it runs: see `service.index.process`."""

    def __init__(self, path: Path, process: Process) -> None:
        assert process.stdin is not None  # noqa: S101 - `begin` asks for both
        assert process.stdout is not None  # noqa: S101 - as above
        self.path = path
        self._process, self._requests, self._responses = process, process.stdin, process.stdout
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def begin(cls, path: Path) -> IndexProcess:
        """Starts it.

        Args:
            path: the directory of Chroma's files. It is for one process alone.

        Raises:
            Unavailable: the system has no room for a process.
        """
        # -P: not a `service` of the directory that memoryd happens to be started in.
        program = (sys.executable, "-P", "-m", "service.index.process", str(path))
        try:
            process = await asyncio.create_subprocess_exec(
                *program, stdin=PIPE, stdout=PIPE, limit=BUFFER_BYTES
            )
            return cls(path, process)
        except OSError as error:
            raise _unavailable() from error

    @property
    def alive(self) -> bool:
        """Whether it still answers."""
        return not self._listening.done()

    async def ask(self, kind: Kind, method: str, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401 - as above
        """What a method of `ChromaIndex` gives or raises there."""
        if not self.alive:  # nobody would hear the answer
            raise _unavailable()
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        request: Request = (number, kind, method, arguments)
        try:
            self._requests.write(framed(request))
            await self._requests.drain()
            return await answer
        except ConnectionError as error:
            raise _unavailable() from error
        finally:
            self._waiting.pop(number, None)

    async def end(self) -> None:
        """Lets it finish what it is at, and waits for its end."""
        self._requests.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._listening
        with suppress(ConnectionError):
            await self._requests.wait_closed()

    async def _listen(self) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                number, value, error = await read_message(self._responses)
                answer = self._waiting.get(number)
                if answer is None or answer.done():
                    continue  # who asked has gone
                if error is None:
                    answer.set_result(value)
                else:
                    answer.set_exception(error)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(_unavailable())


def _unavailable() -> Unavailable:
    return Unavailable("The index does not answer. Try again.", reason=INDEX_UNAVAILABLE)
