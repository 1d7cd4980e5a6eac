"""The stages around every RPC, on a real gRPC server with handlers that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, cast

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message as ProtoMessage
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from service.ledger.accounts import SqlAccounts
from service.ledger.database import Database, sqlite_url
from service.memory import errors
from service.memory.errors import Violation
from service.transport.call import current_call
from service.transport.chain import Chain, Context
from service.transport.errors import CODES
from service.transport.stages import stages

KEY = "m0-a-key-for-the-chain-0123"
SECRET = "my locker code is 4711"
AUTHORIZED = (("authorization", f"Token {KEY}"),)

Behaviour = Callable[[Duration, Context], Awaitable[Duration]]


class Server:
    """A service of two methods, each doing what the test says. Requests and answers are durations."""

    def __init__(self) -> None:
        self.behaviour: Behaviour = echo
        self.port = 0

    async def unary(self, request: Duration, context: Context) -> Duration:
        """Does it."""
        return await self.behaviour(request, context)

    async def stream(self, request: Duration, context: Context) -> AsyncIterator[Duration]:
        """Does it again and again."""
        for _ in range(request.seconds):
            yield await self.behaviour(request, context)

    def handlers(self) -> grpc.GenericRpcHandler:
        """Both methods under the name of a service."""
        read, write = Duration.FromString, Duration.SerializeToString
        return grpc.method_handlers_generic_handler(
            "test.Service",
            {
                "Unary": grpc.unary_unary_rpc_method_handler(cast("Any", self.unary), read, write),
                "Stream": grpc.unary_stream_rpc_method_handler(cast("Any", self.stream), read, write),
            },
        )


async def echo(request: Duration, context: Context) -> Duration:  # noqa: ARG001 - gRPC's signature
    """Answers with what was asked."""
    return request


def failing(error: Exception) -> Behaviour:
    """Raises it."""

    async def fail(request: Duration, context: Context) -> Duration:  # noqa: ARG001 - gRPC's signature
        raise error

    return fail


@pytest.fixture(scope="module")
async def accounts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SqlAccounts]:
    """Real accounts with one key."""
    database = Database(sqlite_url(tmp_path_factory.mktemp("accounts") / "ledger.sqlite3"))
    await asyncio.to_thread(database.migrate)
    opened = SqlAccounts(database)
    now = datetime.now(UTC)
    project_id, _ = await opened.ensure_default_project(now)
    await opened.ensure_key(KEY, project_id, "test", now)
    yield opened
    database.close()


@pytest.fixture(scope="module")
async def served(accounts: SqlAccounts) -> AsyncIterator[Server]:
    """The server behind the real stages: half a second for a call, two calls at once."""
    service = Server()
    server = grpc.aio.server(interceptors=[Chain(stages(accounts, request_timeout=0.5, max_concurrent=2))])
    server.add_generic_rpc_handlers((service.handlers(),))
    service.port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield service
    await server.stop(None)


@pytest.fixture
async def channel(served: Server) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to it."""
    served.behaviour = echo
    async with grpc.aio.insecure_channel(f"127.0.0.1:{served.port}") as opened:
        yield opened


async def call(
    channel: grpc.aio.Channel,
    request: bytes = b"",
    *more: tuple[str, str],
    timeout: float | None = None,  # noqa: ASYNC109 - gRPC's own
) -> Duration:
    """Calls the unary method."""
    method: grpc.aio.UnaryUnaryMultiCallable[bytes, Duration] = channel.unary_unary(
        "/test.Service/Unary", response_deserializer=Duration.FromString
    )
    return await method(request, metadata=(*AUTHORIZED, *more), timeout=timeout)


async def refusal(
    channel: grpc.aio.Channel,
    request: bytes = b"",
    *more: tuple[str, str],
    timeout: float | None = None,  # noqa: ASYNC109 - gRPC's own
) -> grpc.aio.AioRpcError:
    """The error that a call ends in."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, request, *more, timeout=timeout)
    return caught.value


def detail(error: grpc.aio.AioRpcError, kind: type[ProtoMessage]) -> Any:
    """The one detail of that kind, if there is one."""
    status = rpc_status.from_call(error)
    assert status is not None
    for packed in status.details:
        if packed.Is(kind.DESCRIPTOR):
            return kind.FromString(packed.value)
    return None


async def test_handlers_are_reached(channel: grpc.aio.Channel) -> None:
    """Unary and streaming handlers get their request, and their answers arrive."""
    request = Duration(seconds=3)
    assert await call(channel, request.SerializeToString()) == request
    method: grpc.aio.UnaryStreamMultiCallable[bytes, Duration] = channel.unary_stream(
        "/test.Service/Stream", response_deserializer=Duration.FromString
    )
    answers = [answer async for answer in method(request.SerializeToString(), metadata=AUTHORIZED)]
    assert answers == [request] * 3


def example(kind: type[errors.MemorydError]) -> errors.MemorydError:
    """An error of that type."""
    particular: dict[type[errors.MemorydError], errors.MemorydError] = {
        errors.InvalidRequest: errors.InvalidRequest([Violation("user_id", "It is wrong.")]),
        errors.ScopeRequired: errors.ScopeRequired(),
        errors.Unauthenticated: errors.Unauthenticated(),
        errors.Immutable: errors.Immutable(),
        errors.Busy: errors.Busy(7),
    }
    return particular.get(kind) or kind("It went wrong.")


@pytest.mark.parametrize("kind", list(CODES), ids=lambda kind: kind.__name__)
async def test_errors_of_the_domain(
    served: Server, channel: grpc.aio.Channel, kind: type[errors.MemorydError]
) -> None:
    """Each has its code, its public text and its reason."""
    error = example(kind)
    error.__cause__ = ValueError(SECRET)
    served.behaviour = failing(error)
    told = await refusal(channel)
    assert (told.code(), told.details()) == (CODES[kind], error.text)
    assert detail(told, error_details_pb2.ErrorInfo).reason == error.reason
    assert SECRET not in repr(told)


def test_every_error_of_the_domain_has_a_code() -> None:
    """Nobody adds a type and forgets what a client sees of it."""

    def leaves(kind: type[errors.MemorydError]) -> set[type[errors.MemorydError]]:
        return {kind}.union(*(leaves(each) for each in kind.__subclasses__()))

    assert leaves(errors.MemorydError) - {errors.MemorydError} == set(CODES)


@pytest.mark.parametrize("error", [ValueError(SECRET), KeyError(SECRET), TimeoutError(SECRET)])
async def test_unexpected_errors(
    served: Server, channel: grpc.aio.Channel, capfd: pytest.CaptureFixture[str], error: Exception
) -> None:
    """Nobody learns what an exception of ours says, but its type and place are logged."""
    served.behaviour = failing(error)
    told = await refusal(channel, b"", ("x-request-id", "known-id"))
    # What a handler raises as TimeoutError cannot be told from the deadline's.
    if not isinstance(error, TimeoutError):
        assert told.code() is grpc.StatusCode.INTERNAL
        assert told.details() == "Internal error. Request id: known-id"
        printed = "".join(capfd.readouterr())
        assert type(error).__name__ in printed
        assert "test_chain.py" in printed
        assert SECRET not in printed
    assert SECRET not in repr(told)


@pytest.mark.parametrize("letter", ["x", "é", "𝄞", "\n"])
async def test_however_much_is_wrong(served: Server, channel: grpc.aio.Channel, letter: str) -> None:
    """An error of any length arrives as ours, cut, and never as gRPC's complaint about its size."""
    violations = [Violation(f"messages[{n}].{letter * 30}", letter * 5000) for n in range(500)]
    served.behaviour = failing(errors.InvalidRequest(violations))
    for _ in range(10):  # gRPC drops what is too large by chance
        told = await refusal(channel)
        assert told.code() is grpc.StatusCode.INVALID_ARGUMENT
        listed = detail(told, error_details_pb2.BadRequest).field_violations
        assert [each.field for each in listed] == [each.field for each in violations[: len(listed)]]
        assert len(listed) >= 1


async def test_bytes_that_are_no_request(channel: grpc.aio.Channel) -> None:
    """They are a violation, once the key is known to be good."""
    told = await refusal(channel, b"\xff")
    assert told.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [each.field for each in detail(told, error_details_pb2.BadRequest).field_violations] == ["request"]


async def test_a_deadline_is_imposed(served: Server, channel: grpc.aio.Channel) -> None:
    """A caller without a deadline gets the server's, a caller with one its own; the handler is told."""
    told: list[float] = []

    async def wait(request: Duration, context: Context) -> Duration:  # noqa: ARG001 - gRPC's signature
        told.append(current_call().deadline.remaining())
        await asyncio.sleep(30)
        return request

    served.behaviour = wait
    error = await refusal(channel)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert detail(error, error_details_pb2.ErrorInfo).reason == "DEADLINE_EXCEEDED"
    assert (await refusal(channel, timeout=1.5)).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert 0 < told[0] < 0.5 < told[1] < 1.5


async def test_too_many_at_once(served: Server, channel: grpc.aio.Channel) -> None:
    """Who comes when all places are taken is told to come back, and places are free again afterwards."""
    go_on, inside = asyncio.Event(), asyncio.Semaphore(0)

    async def wait(request: Duration, context: Context) -> Duration:  # noqa: ARG001 - gRPC's signature
        inside.release()
        await go_on.wait()
        return request

    served.behaviour = wait
    waiting = [asyncio.ensure_future(call(channel, timeout=20)) for _ in range(2)]
    for _ in waiting:
        await inside.acquire()
    told = await refusal(channel)
    assert told.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert detail(told, error_details_pb2.RetryInfo).retry_delay.seconds >= 1
    go_on.set()
    await asyncio.gather(*waiting)
    assert await call(channel) == Duration()


@pytest.mark.parametrize(
    ("sent", "kept"), [("abc-1.2_3", True), ("", False), ("x" * 129, False), ("a b", False), ('a"b', False)]
)
async def test_request_ids(served: Server, channel: grpc.aio.Channel, sent: str, kept: bool) -> None:
    """A sane id of the caller's is kept; any other is replaced by one of ours."""
    served.behaviour = failing(errors.NotFound("Nothing there."))
    told = await refusal(channel, b"", ("x-request-id", sent))
    request_id = detail(told, error_details_pb2.ErrorInfo).metadata["request_id"]
    assert (request_id == sent) is kept
    assert len(request_id) > 0


async def test_callers_are_told_apart(served: Server, channel: grpc.aio.Channel) -> None:
    """Calls at once each see their own id and their own key."""
    seen: set[str] = set()

    async def look(request: Duration, context: Context) -> Duration:  # noqa: ARG001 - gRPC's signature
        before = current_call().request_id
        await asyncio.sleep(0.05)
        assert current_call().request_id == before
        assert current_call().principal.project_id
        seen.add(before)
        return request

    served.behaviour = look
    await asyncio.gather(*(call(channel, b"", ("x-request-id", f"id-{n}")) for n in range(2)))
    assert seen == {"id-0", "id-1"}
