"""A scripted OpenAI-compatible server on a real socket: it answers what a test tells it to.

    with ScriptedOpenAI() as server:
        server.script(status(429, retry_after=1), plan([add("Lives in Munich", quote="in Munich")]))
        ...                     # point memoryd at server.base_url
        server.requests[-1]     # what it was asked
        server.verify()         # every scripted reply was fetched, and nothing else was asked

Chat completions are answered from the script, then by `default`; embeddings from their own script, then with
vectors made of the hashes of the words.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import hashlib
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, TypeAlias

import h11
import numpy as np
import numpy.typing as npt

Body: TypeAlias = dict[str, Any]

CHAT = "/v1/chat/completions"
EMBEDDINGS = "/v1/embeddings"


@dataclass(frozen=True)
class Reply:
    """What the server does with one request."""

    status: int = 200
    body: Any = None
    """Sent as JSON; bytes are sent as they are."""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before anything is sent."""
    until: Callable[[], bool] | None = None
    """What must be so before anything is sent."""
    hangs: bool = False
    """Nothing is ever sent."""
    disconnects: bool = False
    """The connection is closed instead of an answer."""


Answerer: TypeAlias = Callable[[Body], Reply]


def add(text: str, *, quote: str = "", message_index: int = 0, categories: Sequence[str] = ()) -> Body:
    """An operation for `plan`."""
    return operation("ADD", None, text, quote, message_index, categories)


def update(
    target: str, text: str, *, quote: str = "", message_index: int = 0, categories: Sequence[str] = ()
) -> Body:
    """An operation for `plan`."""
    return operation("UPDATE", target, text, quote, message_index, categories)


def delete(target: str, *, quote: str = "", message_index: int = 0) -> Body:
    """An operation for `plan`."""
    return operation("DELETE", target, "", quote, message_index, ())


def operation(
    event: str, target: str | None, text: str, quote: str, message_index: int, categories: Sequence[str]
) -> Body:
    """An operation as the schema has it."""
    return {
        "message_index": message_index,
        "quote": quote,
        "event": event,
        "target": target,
        "text": text,
        "categories": list(categories),
    }


def plan(operations: Sequence[Body] = (), *, usage: bool = True) -> Reply:
    """A well-formed completion."""
    return text(json.dumps({"operations": list(operations)}), usage=usage)


def text(
    content: str | list[Body] | None, *, finish_reason: str = "stop", usage: bool = True, **message: Any
) -> Reply:
    """A completion that says so, whatever that is. Further arguments go into its message."""
    body: Body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_767_225_600,
        "model": "scripted",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content} | message,
                "finish_reason": finish_reason,
            }
        ],
    }
    if usage:
        body["usage"] = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}
    return Reply(body=body)


def refusal(words: str = "I'm sorry, I can't help with that.") -> Reply:
    """A completion in which the model declines."""
    return text(None, refusal=words)


def truncated(content: str) -> Reply:
    """A completion that ran into the model's limit."""
    return text(content, finish_reason="length")


def status(code: int, *, retry_after: float | None = None, body: Any = None) -> Reply:
    """An HTTP error; without a body, one like OpenAI's."""
    headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    error = {"message": f"scripted {code}", "type": "scripted", "param": None, "code": None}
    return Reply(status=code, headers=headers, body={"error": error} if body is None else body)


def slow(seconds: float, reply: Reply) -> Reply:
    """The reply, after some seconds."""
    return replace(reply, delay=seconds)


def held(until: Callable[[], bool], reply: Reply) -> Reply:
    """The reply, as soon as something is so."""
    return replace(reply, until=until)


def hang() -> Reply:
    """No answer, until the client gives up."""
    return Reply(hangs=True)


def disconnect() -> Reply:
    """A connection that closes where an answer should be."""
    return Reply(disconnects=True)


class ScriptedOpenAI:
    """The server. It listens on a free port of 127.0.0.1 as long as the `with` block lasts.

    Attributes:
        requests: the bodies of the chat completions asked for, oldest first.
        embedding_requests: the bodies of the embeddings asked for.
        default: answers chat completions when the script is at its end.
        dimensions: the length of embeddings, unless a request asks for another.
        missing_embeddings: how many vectors are missing from every unscripted answer.
        connections: how many connections were opened.
        address: host and port; free for others once the server is closed.
    """

    def __init__(self, *, dimensions: int = 64, default: Answerer | None = None) -> None:
        self.requests: list[Body] = []
        self.embedding_requests: list[Body] = []
        self.default = default
        self.dimensions = dimensions
        self.missing_embeddings = 0
        self.connections = 0
        self._scripts: dict[str, deque[Reply]] = {CHAT: deque(), EMBEDDINGS: deque()}
        self._unscripted: list[str] = []
        self._broken: list[str] = []
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scripted-openai", daemon=True)

    @property
    def base_url(self) -> str:
        """What `OPENAI_BASE_URL` would be."""
        host, port = self.address
        return f"http://{host}:{port}/v1"

    def script(self, *replies: Reply) -> None:
        """Appends replies to chat completions, one for each request."""
        self._scripts[CHAT].extend(replies)

    def script_embeddings(self, *replies: Reply) -> None:
        """Appends replies to embeddings, one for each request."""
        self._scripts[EMBEDDINGS].extend(replies)

    def embedded(self, request: Body, *, missing: int = 0) -> Reply:
        """The regular answer to a request for embeddings, without the last `missing` vectors."""
        texts = [request["input"]] if isinstance(request["input"], str) else request["input"]
        dimensions = request.get("dimensions") or self.dimensions
        vectors = [text_vector(each, dimensions) for each in texts[: len(texts) - missing]]
        encode = _base64 if request.get("encoding_format") == "base64" else _floats
        return Reply(
            body={
                "object": "list",
                "model": request.get("model"),
                "data": [
                    {"object": "embedding", "index": index, "embedding": encode(vector)}
                    for index, vector in enumerate(vectors)
                ],
                "usage": {"prompt_tokens": 8 * len(texts), "total_tokens": 8 * len(texts)},
            }
        )

    def reset(self) -> None:
        """Forgets what was scripted and what was asked."""
        for script in self._scripts.values():
            script.clear()
        for record in (self.requests, self.embedding_requests, self._unscripted, self._broken):
            record.clear()
        self.default = None
        self.missing_embeddings = 0

    def verify(self) -> None:
        """Fails unless every scripted reply was fetched and every request was scripted."""
        left = {path: len(script) for path, script in self._scripts.items() if script}
        assert not left, f"scripted replies that nobody fetched: {left}"
        assert not self._broken, f"the server itself failed: {self._broken}"
        assert not self._unscripted, f"requests that no reply was scripted for: {self._unscripted}"

    def __enter__(self) -> ScriptedOpenAI:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(
            lambda _, context: self._broken.append(repr(context.get("exception")))
        )
        self._stop = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.address: tuple[str, int] = server.sockets[0].getsockname()
        self._started.set()
        await self._stop.wait()
        server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await self._converse(reader, writer)
        finally:
            self._open.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection, request after request."""
        connection = h11.Connection(h11.SERVER)
        while request := await _receive(connection, reader):
            reply = self._reply(*request)
            await asyncio.sleep(reply.delay)
            if reply.until is not None:
                await asyncio.to_thread(_wait_for, reply.until)
            if reply.hangs:
                await reader.read()
            if reply.hangs or reply.disconnects:
                return
            writer.write(_encode(connection, reply))
            await writer.drain()
            if connection.our_state is h11.MUST_CLOSE:
                return
            connection.start_next_cycle()

    def _reply(self, path: str, content: bytes) -> Reply:
        script = self._scripts.get(path)
        if script is None:
            self._unscripted.append(path)
            return status(404)
        body: Body = json.loads(content)
        (self.requests if path == CHAT else self.embedding_requests).append(body)
        if script:
            return script.popleft()
        if path == EMBEDDINGS:
            return self.embedded(body, missing=self.missing_embeddings)
        if self.default:
            try:
                return self.default(body)
            except Exception as error:
                # Noted before the connection ends, so that whoever sees it end can verify.
                self._broken.append(repr(error))
                raise
        self._unscripted.append(path)
        return status(400)


def _wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def text_vector(text: str, dimensions: int) -> npt.NDArray[np.float32]:
    """A vector of length 1, the same for the same text; texts that share words are nearer to each other."""
    words = re.findall(r"\w+", text.lower()) or [text]
    total = np.sum([_word_vector(word, dimensions) for word in words], axis=0)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


@functools.lru_cache(maxsize=10_000)
def _word_vector(word: str, dimensions: int) -> npt.NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
    return np.random.default_rng(seed).standard_normal(dimensions)


def _floats(vector: npt.NDArray[np.float32]) -> list[float]:
    return [float(each) for each in vector]


def _base64(vector: npt.NDArray[np.float32]) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


async def _receive(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[str, bytes] | None:
    """The next request's path and body; None when the client has closed the connection."""
    path, body = "", bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65_536))
        elif isinstance(event, h11.Request):
            path = event.target.decode()
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return path, bytes(body)
        else:
            return None


def _encode(connection: h11.Connection, reply: Reply) -> bytes:
    raw = isinstance(reply.body, bytes)
    content = reply.body if raw else json.dumps(reply.body).encode()
    headers = {
        "content-type": "text/plain" if raw else "application/json",
        "content-length": str(len(content)),
        "x-request-id": "req_scripted",
    } | reply.headers
    parts = (
        h11.Response(status_code=reply.status, headers=list(headers.items())),
        h11.Data(data=content),
        h11.EndOfMessage(),
    )
    return b"".join(connection.send(part) or b"" for part in parts)
