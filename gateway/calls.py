"""The way into the service: its stubs, and what every call carries along."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import grpc.aio
from grpc_health.v1.health_pb2_grpc import HealthStub
from memoryd.v1.account_service_pb2_grpc import AccountServiceStub
from memoryd.v1.entity_service_pb2_grpc import EntityServiceStub
from memoryd.v1.event_service_pb2_grpc import EventServiceStub
from memoryd.v1.export_service_pb2_grpc import ExportServiceStub
from memoryd.v1.memory_service_pb2_grpc import MemoryServiceStub
from memoryd.v1.profile_service_pb2_grpc import ProfileServiceStub
from memoryd.v1.webhook_service_pb2_grpc import WebhookServiceStub
from starlette.requests import Request

from gateway.errors import from_rpc, invalid_key

Q = TypeVar("Q")
R = TypeVar("R")

_SENDABLE = re.compile(r"[\x20-\x7e]{1,4096}")
"""What gRPC metadata can hold, and no more of it than a key needs."""


@dataclass(frozen=True, slots=True)
class Stubs:
    """The service's interfaces over one channel, which lives as long as the app."""

    memories: MemoryServiceStub
    accounts: AccountServiceStub
    webhooks: WebhookServiceStub
    events: EventServiceStub
    entities: EntityServiceStub
    exports: ExportServiceStub
    profiles: ProfileServiceStub
    health: HealthStub

    @classmethod
    def over(cls, channel: grpc.aio.Channel) -> Stubs:
        """The stubs over a channel."""
        return cls(
            memories=MemoryServiceStub(channel),
            accounts=AccountServiceStub(channel),
            webhooks=WebhookServiceStub(channel),
            events=EventServiceStub(channel),
            entities=EntityServiceStub(channel),
            exports=ExportServiceStub(channel),
            profiles=ProfileServiceStub(channel),
            health=HealthStub(channel),
        )


@dataclass(frozen=True, slots=True)
class Opened(Generic[R]):
    """A stream of answers, the first of which has come, if there is one. Who has it cancels it."""

    call: grpc.aio.Call
    answers: AsyncIterator[R]
    first: list[R] = field(default_factory=list)

    async def next(self) -> R | None:
        """The next answer; None at the end, whether it was an end or a failure."""
        if self.first:
            return self.first.pop()
        try:
            return await anext(self.answers, None)
        except grpc.aio.AioRpcError:
            return None


@dataclass(frozen=True, slots=True)
class Caller:
    """One client's calls: who it is, under which request id, and how long it waits.

    `timeout` is in seconds and holds for each call.
    """

    stubs: Stubs
    metadata: tuple[tuple[str, str], ...]
    timeout: float

    async def __call__(self, method: grpc.aio.UnaryUnaryMultiCallable[Q, R], message: Q) -> R:
        """Calls a method of the service.

        Raises:
            ApiError: the service, or the way to it, failed.
        """
        try:
            return await method(message, metadata=self.metadata, timeout=self.timeout)
        except grpc.aio.AioRpcError as error:
            raise from_rpc(error) from None

    async def open(self, method: grpc.aio.UnaryStreamMultiCallable[Q, R], message: Q) -> Opened[R]:
        """Calls a method that answers for as long as it is listened to, and waits for its first answer.

        Raises:
            ApiError: the service, or the way to it, failed.
        """
        call = method(message, metadata=self.metadata)
        opened = Opened(call, aiter(call))
        try:
            async with asyncio.timeout(self.timeout):
                first = await anext(opened.answers, None)
        except grpc.aio.AioRpcError as error:
            raise from_rpc(error) from None
        except BaseException:
            call.cancel()
            raise
        if first is not None:
            opened.first.append(first)
        return opened


def caller_of(request: Request) -> Caller:
    """The caller that a request's headers name.

    Raises:
        ApiError: 401, the key is of a kind that no call can carry.
    """
    stubs: Stubs = request.app.state.stubs
    timeout: float = request.app.state.request_timeout
    metadata = [("x-request-id", request_id_of(request))]
    authorization = request.headers.getlist("authorization")
    if authorization and authorization != [""]:
        if len(authorization) > 1 or not _SENDABLE.fullmatch(authorization[0]):
            raise invalid_key()
        metadata.append(("authorization", authorization[0]))
    return Caller(stubs, tuple(metadata), timeout)


def request_id_of(request: Request) -> str:
    """The id by which this request is known in answers and logs (see `gateway.boundary`)."""
    request_id: str = request.state.request_id
    return request_id
