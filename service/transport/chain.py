"""Puts stages around every RPC, unary and streaming alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial, reduce
from typing import Any, Protocol, TypeAlias, cast

import grpc
from google.protobuf.message import DecodeError
from grpc import aio

from service.memory.errors import InvalidRequest, Violation
from service.transport.call import Call, enter

Context: TypeAlias = aio.ServicerContext[Any, Any]
Reader: TypeAlias = Callable[[bytes], object]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Proceed: TypeAlias = Callable[[], Awaitable[object]]
"""The rest of a call: what the handler answers, and None where it has answered in a stream."""

OPEN_SERVICES = ("/grpc.health.v1.", "/grpc.reflection.")
"""Probes and tools that need no key, pass no limit, and take no part in anything."""


class Stage(Protocol):
    """What happens around a handler. A plain call within a call, for each call passes all of them."""

    async def __call__(self, call: Call, context: Context, proceed: Proceed) -> object:
        """Does its part and, unless it ends the call, gives what `proceed` gives."""


class Chain(aio.ServerInterceptor):
    """Runs every RPC inside the given stages, the first one outermost."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Wraps the handler, unless there is none or it is open to all."""
        handler = await continuation(handler_call_details)
        method = str(handler_call_details.method)
        if handler is None or method.startswith(OPEN_SERVICES):
            return handler
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(
                self._unary(method, _reading(handler), handler.unary_unary),
                None,
                handler.response_serializer,
            )
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(method, _reading(handler), handler.unary_stream),
                None,
                handler.response_serializer,
            )
        raise NotImplementedError(f"{method}: requests do not stream in this contract")

    def _unary(self, method: str, read: Reader, behaviour: Any) -> Any:  # noqa: ANN401 - gRPC's are untyped
        async def inside(request: bytes, context: Context) -> object:
            async def handle() -> object:
                return await behaviour(read(request), context)

            return await self._pass(Call(method), context, handle)

        return inside

    def _stream(self, method: str, read: Reader, behaviour: Any) -> Any:  # noqa: ANN401
        async def inside(request: bytes, context: Context) -> None:
            async def handle() -> None:
                async with aclosing(behaviour(read(request), context)) as responses:
                    async for response in responses:
                        await context.write(response)

            await self._pass(Call(method, streams=True), context, handle)

        return inside

    async def _pass(self, call: Call, context: Context, handle: Proceed) -> object:
        enter(call)
        inwards: Proceed = reduce(
            lambda proceed, stage: partial(stage, call, context, proceed), reversed(self._stages), handle
        )
        return await inwards()


def _reading(handler: Handler) -> Reader:
    """Reads a request inside the stages: gRPC itself would answer UNKNOWN, and before a key was seen."""
    deserialize = cast("Reader", handler.request_deserializer)

    def read(request: bytes) -> object:
        try:
            return deserialize(request)
        except DecodeError as error:
            text = "the bytes sent are not a request of this method"
            raise InvalidRequest([Violation("request", text)]) from error

    return read
