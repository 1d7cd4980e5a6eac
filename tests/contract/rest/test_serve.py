from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from memoryd.v1.account_service_pb2 import PingResponse

from gateway.serve import bind, run
from tests.contract.rest import scripted
from tests.contract.rest.conftest import Network
from tests.contract.rest.scripted import ScriptedService, Slow


@asynccontextmanager
async def gateway(
    service_port: int, pause: float = 0.0
) -> AsyncIterator[tuple[httpx.AsyncClient, asyncio.Event]]:
    """A gateway of its own; it must end within five seconds when told to."""
    stop = asyncio.Event()
    listener = bind("127.0.0.1:0")
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    running = asyncio.create_task(
        run(listener, f"127.0.0.1:{service_port}", stop, request_timeout=3, pause=lambda: pause)
    )
    async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
        yield http, stop
    stop.set()
    await asyncio.wait_for(running, 5)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", int(base.rpartition(":")[2]))


def free_port() -> int:
    """A port on which nobody listens."""
    with bind("127.0.0.1:0") as nobody:
        port: int = nobody.getsockname()[1]
        return port


async def test_without_a_service() -> None:
    """With nobody at the service's address: alive, not ready, 503 for requests, and a clean end."""
    async with gateway(free_port()) as (http, _):
        assert (await http.get("/healthz")).status_code == 200
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "NOT_READY")
        answer = await http.get("/v1/ping/")
        assert answer.json()["error"] == "The memory service does not answer. Try again later."
        assert (answer.status_code, "127.0.0.1" in answer.text) == (503, False)


async def test_a_service_that_comes_back() -> None:
    """A service that starts, stops and starts again is found each time, by the same channel."""
    port = free_port()
    async with gateway(port) as (http, _):
        assert (await http.get("/v1/ping/")).status_code == 503
        for _ in range(2):
            service = ScriptedService()
            service.will(PingResponse(status="ok"))
            server, _ = await scripted.start(service, port)
            await until_answered(http)
            await server.stop(None)


async def until_answered(http: httpx.AsyncClient) -> None:
    """Waits, not for long, until a ping succeeds."""
    for _ in range(100):
        if (await http.get("/v1/ping/")).status_code == 200:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the service was not found again")


async def test_requests_under_way_are_finished() -> None:
    """A request that came before the end is answered; then the gateway ends."""
    service = ScriptedService()
    service.will(Slow(0.5, PingResponse(status="ok")))
    server, port = await scripted.start(service)
    async with gateway(port) as (http, stop):
        under_way = asyncio.create_task(http.get("/v1/ping/"))
        await asyncio.wait_for(service.arrival.wait(), 5)
        stop.set()
        assert (await under_way).status_code == 200
    await server.stop(None)


async def test_nobody_is_refused_while_the_end_spreads() -> None:
    """Told to end, the gateway says for a while that it is not ready, and still takes requests."""
    service = ScriptedService()
    service.will(PingResponse(status="ok"))
    server, port = await scripted.start(service)
    async with gateway(port, pause=1.0) as (http, stop):
        stop.set()
        await asyncio.sleep(0.3)
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["error"]) == (503, "The gateway is about to end.")
        assert (await http.get("/v1/ping/", headers={"Connection": "close"})).status_code == 200
    await server.stop(None)


@pytest.mark.parametrize("address", ["8080", "localhost:", "localhost:http", ""])
def test_addresses_that_are_none(address: str) -> None:
    """An address without a port is refused before anything listens."""
    with pytest.raises(ValueError, match="not an address of the form host:port"):
        bind(address)


def test_a_taken_address() -> None:
    """A port that somebody holds is refused loudly."""
    with bind("127.0.0.1:0") as holder, pytest.raises(OSError, match="in use"):
        bind(f"127.0.0.1:{holder.getsockname()[1]}")


def test_ipv6() -> None:
    """An IPv6 address stands in brackets."""
    with bind("[::1]:0") as listener:
        assert listener.getsockname()[0] == "::1"


async def test_answers_are_not_held_back(network: Network) -> None:
    """Answers leave at once: a hundred in a row on one connection take no 40 ms each."""
    reader, writer = await asyncio.open_connection("127.0.0.1", network.port)
    started = time.monotonic()
    for _ in range(100):
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readuntil(b'{"status":"ok"}')
    assert time.monotonic() - started < 2
    writer.close()
    await writer.wait_closed()
