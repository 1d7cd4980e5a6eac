"""The outer edge of the gateway: every request gets an id here, and no exception gets past."""

from __future__ import annotations

import re
import traceback
import uuid
from collections.abc import Iterable

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import internal, respond

_SANE = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_log: structlog.stdlib.BoundLogger = structlog.get_logger("gateway")


class Boundary:
    """Names each request, says the name in the answer, and turns what nobody caught into a 500."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, whatever happens to it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, send_named)
        except Exception as error:  # noqa: BLE001 - the outer boundary: whatever it is, the client gets JSON
            _log_fault(error, request_id, scope["method"])
            if not started:
                await respond(internal(), request_id)(scope, receive, send_named)


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The client's id if it can stand in a log and in gRPC metadata, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _SANE.fullmatch(text := value.decode("latin-1")):
            return text
    return uuid.uuid4().hex


def _log_fault(error: Exception, request_id: str, method: str) -> None:
    """Says where it happened, not what the exception says: its text may quote a memory."""
    _log.error(
        "request failed",
        request_id=request_id,
        method=method,
        error=type(error).__name__,
        where=[
            f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-8:]
        ],
    )
