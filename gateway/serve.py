"""Runs the gateway on a socket, in the event loop of the caller, who also decides when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import Callable, Iterator

import grpc.aio
import uvicorn

from gateway.app import BODY_LIMIT, create_app

MAX_MESSAGE = 16 * 1024 * 1024
"""A request's proto is about as large as its JSON. In bytes."""

MAX_ANSWER = 64 * 1024 * 1024
"""A page of large memories, or a history with its messages, is larger than any request. In bytes."""


class _Server(uvicorn.Server):
    """Uvicorn without signal handlers of its own: one process may hold more than a gateway."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(address: str) -> socket.socket:
    """A socket that listens on `host:port`. Port 0 takes any free one; `[::1]:8080` is IPv6.

    Raises:
        ValueError: the address is not of that form.
        OSError: the address cannot be had.
    """
    host, colon, port = address.rpartition(":")
    if not (colon and port.isdecimal()):
        raise ValueError(f"not an address of the form host:port: {address}")
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, int(port)), family=family, backlog=2048)
    # Connections inherit it. asyncio sets it only on sockets that were made with an explicit protocol
    # number; without it every answer waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def open_channel(service_address: str) -> grpc.aio.Channel:
    """A channel to the service, for as long as the gateway lives. Needs a running event loop."""
    return grpc.aio.insecure_channel(
        service_address,
        options=[
            ("grpc.enable_http_proxy", 0),
            ("grpc.lb_policy_name", "round_robin"),
            ("grpc.keepalive_time_ms", 60_000),
            ("grpc.keepalive_timeout_ms", 20_000),
            ("grpc.max_send_message_length", MAX_MESSAGE),
            ("grpc.max_receive_message_length", MAX_ANSWER),
            # A service that restarts is found again within a second, not after two minutes.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1_000),
        ],
    )


async def run(
    listener: socket.socket,
    service_address: str,
    stop: asyncio.Event,
    *,
    request_timeout: float = 60.0,
    body_limit: int = BODY_LIMIT,
    pause: Callable[[], float] = lambda: 0.0,
) -> None:
    """Serves until `stop` is set, says that it is not ready, then answers what is under way and returns.

    Args:
        listener: from `bind`; it is closed at the end.
        service_address: of the gRPC service, as gRPC spells it, for example `dns:///memoryd:50051`.
        stop: set by the caller, who handles signals.
        request_timeout: how long the service may take for one call, in seconds; so long may requests that are
            under way take after `stop`.
        body_limit: the largest request body, in bytes.
        pause: how long nobody is refused yet after `stop`, so that it can spread; asked then, in seconds.
    """
    async with open_channel(service_address) as channel:
        app = create_app(channel, request_timeout=request_timeout, body_limit=body_limit, stopping=stop)
        server = _Server(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=math.ceil(request_timeout) + 1,
            )
        )
        stopping = asyncio.create_task(_stop_when(stop, pause, server))
        try:
            await server.serve(sockets=[listener])
        finally:
            stopping.cancel()


async def _stop_when(stop: asyncio.Event, pause: Callable[[], float], server: uvicorn.Server) -> None:
    await stop.wait()
    await asyncio.sleep(pause())
    server.should_exit = True
