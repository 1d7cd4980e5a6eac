"""What memoryd and the process of its embedded Chroma say to each other: a length, then a pickled message."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any, TypeAlias

import numpy as np

Kind: TypeAlias = tuple[str, int]
"""The model that made the vectors, and their length."""

Request: TypeAlias = tuple[int, Kind, str, tuple[Any, ...]]
"""A number, the kind of index, a method of `service.index.chroma.ChromaIndex`, and its arguments."""

Response: TypeAlias = tuple[int, Any, BaseException | None]
"""The request's number, what the method gave, and what it raised."""

LENGTH_BYTES = 8

BUFFER_BYTES = 1024 * 1024
"""Room for a hundred vectors several times over: a reader that has less stops the writer again and again."""


def framed(message: Request | Response) -> bytes:
    """A message as it is sent."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


async def read_message(stream: asyncio.StreamReader) -> Any:  # noqa: ANN401 - a Request or a Response
    """The next message.

    Raises:
        asyncio.IncompleteReadError: there is none, and none will come.
    """
    length = int.from_bytes(await stream.readexactly(LENGTH_BYTES), "big")
    return pickle.loads(await stream.readexactly(length))  # noqa: S301 - a process of ours sent it


def packed(method: str, value: Any) -> Any:  # noqa: ANN401 - whatever the method gives
    """What a method gave, as it is sent: many vectors as one array."""
    if method != "vectors":
        return value
    return list(value), np.stack(list(value.values())) if value else np.empty((0, 0), np.float32)
