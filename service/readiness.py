"""Says through the gRPC health service whether a call would work now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from grpc_health.v1 import health, health_pb2

from service.memory.errors import MemorydError

LIVE = "live"
"""The health service's name for: the process is alive. The empty name says: it can serve."""

EVERY_SECONDS = 2.0
LONGEST_PROBE_SECONDS = 5.0

Probe = Callable[[], Awaitable[object]]

log = structlog.get_logger(__name__)


class Readiness:
    """Probes what memoryd depends on, and answers health checks with the result.

    Args:
        probes: what to ask, by name; a probe that raises or takes too long says that it does not work.
        services: full names of the services whose health is the same.
    """

    def __init__(self, probes: Mapping[str, Probe], services: tuple[str, ...]) -> None:
        self.servicer = health.aio.HealthServicer()
        self._probes = probes
        self._services = ("", *services)
        self._failing: Mapping[str, str] | None = None

    async def refresh(self) -> None:
        """Probes everything once."""
        results = await asyncio.gather(
            *(self._ask(probe) for probe in self._probes.values()), return_exceptions=True
        )
        failing = {
            name: result.text if isinstance(result, MemorydError) else type(result).__name__
            for name, result in zip(self._probes, results, strict=True)
            if isinstance(result, BaseException)
        }
        if failing != self._failing:
            log.log(30 if failing else 20, "readiness changed", failing=failing)
        self._failing = failing
        await self._set(not failing)
        await self.servicer.set(LIVE, health_pb2.HealthCheckResponse.SERVING)

    async def keep_current(self) -> None:
        """Probes again and again until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.refresh()

    async def stop(self) -> None:
        """Says NOT_SERVING, so that nobody sends new calls."""
        await self._set(serving=False)

    async def _set(self, serving: bool) -> None:
        statuses = health_pb2.HealthCheckResponse
        for service in self._services:
            await self.servicer.set(service, statuses.SERVING if serving else statuses.NOT_SERVING)

    @staticmethod
    async def _ask(probe: Probe) -> None:
        async with asyncio.timeout(LONGEST_PROBE_SECONDS):
            await probe()
