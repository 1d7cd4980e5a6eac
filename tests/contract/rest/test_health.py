from __future__ import annotations

import httpx
from grpc_health.v1.health_pb2 import HealthCheckResponse

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
