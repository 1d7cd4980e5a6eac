"""The gRPC server: what it serves, where it listens, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from grpc import aio
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from memoryd.v1 import (
    account_service_pb2,
    account_service_pb2_grpc,
    entity_service_pb2,
    entity_service_pb2_grpc,
    event_service_pb2,
    event_service_pb2_grpc,
    export_service_pb2,
    export_service_pb2_grpc,
    memory_service_pb2,
    memory_service_pb2_grpc,
    profile_service_pb2,
    profile_service_pb2_grpc,
    webhook_service_pb2,
    webhook_service_pb2_grpc,
)

from service.config import StartError
from service.handlers.account import AccountHandlers
from service.handlers.entities import EntityHandlers
from service.handlers.events import EventHandlers
from service.handlers.exports import ExportHandlers
from service.handlers.memories import MemoryHandlers
from service.handlers.profiles import ProfileHandlers
from service.handlers.webhooks import WebhookHandlers
from service.readiness import Readiness
from service.transport.chain import Chain, Stage

MOST_BYTES = 8 * 1024 * 1024
"""A request's largest size. REST bodies end at 4 MiB; their proto may be a little larger."""

SERVICES = (
    account_service_pb2.DESCRIPTOR.services_by_name["AccountService"].full_name,
    entity_service_pb2.DESCRIPTOR.services_by_name["EntityService"].full_name,
    event_service_pb2.DESCRIPTOR.services_by_name["EventService"].full_name,
    export_service_pb2.DESCRIPTOR.services_by_name["ExportService"].full_name,
    memory_service_pb2.DESCRIPTOR.services_by_name["MemoryService"].full_name,
    profile_service_pb2.DESCRIPTOR.services_by_name["ProfileService"].full_name,
    webhook_service_pb2.DESCRIPTOR.services_by_name["WebhookService"].full_name,
)

OPTIONS = (
    # Without this a second server would take the port, and half the calls, in silence.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
    # Clients may ask every ten seconds whether the connection still lives.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Handlers:
    """One for each service of the protos."""

    memories: MemoryHandlers
    account: AccountHandlers
    webhooks: WebhookHandlers
    events: EventHandlers
    entities: EntityHandlers
    exports: ExportHandlers
    profiles: ProfileHandlers


@asynccontextmanager
async def serving(
    address: str,
    stages: Sequence[Stage],
    handlers: Handlers,
    readiness: Readiness,
    drain_seconds: Callable[[], float],
    grace_seconds: float,
) -> AsyncIterator[None]:
    """Serves until the block ends, then drains: NOT_SERVING, a pause for that to spread, no new calls.

    Args:
        address: host:port.
        stages: what every call passes.
        handlers: one for each service.
        readiness: what answers health checks.
        drain_seconds: how long the pause shall be, asked when the block has ended.
        grace_seconds: how long calls under way may take then.

    Raises:
        StartError: the address cannot be listened on.
    """
    server = aio.server(interceptors=[Chain(stages)], options=OPTIONS)
    memory_service_pb2_grpc.add_MemoryServiceServicer_to_server(handlers.memories, server)
    account_service_pb2_grpc.add_AccountServiceServicer_to_server(handlers.account, server)
    webhook_service_pb2_grpc.add_WebhookServiceServicer_to_server(handlers.webhooks, server)
    event_service_pb2_grpc.add_EventServiceServicer_to_server(handlers.events, server)
    entity_service_pb2_grpc.add_EntityServiceServicer_to_server(handlers.entities, server)
    export_service_pb2_grpc.add_ExportServiceServicer_to_server(handlers.exports, server)
    profile_service_pb2_grpc.add_ProfileServiceServicer_to_server(handlers.profiles, server)
    health_pb2_grpc.add_HealthServicer_to_server(readiness.servicer, server)
    reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    try:
        server.add_insecure_port(address)
    except RuntimeError as error:
        raise StartError(
            f"cannot listen on {address}. End what listens there, or set another MEMORYD_GRPC_ADDRESS."
        ) from error
    await readiness.refresh()
    await server.start()
    probing = asyncio.create_task(readiness.keep_current())
    try:
        yield
    finally:
        probing.cancel()
        await readiness.stop()
        await asyncio.sleep(drain_seconds())
        handlers.events.end_streams()
        await server.stop(grace_seconds)
        log.info("service stopped")
