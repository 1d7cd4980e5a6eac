"""A receiver of webhooks on a real socket that answers as a test tells it to."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Received:
    """A request that arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def details(self) -> dict[str, Any]:
        """What it tells."""
        told: dict[str, Any] = json.loads(self.body)["event_details"]
        return told

    def is_signed_with(self, secret: str) -> bool:
        """Whether the signature is right for body and time."""
        signed = f"{self.headers['X-Memoryd-Timestamp']}.".encode() + self.body
        digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return self.headers["X-Memoryd-Signature"] == f"sha256={digest}"


@dataclass(frozen=True)
class Reply:
    """How to answer."""

    status: int = 200
    location: str = ""
    seconds: float = 0.0
    hang_up: bool = False


class Receiver:
    """Answers the scripted replies in turn, then 200, and keeps what arrived."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.script: deque[Reply] = deque()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}/hook?a=b"

    @property
    def port(self) -> int:
        """On which port."""
        return self._server.server_port

    def will(self, *replies: Reply) -> None:
        """Queues replies."""
        self.script.extend(replies)

    def of(self, memory_id: str) -> list[Received]:
        """What arrived about a memory."""
        return [each for each in self.received if each.details["id"] == memory_id]

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(Received(self.path, dict(self.headers), body, time.monotonic()))
                reply = receiver.script.popleft() if receiver.script else Reply()
                time.sleep(reply.seconds)
                if reply.hang_up:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(reply.status)
                if reply.location:
                    self.send_header("Location", reply.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
                pass

        return Handler
