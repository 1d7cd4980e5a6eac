"""A scripted language model in a process of its own, behind OpenAI's HTTP, as slow as it is told to be.

    with ModelServer(delay_ms=500) as model:
        model.url                       # what `OPENAI_BASE_URL` would be
        model.set_delay(0)
        model.counts()["memoryd"]       # what was asked since the last `reset`

    python -m tests.benchmarks.model_server --port 9100 --delay-ms 500

    POST /v1/chat/completions           answered after the delay, counted from the request's last byte
    POST /control {"delay_ms": 100}     for the calls that come from now on
    GET  /counts                        {system: {"calls", "prompt_characters", "answer_characters"}}
    POST /reset                         all counts are 0 again

It holds hundreds of connections on one loop, and takes 0.2 to 0.4 ms of the processor a call from those who
are measured beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias, cast

import httptools
import uvloop

from tests.benchmarks.model_answers import Answered, UnknownRequest, answer

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
STOP_SECONDS = 10.0

Reply: TypeAlias = tuple[int, object, float]
"""A status, what is sent as JSON, and after how many seconds."""


@dataclass
class Count:
    """What one system has asked."""

    calls: int = 0
    prompt_characters: int = 0
    answer_characters: int = 0


class ScriptedModel:
    """What the server does with a request.

    Args:
        delay_ms: how long a completion takes, in milliseconds.
    """

    def __init__(self, delay_ms: float) -> None:
        self.delay_ms = delay_ms
        self.counts: dict[str, Count] = {}
        self._routes: dict[tuple[str, str], Callable[[Any], Reply]] = {
            ("POST", "/v1/chat/completions"): self._complete,
            ("POST", "/control"): self._control,
            ("GET", "/counts"): self._show,
            ("POST", "/reset"): self._reset,
        }

    def reply(self, method: str, path: str, content: bytes) -> Reply:
        """What to send, and when."""
        route = self._routes.get((method, path))
        if route is None:
            return 404, _error(f"there is no {method} {path}"), 0.0
        try:
            return route(json.loads(content) if content else {})
        except (UnknownRequest, ValueError, LookupError, TypeError) as error:
            return 400, _error(f"{type(error).__name__}: {error}"), 0.0

    def _complete(self, request: Any) -> Reply:
        answered = answer(request)
        count = self.counts.setdefault(answered.system, Count())
        count.calls += 1
        count.prompt_characters += answered.prompt_characters
        count.answer_characters += len(answered.text)
        return 200, _completion(request["model"], answered), self.delay_ms / 1000

    def _control(self, request: Any) -> Reply:
        self.delay_ms = float(request["delay_ms"])
        return 200, {"delay_ms": self.delay_ms}, 0.0

    def _show(self, _: Any) -> Reply:
        return 200, {system: asdict(count) for system, count in self.counts.items()}, 0.0

    def _reset(self, _: Any) -> Reply:
        self.counts.clear()
        return 200, {}, 0.0


class ModelServer:
    """The server between entering and leaving a `with` block.

    Args:
        delay_ms: how long a completion takes at first, in milliseconds.
    """

    def __init__(self, delay_ms: float = 0.0) -> None:
        self._delay_ms = delay_ms

    @property
    def url(self) -> str:
        """What `OPENAI_BASE_URL` would be."""
        return f"http://{HOST}:{self.port}/v1"

    def set_delay(self, delay_ms: float) -> None:
        """How long the completions take that are asked for from now on, in milliseconds."""
        self._ask("POST", "/control", {"delay_ms": delay_ms})

    def counts(self) -> dict[str, Count]:
        """What each system has asked since the last reset; a system that asked nothing is not there."""
        return {system: Count(**count) for system, count in self._ask("GET", "/counts").items()}

    def reset(self) -> None:
        """Begins to count at 0."""
        self._ask("POST", "/reset")

    def __enter__(self) -> ModelServer:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.model_server", "--delay-ms", str(self._delay_ms)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the model server did not start"
        self.port = int(line)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.communicate(timeout=STOP_SECONDS)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=STOP_SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        assert response.status == 200, f"{method} {path}: {response.status} {content!r}"
        return json.loads(content)


class _Pace:
    """Lets answers go when they are due. The loop's own timers count in whole milliseconds, and round up."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._due: queue.SimpleQueue[tuple[float, Callable[[], None]]] = queue.SimpleQueue()
        threading.Thread(target=self._keep, daemon=True).start()

    def at(self, due: float, send: Callable[[], None]) -> None:
        """Calls it on the loop at that time of `time.monotonic`, which is not before that of earlier ones."""
        self._due.put((due, send))

    def _keep(self) -> None:
        while True:
            due, send = self._due.get()
            time.sleep(max(0.0, due - time.monotonic()))
            self._loop.call_soon_threadsafe(send)


class _Connection(asyncio.Protocol):
    """One client's connection: requests one after the other, as HTTP clients send them."""

    def __init__(self, model: ScriptedModel, pace: _Pace) -> None:
        self._model = model
        self._pace = pace
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""
        self._body = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        self._path = b""
        self._body.clear()

    def on_url(self, part: bytes) -> None:
        self._path += part

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        arrived = time.monotonic()
        method = self._parser.get_method().decode()
        status, body, delay = self._model.reply(method, self._path.decode(), bytes(self._body))
        content = json.dumps(body).encode()
        head = (
            f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
        )
        response = head.encode() + content
        if delay:
            self._pace.at(arrived + delay, lambda: self._send(response))
        else:
            self._send(response)

    def _send(self, response: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(response)


def _completion(model: str, answered: Answered) -> object:
    prompt_tokens, answer_tokens = answered.prompt_characters // 4, len(answered.text) // 4
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1_767_225_600,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": answered.text},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": answer_tokens,
            "total_tokens": prompt_tokens + answer_tokens,
        },
    }


def _error(message: str) -> object:
    return {"error": {"message": message, "type": "scripted", "param": None, "code": None}}


async def _serve(port: int, model: ScriptedModel) -> None:
    loop, pace = asyncio.get_running_loop(), _Pace()
    server = await loop.create_server(lambda: _Connection(model, pace), HOST, port, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serves until it is terminated; prints its port first."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.model_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="by default a free one")
    parser.add_argument("--delay-ms", type=float, default=0.0)
    arguments = parser.parse_args()
    uvloop.run(_serve(arguments.port, ScriptedModel(arguments.delay_ms)))


if __name__ == "__main__":
    main()
