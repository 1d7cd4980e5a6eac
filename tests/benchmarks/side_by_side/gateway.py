"""What the gateway adds to a call, and how many calls it bears."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import Any, cast

import httptools
import uvloop

from tests.benchmarks.model_server import ModelServer
from tests.benchmarks.side_by_side.measure import WARM_UP_SECONDS, Spread, in_turn
from tests.benchmarks.side_by_side.systems import Ours, OverGrpc, OverRest, our_processes

CONNECTIONS = 64
"""As many as there are callers in the largest load of `throughput`."""


def gateway_share(
    directory: Path, model: ModelServer, rounds: int, pushes: int, seconds: float
) -> dict[str, Any]:
    """Compares the cheapest call over both faces, in turn, and finds the ceiling of REST.

    Args:
        directory: for the data.
        model: not asked for anything.
        rounds: how often each face is called.
        pushes: how often the ceiling is pushed against, for the machine's moods move it.
        seconds: how long each time.
    """
    with our_processes(directory / "gateway-share", 0, model.url) as ours:
        direct, through = OverGrpc(ours), OverRest(ours)
        times = in_turn({"gRPC": lambda _: direct.ping(), "REST": lambda _: through.ping()}, rounds, 50)
        grpc, rest = Spread.of(times["gRPC"]), Spread.of(times["REST"])
        return {
            "ping_ms": {"gRPC": grpc, "REST": rest},
            "share_ms": rest.median - grpc.median,
            "pings_a_second": Spread.of([uvloop.run(_ceiling(ours, seconds)) for _ in range(pushes)]),
        }


async def _ceiling(ours: Ours, seconds: float) -> float:
    request = (
        f"GET /v1/ping/ HTTP/1.1\r\nHost: memoryd\r\nAuthorization: Token {ours.service.key}\r\n\r\n".encode()
    )
    loop = asyncio.get_running_loop()
    clients = [_Client(request) for _ in range(CONNECTIONS)]
    for client in clients:
        await loop.create_connection(partial(_same, client), "127.0.0.1", ours.gateway.http_port)
    await asyncio.sleep(WARM_UP_SECONDS)
    before, begun = sum(client.done for client in clients), time.perf_counter()
    await asyncio.sleep(seconds)
    done, took = sum(client.done for client in clients) - before, time.perf_counter() - begun
    for client in clients:
        client.transport.abort()
    return done / took


def _same(client: _Client) -> _Client:
    return client


class _Client(asyncio.Protocol):
    """Asks again as soon as it has its answer. As cheap as can be, for it shares the processors."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._parser = httptools.HttpResponseParser(self)
        self.done = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() != 200:
            raise AssertionError(f"ping was answered with {self._parser.get_status_code()}")
        self.done += 1
        self.transport.write(self._request)
