"""A gRPC service on a real socket that answers as a test tells it to: the gateway's neighbour."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_status import rpc_status

from tests.contract.rest.services import SERVICES


@dataclass(frozen=True)
class Failure:
    """An error with the details that the service attaches; without a reason, as gRPC itself makes it."""

    code: grpc.StatusCode
    text: str
    reason: str | None = None
    violations: Sequence[tuple[str, str]] = ()
    retry_seconds: float | None = None

    def status(self) -> status_pb2.Status:
        details: list[Message] = []
        if self.reason:
            details.append(error_details_pb2.ErrorInfo(reason=self.reason, domain="memoryd"))
        if self.violations:
            bad = error_details_pb2.BadRequest()
            for path, description in self.violations:
                bad.field_violations.add(field=path, description=description)
            details.append(bad)
        if self.retry_seconds is not None:
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromNanoseconds(int(self.retry_seconds * 1e9))
            details.append(retry)
        status = status_pb2.Status(code=self.code.value[0], message=self.text)
        for detail in details:
            packed = AnyMessage()
            packed.Pack(detail)
            status.details.append(packed)
        return status


@dataclass(frozen=True)
class Slow:
    """An answer after that many seconds."""

    seconds: float
    answer: object = None


@dataclass(frozen=True)
class Call:
    """A call that arrived."""

    request: Any
    metadata: dict[str, str]
    seconds_left: float


INVALID_KEY = Failure(
    grpc.StatusCode.UNAUTHENTICATED,
    "Invalid API key. Send the header 'Authorization: Token <your key>'.",
    "INVALID_API_KEY",
)


def refusal(*violations: tuple[str, str]) -> Failure:
    """INVALID_ARGUMENT as the service makes it."""
    text = "; ".join(description for _, description in violations)
    return Failure(grpc.StatusCode.INVALID_ARGUMENT, text, "INVALID_REQUEST", violations)


@dataclass
class ScriptedService:
    """Gives the queued answers in turn, whatever is called, and keeps what arrived."""

    answers: deque[object] = field(default_factory=deque)
    calls: list[Call] = field(default_factory=list)
    arrival: asyncio.Event = field(default_factory=asyncio.Event)
    health: HealthServicer = field(default_factory=HealthServicer)

    def will(self, *answers: object) -> None:
        """Queues answers: a response message, a Failure or Slow."""
        self.answers.extend(answers)

    @property
    def request(self) -> Any:
        """The only request that arrived."""
        (call,) = self.calls
        return call.request

    async def answer(self, request: object, context: Any) -> Any:
        """Answers any method."""
        metadata = {key: str(value) for key, value in context.invocation_metadata()}
        self.calls.append(Call(request, metadata, context.time_remaining()))
        self.arrival.set()
        assert self.answers, "a call that the test did not expect"
        answer = self.answers.popleft()
        if isinstance(answer, Failure):
            await _abort(context, answer)
        if isinstance(answer, Slow):
            await asyncio.sleep(answer.seconds)
            return answer.answer
        return answer


async def _abort(context: Any, failure: Failure) -> NoReturn:
    await context.abort_with_status(rpc_status.to_status(failure.status()))
    raise AssertionError


def _handler(service: ScriptedService, described: ServiceDescriptor) -> grpc.GenericRpcHandler:
    methods = {
        method.name: grpc.unary_unary_rpc_method_handler(
            service.answer,
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )
        for method in described.methods
    }
    return grpc.method_handlers_generic_handler(described.full_name, methods)


async def start(service: ScriptedService, port: int = 0) -> tuple[grpc.aio.Server, int]:
    """The service on a port of this machine, any free one if it is 0."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers([_handler(service, described) for described in SERVICES])
    health_pb2_grpc.add_HealthServicer_to_server(service.health, server)
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    return server, port
