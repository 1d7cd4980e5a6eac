from __future__ import annotations

import asyncio
import time

import httpx
import pytest
from grpc_health.v1.health_pb2 import HealthCheckResponse

from gateway.serve import bind, run
from tests.contract.rest.conftest import Network
from tests.contract.rest.scripted import ScriptedService


async def test_alive(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """The gateway says that it is alive without asking anybody."""
    await service.health.set("", HealthCheckResponse.NOT_SERVING)
    answer = await client.get("/healthz", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """The gateway is ready when the service is serving, and a probe needs no key."""
    await service.health.set("", HealthCheckResponse.SERVING)
    del client.headers["authorization"]
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_not_ready(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """A service that is not serving makes the gateway not ready, with the reason."""
    await service.health.set("", HealthCheckResponse.NOT_SERVING)
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "NOT_READY")
    assert answer.json()["error"] == "The memory service reports NOT_SERVING."


async def test_without_a_service() -> None:
    """With nobody at the service's address: alive, not ready, 503 for requests, and a clean end."""
    listener, nobody = bind("127.0.0.1:0"), bind("127.0.0.1:0")
    dead = f"127.0.0.1:{nobody.getsockname()[1]}"
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    nobody.close()
    stop = asyncio.Event()
    running = asyncio.create_task(run(listener, dead, stop, request_timeout=2))
    async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 503
        answer = await http.get("/v1/ping/")
        assert answer.json()["error"] == "The memory service does not answer. Try again later."
        assert (answer.status_code, "127.0.0.1" in answer.text) == (503, False)
    stop.set()
    await asyncio.wait_for(running, 5)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", int(base.rpartition(":")[2]))


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
