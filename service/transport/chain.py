"""Puts stages around every RPC, unary and streaming alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Protocol, TypeAlias, cast

import grpc
from google.protobuf.message import DecodeError
from grpc import aio

from service.memory.errors import InvalidRequest, Violation
from service.transport.call import Call, enter

Context: TypeAlias = aio.ServicerContext[Any, Any]
Reader: TypeAlias = Callable[[bytes], object]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

OPEN_SERVICES = ("/grpc.health.v1.", "/grpc.reflection.")
"""Probes and tools that need no key, pass no limit, and take no part in anything."""


class Stage(Protocol):
    """What happens around a handler."""

    def __call__(self, call: Call, context: Context) -> AbstractAsyncContextManager[None]:
        """A context that is entered before the handler and left after it."""


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
            async with self._entered(Call(method), context):
                return await behaviour(read(request), context)

        return inside

    def _stream(self, method: str, read: Reader, behaviour: Any) -> Any:  # noqa: ANN401
        async def inside(request: bytes, context: Context) -> AsyncIterator[object]:
            async with self._entered(Call(method, streams=True), context):
                async for response in behaviour(read(request), context):
                    yield response

        return inside

    def _entered(self, call: Call, context: Context) -> AbstractAsyncContextManager[None]:
        return _Entered(self._stages, call, context)


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


class _Entered(AbstractAsyncContextManager[None]):
    """All stages, entered in order and left in reverse."""

    def __init__(self, stages: Sequence[Stage], call: Call, context: Context) -> None:
        self._stages, self._call, self._context = stages, call, context
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> None:
        enter(self._call)
        async with AsyncExitStack() as stack:
            for stage in self._stages:
                await stack.enter_async_context(stage(self._call, self._context))
            self._stack = stack.pop_all()

    async def __aexit__(self, *raised: Any) -> bool | None:  # noqa: ANN401
        return await self._stack.__aexit__(*raised)
