"""What memoryd and the process of its embedded Chroma say to each other: a length, then a pickled message."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any, BinaryIO, TypeAlias

Kind: TypeAlias = tuple[str, int]
"""The model that made the vectors, and their length."""

Request: TypeAlias = tuple[int, Kind, str, tuple[Any, ...]]
"""A number, the kind of index, a method of `service.index.store.ChromaStore`, and its arguments."""

Response: TypeAlias = tuple[int, Any, BaseException | None]
"""The request's number, what the method gave, and what it raised."""

LENGTH_BYTES = 8

BUFFER_BYTES = 1024 * 1024
"""Room for a hundred vectors several times over: a reader that has less stops the writer again and again."""


def framed(message: Request | Response) -> bytes:
    """A message as it is sent."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def read_request(stream: BinaryIO) -> Request | None:
    """The next request, once it is there; None when none will come."""
    length = int.from_bytes(stream.read(LENGTH_BYTES), "big")
    body = stream.read(length)
    if not body or len(body) < length:
        return None
    request: Request = pickle.loads(body)  # noqa: S301 - a process of ours sent it
    return request


class Frames:
    """Puts messages together again from the pieces in which they come."""

    def __init__(self) -> None:
        self._pieces = bytearray()

    def complete(self, piece: bytes) -> Iterator[Any]:
        """The messages that are complete with this piece."""
        self._pieces += piece
        while len(self._pieces) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self._pieces[:LENGTH_BYTES], "big")
            if len(self._pieces) < end:
                return
            message = bytes(self._pieces[LENGTH_BYTES:end])
            del self._pieces[:end]
            yield pickle.loads(message)  # noqa: S301 - as above
