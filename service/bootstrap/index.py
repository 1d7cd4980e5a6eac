"""The index that the settings ask for: a Chroma server, or an embedded Chroma in a process of its own.

Chroma is imported where it is used, for that takes time and memory, which an embedded one has elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Protocol, TypeAlias

from service.config import Settings, StartError, headers_from
from service.index.apart import IndexApart, IndexProcess
from service.memory.ports import Index

if TYPE_CHECKING:
    from service.index.connect import Connect


class ServiceIndex(Index, Protocol):
    """What a service asks of its index."""

    async def wipe(self, project_id: str) -> None:
        """Overwrites what deleted vectors of a project have left in files of ours."""


OpenIndex: TypeAlias = Callable[[str, int], ServiceIndex]
"""Opens it, given the name of the model that made the vectors, and their length."""


async def begin_index(settings: Settings, stack: AsyncExitStack) -> OpenIndex:
    """Begins what takes long before the embedder is known. The stack closes what comes of it.

    Raises:
        StartError: the address of the Chroma server is none, or its authorities cannot be read.
        service.memory.errors.Unavailable: the system has no room for a process.
    """
    if settings.chroma_url is not None:
        from service.index.chroma import ChromaIndex  # noqa: PLC0415 - see above

        connect = chroma_of(settings)

        def on_server(model: str, dimensions: int) -> ServiceIndex:
            index = ChromaIndex(connect, model, dimensions)
            stack.callback(index.close)
            return index

        return on_server

    process = await IndexProcess.begin(settings.data_dir / "chroma")
    stack.push_async_callback(process.end)

    def apart(model: str, dimensions: int) -> ServiceIndex:
        index = IndexApart(process, model, dimensions)
        stack.push_async_callback(index.close)
        return index

    return apart


def chroma_of(settings: Settings) -> Connect:
    """The way to the index that the settings ask for.

    Raises:
        StartError: the address is none, or its authorities cannot be read.
    """
    from service.index import connect  # noqa: PLC0415 - see above

    if settings.chroma_url is None:
        return connect.embedded(settings.data_dir / "chroma")
    given = settings.chroma_headers
    headers = None if given is None else headers_from(given.get_secret_value())
    try:
        return connect.server(settings.chroma_url, headers, settings.chroma_timeout, settings.chroma_ca_file)
    except ValueError as wrong:
        raise StartError(f"the Chroma server: {wrong}") from wrong
