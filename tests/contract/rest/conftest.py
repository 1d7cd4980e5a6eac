from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx
import pytest

from gateway.serve import bind, run
from tests.contract.rest import scripted
from tests.contract.rest.scripted import ScriptedService

TIMEOUT = 1.0
BODY_LIMIT = 256 * 1024


@dataclass(frozen=True)
class Network:
    """A gateway and its service, both on real sockets."""

    service: ScriptedService
    port: int


@pytest.fixture(scope="session")
async def network() -> AsyncIterator[Network]:
    """A gateway that waits one second and takes 256 KiB, before a scripted service."""
    service = ScriptedService()
    server, service_port = await scripted.start(service)
    listener = bind("127.0.0.1:0")
    port = listener.getsockname()[1]
    stop = asyncio.Event()
    gateway = asyncio.create_task(
        run(listener, f"127.0.0.1:{service_port}", stop, request_timeout=TIMEOUT, body_limit=BODY_LIMIT)
    )
    yield Network(service, port)
    stop.set()
    await gateway
    await server.stop(None)


@pytest.fixture
def service(network: Network) -> Iterator[ScriptedService]:
    """The scripted service. A test that leaves answers unused has not seen what it says it has."""
    network.service.answers.clear()
    network.service.calls.clear()
    yield network.service
    assert not network.service.answers


@pytest.fixture
async def client(network: Network, service: ScriptedService) -> AsyncIterator[httpx.AsyncClient]:  # noqa: ARG001
    """A client with a key."""
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{network.port}",
        headers={"Authorization": "Token m0-key"},
        trust_env=False,
    ) as http:
        yield http
