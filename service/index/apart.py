"""An embedded Chroma in a process of its own, so that nobody waits for its writes.

Chroma keeps the interpreter's lock from the beginning of a write to its end: about 10 ms for three vectors,
50 for 96 (chromadb 1.5.9, tests/benchmarks/limits). Whatever else its process does stands still for so long,
calls and timers alike. In a process apart only reads of the index do.

The two processes speak through the other's standard input and output (`service.index.messages`). The other
ends when its input does, so also with a process that was killed. Should it end by itself, the next call
starts another one.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from service.index.messages import Frames, Kind, Request, Response, framed
from service.memory.errors import INDEX_UNAVAILABLE, Unavailable
from service.memory.model import Scope, Vector, Vectors
from service.memory.ports import IndexEntry

if TYPE_CHECKING:  # Chroma, which takes time and memory, is for the other process
    from service.index.rows import FoundVectors

ANSWERS = 1
"""The file in which the other process writes."""

END_SECONDS = 30.0
"""How long the process may take to finish what it is at."""


class IndexApart:
    """Implements `service.memory.ports.Index` with a `ChromaStore` in another process.

    To be used from one event loop. Every method raises what `ChromaStore` raises, and Unavailable with the
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
        ids, vectors = cast("FoundVectors", await self._ask("vectors", project_id, list(memory_ids)))
        return dict(zip(ids, vectors, strict=True))

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
        """See `ChromaStore.wipe`."""
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


class IndexProcess(asyncio.SubprocessProtocol):
    """The process of an embedded Chroma, while it runs: see `service.index.process`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._answers = Frames()
        loop = asyncio.get_running_loop()
        self._silent: asyncio.Future[None] = loop.create_future()
        self._exited: asyncio.Future[None] = loop.create_future()

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
        loop = asyncio.get_running_loop()
        try:
            _, begun = await loop.subprocess_exec(lambda: cls(path), *program, stderr=None)
        except OSError as error:
            raise _unavailable() from error
        return begun

    @property
    def alive(self) -> bool:
        """Whether it still answers."""
        return not self._silent.done()

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.get_pid()

    async def ask(self, kind: Kind, method: str, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401 - as above
        """What a method of `ChromaStore` gives or raises there."""
        if not self.alive:  # nobody would hear the answer
            raise _unavailable()
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        request: Request = (number, kind, method, arguments)
        try:
            self._requests.write(framed(request))
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def end(self) -> None:
        """Lets it finish what it is at, and waits for its end."""
        self._requests.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await asyncio.shield(self._exited)
        except TimeoutError:
            self._process.kill()
            await self._exited
        await self._silent  # what it said last is still to be heard
        self._process.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It runs."""
        self._process = cast("asyncio.SubprocessTransport", transport)
        self._requests = cast("asyncio.WriteTransport", self._process.get_pipe_transport(0))

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - asyncio's form
        """Hands answers to whoever waits for them."""
        for message in self._answers.complete(data):
            number, value, error = cast("Response", message)
            answer = self._waiting.get(number)
            if answer is None or answer.done():
                continue  # who asked has gone
            if error is None:
                answer.set_result(value)
            else:
                answer.set_exception(error)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's form
        """No more answers will come: whoever still waits hears of it."""
        if fd != ANSWERS:
            return
        self._silent.set_result(None)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(_unavailable())

    def process_exited(self) -> None:
        """It has ended."""
        self._exited.set_result(None)


def _unavailable() -> Unavailable:
    return Unavailable("The index does not answer. Try again.", reason=INDEX_UNAVAILABLE)
